"""`menshen faces IMAGE --gallery DIR`: the plain function that the command line calls; films: `tools/passages.py`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from models.face import FacePipeline
from models.face_decision import Rule
from models.face_geometry import Face, Picture
from models.face_match import Gallery, Match, match
from models.face_quality import Quality, judge, sunglasses
from tools.frames import PICTURES, read_picture, write_png

_GREEN_BGR, _GREY_BGR = (60, 200, 60), (170, 170, 170)


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A gallery from a folder: `names` by person number, and what could not be used, with the reason."""

    gallery: Gallery
    names: tuple[str, ...]
    refused: tuple[tuple[str, str], ...]


def enrol(pipeline: FacePipeline, folder: Path, tell: Callable[[str], None] = lambda name: None) -> Enrolled:
    """A person for each folder of pictures in `folder`, and for each picture beside them.

    A picture with no face, several, or a poor one is refused. OSError: there is no such folder, or no picture in it.
    """
    if not folder.is_dir():
        raise OSError(f"{folder} is no folder. Next step: --gallery FOLDER, in it a folder of pictures for each person")
    entries = sorted(folder.iterdir())
    people = [(entry.stem, [entry]) for entry in entries if entry.suffix.lower() in PICTURES]
    people += [(entry.name, sorted(entry.iterdir())) for entry in entries if entry.is_dir()]
    vectors: list[NDArray[np.float32]] = []
    persons: list[int] = []
    refused: list[tuple[str, str]] = []
    for number, (name, files) in enumerate(people):
        tell(name)
        for file in files:
            if file.suffix.lower() not in PICTURES:
                continue
            try:
                vectors.append(_template(pipeline, read_picture(file)))
                persons.append(number)
            except OSError as error:
                refused.append((str(file.relative_to(folder)), str(error).removeprefix(f"{file}: ")))
    if not vectors and not refused:
        raise OSError(f"{folder}: no picture in it. Next step: a folder of pictures for each person, named as they are")
    gallery = Gallery(np.stack(vectors), np.array(persons, np.int64)) if vectors else Gallery.empty()
    return Enrolled(gallery, tuple(name for name, _ in people), tuple(refused))


def faces(source: Path, pipeline: FacePipeline, known: Enrolled, plot: Path | None = None) -> list[dict[str, Any]]:
    """One row for the picture if it has faces, each with the door's own decision. OSError names the file."""
    rule = Rule.of_card(pipeline.embedder.card)
    rgb = read_picture(source)
    found = pipeline.detect(rgb)
    seen = [(face, _quality(rgb, face), match(pipeline.embed(rgb, face), known.gallery, rule)) for face in found]
    rows = [plain(*one, known.names) for one in seen]
    if plot is not None:
        write_png(plot, _drawn(rgb, found, rows))
    return [{"frame": 0, "faces": rows}] if rows else []


def _template(pipeline: FacePipeline, rgb: Picture) -> NDArray[np.float32]:
    found = pipeline.detect(rgb)
    if len(found) != 1:
        raise OSError("more than one face" if found else "no face found: look at the camera, with light from the front")
    quality = _quality(rgb, found[0])
    if quality.why:
        raise OSError(quality.why)
    if sunglasses(rgb, np.asarray(found[0].keypoints[:3], np.float32)):
        raise OSError("the eyes cannot be seen: take off dark glasses, with light from the front")
    return pipeline.embed(rgb, found[0])


def _quality(rgb: Picture, face: Face) -> Quality:
    return judge(rgb, face.box, np.asarray(face.keypoints[:3], np.float32))


def plain(face: Face, quality: Quality | None, found: Match | None, names: Sequence[str]) -> dict[str, Any]:
    """For JSON. `person` as the door would name it: a face that it would not look at is nobody's.

    Without the `quality` where it was not judged, without the last three where it was not compared.
    """
    row: dict[str, Any] = {"box": [round(float(value), 1) for value in face.box], "score": round(face.score, 3)}
    if quality is not None:
        row |= {"quality": round(quality.score, 3), "why": quality.why}
    if found is not None:
        named = found.person is not None and not (quality and quality.why)
        row |= {
            "person": names[found.person] if named and found.person is not None else None,
            "distance": round(found.distance, 4) if np.isfinite(found.distance) else None,
            "margin": round(found.margin, 4) if np.isfinite(found.margin) else None,
        }
    return row


def _drawn(rgb: Picture, boxes: list[Face], rows: list[dict[str, Any]]) -> NDArray[np.uint8]:
    """The picture, BGR, with each face's box, and who it is or why not."""
    out = np.ascontiguousarray(rgb[..., ::-1]).astype(np.uint8, copy=False)
    for face, row in zip(boxes, rows, strict=True):
        x0, y0, x1, y1 = (round(float(value)) for value in face.box)
        colour = _GREEN_BGR if row["person"] else _GREY_BGR
        cv2.rectangle(out, (x0, y0), (x1, y1), colour, 2)
        words = str(row["person"] or row["why"] or "unknown")
        cv2.putText(out, words.encode("ascii", "replace").decode(), (x0, y1 + 20), 0, 0.6, colour, 2, cv2.LINE_AA)
    return out
