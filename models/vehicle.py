"""What a plate alone says of the vehicle that carries it."""

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
