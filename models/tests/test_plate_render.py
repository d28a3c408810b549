"""The renderer draws what it is asked, the same every time, and says what it cannot draw."""

import numpy as np
import pytest

from models.plates import geometry
from models.plates.glyphs import MissingGlyph, stroke_mask
from models.plates.layout import DOUBLE, EIGHT, SEVEN, layout_for
from models.plates.render import FACES, degrade, double_row_image, plate_image
from models.plates.samples import Drawn, expose
from models.plates.strokes import STROKES


def test_plate_image_has_the_plate_s_proportions() -> None:
    assert plate_image("皖A12345", "blue", 440).shape == (140, 440, 3)
    assert plate_image("沪AD12345", "green", 480).shape == (140, 480, 3)
    assert double_row_image("皖A12345", "yellow", 220).shape == (110, 220, 3)


@pytest.mark.parametrize("colour", FACES)
def test_plate_image_is_mostly_its_colour(colour: str) -> None:
    image = plate_image("京A11111", colour, 220)
    ground = np.array(FACES[colour][0])
    near = (abs(image.astype(int) - ground).max(2) < 60).mean()
    assert near > (0.3 if "green" in colour else 0.55)


def test_new_energy_plates_have_digits_of_their_own() -> None:
    yellow, green = (plate_image("京AD13691", colour, 480).max(2) < 80 for colour in ("yellow", "green"))
    assert (yellow ^ green)[:, 165:].sum() > 1000  # ink of the digits
    assert (yellow ^ green)[:, 15:120].sum() < 100  # but not of province and letter


def test_degrade_repeats_with_the_same_seed_and_differs_with_another() -> None:
    image = plate_image("皖A12345", "blue", 160)
    first, again, other = (degrade(image, np.random.default_rng(seed)) for seed in (7, 7, 8))
    assert first.shape == image.shape and first.dtype == np.uint8
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_every_letter_and_digit_is_drawn_and_no_two_alike() -> None:
    masks = {symbol: stroke_mask(symbol) for symbol in STROKES if symbol.isascii()}
    assert set(masks) == set("0123456789ABCDEFGHJKLMNPQRSTUVWXYZ")
    for one, mask in masks.items():
        for other, against in masks.items():
            assert one == other or np.mean(abs(mask.astype(int) - against) > 128) > 0.01, (one, other)


def test_a_glyph_that_we_have_not_drawn_is_named() -> None:
    with pytest.raises(MissingGlyph, match="藏"):
        plate_image("藏A12345", "blue", 100)


def test_a_length_that_no_plate_has_is_refused() -> None:
    with pytest.raises(ValueError, match="6 characters"):
        layout_for("皖A1234")


def test_slots_lie_inside_the_plate_in_reading_order() -> None:
    for layout in (SEVEN, EIGHT, DOUBLE):
        for slot in layout.slots:
            assert slot.x_mm > 0 and slot.x_mm + slot.width_mm < layout.width_mm
            assert slot.y_mm > 0 and slot.y_mm + slot.height_mm < layout.height_mm
        order = [(slot.y_mm, slot.x_mm) for slot in layout.slots]
        assert order == sorted(order)


def test_rectify_returns_the_plate_that_was_warped() -> None:
    plate = plate_image("皖A12345", "blue", 128)
    scene = np.zeros((200, 300, 3), np.uint8)
    scene[50 : 50 + plate.shape[0], 60:188] = plate
    corners = np.array([[60, 50], [188, 50], [188, 50 + plate.shape[0]], [60, 50 + plate.shape[0]]], np.float32)
    back = geometry.rectify(scene, corners, 128, plate.shape[0])
    assert abs(back.astype(int) - plate).mean() < 3


def test_double_row_strip_puts_the_upper_row_left() -> None:
    plate = np.zeros((220, 440, 3), np.uint8)
    plate[15:75, 110:330, 0] = 255
    plate[90:200, 27:412, 1] = 255
    strip = geometry.double_to_strip(plate)
    split = round(strip.shape[1] * geometry.TOP_ROW_SHARE)
    assert strip[:, :split, 0].mean() > 100 > strip[:, :split, 1].mean()
    assert strip[:, split:, 1].mean() > 100 > strip[:, split:, 0].mean()


def flat_blue() -> Drawn:
    layers = np.zeros((84, 264, 3), np.uint8)
    layers[..., 1:] = 255  # all plate, no ink
    return Drawn("皖A12345", "blue", layers, np.zeros((7, 2), np.float32))


def exposed(without: tuple[str, ...], quad: np.ndarray) -> np.ndarray:
    rng = np.random.default_rng(3)
    return np.stack([expose(flat_blue(), quad, rng, 1.0, without)[0] for _ in range(12)]).astype(int)


def test_expose_without_its_parts_leaves_the_plate_as_painted() -> None:
    whole = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    painted = np.array(FACES["blue"][0])
    assert abs(exposed(("resolution", "blur", "light"), whole)[:, 4:-4, 4:-4] - painted).max() <= 2
    for left_out in (("resolution", "blur"), ("resolution", "light")):  # light alone, then blur and noise alone
        assert abs(exposed(left_out, whole)[:, 4:-4, 4:-4] - painted).max() > 10
