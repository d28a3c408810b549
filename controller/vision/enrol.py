"""A face for the gallery: from a picture or from a camera, with the reason in plain words when it is no good."""

from __future__ import annotations

import cv2
import numpy as np
from models.face import Face, FacePipeline
from numpy.typing import NDArray

from controller.vision.best_shot import Quality
from controller.vision.face_task import face_quality

MAX_BYTES = 10_000_000
MAX_SIDE_PX = 1600  # larger pictures are made smaller: a phone's 4000 px bring nothing


class NoTemplate(Exception):
    """The picture cannot be used; the message is for the person in it."""


def decode(jpeg: bytes) -> NDArray[np.uint8]:
    """(height, width, 3) RGB of a JPEG or PNG."""
    if len(jpeg) > MAX_BYTES:
        raise NoTemplate("the picture is larger than 10 MB: send a smaller one")
    bgr = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    if bgr is None:
        raise NoTemplate("this is no picture that can be read: send a JPEG or PNG")
    scale = MAX_SIDE_PX / max(bgr.shape[:2])
    if scale < 1:
        bgr = cv2.resize(bgr, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    rgb: NDArray[np.uint8] = np.ascontiguousarray(bgr[:, :, ::-1])
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
    return faces[0], quality


def template(pipeline: FacePipeline, rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(128,) float32 of the one good face in `rgb`, or NoTemplate."""
    face, _ = the_face(pipeline, rgb)
    vector: NDArray[np.float32] = pipeline.embed(rgb, face)
    return vector
