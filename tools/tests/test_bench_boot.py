"""Boot safety: all of its resets, and nothing that may not be."""

from __future__ import annotations

from typing import cast

from tools import bench_boot


def test_ten_thousand_resets_move_no_relay() -> None:
    figures = cast("dict[str, int]", bench_boot.bench_boot()["figures"])
    assert figures["resets"] >= 10_000 and figures["exceptions"] >= 1_000 and figures["relay_edges"] >= 1_000
    wrong = ("edges_at_boot", "edges_unasked", "relays_left_on", "shut_out")
    assert {name: figures[name] for name in wrong} == dict.fromkeys(wrong, 0), figures["told"]
