"""docs/community-openapi.json: the contract that a larger community's own server keeps."""

import json
import tempfile
from pathlib import Path

from tools.community.database import Database
from tools.community.gate import Tokens
from tools.community.publish import Publisher
from tools.community.server import Parts, create_server
from tools.community.signing import Signer


def contract() -> str:
    """The file's text."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        database = Database(folder / "community.db", "site")
        publisher = Publisher(database, Signer(folder / "signing.key"), "site", 1, lambda: 0.0)
        app = create_server(Parts("site", database, publisher, None), Tokens(folder))
        text = json.dumps(app.openapi(), ensure_ascii=False, indent=1, sort_keys=True)
        database.close()
    return text + "\n"


def write(file: Path) -> None:
    """Write the contract to `file`."""
    file.write_text(contract(), encoding="utf-8")
