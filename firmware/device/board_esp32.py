"""ESP32-S3: Wi-Fi, or Ethernet by W5500."""

import asyncio

import network

import boards
from device.board_chip import ChipBoard
from doorwire import vocabulary as words

_UP_S = 20


class Esp32Board(ChipBoard):
    """`settings`: {"wifi": name, "password"}, or {"ethernet": true}. On this port pin interrupts are not `hard`:
    they are scheduled between two bytecodes, some microseconds late.
    """

    ID = words.BOARD_ESP32

    def __init__(self, name: str, settings: "dict[str, object]") -> None:
        pins = boards.find(name, boards.ESP32_S3)
        super().__init__(pins, (0, 1, 2), False)
        self.settings = settings
        self.card = _card(pins, settings)

    async def network_up(self) -> None:
        if self.card.isconnected():
            return
        if "wifi" in self.settings:
            self.card.disconnect()
            self.card.connect(self.settings["wifi"], self.settings["password"])
        for _ in range(_UP_S * 4):
            if self.card.isconnected():
                return
            await asyncio.sleep(0.25)
        raise OSError("no network")


def _card(pins: boards.PinMap, settings: "dict[str, object]") -> "network.WLAN | network.LAN":
    """The network card, switched on."""
    card: network.WLAN | network.LAN
    if "wifi" in settings:
        card = network.WLAN(network.STA_IF)
    else:
        from machine import SPI, Pin

        spi = SPI(1, sck=Pin(pins.spi[0]), mosi=Pin(pins.spi[1]), miso=Pin(pins.spi[2]))
        card = network.LAN(phy_type=network.PHY_W5500, phy_addr=0, spi=spi, cs=Pin(pins.spi[3]), int=Pin(pins.spi[4]))
    card.active(True)
    return card
