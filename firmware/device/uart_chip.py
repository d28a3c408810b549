"""The reader bus of a chip: its UART behind an RS-485 driver that a pin turns round."""

from machine import UART, Pin

from device.relay import TimedPin

_ROOM = 512
_SPARE_MS = 2  # the pin rises before the first bit; readers leave the line alone for two characters


class Uart:
    """`pins`: number of the UART, transmit, receive, driver enable. `timer`: of the driver's end."""

    def __init__(self, pins: "tuple[int, int, int, int]", baud: int, timer: int) -> None:
        self._driver = TimedPin(pins[3], timer)
        self._uart = UART(pins[0], baudrate=baud, tx=Pin(pins[1]), rx=Pin(pins[2]), rxbuf=_ROOM, timeout=0)
        self._baud = baud

    def read(self) -> bytes:
        """What has come in, at once."""
        return self._uart.read() or b""

    def write(self, data: bytes) -> None:
        """On its way when this returns; the driver leaves the line to the readers by its timer, whatever runs then."""
        self._driver.pulse(len(data) * 10_000 // self._baud + _SPARE_MS)
        self._uart.write(data)
