"""The demo's site.toml, as a technician would write it."""

from dataclasses import dataclass
from pathlib import Path

from tools.demo.cast import DOORS, GATE, SITE


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the started parts listen, and what authenticates them."""

    broker_port: int
    server_url: str
    server_public_key: str
    console_port: int
    cameras: dict[str, str]  # camera id → url or webcam index
    devices: dict[str, str]  # door or gate id → device id (12 hex)


def site_toml(at: Addresses) -> str:
    """The text of site.toml; its files lie beside it."""
    parts = [
        f"""
[site]
id = "{SITE}"
name = "示范小区 Demo compound"

[broker]
host = "127.0.0.1"
port = {at.broker_port}
ca = "ca.pem"
username = "controller"
password_file = "controller.password"

[server]
url = "{at.server_url}"
public_key = "{at.server_public_key}"
token_file = "site.token"
poll_s = 60

[console]
host = "127.0.0.1"
port = {at.console_port}

[store]
database = "menshen.db"
box_key_file = "box.key"
ledger = "ledger.jsonl"

[vision]
enabled = true

[[grid]]
id = "g1"
name = "第一网格 Grid 1"
"""
    ]
    parts += [f'[[building]]\nid = "b{number}"\nname = "{number}号楼"\ngrid = "g1"\n' for number in (1, 2, 3)]
    for unit, name in DOORS.items():
        parts.append(f'[[unit]]\nid = "{unit}-unit"\nname = "{name}"\nbuilding = "{unit[:2]}"\n')
        parts.append(f'[[door]]\nid = "{unit}"\nname = "{name}"\nunit = "{unit}-unit"\ndevice = "{at.devices[unit]}"\n')
    parts.append(f'[[gate]]\nid = "{GATE}"\nname = "北门 North gate"\ndevice = "{at.devices[GATE]}"\n')
    tasks = {"face": ("单元门 Door camera", "b1-u1"), "plate": ("北门 Gate camera", GATE), "people": ("广场 Plaza", "")}
    for camera, url in at.cameras.items():
        name, opens = tasks[camera]
        parts.append(f'[[camera]]\nid = "{camera}"\nname = "{name}"\nurl = "{url}"\ntask = "{camera}"\n')
        if opens:
            parts.append(f'opens = "{opens}"\n')
        if camera == "face":
            parts.append('liveness = "none"\n')  # the demo's resident is a picture
    return "\n".join(parts)


def write_private(path: Path, text: str) -> None:
    """A secret on disk, readable by its owner alone."""
    path.touch(mode=0o600, exist_ok=True)
    path.chmod(0o600)
    path.write_text(text)
