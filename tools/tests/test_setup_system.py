"""The unpacked programs really run, and say what to do when they are not there."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tools.setup import system
from tools.setup.system import Command, MissingPart

PARTS: tuple[Callable[[], object], ...] = (
    system.micropython,
    system.mosquitto,
    system.mosquitto_passwd,
    system.gst_python,
    system.chromium,
    system.micropython_wasm,
    system.demo_pictures,
)


def _run(command: Command, *words: str) -> str:
    done = subprocess.run(
        [*command.argv, *words],
        env={**os.environ, **command.env},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__)
def test_part_that_is_not_set_up_names_the_next_step(
    part: Callable[[], object], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MENSHEN_HOME", str(tmp_path))
    with pytest.raises(MissingPart, match="run `make setup`"):
        part()


def test_micropython_has_tls_and_littlefs_in_128_kb() -> None:
    program = "import sys, tls, vfs; print(vfs.VfsLfs2.__name__, sys.implementation[1] >= (1, 25, 0))"
    out = _run(Command((*system.micropython(), "-X", "heapsize=128k", "-c", program)))
    assert out.split() == ["VfsLfs2", "True"]


def test_mosquitto_passwd_hashes(tmp_path: Path) -> None:
    file = tmp_path / "passwords"
    _run(system.mosquitto_passwd(), "-c", "-b", str(file), "door", "word")
    assert file.read_text().startswith("door:$7$")


def test_gstreamer_serves_rtsp() -> None:
    program = (
        "import gi; gi.require_version('GstRtspServer', '1.0');"
        "from gi.repository import Gst, GstRtspServer; Gst.init(None); GstRtspServer.RTSPServer();"
        "print(all(Gst.ElementFactory.find(name) for name in ('rtph264pay', 'appsrc', 'h264parse', 'jpegenc')))"
    )
    assert _run(system.gst_python(), "-c", program).strip() == "True"


def test_chromium_takes_a_screenshot(tmp_path: Path) -> None:
    picture = tmp_path / "page.png"
    page = "data:text/html;charset=utf-8,<h1>门神</h1>"
    _run(system.chromium(), f"--user-data-dir={tmp_path / 'profile'}", f"--screenshot={picture}", page)
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_micropython_wasm_runs_in_node() -> None:
    module = system.micropython_wasm() / "micropython.mjs"
    python = "import sys; print(sys.platform)"
    program = f"import('{module.as_uri()}').then(async m => (await m.loadMicroPython()).runPython('{python}'))"
    assert _run(system.node(), "-e", program).strip() == "webassembly"


def test_demo_pictures_are_two_people() -> None:
    pictures = system.demo_pictures()
    assert set(pictures) == {"resident", "stranger"}
    assert pictures["resident"].read_bytes() != pictures["stranger"].read_bytes()
