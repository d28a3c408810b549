"""`menshen soak`: days of a door's life in minutes, and a year of wear of its flash.

What happens in those days is in `firmware/device/tests/soak.py`, the year in `wear.py` beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from tools.bench import Report
from tools.firmware_tests import WARP_HEAP
from tools.machine import describe
from tools.simulate import simulate, whole

DAYS = 7
_YEAR = 365
_ERASES = 1_000  # of one sector in a year: of the 100,000 it is built for
_FLAT = 1_024  # bytes that come and go
_MAY_NOT_BE = ("shut_out", "strangers_in", "events_missing", "gaps")


def soak(days: int = DAYS, seed: int = 1, show: Callable[[int], None] = lambda day: None) -> tuple[Report, list[str]]:
    """The report, and in words what may not be. `show` hears of each day's end."""
    with ThreadPoolExecutor(2) as pool:
        life = pool.submit(
            simulate,
            "device.tests.soak",
            days,
            seed,
            heap=WARP_HEAP,
            show=lambda line: show(int(line.removeprefix("day "))) if line.startswith("day ") else None,
        )
        wear = pool.submit(simulate, "device.tests.wear", _YEAR)
        figures = {**life.result(), "wear": wear.result()}
    return {"name": "soak", "figures": figures, "peers": {}, "machine": describe()}, _wrong(
        life.result(), wear.result()
    )


def _wrong(life: Report, wear: Report) -> list[str]:
    wrong = [f"{name}: {life[name]}, not 0" for name in _MAY_NOT_BE if life[name]]
    if whole(life["releases"]) > whole(life["releases_asked"]):
        wrong.append(f"{life['releases']} releases, and {life['releases_asked']} were asked for")
    if whole(life["heap_growth_bytes"]) > _FLAT:
        wrong.append(f"the heap grew by {life['heap_growth_bytes']} bytes, more than {_FLAT}")
    if whole(life["files_most"]) > whole(life["files_fewest"]) + 2:
        wrong.append(f"from {life['files_fewest']} to {life['files_most']} files")
    if whole(wear["erases_sector_max"]) > _ERASES:
        wrong.append(f"{wear['erases_sector_max']} erases of one sector in a year, more than {_ERASES}")
    return wrong
