"""Debian packages and all that they need, unpacked into a private folder. Nothing of the system is touched.

apt works with lists, cache and package state of its own; the mirrors are those of the machine's own sources, and only
the suite may be another than the machine's.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from tools.setup.places import SetupError, home, say

_SUITE = re.compile(r"^(bookworm|trixie|forky)(-updates|-security)?$")


@dataclass(frozen=True, slots=True)
class Source:
    """One archive that apt knows: its address, suites of one release, components, keyring."""

    uri: str
    suite: str
    signed_by: str


@dataclass(frozen=True, slots=True)
class Package:
    """One file that apt would fetch."""

    name: str
    version: str
    file: str
    size: int


_APT_CONF = """\
Dir::Etc::sourcelist "{folder}/sources.list";
Dir::Etc::sourceparts "-";
Dir::State::lists "{folder}/lists";
Dir::State::status "{folder}/status";
Dir::Cache "{folder}/cache";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
APT::Architecture "{architecture}";
APT::Architectures {{ "{architecture}"; }};
APT::Sandbox::User "root";
APT::Install-Recommends "false";
Acquire::Languages "none";
Acquire::Retries "3";
Debug::NoLocking "true";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
"""


def _architecture() -> str:
    for tool in ("apt-get", "dpkg"):
        if shutil.which(tool) is None:
            raise SetupError(
                f"{tool} is missing: Menshen's set-up needs Debian 12, 13 or Raspberry Pi OS; see README.md"
            )
    return subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True).stdout.strip()


def host_suite() -> str:
    """The machine's Debian release, e.g. `bookworm`."""
    words = dict(line.strip().split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if "=" in line)
    suite = words.get("VERSION_CODENAME", "").strip('"')
    if suite not in ("bookworm", "trixie"):
        raise SetupError(
            f"this machine is {suite or 'no Debian'}: Menshen's set-up knows Debian 12, 13 and Raspberry Pi OS"
        )
    return suite


def own_sources(etc: Path = Path("/etc/apt")) -> list[Source]:
    """The Debian archives of the machine's own sources, one-line and deb822; foreign archives are left out."""
    found: list[Source] = []
    for file in [etc / "sources.list", *sorted((etc / "sources.list.d").glob("*"))]:
        if file.suffix == ".list" and file.is_file():
            found += _one_line(file.read_text())
        elif file.suffix == ".sources":
            found += _deb822(file.read_text())
    found = [source for source in found if _SUITE.match(source.suite) and _is_debian(source)]
    if not found:
        raise SetupError("apt knows no Debian archive: write one into /etc/apt/sources.list (see `man sources.list`)")
    return found


def _is_debian(source: Source) -> bool:
    """Other vendors use Debian's suite names too: tell them by their keyring, or by the archive's folder."""
    if source.signed_by.startswith("/"):
        return Path(source.signed_by).name.startswith("debian-archive")
    return source.uri.rstrip("/").rsplit("/", 1)[-1] in ("debian", "debian-security")


def source_lines(sources: list[Source], own: str, suite: str) -> list[str]:
    """The machine's own archives as lines of sources.list, for another release when `suite` differs from `own`."""
    lines = set()
    for source in sources:
        if source.suite.startswith(own):
            signed = f"[signed-by={source.signed_by}] " if source.signed_by.startswith("/") else ""
            lines.add(f"deb {signed}{source.uri} {source.suite.replace(own, suite)} main\n")
    return sorted(lines)


def _one_line(text: str) -> list[Source]:
    found = []
    for line in text.splitlines():
        match = re.match(r"^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+(.*)$", line.strip())
        if match and "main" in match[4].split():
            signed = re.search(r"signed-by=(\S+)", match[1] or "")
            found.append(Source(match[2], match[3], signed[1] if signed else ""))
    return found


def _deb822(text: str) -> list[Source]:
    found = []
    for stanza in re.split(r"\n\s*\n", text):
        lines = "\n".join(line for line in stanza.splitlines() if not line.startswith("#"))
        fields = {
            key.lower(): value.split() for key, value in re.findall(r"^([\w-]+):[ \t]*(.*)$", lines, re.MULTILINE)
        }
        if "deb" not in fields.get("types", []) or "main" not in fields.get("components", []):
            continue
        if fields.get("enabled", ["yes"]) == ["no"]:
            continue
        signed = (fields.get("signed-by") or [""])[0]
        found += [Source(uri, suite, signed) for uri in fields["uris"] for suite in fields["suites"]]
    return found


