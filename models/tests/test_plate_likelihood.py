"""How much a read speaks for a plate."""

import math

import pytest

from models.plates.likelihood import Confusion, likelihood_ratio, likelihood_ratios, measured_confusion

READ, SURE = "皖A12345", (0.98,) * 7


def ratio(read: str, plate: str, posteriors: tuple[float, ...] = SURE) -> float:
    return likelihood_ratio(read, posteriors, plate, measured_confusion())


def test_the_plate_itself_is_likeliest_and_further_ones_are_less_likely() -> None:
    assert ratio(READ, READ) > 1e5 > 1e2 > ratio(READ, "皖A12399") > 0
    assert ratio(READ, READ) > 100 * ratio(READ, "皖A12346")


def test_a_known_confusion_speaks_more_than_an_unknown_one() -> None:
    assert ratio("皖A0234D", "皖A02340") > 10 * ratio("皖A0234D", "皖A02341")


def test_doubt_at_the_differing_character_speaks_for_the_other_plate() -> None:
    doubtful = (*SURE[:6], 0.5)
    assert ratio("皖A1234D", "皖A12340", doubtful) > 10 * ratio("皖A1234D", "皖A12340")
    assert ratio(READ, READ, doubtful) < ratio(READ, READ)


def test_agreeing_province_and_office_prove_nothing_and_a_wrong_province_little() -> None:
    confusion = measured_confusion()
    assert likelihood_ratio("皖A", (0.9, 0.9), "皖A", confusion) <= 1
    assert ratio("沪A12345", READ) > 100
    assert ratio("?A12345", READ) > ratio("沪A12345", READ)
    assert ratio("皖K12345", READ) < ratio("沪A12345", READ)


@pytest.mark.parametrize(("read", "plate"), [(READ, "皖AD12345"), (READ, ""), ("", ""), ("京津沪渝冀晋蒙", READ)])
def test_another_length_or_kind_of_symbol_is_impossible(read: str, plate: str) -> None:
    assert likelihood_ratio(read, (0.9,) * len(read), plate, measured_confusion()) == 0.0


def test_many_plates_weigh_as_each_by_itself_and_a_symbol_is_reckoned_once() -> None:
    class Counting(Confusion):
        asked = 0

        def truth_if_wrong(self, truth: str, read: str) -> float:
            Counting.asked += 1
            return super().truth_if_wrong(truth, read)

    confusion = Counting({("0", "D"): 8, ("Q", "D"): 2})
    plates = ["", "皖A1", "皖AD12345", *(f"{head}{n:05d}" for head in ("皖A", "沪O", "1A") for n in range(300))]
    for read, posteriors in (("皖A0012D", (*SURE[:6], 0.5)), ("?A00123", SURE), ("皖A00123", SURE[:3])):
        Counting.asked = 0
        together = likelihood_ratios(read, posteriors, plates, confusion)
        assert Counting.asked < 7 * 12
        assert together == [likelihood_ratio(read, posteriors, plate, confusion) for plate in plates]


def test_truth_if_wrong_adds_up_to_one() -> None:
    confusion = Confusion({("0", "D"): 8, ("Q", "D"): 2, ("D", "D"): 90})
    others = "0123456789ABCEFGHJKLMNPQRSTUVWXYZ"
    assert math.isclose(sum(confusion.truth_if_wrong(truth, "D") for truth in others), 1.0)
    assert confusion.truth_if_wrong("0", "D") > 0.5 > confusion.truth_if_wrong("Q", "D") > 0.1


def test_the_committed_table_knows_what_readers_take_for_one_another() -> None:
    confusion = measured_confusion()
    assert confusion.truth_if_wrong("0", "D") + confusion.truth_if_wrong("Q", "D") > 0.3
    assert confusion.truth_if_wrong("8", "B") > confusion.truth_if_wrong("1", "B")
