"""`menshen plates FILM`, `menshen faces FILM`: the passages that a camera of the controller would tell of a film."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from controller.vision.capture import Frame, pictures
from controller.vision.face_task import Look
from controller.vision.film import NAME, FaceFilm, FacePassage, Moment, PlateFilm, PlatePassage
from controller.watchlist.level import SURE_CONFIDENCE
from models.face import FacePipeline
from models.face_decision import Rule
from models.plate import PlatePipeline
from tools.faces_cli import Enrolled
from tools.faces_cli import plain as plain_face
from tools.frames import look_for_room, write_png
from tools.plates_cli import plain as plain_plate
from tools.sheet import Mark, Sheet

RATE = 25.0  # frames a second of a film that does not say
Tell = Callable[[float, float, int], None]
"""(seconds seen, seconds of the film or 0, passages so far)"""


@dataclass(frozen=True, slots=True)
class Watched:
    """How much of a film was looked at, and its passages as rows for JSON."""

    seconds: float
    stopped: bool
    passages: list[dict[str, Any]]


def plate_passages(source: Path, tell: Tell, plot: Path | None = None) -> Watched:
    """Ctrl-C ends the film there. OSError names the file and the next step."""
    if plot is not None:
        look_for_room(plot)
    film, sheet = PlateFilm(PlatePipeline()), Sheet()

    def see(frame: Frame) -> int:
        seen = film.see(frame)
        if plot is not None:
            sheet.note(frame.picture, [Mark(track, read.confidence, read.corners) for track, read in seen])
        return len(film.passages)

    seconds, stopped = _watch(source, see, tell)
    film.end()
    if plot is not None:
        told = [passage.sighting for passage in film.passages]
        write_png(plot, sheet.drawn([(one.track, f"{one.text[1:]} {one.confidence:.2f}") for one in told]))
    return Watched(seconds, stopped, [_plate_row(passage) for passage in film.passages])


def face_passages(
    source: Path, pipeline: FacePipeline, known: Enrolled, liveness: str, tell: Tell, plot: Path | None = None
) -> Watched:
    """`liveness` as in the site file: none, turn, nod. Ctrl-C ends the film there. OSError names the file."""
    if plot is not None:
        look_for_room(plot)
    film = FaceFilm(pipeline, Rule.of_card(pipeline.embedder.card), known.gallery, liveness)
    sheet = Sheet()

    def see(frame: Frame) -> int:
        seen = film.see(frame)
        if plot is not None:
            sheet.note(
                frame.picture,
                [Mark(look.track, look.quality.score if look.quality else 0.0, _quad(look.face.box)) for look in seen],
            )
        return len(film.passages)

    seconds, stopped = _watch(source, see, tell)
    film.end()
    passages = film.passages
    rows = [_face_row(passage, known.names) for passage in passages]
    if plot is not None:
        names = [str(row["person"] or row["why"] or "stranger") for row in rows]
        write_png(
            plot, sheet.drawn([(one.moments[0].seen.track, name) for one, name in zip(passages, names, strict=True)])
        )
    return Watched(seconds, stopped, rows)


def _quad(box: tuple[float, float, float, float]) -> NDArray[np.float32]:
    x0, y0, x1, y1 = box
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float32)


def _watch(source: Path, see: Callable[[Frame], int], tell: Tell) -> tuple[float, bool]:
    """(seconds seen, whether it was stopped)."""
    at_s = 0.0
    with _film(source) as (length_s, frames), _stoppable() as stop:
        for frame in frames:
            at_s = frame.at_monotonic
            tell(at_s, length_s, see(frame))
            if stop:
                break
    return at_s, bool(stop)


@contextmanager
def _stoppable() -> Iterator[list[int]]:
    """Empty until the first Ctrl-C, which interrupts nothing; the second one does."""
    stop: list[int] = []
    before = signal.getsignal(signal.SIGINT)

    def heard(number: int, _: object) -> None:
        stop.append(number)
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, heard)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _film(source: Path) -> Iterator[tuple[float, Iterator[Frame]]]:
    """(seconds, or 0 where it does not say; its frames, the first at 0 s)."""
    try:
        with av.open(str(source)) as container:
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            yield (container.duration or 0) / av.time_base, _frames(container, stream)
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        raise OSError(f"{source} cannot be read ({error.strerror}). Next step: look at the path") from error
    except (av.error.FFmpegError, IndexError) as error:
        raise OSError(
            f"{source} is neither a picture nor a video that can be read. Next step: a JPEG, PNG or MP4 that is whole"
        ) from error


def _frames(container: av.container.InputContainer, stream: av.VideoStream) -> Iterator[Frame]:
    rate = float(stream.average_rate or RATE)
    began_s: float | None = None
    for number, picture in enumerate(pictures(container, stream)):
        time_s = picture.time if picture.time is not None else number / rate
        began_s = time_s if began_s is None else began_s
        yield Frame(NAME, number, time_s - began_s, time_s - began_s, _upright(picture))


def _upright(picture: av.VideoFrame) -> av.VideoFrame:
    """As a player shows it: phones film on their side and say so."""
    turns = round(picture.rotation / 90) % 4
    if turns == 0:
        return picture
    rgb = picture.to_ndarray(format="rgb24").astype(np.uint8, copy=False)
    return av.VideoFrame.from_ndarray(np.ascontiguousarray(np.rot90(rgb, turns)), "rgb24")


def _plate_row(passage: PlatePassage) -> dict[str, Any]:
    told = passage.sighting
    return {
        **_times(passage.moments, told.at_unix),
        "text": told.text,
        "confidence": round(told.confidence, 4),
        "sure": told.confidence >= SURE_CONFIDENCE,
        "posteriors": [round(value, 4) for value in told.posteriors],
        "plate_type": told.plate_type,
        "colour": told.colour,
        "direction": told.direction,
        "body_colour": told.body_colour,
        "body_confidence": round(told.body_confidence, 3),
        "vehicle_class": told.vehicle_class,
        "frames": [_moment(moment) | plain_plate(moment.seen) for moment in passage.moments],
    }


def _face_row(passage: FacePassage, names: Sequence[str]) -> dict[str, Any]:
    told, looks = passage.sighting, [moment.seen for moment in passage.moments]
    row: dict[str, Any] = {**_times(passage.moments, told.at_unix if told else None), "decided": told is not None}
    if told is None:
        row |= {"person": None, "why": _why(looks)}
    else:
        row |= {
            "person": None if told.person is None else names[told.person],
            "why": "",
            "distance": round(told.distance, 4) if told.distance >= 0 else None,
            "margin": round(told.margin, 4) if told.margin >= 0 else None,
            "quality": round(told.quality, 3),
            "compared": told.frames,
            "others": told.others,
            "live": told.live,
            "wrong_move": told.wrong_move,
        }
    frames = [
        _moment(moment) | plain_face(look.face, look.quality, look.match, names)
        for moment, look in zip(passage.moments, looks, strict=True)
    ]
    return row | {"frames": frames}


def _why(looks: Sequence[Look]) -> str:
    """Why the door would say nothing of a face: what was wrong with most of its pictures."""
    reasons = Counter(look.quality.why for look in looks if look.quality is not None and look.quality.why)
    return reasons.most_common(1)[0][0] if reasons else "too few pictures that agree"


def _times(moments: Sequence[Moment[Any]], decided_s: float | None) -> dict[str, Any]:
    first, last = (moments[0].at_s, moments[-1].at_s) if moments else (decided_s or 0.0, decided_s or 0.0)
    told = None if decided_s is None else round(min(decided_s, last), 3)
    return {"from_s": round(first, 3), "to_s": round(last, 3), "decided_s": told}


def _moment(moment: Moment[Any]) -> dict[str, Any]:
    return {"frame": moment.frame, "at_s": round(moment.at_s, 3)}
