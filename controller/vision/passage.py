"""Reads on tracks to passages: one verdict for each car that passes, however often its track breaks. Pure.

A car that stays in view is told again, so that a gate which could not open for it may try again; at once when a plate
that was doubtful from far is read surely.

A track that begins where another one just broke off is the same car, unless what was read on both says otherwise: place
and time join, likeness of texts never does. The same plate read surely twice within moments is the same car too.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from controller.vision.track import NEAR, Box, Track, Tracker, near
from controller.vision.vote import SURE, Read, Verdict, contradict, vote

READS = 3  # before a decision: one frame may lie
PATIENCE = 8  # reads after which a doubtful plate is decided as it is
REPEAT_S = 2.0  # a decided car that is still in view is told again
KEEP = 30  # reads a passage, the newest
AGAIN_S = 3.0  # out of view, before the same plate is another passage: a lost track is not
_DECIDING_S = 3.0  # what left is remembered as long as a track that begins then may take to its verdict
SAME_PLACE = 0.2  # `near` of where a track broke off and where one began
ANOTHER = 3  # sure reads of one other plate in a row: another car took over the track


@dataclass(slots=True)
class Memory:
    """What a plate's track remembers."""

    reads: list[Read] = field(default_factory=list)
    others: list[Read] = field(default_factory=list)
    """The last reads, in a row, that contradict the rest."""
    decided: bool = False
    told_s: float = 0.0
    began: Box | None = None
    began_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Gone:
    """A decided passage: its number, where it was last seen, how it moved (px/s), when, and what was read."""

    number: int
    box: Box
    speed: tuple[float, float]
    at_s: float
    verdict: Verdict

    def likeness(self, box: Box, at_s: float) -> float:
        """How near `box` is to where it was last seen, or to where it would be if it went on."""
        dx, dy = (speed * (at_s - self.at_s) for speed in self.speed)
        x0, y0, x1, y1 = self.box
        return max(near(self.box, box), near((x0 + dx, y0 + dy, x1 + dx, y1 + dy), box))


@dataclass(frozen=True, slots=True)
class Known:
    """What a decided track is: the number of its passage, from 1 on, and what was read."""

    number: int
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Decided:
    """A passage: its number, from 1 on, the track's, where it came from and was last, and what was read; `again` when
    it was told before.
    """

    number: int
    track: int
    began: Box
    box: Box
    verdict: Verdict
    again: bool = False


class Passages:
    """One camera's passages."""

    def __init__(self) -> None:
        self._tracker: Tracker[Memory] = Tracker(Memory)
        self._gone: list[Gone] = []
        self._count = 0
        self._decided: dict[int, Known] = {}  # tracks in view, and those that left with the last frame
        self._left: list[int] = []

    @property
    def busy(self) -> bool:
        """A plate is in view, even if it stands still and is decided."""
        return bool(self._tracker.tracks)

    def is_decided(self, box: Box, at_s: float) -> bool:
        """Whether a plate here and now is one whose passage is decided: no more need be found out about it."""
        return any(
            track.number in self._decided and track.likeness(box, at_s) >= NEAR for track in self._tracker.tracks
        )

    def number_of(self, track: int) -> int | None:
        """The passage that this track of the last frame belongs to, once that is decided: the first decided is 1."""
        known = self._decided.get(track)
        return known.number if known else None

    def see(self, boxes: list[Box], reads: list[Read], at_s: float) -> tuple[list[int], list[Decided]]:
        """(the track number of each box, passages decided now or told again)."""
        for number in self._left:
            self._decided.pop(number, None)
        tracks, ended = self._tracker.update(boxes, at_s)
        self._left = [track.number for track in ended]
        self._gone = [gone for gone in self._gone if at_s - gone.at_s < AGAIN_S + _DECIDING_S]
        found: list[Decided] = []
        for read, track in zip(reads, tracks, strict=True):
            found += self._note(track, read, at_s)
        for track in ended:
            memory = track.memory
            if not memory.decided and len(memory.reads) + len(memory.others) >= 2:
                found += self._decide(track, vote(memory.reads + memory.others), at_s)
            if (known := self._decided.get(track.number)) is not None:
                self._gone.append(Gone(known.number, track.box, track.speed, track.seen_s, known.verdict))
        return [track.number for track in tracks], found

    def _note(self, track: Track[Memory], read: Read, at_s: float) -> list[Decided]:
        memory = track.memory
        if memory.began is None:
            memory.began, memory.began_s = track.box, at_s
        if memory.reads and contradict(vote(memory.reads), vote([read])):
            memory.others.append(read)
        else:
            memory.reads += [*memory.others, read]
            memory.others.clear()
        del memory.reads[:-KEEP], memory.others[:-KEEP]
        if _another_car(memory.others):
            return self._take_over(track, at_s)
        if memory.decided:
            return self._again(track, at_s)
        seen = memory.reads + memory.others
        verdict = vote(seen)
        if (len(memory.reads) >= READS and verdict.confidence >= SURE) or len(seen) >= PATIENCE:
            return self._decide(track, verdict, at_s)
        return []

    def _again(self, track: Track[Memory], at_s: float) -> list[Decided]:
        memory, known = track.memory, self._decided[track.number]
        if known.verdict.confidence < SURE <= (verdict := vote(memory.reads + memory.others)).confidence:
            known = self._decided[track.number] = Known(known.number, verdict)
        elif at_s - memory.told_s < REPEAT_S:
            return []
        memory.told_s = at_s
        return [Decided(known.number, track.number, memory.began or track.first, track.box, known.verdict, again=True)]

    def _take_over(self, track: Track[Memory], at_s: float) -> list[Decided]:
        """The track is another car's from now on."""
        memory = track.memory
        first = self._decide(track, vote(memory.reads), at_s) if not memory.decided and len(memory.reads) >= 2 else []
        if (known := self._decided.pop(track.number, None)) is not None:
            self._gone.append(Gone(known.number, track.box, (0.0, 0.0), at_s, known.verdict))
        memory.reads, memory.others = memory.others, []
        memory.decided, memory.began, memory.began_s = False, track.box, at_s
        return first + self._decide(track, vote(memory.reads), at_s)

    def _decide(self, track: Track[Memory], verdict: Verdict, at_s: float) -> list[Decided]:
        """Nothing when it is a passage that was decided already."""
        memory = track.memory
        began = memory.began or track.first
        memory.decided = True
        others = self._gone + self._decided_in_view()
        same = next((gone for gone in others if _same_car(gone, began, memory.began_s, verdict)), None)
        if same is not None:
            self._decided[track.number] = Known(same.number, verdict)
            return []
        self._count += 1
        memory.told_s = at_s
        self._decided[track.number] = Known(self._count, verdict)
        return [Decided(self._count, track.number, began, track.box, verdict)]

    def _decided_in_view(self) -> list[Gone]:
        return [
            Gone(known.number, track.box, track.speed, track.seen_s, known.verdict)
            for track in self._tracker.tracks
            if (known := self._decided.get(track.number)) is not None
        ]


def _same_car(gone: Gone, began: Box, began_s: float, verdict: Verdict) -> bool:
    away_s = began_s - gone.at_s
    if away_s >= AGAIN_S:
        return False
    if gone.verdict.text == verdict.text:
        return True
    return away_s >= 0 and gone.likeness(began, began_s) >= SAME_PLACE and not contradict(gone.verdict, verdict)


def _another_car(others: list[Read]) -> bool:
    return (
        len(others) >= ANOTHER
        and len({read.text for read in others}) == 1
        and all(read.confidence >= SURE for read in others)
    )
