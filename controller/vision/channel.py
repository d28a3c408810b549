"""JSON lines between the access process and this one."""

from __future__ import annotations

import contextlib
import json
import logging
import threading
from collections.abc import Iterator
from typing import BinaryIO

_log = logging.getLogger(__name__)


class Channel:
    """Lines in, lines out; safe from several threads. A closed pipe means that the parent is gone."""

    def __init__(self, source: BinaryIO, sink: BinaryIO) -> None:
        self._source = source
        self._sink = sink
        self._lock = threading.Lock()

    def send(self, message: dict[str, object]) -> None:
        """Waits while the parent reads nothing; nothing once it is gone (`messages` ends then, too)."""
        data = json.dumps(message, ensure_ascii=False).encode() + b"\n"
        with self._lock, contextlib.suppress(BrokenPipeError):
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
                _log.error("a line that is no JSON object is skipped")
