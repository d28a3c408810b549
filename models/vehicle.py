"""The words for what a vehicle looks like, and what its plate alone says of it."""

COLOURS = ("black", "white", "grey", "red", "blue", "yellow", "green", "brown")
"""Of the body. Silver is grey, champagne and gold are brown, orange is red or brown: so do registers write them."""

CLASSES = ("small", "large", "trailer", "learner", "police")
"""小型、大型、挂车、教练、警用. A blue plate may be a light lorry's: it is small all the same."""

_OF_TYPE = {
    "blue": "small",
    "green_small": "small",
    "yellow": "large",
    "green_large": "large",
    "trailer": "trailer",
    "learner": "learner",
    "police": "police",
    "armed_police": "police",
}


def vehicle_class(plate_type: str) -> str:
    """One of `CLASSES`, or "" for plates that any vehicle may carry (embassies, Hong Kong and Macau)."""
    return _OF_TYPE.get(plate_type, "")
