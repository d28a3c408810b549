"""Pin maps: which pin of which board is what. config.json's `board` names one.

Outputs are active high: without firmware a pin floats, and the pull-down that a relay driver needs keeps it at rest.
"""

from collections import namedtuple

# `inputs` in the order of doorlogic.door.INPUTS; `uart`: number, transmit, receive, driver enable of the RS-485 reader
# bus; `spi`: clock, out, in, select, interrupt (ESP32) or reset (RP2) of the Ethernet chip.
PinMap = namedtuple("PinMap", ("relay", "led", "buzzer", "d0", "d1", "inputs", "uart", "spi"))

ESP32_S3 = PinMap(4, 5, 6, 7, 15, (16, 17, 18, 8, 9, 21, 1), (1, 40, 41, 42), (12, 11, 13, 10, 14))
RP2 = PinMap(2, 3, 4, 5, 6, (7, 8, 9, 10, 11, 15, 22), (0, 12, 13, 14), (18, 19, 16, 17, 20))  # spi: W5500-EVB-Pico's

_NAMES = {"esp32": ESP32_S3, "esp32-s3": ESP32_S3, "rp2": RP2, "rp2-w5500": RP2, "rp2-w": RP2}


def find(name: str, otherwise: PinMap) -> PinMap:
    """The pin map of this name; a board whose settings are broken still has its chip's."""
    return _NAMES.get(name, otherwise)
