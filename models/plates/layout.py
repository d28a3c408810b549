"""Where the characters of a plate stand, in millimetres (GA 36)."""

from dataclasses import dataclass

SINGLE_HEIGHT_MM = 140
DOUBLE_HEIGHT_MM = 220


@dataclass(frozen=True, slots=True)
class Slot:
    """The box of one character."""

    x_mm: float
    y_mm: float
    width_mm: float
    height_mm: float


@dataclass(frozen=True, slots=True)
class Layout:
    """The size of a plate and its slots from left to right, top to bottom; `dot_mm` is None where there is no dot."""

    width_mm: int
    height_mm: int
    slots: tuple[Slot, ...]
    dot_mm: tuple[float, float] | None

    @property
    def rows(self) -> int:
        """1, or 2 for the large rear plate."""
        return 2 if self.height_mm == DOUBLE_HEIGHT_MM else 1


def _row(start_mm: float, y_mm: float, widths_mm: list[float], gaps_mm: list[float], height_mm: float) -> list[Slot]:
    slots, x = [], start_mm
    for width, gap in zip(widths_mm, [*gaps_mm, 0.0], strict=True):
        slots.append(Slot(x, y_mm, width, height_mm))
        x += width + gap
    return slots


SEVEN = Layout(440, 140, tuple(_row(15.5, 25, [45] * 7, [12, 34, 12, 12, 12, 12], 90)), (134.5, 70))
EIGHT = Layout(480, 140, tuple(_row(15.5, 25, [45, *[43] * 7], [9, 49, 9, 9, 9, 9, 9], 90)), None)
DOUBLE = Layout(440, 220, (*_row(110, 15, [80, 80], [60], 60), *_row(27.5, 90, [65] * 5, [15] * 4, 110)), (220, 45))


def layout_for(text: str, rows: int = 1) -> Layout:
    """The layout of a plate with this text; ValueError for a length that no plate has."""
    if len(text) == 7:
        return SEVEN if rows == 1 else DOUBLE
    if len(text) == 8 and rows == 1:
        return EIGHT
    raise ValueError(f"no plate has {len(text)} characters in {rows} row(s)")
