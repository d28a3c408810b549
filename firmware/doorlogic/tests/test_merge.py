"""A delta on its base is searched as the list it leads to, and merged into exactly that list."""

from doorlogic.merge import merge, whole_header
from doorlogic.search import find
from doorwire.doorlist import DIGEST_SIZE, HEADER_SIZE, SCHEDULE_SIZE, Goal, Header, Record
from doorwire.frame import SEAL_SIZE
from doorwire.listwriter import Calendar, encode, encode_delta
from doorwire.tests.vectors import DEVICE, KEY

NOTHING: "tuple[list[Record], list[Record]]" = ([], [])


class Bytes:
    """A list or a delta in memory."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.header = Header.from_bytes(data)
        self.reads = 0

    def read(self, offset: int, size: int) -> bytes:
        """As flash would."""
        self.reads += 1
        data = self.data[offset : offset + size]
        assert len(data) == size
        return data


class Chance:
    """The same numbers on both runtimes."""

    def __init__(self) -> None:
        self._state = 1

    def below(self, end: int) -> int:
        """0 … end - 1."""
        self._state = self._state * 6364136223846793005 + 1442695040888963407 & (1 << 64) - 1
        return (self._state >> 33) % end


def digest(number: int) -> bytes:
    """Evenly spread, as keyed digests are."""
    return (number * 0x9E3779B97F4A7C15 & (1 << 64) - 1).to_bytes(DIGEST_SIZE, "big")


def record(number: int, person: int = 0) -> Record:
    """Credential `number`."""
    return Record(digest(number), person or number)


def compare(
    base: "tuple[list[Record], list[Record]]",
    goal: "tuple[list[Record], list[Record]]",
    numbers: "list[int]",
    calendar: Calendar = Calendar(),  # noqa: B008 (never changed)
) -> int:
    """Delta on base against the whole list, digest by digest and byte by byte; the most reads of one search."""
    old = encode(KEY, DEVICE, 1, 100, 0, base[0], base[1])
    new = encode(KEY, DEVICE, 2, 200, 300, goal[0], goal[1], calendar)
    delta = encode_delta(KEY, old, new)
    parts = [Bytes(delta), Bytes(old)]
    whole = Bytes(new)
    most = 0
    for number in numbers:
        parts[0].reads = parts[1].reads = 0
        found = find(parts, digest(number))
        most = max(most, parts[0].reads + parts[1].reads)
        wanted = find([whole], digest(number))
        for ours, theirs in zip(found, wanted):  # noqa: B905 (MicroPython)
            assert (ours is None) == (theirs is None)
            assert ours is None or theirs is None or ours.to_bytes() == theirs.to_bytes()
    end = Goal.from_bytes(delta[HEADER_SIZE : 2 * HEADER_SIZE])
    assert b"".join(merge(parts[1], parts[0], end)) == new[:-SEAL_SIZE]
    assert whole_header(parts[0].header, end).to_bytes() == new[:HEADER_SIZE]
    return most


def test_any_delta_is_searched_and_merged_as_the_list_it_leads_to() -> None:
    chance = Chance()
    for size in (0, 1, 2, 19, 20, 21, 40, 90):
        for _ in range(8):
            sides = []
            for _ in range(2):
                denied = [record(n) for n in range(size) if chance.below(5) == 0]
                granted = [record(n, 1 + chance.below(2)) for n in range(size) if chance.below(3)]
                sides.append((denied, granted))
            compare(sides[0], sides[1], list(range(size + 5)))


def test_first_last_and_every_record_can_change() -> None:
    everyone = [record(n) for n in range(50)]
    for kept in (everyone[:0], everyone[:1], everyone[-1:], everyone[1:], everyone[:-1]):
        compare((kept, everyone), (everyone, kept), list(range(52)))
        compare((everyone, kept), (kept, everyone), list(range(52)))
    compare(NOTHING, (everyone, everyone), list(range(52)))
    compare((everyone, everyone), NOTHING, list(range(52)))


def test_calendar_is_the_deltas() -> None:
    weeks = (bytes([1]) * SCHEDULE_SIZE, bytes([2]) * SCHEDULE_SIZE)
    compare(([], [record(1)]), ([], [record(2)]), [1, 2], Calendar(weeks, ((5, 6), (9, 9)), 480))


def test_search_reads_little_of_20000_credentials_and_a_thousand_changes() -> None:
    base = [record(n) for n in range(19_500)]
    goal = [record(n) for n in range(500, 20_000)]
    denied = [record(n) for n in range(500)]
    most = compare((denied[:250], base), (denied[250:], goal), list(range(0, 21_000, 401)))
    assert most <= 14 + 4  # log2 20,000 = 14.3


def test_no_step_of_a_merge_looks_at_more_than_a_few_rows() -> None:
    old = Bytes(encode(KEY, DEVICE, 1, 0, 0, [], [record(n) for n in range(500)]))
    new = encode(KEY, DEVICE, 2, 0, 0, [], [])
    delta = Bytes(encode_delta(KEY, old.data, new))
    end = Goal.from_bytes(delta.data[HEADER_SIZE : 2 * HEADER_SIZE])
    steps = 0
    for piece in merge(old, delta, end):
        assert len(piece) <= 480 and old.reads + delta.reads <= 6
        old.reads = delta.reads = 0
        steps += 1
    assert steps >= 500 // 20
