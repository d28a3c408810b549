"""A face for the gallery: from a picture or from a camera, with the reason in plain words when it is no good."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from controller.vision.face_task import face_quality
from models import pictures
from models.face import Face, FacePipeline, distance
from models.face_quality import Quality, sunglasses
from models.picture_file import PictureError

MAX_BYTES = 10_000_000
SHOTS = 3
SHOT_APART_S = 0.3
SITTING_S = 6.0
MAX_SIDE_PX = 1600  # larger pictures are made smaller: a phone's 4000 px bring nothing


class NoTemplate(Exception):
    """The picture cannot be used; the message is for the person in it."""


def decode(jpeg: bytes) -> NDArray[np.uint8]:
    """(height, width, 3) RGB of a JPEG or PNG."""
    if len(jpeg) > MAX_BYTES:
        raise NoTemplate("the picture is larger than 10 MB: send a smaller one")
    try:
        rgb = pictures.decode(jpeg)
    except PictureError as error:
        raise NoTemplate(str(error)) from error
    scale = MAX_SIDE_PX / max(rgb.shape[:2])
    if scale < 1:
        rgb = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    return rgb


def the_face(pipeline: FacePipeline, rgb: NDArray[np.uint8]) -> tuple[Face, Quality]:
    """The one face of the picture and its quality; NoTemplate when there is none, several, or a poor one."""
    faces = pipeline.detect(rgb)
    if not faces:
        raise NoTemplate("no face found: look at the camera, with light from the front")
    if len(faces) > 1:
        raise NoTemplate("more than one face in the picture: only the person to be enrolled, please")
    quality = face_quality(rgb, faces[0])
    if quality.why:
        raise NoTemplate(quality.why)
    if sunglasses(rgb, np.asarray(faces[0].keypoints[:3], np.float32)):
        raise NoTemplate("the eyes cannot be seen: take off dark glasses, with light from the front")
    return faces[0], quality


class Sitting:
    """Up to SHOTS templates of whoever stands before a camera now; `look` at its frames until it gives an answer."""

    def __init__(self, pipeline: FacePipeline, same: float, now_s: float) -> None:
        """`same`: farther apart (Euclidean) two shots are not surely of one person."""
        self._pipeline = pipeline
        self._same = same
        self._until_s = now_s + SITTING_S
        self._next_s = now_s
        self._vectors: list[NDArray[np.float32]] = []
        self._why = "the camera gives no picture"

    def look(self, rgb: NDArray[np.uint8], at_s: float) -> list[NDArray[np.float32]] | None:
        """The templates once there are enough; NoTemplate when two people were seen."""
        if at_s < self._next_s:
            return None
        try:
            vector = template(self._pipeline, rgb)
        except NoTemplate as error:
            self._why = str(error)
            return None
        if self._vectors and distance(vector, self._vectors[0]) > self._same:
            raise NoTemplate("the pictures differ too much: only one person before the camera, holding still")
        self._vectors.append(vector)
        self._next_s = at_s + SHOT_APART_S
        return self._vectors if len(self._vectors) == SHOTS else None

    def ended(self, now_s: float) -> list[NDArray[np.float32]] | None:
        """After its time: what there is, or NoTemplate with the last reason."""
        if now_s < self._until_s:
            return None
        if not self._vectors:
            raise NoTemplate(self._why)
        return self._vectors


def template(pipeline: FacePipeline, rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The float32 vector of the one good face in `rgb`, or NoTemplate."""
    face, _ = the_face(pipeline, rgb)
    vector: NDArray[np.float32] = pipeline.embed(rgb, face)
    return vector
