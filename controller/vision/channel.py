"""JSON lines between the access process and this one."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from typing import BinaryIO


class Channel:
    """Lines in, lines out; safe from several threads. A closed pipe means that the parent is gone."""

    def __init__(self, source: BinaryIO, sink: BinaryIO) -> None:
        self._source = source
        self._sink = sink
        self._lock = threading.Lock()

    def send(self, message: dict[str, object]) -> None:
        data = json.dumps(message, ensure_ascii=False).encode() + b"\n"
        with self._lock:
            self._sink.write(data)
            self._sink.flush()

    def messages(self) -> Iterator[dict[str, object]]:
        """Until the parent closes; a line that is no object is reported and skipped."""
        for line in self._source:
            try:
                message = json.loads(line)
            except ValueError:
                message = None
            if isinstance(message, dict):
                yield message
            else:
                print(json.dumps({"level": "ERROR", "message": "a line that is no JSON object"}), file=sys.stderr)
