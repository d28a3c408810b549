"""Who may pass, and what each door's list says."""

import json
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis.strategies import floats, sampled_from
from pydantic import ValidationError

from controller.access.appearance import SURE, differences
from controller.access.calendar import is_open
from controller.access.compile import Current, DoorKey, compile_lists
from controller.access.document import BodyColour, Credential, Document, Person, Vehicle, VehicleClass
from controller.access.policy import Policy
from controller.settings import load
from controller.site.tree import Tree
from doorlogic import schedule as door_schedule
from doorwire import doorlist, listwriter
from doorwire import vocabulary as words
from models.vehicle import CLASSES, COLOURS

KEY = bytes(range(32))
ONE = DoorKey("b1-u1", "02000000000a", KEY)
TWO = DoorKey("b1-u2", "02000000000b", KEY[::-1])


@pytest.fixture
def tree(site_file: Path) -> Tree:
    return Tree(load(site_file))


def document(**rows: object) -> Document:
    head = {"site": "demo", "version": 4, "previous": "", "issued_unix": 5, "expires_unix": 0}
    return Document.model_validate(head | rows)


PEOPLE = [Person(id=7, name="甲", doors=["b1-e1"], gates=["north"]), Person(id=8, name="乙", doors=["g1"])]


def records(data: bytes) -> tuple[list[bytes], list[bytes]]:
    header = doorlist.Header.from_bytes(data)
    rows = [
        data[header.records_at() + n * doorlist.RECORD_SIZE :][: doorlist.RECORD_SIZE]
        for n in range(header.denied + header.granted)
    ]
    return rows[: header.denied], rows[header.denied :]


def test_a_unit_a_building_and_a_grid_cover_their_doors(tree: Tree) -> None:
    assert tree.covered(["b1-e1"]) == {"b1-u1"}
    assert tree.covered(["b1"]) == tree.covered(["g1"]) == {"b1-u1", "b1-u2"}
    assert tree.covered(["north", "nowhere"]) == {"north"}


def test_person_passes_where_an_id_covers_and_nowhere_else(tree: Tree) -> None:
    policy = Policy(tree, document(people=PEOPLE))
    assert policy.person_at(7, "b1-u1", 0).allowed and policy.person_at(7, "north", 0).allowed
    assert policy.person_at(7, "b1-u2", 0).reason == "unknown-credential"
    assert not policy.person_at(99, "b1-u1", 0).allowed
    assert Policy(tree, None).person_at(7, "b1-u1", 0).reason == "no-list"


def test_the_register_knows_the_colours_and_classes_that_are_seen() -> None:
    assert set(get_args(BodyColour)) == {"", *COLOURS} and set(get_args(VehicleClass)) == {"", *CLASSES}


@given(*[sampled_from(get_args(words)) for words in (BodyColour, BodyColour, VehicleClass, VehicleClass)], floats(0, 1))
def test_only_a_sure_and_other_colour_or_class_differs_from_the_register(
    colour: str, seen: str, kind: str, seen_kind: str, confidence: float
) -> None:
    row = Vehicle.model_validate({"plate": "皖A12345", "person": 7, "body_colour": colour, "vehicle_class": kind})
    found = differences(row, seen, confidence, seen_kind)
    assert found.items() <= {"body_colour": colour, "vehicle_class": kind}.items()
    if "body_colour" in found:
        assert colour and seen and colour != seen and confidence >= SURE
    assert ("vehicle_class" in found) == bool(kind and seen_kind and kind != seen_kind)


def test_a_colour_that_a_camera_takes_for_another_is_no_difference() -> None:
    red = Vehicle(plate="皖A12345", person=7, body_colour="red")
    assert differences(red, "blue", 0.95, "") == differences(red, "white", 0.9, "") == {"body_colour": "red"}
    assert differences(red, "red", 0.99, "") == differences(red, "brown", 0.99, "") == {}
    assert differences(red, "blue", 0.7, "") == differences(red, "", 0.0, "") == {}


def test_vehicle_passes_in_its_window_and_only_with_the_exact_plate(tree: Tree) -> None:
    car = Vehicle(plate="皖A·12345", person=7, gates=["north"], not_before=100, not_after=200)
    policy = Policy(tree, document(vehicles=[car]))
    assert policy.plate_at("皖A12345", "north", 150).allowed
    assert policy.plate_at("皖A12345", "north", 99).reason == "not-yet-valid"
    assert policy.plate_at("皖A12345", "north", 201).reason == "expired"
    assert not policy.plate_at("沪A12345", "north", 150).allowed
    assert not policy.plate_at("皖A12345", "b1-u1", 150).allowed


@pytest.mark.parametrize(
    "written",
    [
        *("皖A\u202212345", "皖A\u30fb12345", "皖A\uff0e12345", "皖A.12345", "皖A\u300012345", "皖A\u200b12345"),
        *("皖\uff2112345", "皖A\uff11\uff12\uff13\uff14\uff15", "皖a-12345"),
    ],
)
def test_a_plate_is_found_however_it_is_written(tree: Tree, written: str) -> None:
    policy = Policy(tree, document(vehicles=[Vehicle(plate=written, person=7, gates=["north"])]))
    assert policy.plate_at("皖A12345", "north", 150).allowed
    assert not policy.plate_at("?A12345", "north", 150).allowed  # an unknown province is not just dropped


