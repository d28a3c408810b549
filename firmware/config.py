"""The door's settings out of config.json: typed, unknown keys refused. A fault is named and the rest still counts."""

import json

from doorwire import vocabulary as words

_KEYS = (
    "device",
    "site",
    "broker",
    "board",
    "readers",
    "release_s",
    "open_too_long_s",
    "warning_s",
    "contact_stuck_after",
    "barrier",
    "mode",
    "network",
    "unlock_schedule",
    "first_person",
    "toggle",
    "pin_errors",
    "pin_lock_s",
)
_BROKER_KEYS = ("host", "port", "name")
_APART = 6  # bits between two formats of one reader
_MOST_OSDP = 2  # one on each side; what a heap of 128 kB has room for
_BAUDS = (9600, 19200, 38400, 57600, 115200, 230400)
_MODES = {"Locked": words.MODE_LOCKED, "Unlocked": words.MODE_UNLOCKED, "Trial": words.MODE_TRIAL}


class ConfigError(ValueError):
    """A setting that is not what it has to be; the message says which, and what it has to be."""


class Broker:
    """Where the broker is; `name` is what its certificate answers to."""

    def __init__(self, host: str, port: int, name: str) -> None:
        self.host = host
        self.port = port
        self.name = name


class Config:
    """`device` None, `broker` None: unknown, because config.json is broken there. `problems` has the words."""

    def __init__(self) -> None:
        self.device: bytes | None = None
        self.site = ""
        self.broker: Broker | None = None
        self.board = ""
        self.formats: tuple[int, ...] = (26, 34)
        self.keypad = 0
        self.osdp: tuple[int, ...] = ()  # addresses of its readers
        self.baud = 9600
        self.release_s = 5
        self.open_too_long_s = 30
        self.warning_s = 10
        self.contact_stuck_after = 20
        self.barrier = False
        self.mode = words.MODE_LOCKED
        self.network: dict[str, object] = {}
        self.unlock_schedule = 0
        self.first_person = False
        self.toggle = False
        self.pin_errors = 5
        self.pin_lock_s = 60
        self.problems: list[str] = []


def parse(text: "bytes | None") -> Config:
    """The settings; what is wrong is in `problems` and leaves its default: the door still opens from its list."""
    config = Config()
    try:
        values = json.loads(text or b"")
        if not isinstance(values, dict):
            raise ValueError
    except ValueError:
        config.problems.append("config.json is no JSON object: provision this board again")
        return config
    for key in values:
        if key not in _KEYS:
            config.problems.append(f"config.json: unknown key {key}; known: {', '.join(_KEYS)}")
    for key, read in _READERS:
        if key in values or key in ("device", "site", "broker"):
            try:
                read(config, values.get(key))
            except ConfigError as error:
                config.problems.append(f"config.json: {error}")
    return config


def _device(config: Config, value: object) -> None:
    text = _text("device", value)
    if len(text) != 12:
        raise ConfigError("device has to be 12 hexadecimal digits")
    try:
        config.device = bytes.fromhex(text)
    except ValueError:
        raise ConfigError("device has to be 12 hexadecimal digits") from None


def _site(config: Config, value: object) -> None:
    text = _text("site", value)
    if not text or any(c in text for c in "/+#\x00"):
        raise ConfigError("site has to be a name without / + #")
    config.site = text


def _broker(config: Config, value: object) -> None:
    if not isinstance(value, dict) or sorted(value) != sorted(_BROKER_KEYS):
        raise ConfigError("broker has to have exactly host, port and name")
    host, port, name = _text("broker.host", value["host"]), value["port"], _text("broker.name", value["name"])
    if not _is_ipv4(host):
        raise ConfigError("broker.host has to be an IPv4 address: looking a name up would stop the door meanwhile")
    config.broker = Broker(host, _whole("broker.port", port, 1, 65535), name)


def _readers(config: Config, value: object) -> None:
    reader = value[0] if isinstance(value, list) and len(value) == 1 else None
    if not isinstance(reader, dict) or any(key not in ("formats", "keypad", "osdp") for key in reader):
        raise ConfigError('readers has to be [{"formats": [26, 34], "keypad": 4, "osdp": {"addresses": [0]}}]')
    formats, keypad = reader.get("formats", [26, 34]), reader.get("keypad", 0)
    if not isinstance(formats, list) or not formats:
        raise ConfigError("readers: formats has to be a list")
    lengths = tuple([_format(name) for name in formats])
    sizes = sorted([abs(length) for length in lengths])
    for i in range(1, len(sizes)):
        if sizes[i] - sizes[i - 1] < _APART:
            raise ConfigError(
                f"readers: a {sizes[i]}-bit card that loses edges looks like {sizes[i - 1]} bits: take one"
            )
    if keypad not in (0, 4, 8) or isinstance(keypad, bool):
        raise ConfigError("readers: keypad has to be 0, 4 or 8 bits a key")
    config.formats, config.keypad = lengths, keypad
    if "osdp" in reader:
        _osdp(config, reader["osdp"])


