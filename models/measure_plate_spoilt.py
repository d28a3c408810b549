"""Prints how many plates of real photos are still found and read when the photos are spoilt as nights and weather do.

python -m models.measure_plate_spoilt --data truth.csv [--every 2]

Each photo is taken as one frame of a gate's stream. Dark, infra-red, lamps, motion, focus, JPEG and distance are made.
"""

import argparse
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from models.pictures import decode
from models.plate import PlatePipeline
from models.plates.alphabet import UNKNOWN_PROVINCE
from models.plates.truth import read_truth

_SEED = 1
Spoil = Callable[[np.ndarray], np.ndarray]


@dataclass(slots=True)
class Tally:
    """Photos of one kind: with any plate read, with the right one; plates called sure, and wrong ones among them."""

    photos: int = 0
    found: int = 0
    right: int = 0
    sure: int = 0
    sure_wrong: int = 0


def spoilings() -> dict[str, Spoil]:
    """By name, what makes a worse (H, W, 3) uint8 RGB picture out of a good one."""
    random = np.random.default_rng(_SEED)
    return {
        "as it is": lambda rgb: rgb,
        "infra-red (grey)": _grey,
        "sodium lamps": lambda rgb: _clipped(rgb * np.array([1.2, 0.85, 0.45])),
        "cold light": lambda rgb: _clipped(rgb * np.array([0.7, 0.9, 1.3])),
        "dark, noisy": lambda rgb: _clipped(rgb * 0.15 + random.normal(0, 6, rgb.shape)),
        "gamma 2.5": lambda rgb: _clipped(255 * (rgb / 255) ** 2.5),
        "gamma 0.4": lambda rgb: _clipped(255 * (rgb / 255) ** 0.4),
        "noise of 15": lambda rgb: _clipped(rgb + random.normal(0, 15, rgb.shape)),
        "motion, 5 px": lambda rgb: _smeared(rgb, 5, 0),
        "motion, 9 px": lambda rgb: _smeared(rgb, 9, 0),
        "motion, 9 px aslant": lambda rgb: _smeared(rgb, 9, 45),
        "focus, 2.5 px": lambda rgb: np.asarray(cv2.GaussianBlur(rgb, (0, 0), 2.5)),
        "JPEG 8": lambda rgb: _compressed(rgb, 8),
        "0.4 as large": lambda rgb: np.asarray(cv2.resize(rgb, None, fx=0.4, fy=0.4, interpolation=cv2.INTER_AREA)),
        "seen from aside": lambda rgb: _aside(rgb, 0.3),
    }


def measure(pipeline: PlatePipeline, photos: Iterable[tuple[np.ndarray, str]], spoil: Spoil) -> Tally:
    """`photos` with the text of their plate; they are spoilt one after the other."""
    tally = Tally()
    for rgb, text in photos:
        reads = pipeline.read_frame(np.ascontiguousarray(spoil(rgb)))
        sure = [
            read.text
            for read in reads
            if read.confidence >= pipeline.sure_confidence and UNKNOWN_PROVINCE not in read.text
        ]
        tally.photos += 1
        tally.found += bool(reads)
        tally.right += any(read.text == text for read in reads)
        tally.sure += len(sure)
        tally.sure_wrong += sum(other != text for other in sure)
    return tally


def _grey(rgb: np.ndarray) -> np.ndarray:
    return np.asarray(cv2.cvtColor(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB))


def _smeared(rgb: np.ndarray, length_px: int, degrees: float) -> np.ndarray:
    line = np.zeros((length_px, length_px), np.float32)
    middle = length_px // 2
    line[middle] = 1
    turned = cv2.warpAffine(line, cv2.getRotationMatrix2D((middle, middle), degrees, 1), (length_px, length_px))
    return np.asarray(cv2.filter2D(rgb, -1, turned / turned.sum()))


def _compressed(rgb: np.ndarray, quality: int) -> np.ndarray:
    _, data = cv2.imencode(".jpg", rgb, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.array(cv2.imdecode(data, cv2.IMREAD_COLOR))


def _aside(rgb: np.ndarray, share: float) -> np.ndarray:
    """The right edge farther off: narrower and lower by this share."""
    height, width = rgb.shape[:2]
    source = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    far, down = width * (1 - share), share * height
    target = np.array([[0, 0], [far, down], [far, height - down], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(source, target)
    return np.asarray(cv2.warpPerspective(rgb, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE))


def _clipped(picture: np.ndarray) -> np.ndarray:
    return np.asarray(np.clip(picture, 0, 255), np.uint8)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="a truth table; its scenes with a plate are used")
    parser.add_argument("--every", type=int, default=1, help="only each so many-th of them")
    args = parser.parse_args()
    scenes = [truth for truth in read_truth(args.data) if truth.kind == "scene" and truth.text][:: args.every]
    photos = [(decode(truth.path.read_bytes()), truth.text) for truth in scenes]
    pipeline = PlatePipeline()
    for name, spoil in spoilings().items():
        tally = measure(pipeline, photos, spoil)
        print(
            f"{name:20s} {tally.photos} photos: found {tally.found}, right {tally.right};",
            f"sure {tally.sure}, wrong of those {tally.sure_wrong}",
            flush=True,
        )


if __name__ == "__main__":
    main()
