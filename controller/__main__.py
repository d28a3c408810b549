"""`python -m controller --config site.toml`. Exit status 2: it cannot start, and stderr says in words why."""

import argparse
import asyncio
import sys
from pathlib import Path

from controller import logs
from controller.app import run
from controller.settings import SettingsError, load
from controller.store.errors import StoreError
from controller.web import StartError
from models.errors import ModelError


def main(arguments: list[str] | None = None) -> int:
    """The exit status."""
    parser = argparse.ArgumentParser(prog="python -m controller", description="The compound's controller.")
    parser.add_argument("--config", type=Path, default=Path("site.toml"), help="the site's TOML file")
    options = parser.parse_args(arguments)
    logs.to_stderr()
    try:
        asyncio.run(run(load(options.config)))
    except (SettingsError, StoreError, StartError, ModelError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