def _osdp(config: Config, value: object) -> None:
    if not isinstance(value, dict) or any(key not in ("addresses", "baud") for key in value):
        raise ConfigError('readers: osdp has to be {"addresses": [0, 1], "baud": 9600}')
    addresses, baud = value.get("addresses"), value.get("baud", 9600)
    if not isinstance(addresses, list) or not 1 <= len(addresses) <= _MOST_OSDP:
        raise ConfigError(f"readers: osdp needs the addresses of 1 to {_MOST_OSDP} readers")
    for address in addresses:
        if addresses.count(_whole("readers: an osdp address", address, 0, 0x7E)) > 1:
            raise ConfigError("readers: every osdp reader needs an address of its own")
    if baud not in _BAUDS:
        raise ConfigError(f"readers: osdp's baud has to be one of {_BAUDS}")
    config.osdp, config.baud = tuple(addresses), baud


def _format(name: object) -> int:
    """A length of `doorlogic.wiegand.FORMATS`, or minus the bits of a raw one."""
    if isinstance(name, int) and not isinstance(name, bool) and name in (26, 34, 37, 56):
        return name
    if isinstance(name, str) and name.startswith("raw") and name[3:].isdigit() and 16 <= int(name[3:]) <= 64:
        return -int(name[3:])
    raise ConfigError("readers: a format has to be 26, 34, 37, 56, or raw16 … raw64 for bits without parity")


def _mode(config: Config, value: object) -> None:
    if not isinstance(value, str) or value not in _MODES:
        raise ConfigError(f"mode has to be one of {', '.join(sorted(_MODES))}")
    config.mode = _MODES[value]


def _board(config: Config, value: object) -> None:
    config.board = _text("board", value)


def _release(config: Config, value: object) -> None:
    config.release_s = _whole("release_s", value, 1, 60)


def _open_too_long(config: Config, value: object) -> None:
    config.open_too_long_s = _whole("open_too_long_s", value, 5, 3600)


def _warning(config: Config, value: object) -> None:
    config.warning_s = _whole("warning_s", value, 0, 600)


def _contact_stuck_after(config: Config, value: object) -> None:
    config.contact_stuck_after = _whole("contact_stuck_after", value, 0, 1000)


def _barrier(config: Config, value: object) -> None:
    config.barrier = _flag("barrier", value)


def _unlock_schedule(config: Config, value: object) -> None:
    config.unlock_schedule = _whole("unlock_schedule", value, 0, 255)


def _first_person(config: Config, value: object) -> None:
    config.first_person = _flag("first_person", value)


def _toggle(config: Config, value: object) -> None:
    config.toggle = _flag("toggle", value)


def _pin_errors(config: Config, value: object) -> None:
    config.pin_errors = _whole("pin_errors", value, 1, 20)


def _pin_lock(config: Config, value: object) -> None:
    config.pin_lock_s = _whole("pin_lock_s", value, 10, 900)


def _network(config: Config, value: object) -> None:
    if not isinstance(value, dict):
        raise ConfigError("network has to be an object")
    config.network = value


def _text(key: str, value: object) -> str:
    if not isinstance(value, str):
        raise ConfigError(f"{key} has to be a text")
    return value


def _flag(key: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise ConfigError(f"{key} has to be true or false")
    return value


def _whole(key: str, value: object, low: int, high: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ConfigError(f"{key} has to be a whole number from {low} to {high}")
    return value


def _is_ipv4(text: str) -> bool:
    parts = text.split(".")
    return len(parts) == 4 and all(part.isdigit() and int(part) <= 255 for part in parts)


_READERS = (
    ("device", _device),
    ("site", _site),
    ("broker", _broker),
    ("board", _board),
    ("readers", _readers),
    ("release_s", _release),
    ("open_too_long_s", _open_too_long),
    ("warning_s", _warning),
    ("contact_stuck_after", _contact_stuck_after),
    ("barrier", _barrier),
    ("mode", _mode),
    ("network", _network),
    ("unlock_schedule", _unlock_schedule),
    ("first_person", _first_person),
    ("toggle", _toggle),
    ("pin_errors", _pin_errors),
    ("pin_lock_s", _pin_lock),
)
