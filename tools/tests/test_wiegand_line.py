"""A million frames over a bad line: no wrong card, and every clean one."""

from __future__ import annotations

from tools.bench_wiegand import FRAMES, bench_wiegand


def test_no_wrong_card_in_a_million_frames() -> None:
    report = bench_wiegand(FRAMES)
    figures = report["figures"]
    assert isinstance(figures, dict)
    assert figures["frames"] >= 1_000_000 and figures["wrong_accepted"] == 0, report["examples"]
    assert figures["clean_accepted"] == figures["clean"] > 400_000
    assert figures["parity_errors"] > 1_000 and figures["damaged_accepted"] > 10_000
