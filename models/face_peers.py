"""Other face pipelines on the same pictures, where their packages and files are at hand; never imported at run time.

dlib's own float pipeline needs the package `face_recognition`; OpenCV's YuNet and SFace their ONNX files in a folder.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from models.face import Vector
from models.face_geometry import Picture
from models.face_people import Pipeline

_YUNET, _SFACE = "*yunet*.onnx", "*sface*.onnx"


def available(weights: Path | None) -> dict[str, Pipeline | None]:
    """Every peer by name, None for those that cannot be had here; `weights` is the folder of foreign files."""
    files = [sorted(weights.glob(name)) for name in (_YUNET, _SFACE)] if weights else [[], []]
    return {
        "face_recognition": _dlib() if importlib.util.find_spec("face_recognition") else None,
        "yunet_sface": _opencv(files[0][0], files[1][0]) if all(files) else None,
    }


def _dlib() -> Pipeline:
    """As its documentation uses it: HOG detector, five landmarks, one look at the face."""
    import face_recognition
    import face_recognition_models

    def embed(rgb: Picture) -> Vector | None:
        boxes = face_recognition.face_locations(rgb)
        if not boxes:
            return None
        middle = np.array([rgb.shape[0], rgb.shape[1]]) / 2
        box = min(boxes, key=lambda b: float(np.abs(np.array([b[0] + b[2], b[1] + b[3]]) / 2 - middle).sum()))
        (vector,) = face_recognition.face_encodings(rgb, [box], model="small")
        return np.asarray(vector, np.float32)

    files = (
        face_recognition_models.face_recognition_model_location(),
        face_recognition_models.pose_predictor_five_point_model_location(),
    )
    return Pipeline(embed, sum(Path(file).stat().st_size for file in files) / 1e6)


def _opencv(yunet: Path, sface: Path) -> Pipeline:
    """As OpenCV's sample uses it; vectors of length 1, so that a distance orders as its cosine does."""
    detector = cv2.FaceDetectorYN.create(str(yunet), "", (320, 320), 0.6)
    recogniser = cv2.FaceRecognizerSF.create(str(sface), "")

    def embed(rgb: Picture) -> Vector | None:
        bgr = np.ascontiguousarray(rgb[:, :, ::-1])
        detector.setInputSize((bgr.shape[1], bgr.shape[0]))
        faces: Any = detector.detect(bgr)[1]
        if faces is None:
            return None
        middle = np.array([bgr.shape[1], bgr.shape[0]]) / 2
        face = min(faces, key=lambda f: float(np.abs(f[:2] + f[2:4] / 2 - middle).sum()))
        vector = recogniser.feature(recogniser.alignCrop(bgr, face))[0]
        return np.asarray(vector / np.linalg.norm(vector), np.float32)

    return Pipeline(embed, sum(file.stat().st_size for file in (yunet, sface)) / 1e6)
