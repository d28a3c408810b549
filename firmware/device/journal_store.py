"""The journal in flash: events kept until the controller has acknowledged them.

Bounded: at `segments` segments the oldest is given up, acknowledged or not; `overwritten` counts the events that the
controller has not acknowledged, and Hello's `first_seq` tells what is gone. Acknowledgements are not written: after a
boot the controller's first Ack repeats them.
"""

import os

from device import flash
from doorlogic.journal import (
    RECORD_SIZE,
    SEGMENT_RECORDS,
    TAIL_RECORDS,
    decode,
    encode,
    segment_name,
    segment_of,
    tail_head,
    tail_of,
)
from doorwire.messages import Event

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

_ENOSPC = 28
SEGMENTS = 68  # × 300 records: never fewer than the newest 20,100 events, 820 kB


class JournalStore:
    """`first_seq` is the oldest event kept, `next_seq` the next to be written; `lost` counts what flash refused."""

    def __init__(self, folder: str, segments: int = SEGMENTS) -> None:
        self._folder = folder + "journal"
        self._tail_path = self._folder + "/tail"
        self._limit = segments
        self._starts: list[int] = []  # first seq of each segment, oldest first
        self._tail = b""  # records of the newest events, in no segment yet
        self._tail_seq = 1  # of the first of them
        self._file: BinaryIO | None = None
        self._full = False
        self.epoch = 0
        self.acked = 0
        self.lost = 0
        self.overwritten = 0

    def open(self, new_epoch: int) -> None:
        """Find what is kept. `new_epoch` (random, not 0) is taken when nothing is. OSError when flash refuses."""
        names = flash.names(self._folder)
        found = [segment for segment in [segment_of(name) for name in names] if segment]
        epoch, first, records = tail_of(flash.read(self._tail_path))
        self.epoch = max(found, key=lambda segment: segment[1])[0] if found else epoch or new_epoch
        self._starts = sorted([first for epoch, first in found if epoch == self.epoch])
        self._tail_seq = self._starts[-1] + self._slots(self._starts[-1]) if self._starts else 1
        if epoch != self.epoch:
            self._tail_seq += TAIL_RECORDS if found else 0  # a damaged tail: no seq is given twice
        elif first >= self._tail_seq:  # else its records went into the segment before the power did
            self._tail_seq, self._tail = first, records
        self.acked = self.first_seq - 1

    @property
    def first_seq(self) -> int:
        """The oldest event kept; `next_seq` when none is."""
        return self._starts[0] if self._starts else self._tail_seq

    @property
    def next_seq(self) -> int:
        """The next event's."""
        return self._tail_seq + len(self._tail) // RECORD_SIZE

    @property
    def unacked(self) -> int:
        """Events that the controller has not acknowledged."""
        return self.next_seq - 1 - self.acked

    def append(self, event: Event) -> bool:
        """Keep the event (its epoch and seq are this journal's next) before this returns; False: flash refused."""
        record = encode(event)
        if not (self._keep(record) or self._make_room() and self._keep(record)):
            self.lost += 1
            return False
        return True

    def read(self, seq: int) -> "Event | None":
        """The event, or None when it is gone or damaged."""
        event = decode(self.epoch, self._record(seq))
        return event if event is not None and event.seq == seq else None

    def ack(self, epoch: int, seq: int) -> bool:
        """The controller has everything up to `seq`: whether that is news. Whole segments go; the newest stays."""
        if epoch != self.epoch or not self.acked < seq < self.next_seq:
            return False
        self.acked = seq
        while len(self._starts) > 1 and self._starts[1] <= seq + 1:
            self._drop_oldest()
        return True

    def close(self) -> None:
        """Close the newest segment; the next spill opens it again."""
        if self._file is not None:
            try:
                self._file.close()
            except OSError:
                pass
            self._file = None

    def _record(self, seq: int) -> bytes:
        """The bytes in its place."""
        at = (seq - self._tail_seq) * RECORD_SIZE
        if at >= 0:
            return self._tail[at : at + RECORD_SIZE]
        starts = [start for start in self._starts if start <= seq]
        if not starts:
            return b""
        try:
            with open(self._path(starts[-1]), "rb") as file:
                file.seek((seq - starts[-1]) * RECORD_SIZE)
                return file.read(RECORD_SIZE)
        except OSError:
            return b""

    def _keep(self, record: bytes) -> bool:
        """In the tail, which goes into a segment before when it is full."""
        try:
            if len(self._tail) >= TAIL_RECORDS * RECORD_SIZE:
                self._spill()
            tail = self._tail + record
            with open(self._tail_path, "wb") as file:
                file.write(tail_head(self.epoch, self._tail_seq) + tail)
        except OSError as error:
            self.close()
            self._full = error.errno == _ENOSPC
            return False
        self._tail = tail
        return True

    def _spill(self) -> None:
        """The tail's records into the newest segment. Should the power go, `open` sees by their seq that they are."""
        if self._file is None or self._tail_seq - self._starts[-1] >= SEGMENT_RECORDS:
            self._next_segment()
        if self._file is not None:
            self._file.write(self._tail)
            self._file.flush()
        self._tail_seq, self._tail = self.next_seq, b""

    def _make_room(self) -> bool:
        """Give the oldest segment up for the newest event; False when that is not what flash lacks."""
        if not self._full or len(self._starts) < 2:
            return False
        self._drop_oldest()
        return True

    def _next_segment(self) -> None:
        """Continue the newest segment if it is whole and has room, else begin one."""
        self.close()
        if self._starts and self._tail_seq - self._starts[-1] < SEGMENT_RECORDS:
            path = self._path(self._starts[-1])
            if os.stat(path)[6] == (self._tail_seq - self._starts[-1]) * RECORD_SIZE:
                self._file = open(path, "ab")  # noqa: SIM115 (kept open between events)
                return
        while len(self._starts) >= self._limit:
            self._drop_oldest()
        self._file = open(self._path(self._tail_seq), "wb")  # noqa: SIM115 (kept open between events)
        if not self._starts or self._starts[-1] != self._tail_seq:
            self._starts.append(self._tail_seq)

    def _drop_oldest(self) -> None:
        flash.remove(self._path(self._starts.pop(0)))
        self.overwritten += max(0, self.first_seq - 1 - self.acked)
        self.acked = max(self.acked, self.first_seq - 1)

    def _slots(self, start: int) -> int:
        """Seqs that a segment has used up: a torn or damaged record keeps its seq, which is never given twice."""
        try:
            return (os.stat(self._path(start))[6] + RECORD_SIZE - 1) // RECORD_SIZE
        except OSError:
            return SEGMENT_RECORDS

    def _path(self, start: int) -> str:
        return self._folder + "/" + segment_name(self.epoch, start)
