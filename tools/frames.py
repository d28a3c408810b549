"""Picture files, in and out."""

from __future__ import annotations

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


def write_png(file: Path, bgr: NDArray[np.uint8] | None = None) -> None:
    """(height, width, 3) BGR as PNG; OSError that names the file and the next step.

    Without a picture an empty file, so that what cannot be written is said before long work and not after it.
    """
    try:
        file.write_bytes(b"" if bgr is None else bytes(cv2.imencode(".png", bgr)[1]))
    except OSError as error:
        raise OSError(f"{file} cannot be written ({error.strerror}). Next step: another --plot FILE") from error
