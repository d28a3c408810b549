"""`python -m controller.vision`: started by the access process, ends with it."""

from __future__ import annotations

import json
import logging
import os
import sys
import time

from controller.vision.channel import Channel
from controller.vision.worker import Worker
from models.errors import ModelError


class _JsonLines(logging.Formatter):
    """One object a line, as the access process writes them."""

    def format(self, record: logging.LogRecord) -> str:
        values = {
            "at": round(time.time(), 3),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        return json.dumps(values, ensure_ascii=False)


def main() -> int:
    """Exit 0 when the parent closed our input; 2 when a model cannot be used, with the next step on stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    try:
        Worker(Channel(sys.stdin.buffer, sys.stdout.buffer)).run()
    except ModelError as error:
        logging.getLogger("controller.vision").error("%s", error)
        return 2
    except (BrokenPipeError, KeyboardInterrupt):
        return 0
    return 0


if __name__ == "__main__":
    status = main()
    sys.stderr.flush()
    os._exit(status)  # decoding threads may hang in a dead camera's socket
