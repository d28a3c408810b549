"""Faces in a frame: detector → mesh → aligned chip → 128 numbers.

    pipeline = FacePipeline()
    for face in pipeline.detect(rgb):
        print(face.box, pipeline.embed(rgb, face))

One pipeline belongs to one thread.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models import face_geometry as geometry
from models.cards import load_card
from models.face_geometry import Face, Picture, Points
from models.runtime import Model

__all__ = ["Face", "FacePipeline", "distance"]


class FacePipeline:
    """The three nets, digest-checked. Raises `models.errors.ModelError` with the next step."""

    def __init__(self, threads: int = 1) -> None:
        names = ("face_detector", "face_landmarks", "face_embedder")
        self._detector, self._mesh, self._embedder = (Model(load_card(name), threads) for name in names)
        self._least = load_card("face_detector").thresholds["score"]

    def warm(self) -> None:
        """The first real frame costs what the others cost."""
        for model in (self._detector, self._mesh, self._embedder):
            model.warm()

    def detect(self, rgb: Picture) -> list[Face]:
        """Faces of (height, width, 3) RGB uint8, surest first."""
        found: list[Face] = []
        for tile in geometry.tiles(rgb.shape[1], rgb.shape[0]):
            first, second = self._detector.run(geometry.detector_input(rgb, tile))
            regressors, logits = (first, second) if first.shape[-1] == 16 else (second, first)
            found += geometry.decode(regressors[0], logits[0, :, 0], tile, self._least)
        return geometry.merge(found)

    def landmarks(self, rgb: Picture, face: Face) -> Points:
        """(468, 2) mesh points of `face`, px of the picture."""
        transform = geometry.mesh_transform(face)
        outputs = self._mesh.run(geometry.mesh_input(rgb, transform))
        raw = next(output for output in outputs if output.size == 1404)
        return geometry.back(raw.reshape(468, 3)[:, :2], transform)

    def embed(self, rgb: Picture, face: Face) -> NDArray[np.float32]:
        """(128,) float32: the mean of the aligned face's vector and its mirror image's. Compare with `distance`."""
        chip = geometry.chip(rgb, self.landmarks(rgb, face))
        both = [self._embedder.run(picture[None].astype(np.float32))[0][0] for picture in (chip, chip[:, ::-1])]
        return np.asarray(np.mean(both, axis=0), np.float32)


def distance(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Euclidean, between two results of `FacePipeline.embed`."""
    return float(np.linalg.norm(a - b))
