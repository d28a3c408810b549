"""Plates as people write them."""

import sqlite3

from models.plates.alphabet import UNKNOWN_PROVINCE, normal_plate
from models.plates.grammar import GRAMMAR
from tools.community.errors import ConflictError


def warning(plate: str) -> str:
    """Why the cameras can never read it, in words that end with the next step; "" for a plate that can be."""
    normal = normal_plate(plate)
    if GRAMMAR.accepts(normal) and UNKNOWN_PROVINCE not in normal:
        return ""
    return (
        f"no plate that the cameras know reads {normal}: expect no barrier to open for it, and no alert."
        " Next step: look for a letter too many or too few, O for 0, I for 1; a guard can raise the barrier by hand"
    )


def need_other_plate(connection: sqlite3.Connection, plate: str) -> None:
    """No vehicle has this plate under another spelling; else ConflictError."""
    normal = normal_plate(plate)
    for (listed,) in connection.execute("SELECT plate FROM vehicles WHERE plate != ?", (plate,)):
        if normal_plate(listed) == normal:
            raise ConflictError(f"{listed} is the same plate and is there already; put it as {listed}, or delete that")
