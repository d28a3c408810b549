"""An output pin of a chip whose pulse ends by a hardware timer."""

from machine import Pin, Timer


class TimedPin:
    """Low from the first moment. The timer's interrupt ends a pulse even while the program is busy; a program stuck
    below the interpreter is ended by the watchdog, whose reset leaves the pin floating and the relay's pull-down wins.
    """

    def __init__(self, pin: int, timer: int) -> None:
        self._pin = Pin(pin, Pin.OUT, value=0)
        self._timer = Timer(timer)
        self._end_now = self._end  # bound once: an interrupt may not allocate

    def pulse(self, ms: int) -> None:
        """High for `ms` from now; the end is armed before the pin rises."""
        self._timer.deinit()
        self._timer.init(mode=Timer.ONE_SHOT, period=ms, callback=self._end_now)
        self._pin.value(1)

    def set(self, level: bool) -> None:
        """Until told otherwise."""
        self._timer.deinit()
        self._pin.value(level)

    def _end(self, timer: Timer) -> None:
        self._pin.value(0)
