"""Frames over a bad line, a million with `--whole`: no wrong card, and every clean one."""

from __future__ import annotations

from tools.bench_wiegand import FRAMES, bench_wiegand


def test_no_wrong_card_on_a_bad_line(divisor: int) -> None:
    frames = FRAMES // divisor
    report = bench_wiegand(frames)
    figures = report["figures"]
    assert isinstance(figures, dict)
    assert figures["frames"] >= frames and figures["wrong_accepted"] == 0, report["examples"]
    assert figures["clean_accepted"] == figures["clean"] > 0.4 * frames
    assert figures["parity_errors"] > frames // 1_000 and figures["damaged_accepted"] > frames // 100
