"""The detector's and the corner net's output geometry, shared by training and run time."""

CELL_PX = 16
"""One output cell of the detector per this many input pixels."""
CORNER_UNIT_PX = 32.0
"""The detector's corner offsets are in this unit, from the cell's middle."""
