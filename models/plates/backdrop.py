"""What is around plates: photographs given at training time, drawn cars, grilles, signs, rings, OSD text."""

from pathlib import Path

import cv2
import numpy as np

Rng = np.random.Generator
_PHOTO_EDGE_PX = 900


def load_photos(folders: list[Path], frames_per_video: int = 12) -> list[np.ndarray]:
    """Every JPEG, PNG and a few frames of every video below the folders, RGB, without those named after plates."""
    photos: list[np.ndarray] = []
    paths = sorted(path for folder in folders for path in ([folder] if folder.is_file() else folder.rglob("*")))
    for path in paths:
        if "plate" in path.name.lower():
            continue
        if path.suffix.lower() in (".jpg", ".png", ".webp"):
            picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
            photos += [_fitted(picture)] if picture is not None and min(picture.shape[:2]) >= 200 else []
        elif path.suffix.lower() in (".avi", ".mp4"):
            photos += _frames(path, frames_per_video)
    return photos


def _fitted(picture: np.ndarray) -> np.ndarray:
    scale = min(1.0, _PHOTO_EDGE_PX / max(picture.shape[:2]))
    smaller = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(smaller, cv2.COLOR_BGR2RGB)


def _frames(path: Path, count: int) -> list[np.ndarray]:
    video = cv2.VideoCapture(str(path))
    total = int(video.get(cv2.CAP_PROP_FRAME_COUNT))
    frames = []
    for number in np.linspace(0, max(total - 2, 0), count).astype(int):
        video.set(cv2.CAP_PROP_POS_FRAMES, int(number))
        ok, picture = video.read()
        frames += [_fitted(picture)] if ok else []
    return frames


