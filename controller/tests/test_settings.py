"""site.toml: what is refused, and in which words."""

import base64
from pathlib import Path

import pytest

from controller.conftest import SITE_TOML, write_site
from controller.settings import SettingsError, load, read_secret

KEEPS = '[captures]\npurpose = {zh = "防止盗窃", en = "Against theft"}\nretention_days = 7\n'


def refused(path: Path) -> str:
    with pytest.raises(SettingsError) as caught:
        load(path)
    words = str(caught.value)
    assert str(path) in words or "box" in words
    return words


def test_site_file_is_read_with_paths_beside_it(site_file: Path) -> None:
    settings = load(site_file)
    assert settings.store.database == site_file.parent / "controller.db"
    assert [door.id for door in settings.doors] == ["b1-u1", "b1-u2"]
    assert settings.server is None and settings.vision.enabled is False


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('id = "demo"', 'id = "Demo!"', '[site] id: "Demo!" is no id'),
        ("ledger =", "leger =", "[store] leger: unknown key"),
        ('device = "02000000000b"', 'device = "02000000000a"', 'device "02000000000a" is used twice'),
        ('device = "02000000000b"', 'device = "02:00"', '[[door]] "b1-u2" device: "02:00" is no device id'),
        ('id = "b1-u2"', 'id = "b1-u1"', 'id "b1-u1" is used twice'),
        ('unit = "b1-e2"', 'unit = "b9-e9"', '[[door]] "b1-u2" unit: there is no [[unit]] "b9-e9"; write one of b1-e1'),
        ('grid = "g1"', 'grid = "g7"', '[[building]] "b1" grid: there is no [[grid]] "g7"'),
        ('opens = "north"', 'opens = "south"', '[[camera]] "cars" opens: there is no [[door]] or [[gate]] "south"'),
        ('task = "plate"', 'task = "plates"', '[[camera]] "cars" task: input should be'),
        ('ca = "ca.pem"', 'ca = "none.pem"', "[broker] ca: there is no file"),
        ('name = "Demo"', "name = Demo", "is not TOML"),
        ('host = "127.0.0.1"', "host = 7", "[broker] host: input should be a valid string"),
        ("port = 8443", "port = 84430", "[console] port: input should be less than or equal to 65535"),
        ("[vision]", "[visions]", "[visions]: unknown key"),
        ("[vision]", f'{KEEPS}cameras = ["cars"]\n[vision]', '[captures] cameras: there is no face camera "cars"'),
        (
            "[vision]",
            f'{KEEPS}cameras = ["face-1"]\n[vision]'.replace("= 7", "= 31"),
            "[captures] retention_days: input",
        ),
        (
            "[vision]",
            '[captures]\nretention_days = 7\ncameras = ["face-1"]\n[vision]',
            "[captures] purpose: is missing",
        ),
        (
            'opens = "b1-u1"',
            'opens = "b1-u1"\nliveness = "random"',
            '[[camera]] "face-1": liveness "random": write prompt',
        ),
        (
            "[vision]",
            '[vision]\nembedder = "face_landmarks"',
            '[vision] embedder: there is no face embedder "face_landmarks"; write one of face_embedder,',
        ),
    ],
)
def test_a_wrong_site_file_names_place_and_remedy(tmp_path: Path, old: str, new: str, words: str) -> None:
    path = write_site(tmp_path)
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    assert words in refused(path)


def test_a_missing_section_a_missing_file_and_bytes_that_are_no_text_are_named(tmp_path: Path) -> None:
    assert "cannot be read" in refused(tmp_path / "none.toml")
    path = tmp_path / "site.toml"
    path.write_bytes(b"\xff\xfe")
    assert "UTF-8" in refused(path)
    path.write_text(SITE_TOML.partition("[store]")[0].format(broker_port=1, console_port=2))
    assert "[store]: is missing" in refused(path)


def test_the_page_off_loopback_needs_tls(tmp_path: Path) -> None:
    path = write_site(tmp_path)
    path.write_text(path.read_text("utf-8").replace("[console]", '[console]\nhost = "0.0.0.0"'), "utf-8")
    assert "write certificate and private_key" in refused(path)


def test_the_server_is_asked_in_clear_on_loopback_only_and_its_key_is_checked(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("t")
    key = base64.b64encode(bytes(32)).decode()
    extra = '[server]\nurl = "{}"\npublic_key = "{}"\ntoken_file = "token"\n'
    assert "plain http" in refused(write_site(tmp_path, extra=extra.format("http://server.example", key)))
    assert "Ed25519" in refused(write_site(tmp_path, extra=extra.format("https://server.example", "abc")))
    settings = load(write_site(tmp_path, extra=extra.format("http://127.0.0.1:8000", key)))
    assert settings.server is not None and settings.server.key_bytes() == bytes(32)


def test_an_empty_secret_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("\n")
    with pytest.raises(SettingsError, match="is empty"):
        read_secret(tmp_path / "token")
