"""RP2040 and RP2350: Ethernet by W5500, or Wi-Fi on the W boards."""

import asyncio

import network

import boards
from device.board_chip import ChipBoard
from doorwire import vocabulary as words

_UP_S = 20


class Rp2Board(ChipBoard):
    """`settings`: {"wifi": name, "password"}, or {"ethernet": true}."""

    ID = words.BOARD_RP2

    def __init__(self, name: str, settings: "dict[str, object]") -> None:
        pins = boards.find(name, boards.RP2_W5500)
        super().__init__(pins, (-1, -1, -1), True)
        self.settings = settings
        self.card: network.WLAN | network.WIZNET5K
        if "wifi" in settings:
            self.card = network.WLAN(network.STA_IF)
        else:
            from machine import SPI, Pin

            spi = SPI(0, sck=Pin(pins.spi[0]), mosi=Pin(pins.spi[1]), miso=Pin(pins.spi[2]))
            self.card = network.WIZNET5K(spi, Pin(pins.spi[3]), Pin(pins.spi[4]))
        self.card.active(True)

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
