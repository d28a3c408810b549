"""The flash of a 4 MB board as a file: its 2 MB data partition, LittleFS as MicroPython's VfsLfs2 mounts it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from littlefs import LittleFS, LittleFSError

BLOCK_SIZE = 4096  # erase unit of NOR flash; boot.py has the same three figures
BLOCK_COUNT = 512
_UNIT = 128  # bytes read or programmed at once
_LOOKAHEAD = 32  # VfsLfs2's default


class ImageError(Exception):
    """The image cannot be read as LittleFS, or what should go in does not fit."""


def empty() -> bytes:
    """The image of a formatted board that holds nothing."""
    return pack({})


def pack(files: Mapping[str, bytes]) -> bytes:
    """The image that holds `files` (path without leading slash → content); the same bytes for the same files."""
    system = _filesystem()
    try:
        for path in sorted(files):
            folder = str(PurePosixPath(path).parent)
            if folder != ".":
                system.makedirs(folder, exist_ok=True)
            with system.open(path, "wb") as out:
                out.write(files[path])
    except LittleFSError as error:
        raise ImageError(f"{path} does not fit into {BLOCK_SIZE * BLOCK_COUNT // 1024} kB of flash: {error}") from error
    return bytes(system.context.buffer)


def unpack(image: bytes) -> dict[str, bytes]:
    """Every file in `image`; ImageError when it is damaged."""
    try:
        system = _filesystem(image)
        files: dict[str, bytes] = {}
        for folder, _, names in system.walk("/"):
            for name in names:
                path = f"{folder.rstrip('/')}/{name}"
                with system.open(path, "rb") as source:
                    files[path.lstrip("/")] = source.read()
    except LittleFSError as error:
        raise ImageError(f"damaged LittleFS image: {error}") from error
    return files


def read(file: Path) -> dict[str, bytes]:
    """`unpack` of the image file of a board that is not running."""
    return unpack(file.read_bytes())


def _filesystem(image: bytes | None = None) -> LittleFS:
    """A fresh file system, or the one in `image`."""
    if image is not None and len(image) != BLOCK_SIZE * BLOCK_COUNT:
        raise ImageError(f"an image has {BLOCK_SIZE * BLOCK_COUNT} bytes, this one has {len(image)}")
    system = LittleFS(
        mount=False,
        block_size=BLOCK_SIZE,
        block_count=BLOCK_COUNT,
        read_size=_UNIT,
        prog_size=_UNIT,
        lookahead_size=_LOOKAHEAD,
        cache_size=4 * _UNIT,
    )
    if image is None:
        system.format()
    else:
        system.context.buffer[:] = image
    system.mount()
    return system
