"""Faces in a frame: detectors → mesh → aligned chip → vector.

    pipeline = FacePipeline()
    for face in pipeline.detect(rgb):
        print(face.box, pipeline.embed(rgb, face))

One pipeline belongs to one thread.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from models import face_geometry as geometry
from models.cards import Card, embedder_card, load_card
from models.embedder import Embedder, Vector
from models.face_geometry import Face, Picture, Points
from models.runtime import Model

Box = tuple[float, float, float, float]
__all__ = ["Box", "Face", "FacePipeline", "Vector", "distance"]


class FacePipeline:
    """The four nets, digest-checked. Raises `models.errors.ModelError` with the next step."""

    def __init__(self, threads: int = 1, embedder: Embedder | None = None) -> None:
        """`embedder`: another one than the shipped."""
        names = ("face_detector", "face_detector_far", "face_landmarks")
        self._near, self._far, self._mesh = (Model(load_card(name), threads) for name in names)
        self.embedder = embedder or Embedder(embedder_card(), threads)
        self._sure = self._mesh.card.thresholds["sure"]

    @property
    def cards(self) -> tuple[Card, ...]:
        """What it is made of."""
        return tuple(model.card for model in (self._near, self._far, self._mesh, self.embedder))

    def warm(self) -> None:
        """The first real frame costs what the others cost."""
        for model in (self._near, self._far, self._mesh, self.embedder):
            model.warm()

    def detect(self, rgb: Picture) -> list[Face]:
        """Faces of (height, width, 3) RGB uint8, surest first."""
        whole, squares = geometry.views(rgb)
        seen = [(whole, self._look(self._near, whole)), *((view, self._look(self._far, view)) for view in squares)]
        faces = geometry.join(seen, rgb.shape[1], rgb.shape[0])
        return [face for face in faces if face.score >= self._sure or self._confirmed(rgb, face)]

    def follow(self, rgb: Picture, boxes: list[Box]) -> list[Face] | None:
        """The faces that were at `boxes` a moment ago, with an eighth of the work; None when one is not there."""
        seen = [(view, self._look(self._near, view)) for view in (geometry.around(box, rgb) for box in boxes)]
        faces = geometry.join(seen, rgb.shape[1], rgb.shape[0])
        faces = [face for face in faces if face.score >= self._sure or self._confirmed(rgb, face)]
        return faces if len(faces) >= len(boxes) else None

    def _look(self, detector: Model, view: geometry.View) -> list[Face]:
        first, second = detector.run(geometry.detector_input(view))
        regressors, logits = (first, second) if first.shape[-1] == 16 else (second, first)
        return geometry.blend(geometry.decode(regressors[0], logits[0, :, 0], view, detector.card.thresholds["score"]))

    def landmarks(self, rgb: Picture, face: Face) -> Points:
        """(468, 2) mesh points of `face`, px of the picture."""
        return np.ascontiguousarray(self.solid(rgb, face)[:, :2])

    def solid(self, rgb: Picture, face: Face) -> NDArray[np.float32]:
        """(468, 3) mesh points in space: px of the picture, z away from the camera on the same scale."""
        transform = geometry.mesh_transform(face)
        points, _ = self._meshed(rgb, transform)
        scale = float(np.sqrt(abs(np.linalg.det(transform[:, :2]))))
        return np.column_stack([geometry.back(points[:, :2], transform), points[:, 2] / scale])

    def _confirmed(self, rgb: Picture, face: Face) -> bool:
        """What the mesh net says about a weak find: hands, bags and headlights end here."""
        return self._meshed(rgb, geometry.mesh_transform(face))[1] >= self._mesh.card.thresholds["presence"]

    def _meshed(self, rgb: Picture, transform: NDArray[Any]) -> tuple[NDArray[np.float32], float]:
        """The mesh's points (468, 3) px of its own input, and whether a face is there (a logit)."""
        outputs = self._mesh.run(geometry.mesh_input(rgb, transform))
        points, presence = sorted(outputs, key=lambda output: -output.size)
        return points.reshape(468, 3), float(presence.ravel()[0])

    def embed(self, rgb: Picture, face: Face) -> Vector:
        """(embedder.dimensions,) float32 of length 1. Compare with `distance`."""
        return self.embedder.embed(self.embedder.chip(rgb, self.landmarks(rgb, face)))


def distance(a: Vector, b: Vector) -> float:
    """Euclidean, between two results of `FacePipeline.embed`: 0 … 2."""
    return float(np.linalg.norm(a - b))
