"""Who and what the demo's community holds: facts, no behaviour. People are numbers and roles, never names of anyone."""

from dataclasses import dataclass

SITE = "demo"
DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Card:
    """A 26-bit card: `facility` 0–255, `number` 0–65535."""

    facility: int
    number: int

    @property
    def value(self) -> int:
        """The data bits, as the list holds them."""
        return self.facility << 16 | self.number


DOORS = {
    "b1-u1": "1号楼1单元",
    "b1-u2": "1号楼2单元",
    "b2-u1": "2号楼1单元",
    "b2-u2": "2号楼2单元",
    "b3-u1": "3号楼1单元",
    "b3-u2": "3号楼2单元",
}
GATE = "north"

RESIDENT = 7
NEIGHBOUR = 8
FORMER_TENANT = 9
COURIER = 10

RESIDENT_CARD = Card(12, 3456)
NEIGHBOUR_CARD = Card(12, 3457)
REVOKED_CARD = Card(12, 3458)
EXPIRED_CARD = Card(12, 3459)
UNKNOWN_CARD = Card(200, 60000)

RESIDENT_PLATE = "皖A12345"
WATCHED_PLATE = "京B67893"

PEOPLE = {
    RESIDENT: {"name": "住户 Resident 7", "doors": list(DOORS), "gates": [GATE]},
    NEIGHBOUR: {"name": "住户 Resident 8", "doors": list(DOORS), "gates": []},
    FORMER_TENANT: {"name": "前租户 Former tenant", "doors": list(DOORS), "gates": []},
    COURIER: {"name": "快递员 Courier", "doors": list(DOORS), "gates": []},
}


def credentials(now_unix: int) -> list[dict[str, object]]:
    """The cards of the community as the server takes them."""

    def card(person: int, value: int, not_after: int = 0, revoked: bool = False) -> dict[str, object]:
        return {
            "person": person,
            "kind": "card",
            "value": value,
            "not_before": 0,
            "not_after": not_after,
            "revoked": revoked,
        }

    return [
        card(RESIDENT, RESIDENT_CARD.value),
        card(NEIGHBOUR, NEIGHBOUR_CARD.value),
        card(FORMER_TENANT, REVOKED_CARD.value, revoked=True),
        card(COURIER, EXPIRED_CARD.value, not_after=now_unix - DAY_S),
    ]


# Head and shoulders in the portraits of `tools.setup.system.demo_pictures`: x0, y0, x1, y1, px.
PORTRAITS = {"resident": (110, 0, 340, 290), "stranger": (250, 0, 730, 620)}
