"""The site's TOML file as frozen values. `load` is the entry; every error is a `SettingsError` fit for one screen."""

import base64
import binascii
import os
import re
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, model_validator

from models.cards import cards

LOOPBACK = ("127.0.0.1", "::1", "localhost")
ID_PATTERN = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
DEVICE_PATTERN = re.compile(r"[0-9a-f]{12}")


class SettingsError(Exception):
    """The settings cannot be used; the words name file, key, what is wrong and what to write."""


def _identifier(value: str) -> str:
    if not ID_PATTERN.fullmatch(value):
        raise ValueError(f'"{value}" is no id; write 1 to 32 of a-z, 0-9 and "-", such as "b1-u2"')
    return value


def _device(value: str) -> str:
    if not DEVICE_PATTERN.fullmatch(value):
        raise ValueError(f'"{value}" is no device id; write the 12 hex digits of the label, such as "02a1b2c3d4e5"')
    return value


def _beside_file(value: Path, info: ValidationInfo) -> Path:
    folder: Path = (info.context or {}).get("folder", Path())
    return (folder / value).resolve()


def _public_key(value: str) -> str:
    try:
        size = len(base64.b64decode(value, validate=True))
    except (binascii.Error, ValueError):
        size = 0
    if size != 32:
        raise ValueError("is no Ed25519 public key; write the server's 32 bytes in base64 (44 characters)")
    return value


def _fail_open(value: int) -> int:
    if value and not 30 <= value <= 86_400:
        raise ValueError(f"{value} s is no time to fail open after; write 30 to 86400, or 0 to stay down")
    return value


Identifier = Annotated[str, AfterValidator(_identifier)]
DeviceId = Annotated[str, AfterValidator(_device)]
FilePath = Annotated[Path, AfterValidator(_beside_file)]
Port = Annotated[int, Field(ge=1, le=65535)]
Share = Annotated[float, Field(gt=0, lt=1)]
PurposeWords = Annotated[str, Field(min_length=4, max_length=500)]
Place = Annotated[float, Field(ge=0, le=1)]
Words = Annotated[str, Field(min_length=1, max_length=100)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)


class SiteSettings(_Section):
    """[site]"""

    id: Identifier
    name: Words


class BrokerSettings(_Section):
    """[broker]: Mosquitto over TLS; only the CA in `ca` is trusted."""

    host: str
    port: Port = 8883
    ca: FilePath
    username: str = "controller"
    password_file: FilePath


class ServerSettings(_Section):
    """[server]: the community server, and the key that its lists must be signed with."""

    url: str
    public_key: Annotated[str, AfterValidator(_public_key)]
    token_file: FilePath
    poll_s: float = Field(default=60, ge=1, le=3600)
    ca: FilePath | None = None

    @model_validator(mode="after")
    def _only_loopback_in_clear(self) -> "ServerSettings":
        host = re.match(r"http://(\[[^\]]*\]|[^:/]*)", self.url)
        if not self.url.startswith("https://") and not (host and host[1].strip("[]") in LOOPBACK):
            raise ValueError('url: plain http leaves this machine; write "https://…"')
        return self

    def key_bytes(self) -> bytes:
        """The 32 bytes of the Ed25519 public key."""
        return base64.b64decode(self.public_key)


class ConsoleSettings(_Section):
    """[console]: where the page and the API listen; TLS files are needed off loopback."""

    host: str = "127.0.0.1"
    port: Port = 8443
    certificate: FilePath | None = None
    private_key: FilePath | None = None

    @model_validator(mode="after")
    def _tls_off_loopback(self) -> "ConsoleSettings":
        if (self.certificate is None) != (self.private_key is None):
            raise ValueError("certificate and private_key belong together; write both or none")
        if self.host not in LOOPBACK and self.certificate is None:
            raise ValueError(f'host "{self.host}" is not loopback; write certificate and private_key too')
        return self


class StoreSettings(_Section):
    """[store]: the database, the key that seals secrets in it, the ledger of devices; days that counts are kept."""

    database: FilePath
    box_key_file: FilePath
    ledger: FilePath
    flow_days: int = Field(default=400, ge=1, le=3650)


class VisionSettings(_Section):
    """[vision]: `threads` of each net; `embedder`, a model of `menshen models list`: with another people enrol anew."""

    enabled: bool = True
    # Two decide four faces at once 15 ms sooner than one, at the same load.
    threads: int = Field(default_factory=lambda: min(2, os.cpu_count() or 1), ge=1, le=16)
    embedder: str = "face_embedder"


class GridSettings(_Section):
    """[[grid]]"""

    id: Identifier
    name: Words


class BuildingSettings(_Section):
    """[[building]]"""

    id: Identifier
    name: Words
    grid: str


class UnitSettings(_Section):
    """[[unit]]"""

    id: Identifier
    name: Words
    building: str


