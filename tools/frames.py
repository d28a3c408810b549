"""The frames of a picture file or a film."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
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


def frames(source: Path) -> Iterator[tuple[int, Picture]]:
    """Number and RGB of each frame, one of a picture; OSError that names the file and the next step."""
    if source.suffix.lower() in PICTURES:
        yield 0, read_picture(source)
        return
    try:
        with av.open(str(source)) as container:
            for number, frame in enumerate(container.decode(video=0)):
                yield number, frame.to_ndarray(format="rgb24").astype("uint8", copy=False)
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        raise OSError(f"{source} cannot be read ({error.strerror}). Next step: look at the path") from error
    except (av.error.FFmpegError, IndexError) as error:
        raise OSError(
            f"{source} is neither a picture nor a video that can be read. Next step: a JPEG, PNG or MP4 that is whole"
        ) from error


def write_png(file: Path, bgr: NDArray[np.uint8]) -> None:
    """(height, width, 3) BGR as PNG; OSError that names the file and the next step."""
    try:
        file.write_bytes(bytes(cv2.imencode(".png", bgr)[1]))
    except OSError as error:
        raise OSError(f"{file} cannot be written ({error.strerror}). Next step: another --plot FILE") from error
