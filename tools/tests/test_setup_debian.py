"""Which archives apt is told about, and what a person reads when it cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.setup import debian
from tools.setup.debian import Source, own_sources, source_lines
from tools.setup.places import SetupError

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"

DEB822 = f"""\
Types: deb
# an old address in a comment
URIs: http://mirror.invalid/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: {KEYRING}

Types: deb-src
URIs: http://mirror.invalid/debian
Suites: bookworm
Components: main

Types: deb
URIs: http://mirror.invalid/debian-security
Suites: bookworm-security
Components: main
Signed-By: {KEYRING}

Enabled: no
Types: deb
URIs: http://mirror.invalid/debian
Suites: bookworm-backports
Components: main
"""

ONE_LINE = f"""\
# deb http://mirror.invalid/debian bookworm main
deb [arch=arm64 signed-by={KEYRING}] http://mirror.invalid/debian/ bookworm main non-free
deb http://mirror.invalid/debian-security bookworm-security main
deb-src http://mirror.invalid/debian bookworm main
deb http://mirror.invalid/debian bookworm contrib
"""

VENDORS = """\
deb [signed-by=/usr/share/keyrings/vendor.gpg] http://vendor.invalid/linux/debian bookworm main
deb http://vendor.invalid/apt bookworm main
deb http://vendor.invalid/debian nodistro main
"""


def _etc(folder: Path, one_line: str = "", deb822: str = "") -> Path:
    (folder / "sources.list.d").mkdir()
    (folder / "sources.list.d" / "some.list").write_text(one_line)
    (folder / "sources.list.d" / "debian.sources").write_text(deb822)
    return folder


def test_sources_deb822_are_read(tmp_path: Path) -> None:
    assert own_sources(_etc(tmp_path, deb822=DEB822)) == [
        Source("http://mirror.invalid/debian", "bookworm", KEYRING),
        Source("http://mirror.invalid/debian", "bookworm-updates", KEYRING),
        Source("http://mirror.invalid/debian-security", "bookworm-security", KEYRING),
    ]


def test_sources_one_line_are_read(tmp_path: Path) -> None:
    assert own_sources(_etc(tmp_path, one_line=ONE_LINE)) == [
        Source("http://mirror.invalid/debian/", "bookworm", KEYRING),
        Source("http://mirror.invalid/debian-security", "bookworm-security", ""),
    ]


def test_sources_of_other_vendors_are_left_out(tmp_path: Path) -> None:
    found = own_sources(_etc(tmp_path, one_line=ONE_LINE + VENDORS))
    assert not [source for source in found if "vendor" in source.uri]


def test_sources_without_debian_tell_the_next_step(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"sources\.list"):
        own_sources(_etc(tmp_path, one_line=VENDORS))


def test_source_lines_change_only_the_suite(tmp_path: Path) -> None:
    assert source_lines(own_sources(_etc(tmp_path, deb822=DEB822)), "bookworm", "trixie") == [
        f"deb [signed-by={KEYRING}] http://mirror.invalid/debian trixie main\n",
        f"deb [signed-by={KEYRING}] http://mirror.invalid/debian trixie-updates main\n",
        f"deb [signed-by={KEYRING}] http://mirror.invalid/debian-security trixie-security main\n",
    ]


def test_apt_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MENSHEN_HOME", str(tmp_path))
    monkeypatch.setattr(debian, "own_sources", list)
    monkeypatch.setattr(debian, "host_suite", lambda: "bookworm")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SetupError, match="apt-get is missing: Menshen's set-up needs Debian"):
        debian.Apt("trixie").refresh()


def test_unpack_of_a_broken_package_removes_it_and_leaves_no_half_root(tmp_path: Path) -> None:
    broken = tmp_path / "broken.deb"
    broken.write_bytes(b"no package")
    with pytest.raises(SetupError, match=r"broken\.deb does not unpack .* run it again"):
        debian.unpack([broken], tmp_path / "root")
    assert not broken.exists()
    assert not (tmp_path / "root").exists()