class DoorSettings(_Section):
    """[[door]]"""

    id: Identifier
    name: Words
    unit: str
    device: DeviceId
    mode: Literal["Locked", "Unlocked", "Blocked", "LockedDown", "LockedOpen", "Trial"] = "Locked"


class GateSettings(_Section):
    """[[gate]]: a barrier. `fail_open_s`: it goes up when it has heard nothing from the controller for so long, until
    it does again; 0: it stays down.
    """

    id: Identifier
    name: Words
    device: DeviceId
    fail_open_s: Annotated[int, AfterValidator(_fail_open)] = 0


class CameraSettings(_Section):
    """[[camera]]: `opens` is the door or gate that a decision at this camera opens.

    `lanes`, of a flow camera: the shares of the picture's width at which its lanes part. `liveness`, of a face camera
    that opens: what a named person has to do, "turn" the head, "nod", or "random", a turn and a nod as `/prompt/ID`
    shows them; "none", a photograph opens. `prompt`: there is a screen beside the camera, and that page is served.
    `single`: it opens for one person alone before the camera, never for one among others. `with_card`: a face opens
    nothing by itself; it stands for the PIN of that person's card and PIN (`factor` "both" on the list).
    A flow or plate camera counts what comes nearer as `approach`; a flow camera `opens` the gate whose lanes it sees.

    Of a people camera, in shares of the picture's width and height: `line`, x and y of both ends; who crosses from its
    left to its right, looking from the first end to the second, comes in. `zone`, two opposite corners: visits of it.
    """

    id: Identifier
    name: Words
    url: str = Field(min_length=1)
    task: Literal["face", "plate", "people", "flow"]
    opens: str | None = None
    liveness: Literal["turn", "nod", "random", "none"] = "turn"
    prompt: bool = False
    single: bool = False
    with_card: bool = False
    lanes: tuple[Share, ...] = ()
    approach: Literal["in", "out"] = "in"
    line: tuple[Place, Place, Place, Place] | None = None
    zone: tuple[Place, Place, Place, Place] | None = None

    @model_validator(mode="after")
    def _has_an_extent(self) -> "CameraSettings":
        if self.line is not None and self.line[:2] == self.line[2:]:
            raise ValueError("line: both ends are one point; write x and y of two points")
        if self.zone is not None and (self.zone[0] == self.zone[2] or self.zone[1] == self.zone[3]):
            raise ValueError("zone: it has no area; write x and y of two opposite corners")
        return self

    @model_validator(mode="after")
    def _told_what_to_do(self) -> "CameraSettings":
        if self.liveness == "random" and not self.prompt:
            raise ValueError(f'liveness "random": write prompt = true, and show /prompt/{self.id} beside the camera')
        return self


class Purpose(_Section):
    """Why captures are kept, in words for residents: both languages."""

    zh: PurposeWords
    en: PurposeWords


class CapturesSettings(_Section):
    """[captures]: the site's statement. Without it no capture outlives its minute, but an alert's evidence.

    Best shots of faces at `cameras` are kept `retention_days` for `purpose`: of residents who agreed to this statement,
    and with `strangers` of everybody.
    """

    purpose: Purpose
    retention_days: int = Field(ge=1, le=30)
    cameras: tuple[str, ...] = Field(min_length=1)
    strangers: bool = False

    def in_words(self) -> str:
        """For the audit."""
        whose = "residents who agreed, and strangers" if self.strangers else "residents who agreed"
        kept = f"{self.retention_days} days, {', '.join(self.cameras)}, {whose}"
        return f"{kept}: {self.purpose.zh} / {self.purpose.en}"


class Settings(_Section):
    """The whole file."""

    site: SiteSettings
    broker: BrokerSettings
    server: ServerSettings | None = None
    console: ConsoleSettings = ConsoleSettings()
    store: StoreSettings
    vision: VisionSettings = VisionSettings()
    captures: CapturesSettings | None = None
    grids: tuple[GridSettings, ...] = Field(default=(), alias="grid")
    buildings: tuple[BuildingSettings, ...] = Field(default=(), alias="building")
    units: tuple[UnitSettings, ...] = Field(default=(), alias="unit")
    doors: tuple[DoorSettings, ...] = Field(default=(), alias="door")
    gates: tuple[GateSettings, ...] = Field(default=(), alias="gate")
    cameras: tuple[CameraSettings, ...] = Field(default=(), alias="camera")


def load(path: Path) -> Settings:
    """The settings in the TOML file `path`; SettingsError names what to mend. Named secret files must exist."""
    try:
        data = tomllib.loads(path.read_bytes().decode("utf-8"))
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror}); write --config FILE") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: is not UTF-8 text; save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: is not TOML: {error}") from error
    return parse(data, path)


