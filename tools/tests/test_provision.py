"""Identities, images and the ledger: nothing doubled, nothing lost, nothing readable by others."""

import hashlib
import json
import multiprocessing
from pathlib import Path

import pytest

import loader
from tools.bundle import Bundle, BundleError, build_bundle
from tools.provision import BrokerAddress, LedgerError, ledger_append, ledger_read, new_device, write_image
from tools.virtual_board import image

BROKER = BrokerAddress("127.0.0.1", 8883, "localhost")
CA = b"-----BEGIN CERTIFICATE-----\n"


def test_provision_two_devices_share_nothing() -> None:
    a, b = (new_device("demo", BROKER, CA) for _ in range(2))
    assert len({a.device, b.device, a.key, b.key, a.broker_password, b.broker_password}) == 6
    assert len(a.key) == 32
    assert len(a.device) == 12


def test_provision_repr_shows_no_secret() -> None:
    identity = new_device("demo", BROKER, CA)
    shown = repr(identity)
    assert identity.broker_password not in shown
    assert identity.key.hex() not in shown
    assert repr(identity.key) not in shown


def test_provision_device_id_malformed_is_refused() -> None:
    with pytest.raises(ValueError, match="12 hexadecimal digits"):
        new_device("demo", BROKER, CA, device="0011223344AA")


def test_provision_image_holds_application_and_identity(tmp_path: Path) -> None:
    identity = new_device("demo", BROKER, CA, settings={"release_s": 2})
    write_image(tmp_path / "door.img", identity, Bundle("1.0", {"main.py": b"pass", "device/pins.mpy": b"M"}))
    files = image.read(tmp_path / "door.img")
    assert files["main.py"] == b"pass"
    assert files["device.key"] == identity.key
    assert files["broker.key"].decode() == identity.broker_password
    assert files["ca.pem"] == CA
    assert json.loads(files["config.json"]) == {
        "device": identity.device,
        "site": "demo",
        "broker": {"host": "127.0.0.1", "port": 8883, "name": "localhost"},
        "board": "unix",
        "release_s": 2,
    }
    assert (tmp_path / "door.img").stat().st_mode & 0o077 == 0


def test_ledger_is_private_and_the_newest_row_counts(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"
    identity = new_device("demo", BROKER, CA)
    ledger_append(ledger, identity, "0.9")
    ledger_append(ledger, identity, "1.0")
    rows = ledger_read(ledger)
    assert rows[identity.device].firmware == "1.0"
    assert rows[identity.device].key == identity.key
    assert set(json.loads(ledger.read_text().splitlines()[0])) == {
        "device",
        "key",
        "broker_password",
        "board",
        "firmware",
        "at",
    }
    assert ledger.stat().st_mode & 0o077 == 0


def test_ledger_torn_line_costs_no_other_row(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"
    first, lost, last = (new_device("demo", BROKER, CA) for _ in range(3))
    ledger_append(ledger, first)
    ledger_append(ledger, lost)
    ledger.write_bytes(ledger.read_bytes()[:-20])
    ledger_append(ledger, last)
    assert set(ledger_read(ledger)) == {first.device, last.device}


def append_many(ledger: Path, count: int) -> None:
    for _ in range(count):
        ledger_append(ledger, new_device("demo", BROKER, CA))


def test_ledger_two_writers_lose_nothing(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=append_many, args=(ledger, 20)) for _ in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(ledger_read(ledger)) == 40


def test_ledger_disk_full_names_the_file_and_the_next_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fchmod", lambda *_: None)  # or root would change the device for everyone
    with pytest.raises(LedgerError, match=r"/dev/full: No space left.*then flash again"):
        ledger_append(Path("/dev/full"), new_device("demo", BROKER, CA))


VERSION = '"""v"""\nFIRMWARE = "1.2.3"\nROLLBACK = 7\n'


def small_firmware(folder: Path) -> Path:
    (folder / "device" / "tests").mkdir(parents=True)
    (folder / "version.py").write_text(VERSION)
    (folder / "main.py").write_text("import loader\n")
    (folder / "loader.py").write_text("X = 1\n")
    (folder / "device" / "pins.py").write_text("X = 1\n")
    (folder / "device" / "tests" / "test_pins.py").write_text("assert 0\n")
    return folder


def test_bundle_is_two_starters_a_record_and_one_image_without_tests(tmp_path: Path) -> None:
    bundle = build_bundle(small_firmware(tmp_path))
    assert set(bundle.files) == {"main.py", "loader.mpy", "a.rom", "slot"}
    assert set(bundle.modules) == {"loader.mpy", "version.mpy", "device/pins.mpy"}
    assert (bundle.version, bundle.rollback) == ("1.2.3", 7)
    assert bundle.files["main.py"] == b"import loader\n"
    assert bundle.modules["device/pins.mpy"][:2] == b"M\x06"
    image = bundle.image
    assert image[:3] == b"\xd2\xcd\x31"  # ROMFS
    assert bundle.modules["device/pins.mpy"] in image
    assert image[-36:-32] == (7).to_bytes(4, "little")
    assert image[-32:] == hashlib.sha256(image[:-32]).digest()


def test_bundle_record_is_that_of_a_confirmed_slot_a(tmp_path: Path) -> None:
    (tmp_path / "slot").write_bytes(build_bundle(small_firmware(tmp_path)).files["slot"])
    record = loader.Record(f"{tmp_path}/")
    assert (record.active, record.trial, record.bad, record.floor) == (0, 0, 0, 7)
    assert record.to_bytes() == (tmp_path / "slot").read_bytes()


def test_bundle_is_deterministic(tmp_path: Path) -> None:
    a, b = (build_bundle(small_firmware(tmp_path / name)).digest for name in ("a", "b"))
    assert a == b


def test_bundle_syntax_error_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "version.py").write_text(VERSION)
    (tmp_path / "door.py").write_text("def f(:\n")
    with pytest.raises(BundleError, match=r"door\.py does not compile"):
        build_bundle(tmp_path)