def test_lists_hold_what_doorwire_expects(tree: Tree) -> None:
    cards = [
        Credential(person=7, kind="card", value=11, not_before=1, not_after=2),
        Credential(person=8, kind="pin", value="0123"),
        Credential(person=8, kind="card", value=13, revoked=True),
    ]
    lists = compile_lists(document(people=PEOPLE, credentials=cards), tree, [ONE, TWO], {})
    assert [row.device for row in lists] == [ONE.device, TWO.device]
    header = listwriter.verify(KEY, bytes.fromhex(ONE.device), lists[0].data)
    assert (header.version, header.generated_unix, header.denied, header.granted) == (4, 5, 1, 2)
    denied, granted = records(lists[0].data)
    key = doorlist.digest_key(KEY)
    card = doorlist.Record(doorlist.credential_digest(key, words.CREDENTIAL_CARD, 11), 7, 1, 2)
    pin = doorlist.Record(doorlist.credential_digest(key, words.CREDENTIAL_PIN, doorlist.pin_value("0123")), 8)
    assert sorted(granted) == sorted([card.to_bytes(), pin.to_bytes()])
    assert denied == [doorlist.Record(doorlist.credential_digest(key, words.CREDENTIAL_CARD, 13), 8).to_bytes()]
    assert len(records(lists[1].data)[1]) == 1  # the other stairwell: only the one whose id covers the grid


def test_a_revoked_credential_is_denied_even_where_someone_else_holds_it(tree: Tree) -> None:
    cards = [
        Credential(person=7, kind="card", value=11, revoked=True),
        Credential(person=8, kind="card", value=11),
        Credential(person=8, kind="card", value=11, revoked=True),
    ]
    (one,) = compile_lists(document(people=PEOPLE, credentials=cards), tree, [ONE], {})
    assert len(records(one.data)[0]) == 1


def test_only_doors_whose_records_change_get_a_list_and_the_bytes_are_always_the_same(tree: Tree) -> None:
    first = document(people=PEOPLE, credentials=[Credential(person=7, kind="card", value=11)])
    lists = compile_lists(first, tree, [ONE, TWO], {})
    assert lists == compile_lists(first, tree, [ONE, TWO], {})
    current = {row.device: Current(row.version, row.content_digest) for row in lists}
    assert (
        compile_lists(document(version=9, people=PEOPLE, credentials=first.credentials), tree, [ONE, TWO], current)
        == []
    )
    more = [*first.credentials, Credential(person=7, kind="card", value=12)]
    changed = compile_lists(document(version=9, people=PEOPLE, credentials=more), tree, [ONE, TWO], current)
    assert [(row.device, row.version) for row in changed] == [(ONE.device, 9)]
    ahead = {ONE.device: Current(30, b"")}
    assert compile_lists(first, tree, [ONE], ahead)[0].version == 31


