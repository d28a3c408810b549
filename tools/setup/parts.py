"""Which Debian packages Menshen uses, and from which release."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from tools.setup.debian import Apt, Package, host_suite, unpack
from tools.setup.places import home, say
from tools.setup.system import root

# In the closure of what we use, never called by it, and large: GPU drivers, their compiler, icons, speech, databases.
_UNUSED = ("libllvm", "mesa-", "libgl1-mesa-dri", "libz3-", "adwaita-icon-theme", "iso-codes", "libicu-dev", "perl")
# What the machine always has itself, and which must not be mixed with another copy.
_LIBC = ("libc6", "libc-bin", "libc-l10n", "locales", "dpkg", "base-files", "coreutils", "bash", "tar", "debconf")
_WEIGHT = ("doc", "locale", "man", "sounds", "lintian", "bug", "info")  # under usr/share


@dataclass(frozen=True, slots=True)
class Root:
    """Packages unpacked together. `suite` None: the machine's own release, and then the machine's own libc is used."""

    name: str
    suite: str | None
    packages: tuple[str, ...]


MICROPYTHON = Root("micropython", "trixie", ("micropython",))  # 1.25 there; absent from Debian 12
TOOLS = Root(
    "tools",
    None,
    (
        "mosquitto",
        "python3-gi",
        "gir1.2-gst-rtsp-server-1.0",
        "gstreamer1.0-plugins-base",
        "gstreamer1.0-plugins-good",
    ),
)
BROWSER = Root("browser", None, ("chromium", "fonts-wqy-microhei", "fonts-dejavu-core"))
ROOTS = (MICROPYTHON, TOOLS, BROWSER)

_FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>{base}/usr/share/fonts</dir>
  <cachedir>{base}/fontcache</cachedir>
  <alias>
    <family>sans-serif</family>
    <prefer><family>DejaVu Sans</family><family>WenQuanYi Micro Hei</family></prefer>
  </alias>
</fontconfig>
"""


def _wanted(part: Root, package: Package) -> bool:
    if package.name.startswith(_UNUSED):
        return False
    return part.suite is not None or package.name not in _LIBC


def _stamp(part: Root, suite: str) -> str:
    return hashlib.sha256(repr((part, suite, _UNUSED, _LIBC, _WEIGHT)).encode()).hexdigest()


def ensure(*parts: Root) -> None:
    """Unpack what is not there yet; nothing is asked of the network when all is."""
    lists: dict[str, Apt] = {}
    for part in parts:
        suite = part.suite or host_suite()
        stamp = home() / "system" / f"{part.name}.stamp"
        if root(part.name).is_dir() and stamp.exists() and stamp.read_text() == _stamp(part, suite):
            continue
        if suite not in lists:
            say(f"Debian {suite}: package lists")
            lists[suite] = Apt(suite)
            lists[suite].refresh()
        apt = lists[suite]
        packages = [package for package in apt.closure(list(part.packages)) if _wanted(part, package)]
        files = apt.fetch(packages, part.name)
        stamp.unlink(missing_ok=True)
        unpack(files, root(part.name))
        _finish(root(part.name))
        stamp.write_text(_stamp(part, suite))
    shutil.rmtree(home() / "apt", ignore_errors=True)  # lists and archives: unpacked, they are only weight


def _finish(base: Path) -> None:
    for weight in _WEIGHT:
        shutil.rmtree(base / "usr/share" / weight, ignore_errors=True)
    (base / "fonts.conf").write_text(_FONTS.format(base=base))
