"""What the screen beside a face camera says: turn, nod, come in, or use your card. Never who; forgotten in seconds."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from controller.vision.sighting import Ask

ASKED_S = 10.0  # longer than anybody is waited for (controller/vision/face_task.py MOVE_S)
ANSWERED_S = 4.0
OPEN, CARD = "open", "card"


@dataclass(frozen=True, slots=True)
class Shown:
    """`what`: an `Ask`'s word, OPEN, CARD, or "" for nothing; `number` counts the changes of one camera's screen."""

    what: str
    number: int
    until_mono: float


class Prompts:
    """The screens of `cameras`; others have none."""

    def __init__(self, cameras: Iterable[str], mono: Callable[[], float]) -> None:
        self._mono = mono
        self._shown = dict.fromkeys(cameras, Shown("", 0, 0.0))
        self._news = asyncio.Event()
        self.closed = False

    def __contains__(self, camera: object) -> bool:
        """Whether this camera has a screen."""
        return camera in self._shown

    def ask(self, ask: Ask) -> None:
        """Somebody is asked to do something, or no more; an answer that is shown stays until its time is over."""
        if ask.asked or self.now(ask.camera).what not in (OPEN, CARD):
            self._show(ask.camera, ask.asked, ASKED_S)

    def answer(self, camera: str, opened: bool) -> None:
        """The door has opened, or does not for this face: whose it is and why not is nobody's business there."""
        self._show(camera, OPEN if opened else CARD, ANSWERED_S)

    def now(self, camera: str) -> Shown:
        """What the screen shows; nothing once its time is over."""
        shown = self._shown.get(camera, Shown("", 0, 0.0))
        return shown if self._mono() < shown.until_mono else Shown("", shown.number, 0.0)

    def left_s(self, shown: Shown) -> float:
        """How much longer the screen shows it."""
        return max(0.0, shown.until_mono - self._mono())

    async def wait(self, camera: str, number: int, timeout_s: float) -> None:
        """Until the screen shows something else than `number`, or all is over; at most `timeout_s`."""
        try:
            async with asyncio.timeout(timeout_s):
                while not self.closed and self._shown[camera].number == number:
                    await self._news.wait()
        except TimeoutError:
            return

    def close(self) -> None:
        """End every reader."""
        self.closed = True
        self._wake()

    def _show(self, camera: str, what: str, for_s: float) -> None:
        before = self._shown.get(camera)
        if before is not None:
            self._shown[camera] = Shown(what, before.number + 1, self._mono() + for_s)
            self._wake()

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()
