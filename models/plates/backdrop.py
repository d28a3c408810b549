"""What is around plates: photographs given at training time, drawn cars, grilles, signs, rings, OSD text."""

from pathlib import Path

import cv2
import numpy as np

Rng = np.random.Generator
Spot = tuple[int, int]
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
        for _ in range(int(rng.integers(0, 3))):
            width_px = float(np.exp(rng.uniform(np.log(20), np.log(max(30, width * 0.6)))))
            self.decoy(out, (rng.uniform(0, width), rng.uniform(0, height)), width_px, rng)
        return out

    def decoy(self, out: np.ndarray, middle: tuple[float, float], width_px: float, rng: Rng) -> None:
        """Something as large as a plate that is none: a lamp, a part of a grille, a board, a word, rings."""
        draw = (_glass_lamp, _slats, self._board, self._word, _badge)[int(rng.integers(5))]
        height_px = width_px * rng.uniform(0.2, 0.55)
        draw(out, (round(middle[0]), round(middle[1])), (max(8, round(width_px)), max(4, round(height_px))), rng)

    def _board(self, out: np.ndarray, middle: Spot, size: Spot, rng: Rng) -> None:
        """A dealer's board: plate-sized, with one or two lines of small characters."""
        ground, ink = _shade(rng, 30), _shade(rng, 30)
        (x, y), (width, height) = (middle[0] - size[0] // 2, middle[1] - size[1] // 2), size
        cv2.rectangle(out, (x, y), (x + width, y + height), ground, -1)
        if rng.random() < 0.5:
            cv2.rectangle(out, (x, y), (x + width, y + height), ink, 1)
        lines = int(rng.integers(0, 4))
        for line in range(lines):
            row_height = max(3, int(height / lines * 0.7))
            self._line(out, (x + 2, y + 1 + line * height // lines), (width - 4, row_height), ink, rng)

    def _line(self, out: np.ndarray, corner: Spot, size: Spot, ink: tuple[int, int, int], rng: Rng) -> None:
        count = max(9, round(size[0] / max(size[1], 1) * rng.uniform(0.9, 1.6)))
        step = size[0] / count
        for place in range(count):
            x, y = round(corner[0] + place * step), corner[1]
            box = out[max(y, 0) : max(y + size[1], 0), max(x, 0) : max(round(x + step - 1), 0)]
            if min(box.shape[:2]) < 2 or rng.random() < 0.1:
                continue
            glyph = self._glyphs[int(rng.integers(len(self._glyphs)))]
            box[cv2.resize(glyph, (box.shape[1], box.shape[0]), interpolation=cv2.INTER_AREA) > 110] = ink

    def _word(self, out: np.ndarray, middle: Spot, size: Spot, rng: Rng) -> None:
        """A maker's or model's name in chrome letters on bodywork."""
        letters = "ABCDEFGHIJKLMNOPRSTUVWXZ0123456789"
        text = "".join(letters[int(rng.integers(len(letters)))] for _ in range(int(rng.integers(2, 6))))
        scale = size[0] / (22 * len(text)) * rng.uniform(0.7, 1.2)
        face = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_TRIPLEX)[int(rng.integers(3))]
        start = (middle[0] - size[0] // 2, middle[1] + size[1] // 3)
        cv2.putText(out, text, start, face, max(0.25, scale), _shade(rng, 8), int(rng.integers(1, 4)), cv2.LINE_AA)

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


def _glass_lamp(out: np.ndarray, middle: Spot, size: Spot, rng: Rng) -> None:
    """A headlamp: a bright ellipse full of hard reflections."""
    coarse = rng.uniform(0, 255, (int(rng.integers(3, 8)), int(rng.integers(4, 16)), 1)) * rng.uniform(0.6, 1, 3)
    texture = cv2.resize(coarse.astype(np.float32), size, interpolation=cv2.INTER_LINEAR).clip(0, 255).astype(np.uint8)
    mask = np.zeros(size[::-1], np.uint8)
    axes = (size[0] // 2, size[1] // 2)
    cv2.ellipse(mask, axes, axes, float(rng.uniform(-12, 12)), 0, 360, 255, -1)
    x, y = middle[0] - axes[0], middle[1] - axes[1]
    x0, y0, x1, y1 = max(x, 0), max(y, 0), min(x + size[0], out.shape[1]), min(y + size[1], out.shape[0])
    if x1 > x0 and y1 > y0:
        part, inside = out[y0:y1, x0:x1], mask[y0 - y : y1 - y, x0 - x : x1 - x] > 0
        part[inside] = texture[y0 - y : y1 - y, x0 - x : x1 - x][inside]


def _slats(out: np.ndarray, middle: Spot, size: Spot, rng: Rng) -> None:
    """A grille or vent: bright bars on dark, upright, flat or leaning."""
    x0, y0 = middle[0] - size[0] // 2, middle[1] - size[1] // 2
    x1, y1 = x0 + size[0], y0 + size[1]
    dark, bright = int(rng.integers(0, 70)), _shade(rng, 5)
    cv2.rectangle(out, (x0, y0), (x1, y1), (dark, dark, dark), -1)
    if rng.random() < 0.5:
        lean = int(rng.integers(-4, 5))
        for x in range(x0, x1, max(3, round(size[0] / rng.uniform(5, 16)))):
            cv2.line(out, (x, y0), (x + lean, y1), bright, int(rng.integers(1, 4)))
    else:
        for y in range(y0, y1 + 1, max(3, round(size[1] / rng.uniform(2, 6)))):
            cv2.line(out, (x0, y), (x1, y), bright, int(rng.integers(1, 3)))
    if rng.random() < 0.4:
        cv2.rectangle(out, (x0, y0), (x1, y1), bright, int(rng.integers(1, 3)))


def _badge(out: np.ndarray, middle: Spot, size: Spot, rng: Rng) -> None:
    """Rings side by side or an oval emblem."""
    shade, radius = _shade(rng, 8), max(2, size[1] // 2)
    if rng.random() < 0.5:
        for place in range(4):
            centre = (middle[0] + round((place - 1.5) * radius * 1.5), middle[1])
            cv2.circle(out, centre, radius, shade, int(rng.integers(1, 4)), cv2.LINE_AA)
    else:
        cv2.ellipse(out, middle, (size[0] // 2, radius), 0, 0, 360, shade, int(rng.integers(-1, 4)) or 1, cv2.LINE_AA)
        cv2.line(out, (middle[0] - size[0] // 3, middle[1]), (middle[0] + size[0] // 3, middle[1]), _shade(rng), 2)


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
