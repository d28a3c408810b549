"""What an uploaded file is, before anything decodes it. Pure."""

from dataclasses import dataclass

PIXELS_LIMIT = 40_000_000  # a phone's picture; more is a decompression bomb
_PNG = b"\x89PNG\r\n\x1a\n"
_SOF = frozenset({0xC0, 0xC1, 0xC2})  # baseline, extended, progressive: what decoders here read
_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})  # JPEG markers without a length


class PictureError(Exception):
    """Not a picture that is taken here; the words say what to send."""


@dataclass(frozen=True, slots=True)
class Picture:
    """Format and size in pixels, as the file's header says."""

    format: str
    width_px: int
    height_px: int


def inspect(data: bytes) -> Picture:
    """The picture in `data`; PictureError when it is neither JPEG nor PNG, torn, or too large."""
    if data.startswith(_PNG) and data[12:16] == b"IHDR" and len(data) >= 24:
        found = Picture("png", int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big"))
    elif data.startswith(b"\xff\xd8\xff"):
        found = _jpeg(data)
    else:
        raise PictureError("send a JPEG or PNG picture")
    if not 0 < found.width_px * found.height_px <= PIXELS_LIMIT:
        raise PictureError(
            f"the picture must have at most {PIXELS_LIMIT // 1_000_000} million pixels; send a smaller one"
        )
    return found


def _jpeg(data: bytes) -> Picture:
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
        elif marker in _ALONE:
            at += 2
        elif marker in _SOF and at + 9 <= len(data):
            height, width = int.from_bytes(data[at + 5 : at + 7], "big"), int.from_bytes(data[at + 7 : at + 9], "big")
            return Picture("jpeg", width, height)
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    raise PictureError("the JPEG picture is torn; send it again")
