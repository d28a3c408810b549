"""ESP32-S3: Wi-Fi, or Ethernet by W5500."""

import time

import network
from machine import SPI, Pin

import boards
from device.board import RELAY, TICKS_MASK
from device.board_chip import ChipBoard
from device.relay import TimedPin
from doorwire import vocabulary as words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from device.board_chip import Card


class Esp32Board(ChipBoard):
    """`settings`: {"wifi": name, "password"}, or {"ethernet": true}.

    Pin interrupts are scheduled between two bytecodes on this port, eight of them at most: an edge that comes while
    Python stands still is timed late or lost. Such a frame is uneven or too short, and refused: never another card,
    but a card to be shown again. Where that matters, take an RP2 or an OSDP reader.
    """

    ID = words.BOARD_ESP32

    def __init__(self, name: str, settings: "dict[str, str]") -> None:
        pins = boards.find(name, boards.ESP32_S3)
        relay = TimedPin(pins.relay, 0)
        super().__init__(pins, settings, (1, 2, 3))
        self.outputs[RELAY] = relay
        self.edges.since_us = self.ticks_us()
        Pin(pins.d0, Pin.IN, Pin.PULL_UP).irq(self.edge_0, Pin.IRQ_FALLING)
        Pin(pins.d1, Pin.IN, Pin.PULL_UP).irq(self.edge_1, Pin.IRQ_FALLING)

    def ethernet(self, pins: boards.PinMap) -> "Card":
        spi = SPI(1, sck=Pin(pins.spi[0]), mosi=Pin(pins.spi[1]), miso=Pin(pins.spi[2]))
        select, interrupt = Pin(pins.spi[3]), Pin(pins.spi[4])
        lan: Any = network.LAN  # the stubs know only its other chips
        return lan(phy_type=network.PHY_W5500, phy_addr=0, spi=spi, cs=select, int=interrupt)

    def edge_0(self, pin: Pin) -> None:
        """Interrupt: a 0 of the reader."""
        self.edges.put(0, time.ticks_us() & TICKS_MASK)
        self.flag.set()

    def edge_1(self, pin: Pin) -> None:
        """Interrupt: a 1 of the reader."""
        self.edges.put(1, time.ticks_us() & TICKS_MASK)
        self.flag.set()