@pytest.mark.parametrize(
    "rows",
    [
        {"credentials": [{"person": 7, "kind": "card", "value": "11"}]},
        {"credentials": [{"person": 7, "kind": "pin", "value": 1234}]},
        {"credentials": [{"person": 7, "kind": "card", "value": 1, "schedule": 3}]},
        {"people": [{"id": 1, "name": "x"}, {"id": 1, "name": "y"}]},
        {"watchlist": [{"id": 1, "kind": "face", "value": "皖A12345", "reason": ""}]},
    ],
)
def test_a_document_with_anything_unknown_is_refused_whole(rows: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        document(**rows)


OFFICE = {"id": "office", "name": "办公时间", "week": {"mon": [["08:00", "12:00"], ["14:00", "18:00"]], "holiday": []}}
NIGHT = {"id": "night", "name": "夜间", "week": {"sun": [["22:00", "24:00"]]}}
MONDAY = 1_760_284_800  # 2025-10-13 00:00 in Shanghai


def parsed(**rows: object) -> Document:
    """A document as it comes: JSON."""
    head = {"site": "demo", "version": 4, "previous": "", "issued_unix": 5, "expires_unix": 0}
    return Document.model_validate_json(json.dumps(head | rows))


def person(number: int, **more: object) -> dict[str, object]:
    return {"id": number, "name": "甲", "doors": ["b1-e1"], **more}


def test_records_carry_schedule_uses_factor_and_flags(tree: Tree) -> None:
    rows = parsed(
        people=[person(7, extended=True, schedule="office"), person(8, first_person=True, toggle=True), person(9)],
        credentials=[
            {"person": 7, "kind": "card", "value": 11, "factor": "both"},
            {"person": 7, "kind": "pin", "value": "1234", "factor": "both"},
            {"person": 7, "kind": "pin", "value": "4321", "factor": "both", "duress": True},
            {"person": 8, "kind": "card", "value": 12, "schedule": "office"},
            {"person": 9, "kind": "pin", "value": "1234", "uses": 3},
            {"person": 9, "kind": "pin", "value": "9999", "factor": "both"},
        ],
        schedules=[NIGHT, OFFICE],
        holidays=[{"first": "2025-10-01", "last": "2025-10-08", "name": "国庆"}],
    )
    (one,) = compile_lists(rows, tree, [ONE], {})
    header = listwriter.verify(KEY, bytes.fromhex(ONE.device), one.data)
    assert (header.schedules, header.holidays, header.utc_offset_min) == (1, 1, 480)  # night is nobody's here
    key = doorlist.digest_key(KEY)
    found = {bytes(row[:8]): doorlist.Record.from_bytes(row) for row in records(one.data)[1]}

    def get(kind: int, value: int, person: int = 0) -> tuple[int, int, int, int, int]:
        record = found[doorlist.credential_digest(key, kind, value, person)]
        return record.person, record.flags, record.schedule, record.uses, record.factor

    card, pin, both = words.CREDENTIAL_CARD, words.CREDENTIAL_PIN, words.CREDENTIAL_CARD_PIN
    extended, duress = doorlist.FLAG_EXTENDED, doorlist.FLAG_DURESS
    assert get(card, 11) == (7, extended, 1, 0, doorlist.FACTOR_WITH_PIN)
    assert get(both, doorlist.pin_value("1234"), 7) == (7, extended, 1, 0, doorlist.FACTOR_ANY)
    assert get(both, doorlist.pin_value("4321"), 7) == (7, extended | duress, 1, 0, doorlist.FACTOR_ANY)
    assert get(card, 12) == (8, doorlist.FLAG_FIRST_PERSON | doorlist.FLAG_TOGGLE, 1, 0, doorlist.FACTOR_ANY)
    assert get(pin, doorlist.pin_value("1234")) == (9, 0, 0, 3, doorlist.FACTOR_ANY)
    assert len(found) == 6


def test_a_schedule_that_changes_makes_a_new_list(tree: Tree) -> None:
    rows = {"people": [person(7, schedule="office")], "credentials": [{"person": 7, "kind": "card", "value": 11}]}
    (first,) = compile_lists(parsed(schedules=[OFFICE], **rows), tree, [ONE], {})
    current = {ONE.device: Current(first.version, first.content_digest)}
    assert compile_lists(parsed(schedules=[OFFICE, NIGHT], **rows), tree, [ONE], current) == []
    for changed in (
        {"schedules": [OFFICE | {"week": {"mon": [["08:00", "12:15"]]}}]},
        {"schedules": [OFFICE], "utc_offset_min": 420},
        {"schedules": [OFFICE], "holidays": [{"first": "2025-10-01", "last": "2025-10-08", "name": "国庆"}]},
    ):
        assert len(compile_lists(parsed(**changed, **rows), tree, [ONE], current)) == 1, changed


def test_door_and_controller_agree_on_every_quarter_of_a_fortnight(tree: Tree) -> None:
    rows = parsed(
        people=[person(7, schedule="office")],
        credentials=[{"person": 7, "kind": "card", "value": 11}],
        schedules=[OFFICE],
        holidays=[{"first": "2025-10-20", "last": "2025-10-20", "name": "节"}],
    )
    (one,) = compile_lists(rows, tree, [ONE], {})
    header = doorlist.Header.from_bytes(one.data)
    opened = 0
    for quarter in range(14 * 96):
        now = MONDAY + 900 * quarter + 450
        at_door = door_schedule.is_open(lambda at, size: one.data[at : at + size], header, 1, now)
        assert is_open(rows, "office", now) == at_door, quarter
        assert Policy(tree, rows).person_at(7, "b1-u1", now).allowed == at_door
        opened += at_door
    assert opened == 32  # one Monday of the two: the other is a holiday
    assert is_open(rows, "", 0) and not is_open(rows, "unknown", MONDAY + 9 * 3600)


@pytest.mark.parametrize(
    "rows",
    [
        {"people": [person(7, schedule="nowhere")]},
        {"people": [person(7)], "credentials": [{"person": 7, "kind": "card", "value": 1, "schedule": "nowhere"}]},
        {"people": [person(7)], "credentials": [{"person": 7, "kind": "card", "value": 1, "duress": True}]},
        {"people": [person(7)], "credentials": [{"person": 7, "kind": "card", "value": 1, "uses": 255}]},
        {"schedules": [OFFICE, OFFICE]},
        {"schedules": [OFFICE | {"week": {"mon": [["08:00", "08:00"]]}}]},
        {"schedules": [OFFICE | {"week": {"mon": [["08:10", "09:00"]]}}]},
        {"schedules": [OFFICE | {"week": {"mon": [["08:00", "24:15"]]}}]},
        {"schedules": [OFFICE | {"week": {"someday": []}}]},
        {"holidays": [{"first": "2025-02-30", "last": "2025-03-01", "name": ""}]},
        {"holidays": [{"first": "2025-10-08", "last": "2025-10-01", "name": ""}]},
        {"utc_offset_min": 900},
    ],
)
def test_documents_that_cannot_be_meant_are_refused(rows: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        parsed(**rows)
