"""Pictures from anywhere: read as RGB, upright, or refused in plain words."""

from __future__ import annotations

import cv2
import numpy as np

from models.face_geometry import Picture

MOST_PIXELS = 120_000_000  # a phone's largest; more is no picture of a face or a car
_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8"
_START_OF_SCAN, _END_OF_IMAGE = b"\xff\xda", b"\xff\xd9"
_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


class PictureError(ValueError):
    """The bytes are no picture that can be used; the message is for who brought them."""


def decode(content: bytes) -> Picture:
    """(height, width, 3) RGB uint8, turned as its EXIF says; grey and CMYK become RGB."""
    if not content:
        raise PictureError("the file is empty: take or send the picture again")
    width, height = _size(content)
    if width * height > MOST_PIXELS:
        raise PictureError(f"{width} × {height} pixels are too many: send it smaller")
    if _cut_off(content):
        raise PictureError("the picture is cut off in the middle: send it again")
    try:
        bgr = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        bgr = None
    if bgr is None:
        raise PictureError("this is no picture that can be read: send a JPEG or PNG")
    return np.ascontiguousarray(bgr[:, :, ::-1]).astype(np.uint8, copy=False)


def _cut_off(content: bytes) -> bool:
    if content.startswith(_JPEG):
        return content.rfind(_END_OF_IMAGE) < content.rfind(_START_OF_SCAN) or _START_OF_SCAN not in content
    return content.startswith(_PNG) and b"IEND" not in content[-64:]


def _size(content: bytes) -> tuple[int, int]:
    """Width and height as the header says; 0 for other formats and damaged headers, which the decoder judges."""
    if content.startswith(_PNG) and len(content) >= 24:
        return int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")
    at = 2
    while content.startswith(_JPEG) and at + 9 < len(content) and content[at] == 0xFF:
        if content[at + 1] in _START_OF_FRAME:
            return int.from_bytes(content[at + 7 : at + 9], "big"), int.from_bytes(content[at + 5 : at + 7], "big")
        at += 2 + int.from_bytes(content[at + 2 : at + 4], "big")
    return 0, 0
