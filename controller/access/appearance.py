"""Does a vehicle look like the one that is registered with its plate? A hint for a person, never a verdict."""

from controller.access.document import Vehicle

SURE = 0.85  # of a colour that speaks against the register
_LOOK_ALIKE = frozenset(
    frozenset(pair)
    for pair in (
        ("black", "grey"),
        ("black", "blue"),  # the darkest blue
        ("black", "green"),
        ("black", "brown"),
        ("grey", "white"),
        ("grey", "blue"),  # lorries' bumpers are grey
        ("grey", "green"),
        ("grey", "red"),
        ("grey", "brown"),
        ("white", "yellow"),  # cream
        ("brown", "yellow"),  # gold
        ("brown", "red"),
        ("blue", "green"),
    )
)
"""Pairs that a camera, or whoever filled in the register, takes for one another."""


def differences(registered: Vehicle, body_colour: str, confidence: float, vehicle_class: str) -> dict[str, str]:
    """What is registered as "body_colour" and "vehicle_class", where that can hardly be what was seen."""
    found: dict[str, str] = {}
    pair = frozenset((registered.body_colour, body_colour))
    told = registered.body_colour and body_colour and confidence >= SURE
    if told and len(pair) == 2 and pair not in _LOOK_ALIKE:
        found["body_colour"] = registered.body_colour
    if registered.vehicle_class and vehicle_class and registered.vehicle_class != vehicle_class:
        found["vehicle_class"] = registered.vehicle_class
    return found
