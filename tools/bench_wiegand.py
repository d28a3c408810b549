"""`menshen bench wiegand`: frames as a bad line delivers them, through the door's own framing and parity."""

from __future__ import annotations

import math
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from random import Random

from doorlogic.wiegand import FRAME_END_US, Framer, decode
from doorwire import vocabulary as words
from tools.machine import describe
from tools.virtual_board.wiegand import wiegand26, wiegand34, wiegand37

FRAMES = 1_000_000
JITTER = 0.05  # of an interval, both ways
_QUIET_US = 500_000
_NOISE_US = 40_000  # before and after a frame, in which noise may fall

Edges = list[tuple[int, int]]  # (time in µs, line)


@dataclass(slots=True)
class Tally:
    """What became of the frames."""

    frames: int = 0
    clean: int = 0
    clean_accepted: int = 0
    damaged_accepted: int = 0  # rightly: noise that did not touch the bits
    wrong_accepted: int = 0
    parity_errors: int = 0
    format_errors: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        for name in ("frames", "clean", "clean_accepted", "damaged_accepted"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.wrong_accepted += other.wrong_accepted
        self.parity_errors += other.parity_errors
        self.format_errors += other.format_errors
        self.examples += other.examples


def bench_wiegand(frames: int = FRAMES, seed: int = 1, processes: int = 2) -> dict[str, object]:
    """Half of the frames clean: pulses of 20-100 µs, 0.25-18 ms apart; the others with swapped lines, lost and extra
    edges, bursts. A door reads 26 and 34 bits, or 37 alone.
    """
    share = math.ceil(frames / processes)
    total = Tally()
    with ProcessPoolExecutor(processes) as pool:
        for tally in pool.map(run, [share] * processes, range(seed, seed + processes)):
            total.add(tally)
    figures = {name: getattr(total, name) for name in Tally.__slots__ if name != "examples"}
    return {"name": "bench-wiegand", "figures": figures, "examples": total.examples[:5], "machine": describe()}


def run(frames: int, seed: int) -> Tally:
    """So many frames, one after another into the same framer."""
    random = Random(seed)  # noqa: S311 (a line, not a secret)
    tally = Tally()
    framers = {(26, 34): Framer(), (37,): Framer()}
    for _ in range(frames):
        formats = (37,) if random.random() < 0.3 else (26, 34)
        card, bits = _card(random, formats)
        clean = random.random() < 0.5
        edges = _edges(random, bits) if clean else _damaged(random, bits)
        _judge(tally, framers[formats], formats, edges, card, clean)
    return tally


def _judge(tally: Tally, framer: Framer, formats: tuple[int, ...], edges: Edges, card: int, clean: bool) -> None:
    tally.frames += 1
    tally.clean += clean
    accepted = []
    last_us = -_QUIET_US
    for at_us, line in [*edges, (edges[-1][0] + _QUIET_US if edges else 0, -1)]:
        frame = framer.silence(at_us - last_us) if line < 0 else framer.edge(line, at_us - last_us)
        last_us = at_us
        if frame is not None:
            reason, value = decode(frame, formats)
            if reason == words.REASON_NONE:
                accepted.append(value)
            tally.parity_errors += reason == words.REASON_PARITY
            tally.format_errors += reason == words.REASON_FORMAT
    wrong = [value for value in accepted if value != card]
    tally.wrong_accepted += len(wrong)
    if wrong:
        tally.examples.append(f"{formats} {card:x} read as {wrong[0]:x}: {edges}")
    tally.clean_accepted += clean and accepted == [card]
    tally.damaged_accepted += not clean and card in accepted


def _card(random: Random, formats: tuple[int, ...]) -> tuple[int, str]:
    if random.choice(formats) == 26:
        facility, number = random.randrange(1 << 8), random.randrange(1 << 16)
        return facility << 16 | number, wiegand26(facility, number)
    if formats == (37,):
        value = random.randrange(1 << 35)
        return value, wiegand37(value >> 19, value & 0x7FFFF)
    value = random.randrange(1 << 32)
    return value, wiegand34(value)


def _edges(random: Random, bits: str) -> Edges:
    """A reader's edges."""
    interval = math.exp(random.uniform(math.log(250), math.log(18_000)))
    at, edges = 0.0, []
    for bit in bits:
        edges.append((int(at), int(bit)))
        at += interval * random.uniform(1 - JITTER, 1 + JITTER)
    return edges


def _damaged(random: Random, bits: str) -> Edges:
    edges = _edges(random, bits)
    width = random.randint(20, 100)
    if random.random() < 0.1:
        edges = [(at, 1 - line) for at, line in edges]
    loss = random.choice((0.0, 0.01, 0.05, 0.3))
    kept = [edge for edge in edges if random.random() >= loss]
    noise: Edges = []
    begin, end = edges[0][0] - _NOISE_US, edges[-1][0] + _NOISE_US
    for _ in range(random.choice((0, 0, 1, 2, 5))):
        noise.append((random.randint(begin, end), random.randint(0, 1)))
    if random.random() < 0.15:
        at = random.randint(begin, end)
        for _ in range(random.randint(5, 40)):
            at += random.randint(5, 300)
            noise.append((at, random.randint(0, 1)))
    return _merged(sorted(kept + noise), width)


def _merged(edges: Edges, width: int) -> Edges:
    """An edge on a line that is still low is none."""
    last = {0: -FRAME_END_US, 1: -FRAME_END_US}
    kept = []
    for at, line in edges:
        if at - last[line] > width:
            kept.append((at, line))
            last[line] = at
    return kept
