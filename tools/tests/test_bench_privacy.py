"""Nothing of a stranger is written or sent, nothing is left of who withdraws; and the search finds what it must."""

import base64
from pathlib import Path

import cv2
import numpy as np

from tools.bench_privacy import CAMERAS, bench_privacy, pictures_in, vectors_in


def test_the_search_finds_planted_pictures_and_vectors() -> None:
    rng = np.random.default_rng(1)
    noise = rng.bytes(200_000)
    face = rng.standard_normal(64).astype(np.float32)
    face /= np.linalg.norm(face)
    blurred = face + rng.standard_normal(64).astype(np.float32) * 0.07
    plain = (blurred / np.linalg.norm(blurred)).astype("<f4").tobytes()
    assert pictures_in(noise) == 0 and vectors_in(noise, face) == 0
    for hidden in (plain, base64.b64encode(plain)):
        assert vectors_in(noise[:1001] + b"{" + hidden + b"}" + noise[1001:], face) == 1
    for suffix in (".jpg", ".png"):
        picture = cv2.imencode(suffix, np.zeros((60, 60, 3), np.uint8))[1].tobytes()
        for hidden in (picture, base64.b64encode(picture)):
            assert pictures_in(noise + hidden + noise) == 1


def test_strangers_pass_and_leave_nothing_and_a_withdrawal_leaves_nothing(tmp_path: Path) -> None:
    figures = bench_privacy(tmp_path, passages=2 * CAMERAS)["figures"]
    assert isinstance(figures, dict)
    assert figures["passages"] >= 2 * CAMERAS and figures["disk_bytes"] > 100_000
    assert figures["broker_bytes"] > 100 and figures["server_bytes"] > 1_000
    assert figures["pictures"] == 0 and figures["vectors"] == 0
    assert figures["known_before_withdrawal"] and figures["sealed_rows"] == 2
    assert figures["withdrawn_s"] < 5 and figures["left_after_withdrawal"] == 0
    assert not figures["known_after_withdrawal"]