class Backdrop:
    """Pictures without a plate, of any size."""

    def __init__(self, photos: list[np.ndarray], glyphs: list[np.ndarray]) -> None:
        self._photos, self._glyphs = photos, glyphs

    def picture(self, height: int, width: int, rng: Rng) -> np.ndarray:
        """(height, width, 3) uint8: a photograph's part or a drawn ground, with clutter on it."""
        drawn = not self._photos or rng.random() < 0.4
        out = _ground(height, width, rng) if drawn else self._photo(height, width, rng)
        for _ in range(int(rng.integers(0, 4))):
            draw = (_grille, _rings, _lamp, _box, self._sign, _osd, _lines)[int(rng.integers(7))]
            draw(out, rng)
        return out

    def _photo(self, height: int, width: int, rng: Rng) -> np.ndarray:
        photo = self._photos[int(rng.integers(len(self._photos)))]
        rows, columns = photo.shape[:2]
        share = min(columns / width, rows / height) * rng.uniform(0.3, 1.0)
        cut_w, cut_h = max(8, int(width * share)), max(8, int(height * share))
        x, y = (int(rng.integers(0, columns - cut_w + 1)), int(rng.integers(0, rows - cut_h + 1)))
        part = photo[y : y + cut_h, x : x + cut_w]
        method = cv2.INTER_AREA if share > 1 else cv2.INTER_LINEAR
        out = cv2.resize(part, (width, height), interpolation=method)
        return cv2.flip(out, 1) if rng.random() < 0.5 else out

    def _sign(self, out: np.ndarray, rng: Rng) -> None:
        """A shop or road sign: characters on a coloured board, never spaced like a plate."""
        height, width = out.shape[:2]
        size = int(rng.integers(8, max(9, height // 5)))
        count = int(rng.choice([1, 2, 3, 4, 10, 12]))
        x, y = int(rng.integers(-size, width)), int(rng.integers(0, height))
        ground, ink = _shade(rng, 60), _shade(rng, 60)
        if rng.random() < 0.7:
            cv2.rectangle(out, (x - 3, y - 3), (x + count * size + 3, y + size + 3), ground, -1)
        for place in range(count):
            box = out[max(y, 0) : y + size, max(x + place * size, 0) : max(x + (place + 1) * size - 1, 0)]
            if box.shape[0] < 3 or box.shape[1] < 3:
                continue
            glyph = self._glyphs[int(rng.integers(len(self._glyphs)))]
            mask = cv2.resize(glyph, (box.shape[1], box.shape[0]), interpolation=cv2.INTER_AREA)
            box[mask > 110] = ink


def _shade(rng: Rng, colourful: float = 20.0) -> tuple[int, int, int]:
    base = rng.uniform(0, 255)
    r, g, b = np.clip(base + rng.normal(0, colourful, 3), 0, 255).astype(int)
    return int(r), int(g), int(b)


def _point(out: np.ndarray, rng: Rng) -> tuple[int, int]:
    return int(rng.integers(0, out.shape[1])), int(rng.integers(0, out.shape[0]))


def _ground(height: int, width: int, rng: Rng) -> np.ndarray:
    coarse = rng.uniform(0, 255) + rng.normal(0, 30, (int(rng.integers(1, 7)), int(rng.integers(1, 9)), 3))
    smooth = cv2.resize(coarse.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.clip(smooth, 0, 255).astype(np.uint8)


def _grille(out: np.ndarray, rng: Rng) -> None:
    (x, y), width = _point(out, rng), int(rng.integers(20, out.shape[1]))
    height = int(rng.integers(6, max(7, out.shape[0] // 2)))
    cv2.rectangle(out, (x, y), (x + width, y + height), _shade(rng, 8), -1)
    bar, step, thick = _shade(rng, 8), int(rng.integers(3, 14)), int(rng.integers(1, 4))
    if rng.random() < 0.5:
        for at in range(y, y + height, step):
            cv2.line(out, (x, at), (x + width, at), bar, thick)
    else:
        for at in range(x, x + width, step):
            cv2.line(out, (at, y), (at, y + height), bar, thick)


def _rings(out: np.ndarray, rng: Rng) -> None:
    (x, y), radius = _point(out, rng), int(rng.integers(3, 20))
    shade = _shade(rng, 8)
    for place in range(int(rng.integers(1, 5))):
        centre = (x + round(place * radius * 1.5), y)
        cv2.circle(out, centre, radius, shade, int(rng.integers(1, 4)), cv2.LINE_AA)


def _lamp(out: np.ndarray, rng: Rng) -> None:
    axes = (int(rng.integers(4, 40)), int(rng.integers(3, 18)))
    cv2.ellipse(out, _point(out, rng), axes, float(rng.uniform(-30, 30)), 0, 360, _shade(rng, 40), -1, cv2.LINE_AA)


def _box(out: np.ndarray, rng: Rng) -> None:
    """A bare coloured board, plate-coloured now and then, without characters."""
    (x, y), width = _point(out, rng), int(rng.integers(10, 120))
    shade = [(30, 60, 180), (230, 180, 20), (120, 200, 140), (235, 235, 235), (15, 15, 15)][int(rng.integers(5))]
    shade = shade if rng.random() < 0.6 else _shade(rng, 60)
    cv2.rectangle(out, (x, y), (x + width, y + int(width * rng.uniform(0.15, 0.8))), shade, -1)
    if rng.random() < 0.4:
        cv2.rectangle(out, (x, y), (x + width, y + int(width * rng.uniform(0.15, 0.8))), _shade(rng), 1)


def _osd(out: np.ndarray, rng: Rng) -> None:
    signs = "0123456789:-/ ABCDEFGHIKLMOPRSTU"
    text = "".join(signs[int(rng.integers(len(signs)))] for _ in range(int(rng.integers(2, 20))))
    face = [cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_PLAIN, cv2.FONT_HERSHEY_DUPLEX][int(rng.integers(3))]
    thick = int(rng.integers(1, 3))
    cv2.putText(out, text, _point(out, rng), face, float(rng.uniform(0.3, 1.1)), _shade(rng, 30), thick, cv2.LINE_AA)


def _lines(out: np.ndarray, rng: Rng) -> None:
    for _ in range(int(rng.integers(1, 6))):
        cv2.line(out, _point(out, rng), _point(out, rng), _shade(rng), int(rng.integers(1, 6)), cv2.LINE_AA)
