"""Care on request: somebody who asked for it and has opened no door for so many hours is brought to a guard's mind.

The last sign is read from the doors' events, so it outlives this process and comes late where a door was cut off.
A guard's judgement starts the hours anew; a sign of life ends the alert.
"""

from collections.abc import Callable

from controller.clock import Clock
from controller.events.alarm import Alarm
from controller.store.care import KIND, Cared, CareRows
from controller.watchlist.level import Level

HOUR_S = 3_600
SETTLE_S = 600.0  # doors that were out of reach while this process was down first deliver what they kept


class Care:
    """`look` once in a while. `away`: how many doors are out of reach."""

    def __init__(self, rows: CareRows, alarm: Alarm, clock: Clock, away: Callable[[], int]) -> None:
        self._rows = rows
        self._alarm = alarm
        self._clock = clock
        self._away = away
        self._began_s = clock.mono()
        self._unstored: dict[int, float] = {}  # person → sign for which a full disk has taken no alert yet

    async def look(self) -> None:
        """Raise what is due, end what is over."""
        now = self._clock.unix()
        for cared in await self._rows.all(now):
            if is_over(cared, now):
                await self._alarm.end(cared.alert)
            elif is_due(cared, now) and self._clock.mono() - self._began_s >= SETTLE_S:
                await self._raise(cared)
        for alert in await self._rows.not_asked():
            await self._alarm.end(alert)

    async def _raise(self, cared: Cared) -> None:
        if self._unstored.get(cared.person) == cared.sign_unix:
            return
        away = self._away()
        missing = f"; {away} doors are out of reach, so a sign may be missing" if away else ""
        text = f"no door was opened for {cared.hours} h{missing}"
        subject = f"person:{cared.person}"
        if await self._alarm.raise_alert(KIND, Level.NEEDS_PERSON.value, subject, "", text) is None:
            self._unstored[cared.person] = cared.sign_unix
        else:
            self._unstored.pop(cared.person, None)


def is_over(cared: Cared, now_unix: float) -> bool:
    """An alert is open, and a sign has come, be it one from before that a door has only now delivered."""
    return bool(cared.alert) and not cared.outcome and now_unix - cared.sign_unix < cared.hours * HOUR_S


def is_due(cared: Cared, now_unix: float) -> bool:
    """No alert is open, and there was neither a sign nor a judgement for so many hours."""
    is_open = bool(cared.alert) and not cared.outcome
    return not is_open and now_unix - max(cared.sign_unix, cared.judged_unix) >= cared.hours * HOUR_S
