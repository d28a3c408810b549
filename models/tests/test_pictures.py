"""Pictures that can be read are; what cannot is refused in words."""

from __future__ import annotations

import struct
import zlib

import cv2
import numpy as np
import pytest

from models.picture_file import Header, PictureError, inspect
from models.pictures import decode

RGB = np.zeros((40, 60, 3), np.uint8)
RGB[:, :30, 0] = 250


def coded(kind: str, rgb: np.ndarray = RGB) -> bytes:
    ok, data = cv2.imencode(kind, rgb[..., ::-1])
    assert ok
    return bytes(data)


def turned(jpeg: bytes, orientation: int) -> bytes:
    """With an EXIF header that says how it is to be turned."""
    entry = struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0)
    exif = b"Exif\0\0II*\0" + struct.pack("<IH", 8, 1) + entry + struct.pack("<I", 0)
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:]


@pytest.mark.parametrize("kind", [".png", ".jpg", ".bmp", ".webp"])
def test_pictures_are_rgb(kind: str) -> None:
    rgb = decode(coded(kind))
    assert rgb.shape == (40, 60, 3) and rgb[20, 10, 0] > 200 and rgb[20, 10, 2] < 60 and rgb[20, 50].max() < 60


def test_a_phone_s_picture_stands_upright() -> None:
    assert decode(turned(coded(".jpg"), 6)).shape == (60, 40, 3)


def test_grey_becomes_rgb() -> None:
    ok, data = cv2.imencode(".jpg", RGB[:, :, 0])
    assert ok and decode(bytes(data)).shape == (40, 60, 3)


def cmyk_jpeg(rgb: np.ndarray) -> bytes:
    """Four components, inverted, as print shops' programs write them: a grey JPEG's scan for each."""
    planes = [*np.moveaxis(rgb, -1, 0), np.full(rgb.shape[:2], 255, np.uint8)]
    greys = [bytes(cv2.imencode(".jpg", np.ascontiguousarray(plane))[1]) for plane in planes]
    frame = greys[0].index(b"\xff\xc0")
    tables = greys[0][20:frame]  # after start of image and JFIF
    size = greys[0][frame + 4 : frame + 9]
    out = b"\xff\xd8\xff\xee" + struct.pack(">H", 14) + b"Adobe\0\x64" + bytes(5) + tables
    out += b"\xff\xc0" + struct.pack(">H", 8 + 3 * 4) + size + b"\x04"
    out += b"".join(bytes((number, 0x11, 0)) for number in range(1, 5))
    huffman = greys[0][frame + 13 : greys[0].index(b"\xff\xda")]
    for number, grey in enumerate(greys, 1):
        scan = grey[grey.index(b"\xff\xda") + 10 : -2]
        out += huffman * (number == 1) + b"\xff\xda" + struct.pack(">HBBBBBB", 8, 1, number, 0, 0, 63, 0) + scan
    return out + b"\xff\xd9"


def test_cmyk_becomes_rgb() -> None:
    rgb = decode(cmyk_jpeg(RGB))
    assert rgb.shape == (40, 60, 3) and rgb[20, 10, 0] > 220 and rgb[20, 10, 1:].max() < 40 and rgb[20, 50].max() < 40


def test_sixteen_bits_become_eight() -> None:
    ok, data = cv2.imencode(".png", np.full((40, 60, 3), 0x8000, np.uint16))
    assert ok and np.abs(decode(bytes(data)).astype(int) - 0x80).max() <= 1


def test_the_header_tells_format_and_size() -> None:
    jpeg = coded(".jpg")
    assert inspect(jpeg) == inspect(jpeg[:2] + b"\xff" + jpeg[2:]) == Header("jpeg", 60, 40)
    assert inspect(coded(".png")) == Header("png", 60, 40)
    for cut in range(150):
        with pytest.raises(PictureError):
            inspect(jpeg[:cut])
    with pytest.raises(PictureError, match="too many"):
        inspect(jpeg, 60 * 40 - 1)


def bomb() -> bytes:
    """A PNG of 900 megapixels in its header."""
    header = b"IHDR" + struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header)) + b"IEND"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"not a picture", "no picture"),
        (coded(".jpg")[:-200], "cut off"),
        (turned(coded(".jpg"), 6)[:60], "cut off"),
        (coded(".png")[:-20], "cut off"),
        (b"\xff\xd8\xff\xd9", "cut off"),
        (bomb(), "too many"),
        (b"\xff\xd8\xff\xc0\x00\x11\x08\xff\xff\xff\xff\x03" + bytes(20) + b"\xff\xda\xff\xd9", "too many"),
    ],
)
def test_what_cannot_be_used_is_said_in_words(content: bytes, words: str) -> None:
    with pytest.raises(PictureError, match=words):
        decode(content)
