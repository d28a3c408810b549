"""Picture files, in and out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.face_geometry import Picture
from models.picture_file import PictureError
from models.pictures import decode

PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".pgm", ".tif", ".tiff")


def read_picture(file: Path) -> Picture:
    """(height, width, 3) RGB; OSError that names the file and the next step."""
    try:
        return decode(file.read_bytes())
    except PictureError as error:
        raise OSError(f"{file}: {error}") from error
    except OSError as error:
        raise OSError(f"{file} cannot be read ({error.strerror}). Next step: look at the path") from error


def write_png(file: Path, bgr: NDArray[np.uint8]) -> None:
    """(height, width, 3) BGR as PNG; OSError that names the file and the next step."""
    with _named(file):
        file.write_bytes(bytes(cv2.imencode(".png", bgr)[1]))


def look_for_room(file: Path) -> None:
    """The OSError of `write_png` before long work, not after it. What is in the file stays; none is made."""
    with _named(file):
        there = file.exists()
        file.open("ab").close()
        if not there:
            file.unlink()


@contextmanager
def _named(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OSError(f"{file} cannot be written ({error.strerror}). Next step: another --plot FILE") from error
