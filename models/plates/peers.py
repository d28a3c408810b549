"""Other plate readers on the same pictures, where their files and packages are at hand; never imported at run time.

LPRNet_Pytorch needs PyTorch and its weights; HyperLPR3 and RapidOCR their packages. Who is missing is left out.
"""

import importlib.util
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from models.plates.alphabet import PROVINCES
from models.plates.grammar import GRAMMAR

LPRNET_WEIGHTS = "lprnet_pytorch_final.pth"
_log = logging.getLogger(__name__)
_PUNCTUATION = re.compile(r"[^0-9A-Z\u4e00-\u9fff]")


@dataclass(frozen=True, slots=True)
class Peer:
    """A reader that is not ours. `read(rgb, plate)`: the picture, and the plate alone if it is known where it is."""

    read: Callable[[np.ndarray, np.ndarray | None], str]
    megabytes: float


def available(weights: Path | None) -> dict[str, Peer | None]:
    """Every peer by name, None for those that cannot be had here; `weights` is the folder of foreign weights."""
    file = weights / LPRNET_WEIGHTS if weights else None
    has_lprnet = file is not None and file.is_file() and importlib.util.find_spec("torch")
    return {
        "lprnet_pytorch": _lprnet(file) if has_lprnet and file else None,
        "hyperlpr3": _hyperlpr3() if importlib.util.find_spec("hyperlpr3") else None,
        "rapidocr": _rapidocr() if importlib.util.find_spec("rapidocr_onnxruntime") else None,
    }


def _lprnet(file: Path) -> Peer:
    """Reads a plate alone; in a scene it is given the plate that ours found."""
    import torch

    from models.plates.lprnet import CHARACTERS, lprnet

    torch.set_num_threads(1)
    net = lprnet(torch.load(file, map_location="cpu", weights_only=True))

    def read(_: np.ndarray, plate: np.ndarray | None) -> str:
        if plate is None:
            return ""
        bgr = cv2.resize(plate, (94, 24))[..., ::-1].astype(np.float32)
        torch.set_flush_denormal(True)  # others reset it, and with denormals Intel processors take ten times as long
        with torch.no_grad():
            output = net(torch.from_numpy((bgr - 127.5) * 0.0078125).permute(2, 0, 1)[None])
        best = output[0].argmax(0).tolist()
        blank = len(CHARACTERS) - 1
        pairs = zip(best, [blank, *best], strict=False)
        return "".join(CHARACTERS[symbol] for symbol, before in pairs if symbol not in (blank, before))

    return Peer(read, file.stat().st_size / 1e6)


def _hyperlpr3() -> Peer | None:
    """Finds and reads; None where its models were not fetched beforehand and cannot be now."""
    try:
        import hyperlpr3  # fetches its models while it is imported

        catcher = hyperlpr3.LicensePlateCatcher()
    except (OSError, RuntimeError) as error:  # no network, or a download that broke off
        _log.warning("hyperlpr3 cannot be used: %s", type(error).__name__)
        return None

    def read(rgb: np.ndarray, _: np.ndarray | None) -> str:
        found: list[Any] = catcher(np.ascontiguousarray(rgb[..., ::-1]))
        return str(max(found, key=lambda row: row[1])[0]) if found else ""

    return Peer(read, _megabytes(Path.home() / ".hyperlpr3"))


def _rapidocr() -> Peer:
    """PP-OCR: a plate alone is only recognised, a scene is searched for text first."""
    import rapidocr_onnxruntime

    engine = rapidocr_onnxruntime.RapidOCR(intra_op_num_threads=1, inter_op_num_threads=1)
    models = Path(rapidocr_onnxruntime.__file__).parent / "models"

    def read(rgb: np.ndarray, _: np.ndarray | None) -> str:
        bgr = np.ascontiguousarray(rgb[..., ::-1])
        crop = max(bgr.shape[:2]) < 200
        rows, _times = engine(bgr, use_det=not crop, use_cls=False)
        return plate_among([str(row[0 if crop else 1]) for row in rows or []])

    return Peer(read, _megabytes(models))


def plate_among(lines: list[str]) -> str:
    """The first line of general text that can stand on a plate, else the first that begins like one, else nothing."""
    texts = [_PUNCTUATION.sub("", line.upper()) for line in lines]
    possible = [text for text in texts if GRAMMAR.accepts(text)]
    likely = [text for text in texts if text[:1] in PROVINCES and len(text) > 1]
    return (possible + likely + [""])[0]


def _megabytes(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.rglob("*.onnx")) / 1e6
