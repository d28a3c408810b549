"""Settings: typed, unknown keys refused, and a door that still opens when some are broken."""

import json

import config
from doorwire import vocabulary as words

GOOD: "dict[str, object]" = {
    "device": "02a1b2c3d4e5",
    "site": "demo",
    "broker": {"host": "127.0.0.1", "port": 8883, "name": "localhost"},
    "board": "unix",
}


def parsed(**changes: object) -> config.Config:
    """Good settings with these changes."""
    return config.parse(json.dumps(dict(GOOD, **changes)).encode())


def test_config_good_has_no_problem_and_defaults() -> None:
    found = parsed()
    assert found.problems == [] and found.device == bytes.fromhex("02a1b2c3d4e5") and found.broker is not None
    assert (found.broker.host, found.broker.port, found.broker.name) == ("127.0.0.1", 8883, "localhost")
    assert (found.release_s, found.open_too_long_s, found.barrier, found.mode) == (5, 30, False, words.MODE_LOCKED)
    assert (found.warning_s, found.contact_stuck_after) == (10, 20)


def test_config_takes_readers_with_their_formats_and_keypad() -> None:
    found = parsed(readers=[{"formats": [26, 37, "raw56"], "keypad": 8}])
    assert found.problems == [] and (found.formats, found.keypad) == ((26, 37, -56), 8)


def test_config_takes_osdp_readers() -> None:
    found = parsed(readers=[{"osdp": {"addresses": [126, 0], "baud": 115_200}, "formats": [34]}])
    assert (found.problems, found.osdp, found.baud, found.formats) == ([], (126, 0), 115_200, (34,))
    assert parsed(readers=[{"osdp": {"addresses": [3]}}]).baud == 9600 and parsed().osdp == ()
    for wrong in (
        {},
        [0],
        {"addresses": []},
        {"addresses": [0, 1, 2]},
        {"addresses": [5, 5]},
        {"addresses": [127]},
        {"addresses": [-1]},
        {"addresses": [True]},
        {"addresses": ["0"]},
        {"addresses": [0], "baud": 300},
        {"addresses": [0], "key": "00"},
    ):
        found = parsed(readers=[{"osdp": wrong}])
        assert found.osdp == () and len(found.problems) == 1 and "osdp" in found.problems[0], wrong


def test_config_takes_every_setting() -> None:
    found = parsed(release_s=2, open_too_long_s=60, barrier=True, mode="Trial", readers=[{"formats": [34]}])
    assert found.problems == [] and found.formats == (34,)
    found_too = parsed(warning_s=0, contact_stuck_after=0)
    assert found_too.problems == [] and (found_too.warning_s, found_too.contact_stuck_after) == (0, 0)
    assert (found.release_s, found.open_too_long_s, found.barrier, found.mode) == (2, 60, True, words.MODE_TRIAL)


def test_config_that_is_no_json_keeps_defaults() -> None:
    for text in (None, b"", b"{", b"[]", b"7", b'{"device": '):
        found = config.parse(text)
        assert found.problems and found.device is None and found.broker is None and found.release_s == 5


def test_config_unknown_key_is_named() -> None:
    found = parsed(relase_s=3)
    assert len(found.problems) == 1 and "relase_s" in found.problems[0]
    assert found.broker is not None


def test_config_each_wrong_value_is_named_and_the_rest_counts() -> None:
    broker = {"host": "127.0.0.1", "port": 8883, "name": "localhost"}
    for key, values in {
        "device": (None, 7, "", "02a1b2c3d4e", "02a1b2c3d4eg"),
        "site": (None, "", "a/b", "a+", 3),
        "broker": (None, {}, dict(broker, more=1), dict(broker, port=0), dict(broker, host="broker.lan")),
        "release_s": (0, 61, "5", 1.5, True, None),
        "open_too_long_s": (4, 3601),
        "warning_s": (-1, 601),
        "contact_stuck_after": (-1, 1001),
        "barrier": (0, "yes"),
        "mode": ("Blocked", 1),
        "readers": (
            [],
            [{"formats": []}],
            [{"formats": [27]}],
            [{"formats": ["raw15"]}],
            [{"formats": ["raw65"]}],
            [{"formats": [34, 37]}],
            [{"formats": [26], "keypad": 5}],
            [{"formats": [26], "keypad": True}],
            [{"formats": [26]}, {"formats": [26]}],
            [{"speed": 1}],
            "26",
        ),
        "network": (1,),
        "board": (1,),
    }.items():
        for value in values:
            found = parsed(**{key: value})
            assert len(found.problems) == 1 and key in found.problems[0], (key, value, found.problems)
            assert found.device is not None or key == "device"
            assert found.broker is not None or key == "broker"


def test_config_missing_what_must_be_there_is_a_problem() -> None:
    for key in ("device", "site", "broker"):
        values = {k: v for k, v in GOOD.items() if k != key}
        assert len(config.parse(json.dumps(values).encode()).problems) == 1