class Apt:
    """apt for one suite, with everything of its own under `.menshen/apt/<suite>`."""

    def __init__(self, suite: str) -> None:
        self.suite = suite
        self._folder = home() / "apt" / suite
        self._config = self._folder / "apt.conf"

    def refresh(self) -> None:
        """Write the private sources and fetch the package lists."""
        for part in ("lists/partial", "cache/archives/partial", "packages"):
            (self._folder / part).mkdir(parents=True, exist_ok=True)
        (self._folder / "status").touch()
        (self._folder / "sources.list").write_text("".join(source_lines(own_sources(), host_suite(), self.suite)))
        self._config.write_text(_APT_CONF.format(folder=self._folder, architecture=_architecture()))
        self._run("update")

    def closure(self, names: list[str]) -> list[Package]:
        """What `names` need, themselves included, on a machine that has nothing."""
        out = self._run("--print-uris", "--yes", "install", *names)
        found = []
        for line in out.splitlines():
            match = re.match(r"^'[^']+' (\S+) (\d+) ", line)
            if match:
                name, version, _ = match[1].split("_", 2)
                found.append(Package(name, version.replace("%3a", ":"), match[1], int(match[2])))
        if not found:
            raise SetupError(f"apt names no files for {' '.join(names)}: run `apt-get update` once and try again")
        return found

    def fetch(self, packages: list[Package], label: str) -> list[Path]:
        """The packages' files, from the cache or the archive, with a bar; apt checks them against the signed lists."""
        archives = self._folder / "packages"  # not apt's cache: what lies there, `closure` would not name again
        missing = [package for package in packages if not _complete(archives, package)]
        with Bar(label, archives, packages):
            for start in range(0, len(missing), 40):
                part = missing[start : start + 40]
                self._run("download", *[f"{package.name}={package.version}" for package in part], folder=archives)
        return [archives / package.file for package in packages]

    def _run(self, *words: str, folder: Path | None = None) -> str:
        argv = ["apt-get", "-q", "-c", str(self._config), *words]
        environment = {**os.environ, "LC_ALL": "C"}
        done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False, env=environment)
        if done.returncode:
            last = [line for line in done.stderr.splitlines() if line.startswith(("E:", "W:"))] or ["no word from apt"]
            raise SetupError(f"apt-get {words[0]} ({self.suite}): {last[0]}; is the network there? then run it again")
        return done.stdout


def _complete(archives: Path, package: Package) -> bool:
    file = archives / package.file
    return file.exists() and file.stat().st_size == package.size


class Bar:
    """A progress bar over files that something else writes into a folder; plain lines when nobody watches."""

    def __init__(self, label: str, folder: Path, packages: list[Package]) -> None:
        self._label, self._folder, self._packages = label, folder, packages
        self._total = sum(package.size for package in packages)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Bar:
        say(f"{self._label}: {len(self._packages)} packages, {self._total / 1e6:.0f} MB")
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.5) and sys.stderr.isatty():
            here = sum(_size(self._folder / p.file) or _size(self._folder / "partial" / p.file) for p in self._packages)
            filled = int(30 * here / max(1, self._total))
            print(
                f"\r  [{'█' * filled}{'·' * (30 - filled)}] {here / 1e6:5.0f} MB ", end="", file=sys.stderr, flush=True
            )
        if sys.stderr.isatty():
            print("\r" + " " * 60 + "\r", end="", file=sys.stderr)


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def unpack(files: list[Path], root: Path) -> None:
    """Unpack into `root`, which appears only when whole."""
    parts = root.with_name(root.name + ".new")
    shutil.rmtree(parts, ignore_errors=True)
    parts.mkdir(parents=True)
    for file in files:
        done = subprocess.run(["dpkg", "-x", str(file), str(parts)], capture_output=True, text=True, check=False)
        if done.returncode:
            file.unlink(missing_ok=True)
            raise SetupError(f"{file.name} does not unpack ({done.stderr.strip()[-80:]}): it was removed; run it again")
    shutil.rmtree(root, ignore_errors=True)
    parts.rename(root)
