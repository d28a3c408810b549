"""One firmware on its way to one door, and what becomes of it there. Pure: time is passed in.

waiting → sending → switching → restarting → trying → confirmed; or already, refused, undone, not-switched, unreachable,
no-answer, no-verdict, not-tried.
"""

from enum import StrEnum

from controller.bus.window import Window
from controller.events.ports import Firmware
from doorwire import names
from doorwire import vocabulary as words
from doorwire.messages import Event, Hello, Message, UpdateBegin, UpdateChunk, UpdateCommit, UpdateStatus

SILENCE_S = 3.0  # then the door is asked again; verifying the image takes it less
ANSWER_S = 60.0  # a door that says nothing for so long while it should
VERDICT_S = 900.0  # a door proves a new firmware in a minute, or in ten when its network is away
UNDONE_S = 60.0  # the old firmware runs again: its word on why comes within this time


class Stage(StrEnum):
    """Where an upload stands. The first five are under way."""

    WAITING = "waiting"
    SENDING = "sending"
    SWITCHING = "switching"
    RESTARTING = "restarting"
    TRYING = "trying"
    CONFIRMED = "confirmed"
    ALREADY = "already"
    REFUSED = "refused"
    UNDONE = "undone"
    NOT_SWITCHED = "not-switched"
    UNREACHABLE = "unreachable"
    NO_ANSWER = "no-answer"
    NO_VERDICT = "no-verdict"
    NOT_TRIED = "not-tried"


UNDER_WAY = frozenset({Stage.WAITING, Stage.SENDING, Stage.SWITCHING, Stage.RESTARTING, Stage.TRYING})
FAILED = frozenset({Stage.REFUSED, Stage.UNDONE, Stage.NOT_SWITCHED, Stage.NO_ANSWER, Stage.NO_VERDICT})


class Upload:
    """`reason`: the door's word for a refusal or for what undid the firmware, "" else."""

    def __init__(self, firmware: Firmware) -> None:
        self.stage = Stage.WAITING
        self.reason = ""
        self._firmware = firmware
        self._window = Window(firmware.image)
        self._boot_id = 0
        self._journalled = (0, 0)
        self._said_mono = 0.0
        self._deadline_mono = 0.0

    @property
    def sent_part(self) -> float:
        """How much of the image the door has in flash, 0 to 1."""
        if self.stage in (Stage.WAITING, Stage.SENDING):
            return (self._window.heard or 0) / self._window.size
        return 1.0

    def start(self, boot_id: int, journalled: tuple[int, int], now_mono: float) -> list[Message]:
        """The door is in reach. `journalled`: epoch and seq of its last event, which a restart makes it say again."""
        self.stage, self._boot_id, self._journalled = Stage.SENDING, boot_id, journalled
        self._wait(now_mono, ANSWER_S)
        return self._begin()

    def end(self, stage: Stage, reason: str = "") -> None:
        """It has come to this."""
        self.stage, self.reason = stage, reason

    def status(self, message: UpdateStatus, now_mono: float) -> list[Message]:
        """The door's word on the image."""
        if self.stage not in (Stage.SENDING, Stage.SWITCHING, Stage.RESTARTING):
            return []
        if message.reason:
            self.end(Stage.REFUSED, names.REASONS[message.reason])
        elif self.stage == Stage.SWITCHING:
            self.stage = Stage.RESTARTING
            self._wait(now_mono, VERDICT_S)
        elif self.stage == Stage.SENDING:
            self._wait(now_mono, ANSWER_S)
            chunks = self._window.progress(message.offset)
            if message.offset < self._window.size:
                return [UpdateChunk(offset=at, data=data) for at, data in chunks]
            self.stage = Stage.SWITCHING
            return self._commit()
        return []

    def hello(self, hello: Hello, boot_id: int, now_mono: float) -> list[Message]:
        """The door is back: with the same boot, after a restart, or with the new firmware."""
        same_boot, self._boot_id = boot_id == self._boot_id, boot_id
        if self.stage == Stage.SENDING:
            return self._begin()
        if same_boot:
            return self._commit() if self.stage in (Stage.SWITCHING, Stage.RESTARTING) else []
        if hello.firmware == self._firmware.version.encode():
            self.stage = Stage.TRYING
            self._wait(now_mono, VERDICT_S)
        else:
            self.stage = Stage.RESTARTING
            self._wait(now_mono, UNDONE_S)
        return []

    def event(self, event: Event) -> None:
        """What the door has journalled."""
        epoch, seq = self._journalled
        is_new = event.epoch != epoch or event.seq > seq
        if is_new and self.stage in (Stage.SWITCHING, Stage.RESTARTING, Stage.TRYING):
            if event.kind == words.EVENT_UPDATE_CONFIRMED:
                self.end(Stage.CONFIRMED)
            elif event.kind == words.EVENT_UPDATE_UNDONE:
                self.end(Stage.UNDONE, names.REASONS[event.reason])

    def tick(self, now_mono: float) -> list[Message]:
        """Once or twice a second: ask again, or give up."""
        late = {Stage.RESTARTING: Stage.NOT_SWITCHED, Stage.TRYING: Stage.NO_VERDICT}
        if self.stage in UNDER_WAY - {Stage.WAITING} and now_mono >= self._deadline_mono:
            self.end(late.get(self.stage, Stage.NO_ANSWER))
        elif self.stage in (Stage.SENDING, Stage.SWITCHING) and now_mono - self._said_mono > SILENCE_S:
            self._said_mono = now_mono
            return self._begin() if self.stage == Stage.SENDING else self._commit()
        return []

    def _begin(self) -> list[Message]:
        """Also when the door has part of it: it says how much, and it goes on from there."""
        self._window.forget()
        firmware = self._firmware
        return [
            UpdateBegin(
                firmware=firmware.version.encode(),
                size=len(firmware.image),
                digest=firmware.digest,
                rollback=firmware.rollback,
            )
        ]

    def _commit(self) -> list[Message]:
        return [UpdateCommit(digest=self._firmware.digest)]

    def _wait(self, now_mono: float, seconds: float) -> None:
        self._said_mono, self._deadline_mono = now_mono, now_mono + seconds
