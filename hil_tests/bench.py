"""The bench file: which board plays which role."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path

_DEFAULT = Path(__file__).parent / "bench.toml"


class BenchError(Exception):
    """The bench file is wrong; the message says where and what to write."""


@dataclass(frozen=True, slots=True)
class Role:
    """One board of the bench. Only virtual boards can be driven at their pins so far."""

    name: str
    kind: str
    release_s: int


@dataclass(frozen=True, slots=True)
class Bench:
    """What is on the desk."""

    site: str
    roles: dict[str, Role]


def load_bench(file: Path | None = None) -> Bench:
    """The bench of `file`, of MENSHEN_BENCH, or the virtual one."""
    file = file or Path(os.environ.get("MENSHEN_BENCH") or _DEFAULT)
    try:
        text = tomllib.loads(file.read_text())
        roles = {name: Role(name, str(role["kind"]), int(role["release_s"])) for name, role in text["role"].items()}
        bench = Bench(str(text["site"]["id"]), roles)
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise BenchError(f"{file}: {error!r}; a bench has [site] id and [role.NAME] kind, release_s") from error
    for role in bench.roles.values():
        if role.kind != "virtual":
            raise BenchError(f'{file}: role {role.name}: kind {role.kind!r} is not known; write kind = "virtual"')
    return bench
