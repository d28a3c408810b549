"""Pin maps: which pin of which board is what. config.json's `board` names one."""

from collections import namedtuple

# `inputs` in the order of doorlogic.door.INPUTS; `spi`: clock, out, in, select, interrupt (ESP32) or reset (RP2).
PinMap = namedtuple("PinMap", ("relay", "relay_active_high", "led", "buzzer", "d0", "d1", "inputs", "spi"))

ESP32_S3 = PinMap(4, True, 5, 6, 7, 15, (16, 17, 18, 8, 3, 21, 1), (12, 11, 13, 10, 14))
RP2_W5500 = PinMap(
    2, True, 3, 4, 5, 6, (7, 8, 9, 10, 11, 15, 22), (18, 19, 16, 17, 20)
)  # the W5500-EVB-Pico's own SPI pins

_NAMES = {"esp32": ESP32_S3, "esp32-s3": ESP32_S3, "rp2": RP2_W5500, "rp2-w5500": RP2_W5500}


def find(name: str, otherwise: PinMap) -> PinMap:
    """The pin map of this name; a board whose settings are broken still has its chip's."""
    return _NAMES.get(name, otherwise)
