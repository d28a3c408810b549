"""The frames of a picture file or a film."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av

from models.face_geometry import Picture
from models.pictures import PictureError, decode

PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".pgm")


def read_picture(file: Path) -> Picture:
    """(height, width, 3) RGB; OSError that names the file and the next step."""
    try:
        return decode(file.read_bytes())
    except PictureError as error:
        raise OSError(f"{file}: {error}") from error


def frames(source: Path) -> Iterator[tuple[int, Picture]]:
    """Number and RGB of each frame, one of a picture; OSError that names the file and the next step."""
    if source.suffix.lower() in PICTURES:
        yield 0, read_picture(source)
        return
    try:
        with av.open(str(source)) as container:
            for number, frame in enumerate(container.decode(video=0)):
                yield number, frame.to_ndarray(format="rgb24").astype("uint8", copy=False)
    except (av.error.FFmpegError, IndexError) as error:
        raise OSError(f"{source} is neither a picture nor a video ({error}). Next step: look at the path") from error