def parse(data: dict[str, Any], path: Path) -> Settings:
    """`load` for an already decoded file; `path` is for relative paths and for words."""
    try:
        settings = Settings.model_validate(data, context={"folder": path.resolve().parent})
    except ValidationError as error:
        lines = [_words(issue, data) for issue in error.errors()]
        raise SettingsError("\n".join(f"{path}: {line}" for line in lines[:12])) from error
    problems = [*_duplicates(settings), *_dangling(settings), *_missing_files(settings)]
    if problems:
        raise SettingsError("\n".join(f"{path}: {line}" for line in problems[:12]))
    return settings


def read_secret(path: Path) -> str:
    """The text of a secret file without its line end; SettingsError when there is none."""
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read; put the secret into this file") from error
    if not text:
        raise SettingsError(f"{path}: is empty; put the secret into this file")
    return text


def _words(issue: Any, data: dict[str, Any]) -> str:
    place = _place(issue["loc"], data)
    kind, message = issue["type"], issue["msg"].removeprefix("Value error, ")
    if kind == "extra_forbidden":
        return f"{place}: unknown key; remove it or correct its spelling"
    if kind == "missing":
        return f"{place}: is missing; write it"
    if kind == "literal_error":
        return f"{place}: {message[0].lower() + message[1:]}"
    return f"{place}: {message[0].lower() + message[1:] if kind != 'value_error' else message}"


def _place(loc: Sequence[int | str], data: Any) -> str:
    if len(loc) >= 2 and isinstance(loc[1], int):
        row = data[loc[0]][loc[1]]
        name = row.get("id") if isinstance(row, dict) else None
        head = f"[[{loc[0]}]] " + (f'"{name}"' if isinstance(name, str) else f"number {loc[1] + 1}")
        return " ".join([head, *(str(part) for part in loc[2:])])
    if len(loc) == 1:
        return f"[{loc[0]}]"
    return f"[{loc[0]}] " + ".".join(str(part) for part in loc[1:])


def _duplicates(settings: Settings) -> Iterable[str]:
    places: list[tuple[str, str]] = []
    for table in ("grid", "building", "unit", "door", "gate"):
        places += [(table, row.id) for row in getattr(settings, table + "s")]
    yield from _twice(places, "id", "write another; grids, buildings, units, doors and gates share one set of ids")
    yield from _twice([("camera", camera.id) for camera in settings.cameras], "id", "write another")
    devices = [("door", door.device) for door in settings.doors] + [("gate", gate.device) for gate in settings.gates]
    yield from _twice(devices, "device", "a board serves one door; write the device id of its own label")


def _twice(rows: Iterable[tuple[str, str]], key: str, advice: str) -> Iterable[str]:
    seen: set[str] = set()
    for table, value in rows:
        if value in seen:
            yield f'[[{table}]] {key} "{value}" is used twice; {advice}'
        seen.add(value)


def _dangling(settings: Settings) -> Iterable[str]:
    known = {name: {row.id for row in getattr(settings, name + "s")} for name in ("grid", "building", "unit")}
    for table, key, rows in (
        ("building", "grid", settings.buildings),
        ("unit", "building", settings.units),
        ("door", "unit", settings.doors),
    ):
        for row in rows:
            target = getattr(row, key)
            if target not in known[key]:
                yield f'[[{table}]] "{row.id}" {key}: there is no [[{key}]] "{target}"; write {_choice(known[key])}'
    openable = {door.id for door in settings.doors} | {gate.id for gate in settings.gates}
    choice = _choice(openable)
    for camera in settings.cameras:
        if camera.opens is not None and camera.opens not in openable:
            yield f'[[camera]] "{camera.id}" opens: there is no [[door]] or [[gate]] "{camera.opens}"; write {choice}'
    faces = {camera.id for camera in settings.cameras if camera.task == "face"}
    for name in settings.captures.cameras if settings.captures else ():
        if name not in faces:
            yield f'[captures] cameras: there is no face camera "{name}"; write {_choice(faces)}'

    embedders = {card.name for card in cards() if card.alignment}
    if settings.vision.embedder not in embedders:
        yield f'[vision] embedder: there is no face embedder "{settings.vision.embedder}"; write {_choice(embedders)}'


def _choice(ids: set[str]) -> str:
    return "one of " + ", ".join(sorted(ids)[:6]) if ids else "that table first"


def _missing_files(settings: Settings) -> Iterable[str]:
    wanted = [("[broker] ca", settings.broker.ca), ("[broker] password_file", settings.broker.password_file)]
    if settings.server is not None:
        wanted.append(("[server] token_file", settings.server.token_file))
        if settings.server.ca is not None:
            wanted.append(("[server] ca", settings.server.ca))
    for key, file in (
        ("certificate", settings.console.certificate),
        ("private_key", settings.console.private_key),
    ):
        if file is not None:
            wanted.append((f"[console] {key}", file))
    for key, file in wanted:
        if not file.is_file():
            yield f"{key}: there is no file {file}; create it or correct the path"
