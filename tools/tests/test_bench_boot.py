"""Boot safety: every kind of reset, and nothing that may not be. All of its resets with `--whole`."""

from __future__ import annotations

from typing import cast

from tools import bench_boot


def test_resets_move_no_relay(divisor: int) -> None:
    resets = bench_boot.RESETS // divisor
    figures = cast("dict[str, int]", bench_boot.bench_boot(resets)["figures"])
    least = 1_000 if divisor == 1 else resets // 20  # of few, chance is a larger share
    assert figures["resets"] >= resets and min(figures["exceptions"], figures["relay_edges"]) >= least
    wrong = ("edges_at_boot", "edges_unasked", "relays_left_on", "shut_out")
    assert {name: figures[name] for name in wrong} == dict.fromkeys(wrong, 0), figures["told"]
