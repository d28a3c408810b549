"""RP2040 and RP2350: Ethernet by W5500, or Wi-Fi on the W boards."""

import network
from machine import SPI, Pin

import boards
from device.board import RELAY
from device.board_chip import ChipBoard
from device.pio_rp2 import HeldPin, PioEdges
from doorwire import vocabulary as words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from device.board_chip import Card


class Rp2Board(ChipBoard):
    """`settings`: {"wifi": name, "password"}, or {"ethernet": true}."""

    ID = words.BOARD_RP2

    def __init__(self, name: str, settings: "dict[str, str]") -> None:
        pins = boards.find(name, boards.RP2)
        relay = HeldPin(pins.relay)
        super().__init__(pins, settings, (-1, -1, -1))
        self.outputs[RELAY] = relay
        lines = Pin(pins.d0, Pin.IN, Pin.PULL_UP), Pin(pins.d1, Pin.IN, Pin.PULL_UP)
        self.edges = PioEdges(*lines)
        for line in lines:
            line.irq(self.changed, Pin.IRQ_FALLING, hard=True)

    def ethernet(self, pins: boards.PinMap) -> "Card":
        spi = SPI(0, sck=Pin(pins.spi[0]), mosi=Pin(pins.spi[1]), miso=Pin(pins.spi[2]))
        # Only the firmware of W5500 boards has it; the stubs are those of a Pico W.
        card: Card = network.WIZNET5K(spi, Pin(pins.spi[3]), Pin(pins.spi[4]))  # type: ignore[attr-defined]
        card.active(True)
        card.ifconfig("dhcp")  # this driver does not ask for an address by itself
        return card
