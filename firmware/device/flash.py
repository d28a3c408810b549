"""Files in flash. Each is replaced whole: written beside, synced, renamed."""

import os

NEW = ".new"


def read(path: str, limit: int = 8192) -> "bytes | None":
    """The file's bytes, or None when there is no such file (or one longer than anything that belongs there)."""
    try:
        with open(path, "rb") as file:
            data = file.read(min(limit, os.stat(path)[6]) + 1)
    except OSError:
        return None
    return data if len(data) <= limit else None


def replace(path: str, data: bytes) -> None:
    """Replace the file: after a power cut it is the old or the new one, whole. OSError when flash refuses."""
    with open(path + NEW, "wb") as file:
        file.write(data)
        file.flush()
    os.rename(path + NEW, path)


def remove(path: str) -> None:
    """Remove the file if it is there."""
    try:
        os.remove(path)
    except OSError:
        pass


def names(folder: str) -> "list[str]":
    """The names in a folder, sorted; made when it does not exist. OSError when flash refuses."""
    try:
        return sorted(os.listdir(folder))
    except OSError:
        os.mkdir(folder)
        return []


def count_boot(path: str) -> int:
    """One more boot: the number of boots so far, 0 when flash does not keep it."""
    old = read(path) or b""
    try:
        number = int(old or b"0") + 1
    except ValueError:
        number = 1
    try:
        replace(path, str(number).encode())
    except OSError:
        return 0
    return number
