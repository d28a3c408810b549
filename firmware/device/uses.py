"""How often credentials with a limited number of uses were used. Bounded; in flash after each use.

The relay comes first, so a power cut just then may lose one use: it also drops the relay in the same moment.
"""

from device import flash

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from doorwire.doorlist import Record

LIMIT = 64  # credentials that are counted at once
_DIGEST_SIZE = 8
_SIZE = _DIGEST_SIZE + 1
_MANY = 255


class Uses:
    """Records of digest and count."""

    def __init__(self, path: str) -> None:
        self._path = path
        data = flash.read(path) or b""
        self._data = data if len(data) % _SIZE == 0 else b""
        self._tidied = -1  # the list after which that was last done

    def of(self, record: "Record") -> int:
        """How often so far; too often when there is no room to count."""
        at = self._find(record.digest)
        if at >= 0:
            return self._data[at + _DIGEST_SIZE]
        return 0 if len(self._data) < _SIZE * LIMIT else _MANY

    def count(self, record: "Record") -> None:
        """Once more."""
        at = self._find(record.digest)
        used = min((self._data[at + _DIGEST_SIZE] if at >= 0 else 0) + 1, _MANY)
        rest = self._data[:at] + self._data[at + _SIZE :] if at >= 0 else self._data
        self._replace(rest + record.digest + bytes([used]))

    def tidy(self, version: int, listed: "Callable[[bytes], bool]") -> None:
        """Forget what is no longer in this list, once; when flash does not answer, at the next call."""
        if version == self._tidied:
            return
        kept = b""
        try:
            for at in range(0, len(self._data), _SIZE):
                if listed(self._data[at : at + _DIGEST_SIZE]):
                    kept += self._data[at : at + _SIZE]
        except OSError:
            return
        self._tidied = version
        if kept != self._data:
            self._replace(kept)

    def _find(self, digest: bytes) -> int:
        for at in range(0, len(self._data), _SIZE):
            if self._data[at : at + _DIGEST_SIZE] == digest:
                return at
        return -1

    def _replace(self, data: bytes) -> None:
        self._data = data
        try:
            flash.replace(self._path, data)
        except OSError:
            pass  # in memory it still counts
