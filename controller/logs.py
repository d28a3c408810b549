"""Structured logs: one JSON object a line on stderr."""

import json
import logging
import sys


class JsonFormatter(logging.Formatter):
    """time, level, room, message, and the traceback where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        row = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "room": record.name.removeprefix("controller."),
            "message": record.getMessage(),
        }
        if record.exc_info:
            row["traceback"] = self.formatException(record.exc_info)
        return json.dumps(row, ensure_ascii=False)


def to_stderr(level: int = logging.INFO) -> None:
    """Send all logs to stderr as JSON lines; libraries only from WARNING on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("controller").setLevel(level)
