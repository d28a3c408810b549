"""What a picture's file says it is, before anything decodes it: format, size, whether it is whole. Pure, no OpenCV."""

from __future__ import annotations

from dataclasses import dataclass

MOST_PIXELS = 120_000_000  # a phone's largest; more is no picture of a face or a car
UPLOAD_PIXELS = 40_000_000  # decoded beside a running recognition: 120 MB. The page sends 2 million
_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
_START_OF_SCAN, _END_OF_IMAGE = b"\xff\xda", b"\xff\xd9"
_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})  # JPEG markers without a length


class PictureError(ValueError):
    """The bytes are no picture that can be used; the message is for who brought them."""


@dataclass(frozen=True, slots=True)
class Header:
    """Format ("jpeg" or "png") and size in pixels, as the file says; before it is turned by its EXIF."""

    format: str
    width_px: int
    height_px: int


def is_known(content: bytes) -> bool:
    """Whether `inspect` knows this format."""
    return content.startswith((_PNG, _JPEG))


def inspect(content: bytes, most_pixels: int = MOST_PIXELS) -> Header:
    """The header of a JPEG or PNG; PictureError when it is another thing, torn, cut off or too large."""
    if not content:
        raise PictureError("the file is empty: take or send the picture again")
    if not is_known(content):
        raise PictureError("this is no picture that can be read: send a JPEG or PNG")
    header = _png(content) if content.startswith(_PNG) else _jpeg(content)
    if header is None or _cut_off(content):
        raise PictureError("the picture is cut off in the middle: send it again")
    if header.width_px * header.height_px > most_pixels:
        raise PictureError("the picture has too many pixels: send it smaller")
    return header


def _png(content: bytes) -> Header | None:
    if len(content) < 24 or content[12:16] != b"IHDR":
        return None
    return Header("png", int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big"))


def _jpeg(content: bytes) -> Header | None:
    at = 2
    while at + 9 <= len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if marker in _START_OF_FRAME:
            height, width = (int.from_bytes(content[at + place : at + place + 2], "big") for place in (5, 7))
            return Header("jpeg", width, height)
        if marker == 0xFF:
            at += 1  # fill bytes before a marker are legal
        elif marker in _ALONE:
            at += 2
        else:
            at += 2 + int.from_bytes(content[at + 2 : at + 4], "big")
    return None


def _cut_off(content: bytes) -> bool:
    if content.startswith(_PNG):
        return b"IEND" not in content[-64:]
    return content.rfind(_END_OF_IMAGE) < content.rfind(_START_OF_SCAN) or _START_OF_SCAN not in content
