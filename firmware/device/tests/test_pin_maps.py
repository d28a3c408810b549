"""Every board has a pin for each input, and no pin twice."""

from boards import ESP32_S3, find
from doorlogic.door import INPUTS


def test_pin_maps_have_a_pin_for_each_input_and_none_twice() -> None:
    for name in ("esp32", "esp32-s3", "rp2", "rp2-w5500", "rp2-w"):
        pins = find(name, ESP32_S3)
        assert len(pins.inputs) == len(INPUTS), name
        used = [pins.relay, pins.led, pins.buzzer, pins.d0, pins.d1] + list(pins.inputs)
        used += list(pins.uart[1:]) + list(pins.spi)
        assert len(set(used)) == len(used), name
    assert find("rp2", ESP32_S3) != ESP32_S3 == find("unknown", ESP32_S3)
