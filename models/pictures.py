"""Pictures from anywhere: read as RGB, upright, or refused in plain words."""

from __future__ import annotations

import cv2
import numpy as np

from models.face_geometry import Picture
from models.picture_file import PictureError, inspect, is_known


def decode(content: bytes) -> Picture:
    """(height, width, 3) RGB uint8, turned as its EXIF says; grey, CMYK and 16 bits become RGB.

    PictureError where there is no usable picture: other formats than JPEG and PNG are the decoder's to judge.
    """
    if not content or is_known(content):
        inspect(content)
    try:
        bgr = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        bgr = None
    if bgr is None:
        raise PictureError("this is no picture that can be read: send a JPEG or PNG")
    return np.ascontiguousarray(bgr[:, :, ::-1]).astype(np.uint8, copy=False)
