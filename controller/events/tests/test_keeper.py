"""What is kept of captures: nothing by default; by a statement, of those who agreed to it, sealed, and not for long."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from controller.bus.tests.test_doors import signed
from controller.conftest import Middle
from controller.events.captures import Capture, Captures
from controller.events.keeper import PENDING, Keeper
from controller.settings import CapturesSettings, Purpose
from controller.store.errors import StoreFullError
from controller.store.templates import Consent, Origin

STATEMENT = CapturesSettings(
    purpose=Purpose(zh="查找尾随进入的人", en="To find who slipped in"), retention_days=7, cameras=("face-1",)
)
JPEG = b"\xff\xd8 a picture \xff\xd9"
MakeMiddle = Callable[[], Middle]
Scene = Callable[[Middle], Awaitable[None]]


def play(make_middle: MakeMiddle, scene: Scene) -> None:
    async def run() -> None:
        middle = make_middle()
        await middle.start()
        await middle.lists.apply(signed(1))
        for consent in ("1", "1+kept"):
            person = 7 if consent == "1+kept" else 8
            agreed, origin = Consent(consent, "guard"), Origin("net", "picture")
            await middle.store.templates.add(person, [bytes(512)], agreed, origin, middle.clock.unix())
        await scene(middle)
        await middle.stop()

    asyncio.run(run())


async def keeper(middle: Middle, settings: CapturesSettings | None = STATEMENT) -> Keeper:
    made = Keeper(settings, "1+kept", middle.store, middle.clock.unix)
    await made.start()
    return made


def capture(middle: Middle, name: str, person: int | None = 7, camera: str = "face-1") -> Capture:
    kind = "stranger" if person is None else "resident"
    return Capture(name, camera, kind, middle.clock.unix(), "opened", person, None)


async def offered(middle: Middle, keep: Keeper) -> list[str]:
    """Who is kept of a resident who agreed, one who agreed to something else, a stranger, and one elsewhere."""
    captures = Captures(middle.live, middle.clock.unix, keep.offer)
    captures.add(capture(middle, "of-seven"), JPEG)
    captures.add(capture(middle, "other-text", 8), JPEG)
    captures.add(capture(middle, "nobody-enrolled", 9), JPEG)
    captures.add(capture(middle, "stranger", None), JPEG)
    captures.add(capture(middle, "elsewhere", camera="face-2"), JPEG)
    await keep.idle()
    return [row.id for row in await middle.store.kept.latest(9)]


def on_disk(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.glob("controller.db*"))


def test_nothing_is_kept_without_a_statement(make_middle: MakeMiddle, tmp_path: Path) -> None:
    async def scene(middle: Middle) -> None:
        assert await offered(middle, await keeper(middle, None)) == []
        assert await middle.store.alerts.audited(9) == []

    play(make_middle, scene)


def test_a_statement_keeps_those_who_agreed_to_it_and_strangers_only_if_it_says_so(make_middle: MakeMiddle) -> None:
    async def scene(middle: Middle) -> None:
        assert await offered(middle, await keeper(middle)) == ["of-seven"]
        assert await middle.store.kept.jpeg("of-seven") == JPEG
        (act,) = await middle.store.alerts.audited(9)
        assert (act.who, act.action) == ("site file", "captures-statement")
        assert "7 days, face-1" in act.detail and "查找" in act.detail and "slipped in" in act.detail
        await keeper(middle)
        assert len(await middle.store.alerts.audited(9)) == 1  # the same statement is written down once
        await middle.store.kept.drop("of-seven")
        everybody = STATEMENT.model_copy(update={"strangers": True})
        assert sorted(await offered(middle, await keeper(middle, everybody))) == ["of-seven", "stranger"]
        assert await middle.store.kept.jpeg("stranger") == JPEG

    play(make_middle, scene)


def test_pictures_are_sealed_on_disk_and_gone_with_consent_and_date(make_middle: MakeMiddle, tmp_path: Path) -> None:
    async def scene(middle: Middle) -> None:
        keep = await keeper(middle, STATEMENT.model_copy(update={"strangers": True}))
        await offered(middle, keep)
        written = on_disk(tmp_path)
        assert b"other-text" not in written and b"of-seven" in written and b"a picture" not in written
        (row, picture) = (await middle.store.kept.of_person(7, 9))[0]
        assert picture == JPEG and row.keep_until_unix == row.at_unix + 7 * 86_400
        await middle.store.templates.withdraw(7, middle.clock.unix())
        assert await middle.store.kept.jpeg("of-seven") is None and await middle.store.kept.of_person(7, 9) == []
        assert b"of-seven" not in on_disk(tmp_path)
        middle.clock.now_s += 7 * 86_400 - 1
        await keep.drop_due()
        assert len(await middle.store.kept.latest(9)) == 1
        middle.clock.now_s += 1
        await keep.drop_due()
        assert await middle.store.kept.latest(9) == []

    play(make_middle, scene)


def test_another_statement_or_none_destroys_what_was_kept_and_is_written_down(make_middle: MakeMiddle) -> None:
    async def scene(middle: Middle) -> None:
        for changed in (STATEMENT.model_copy(update={"retention_days": 3}), None):
            await offered(middle, await keeper(middle))
            await keeper(middle, changed)
            assert await middle.store.kept.latest(9) == []
            assert "destroyed: 1" in (await middle.store.alerts.audited(1))[0].detail

    play(make_middle, scene)


def test_a_full_disk_and_a_flood_keep_less_and_end_nothing(
    make_middle: MakeMiddle, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene(middle: Middle) -> None:
        keep = await keeper(middle)
        for number in range(PENDING + 5):
            keep.offer(capture(middle, f"flood-{number}"), JPEG)
        await keep.idle()
        assert len(await middle.store.kept.latest(500)) == PENDING

        async def full(*_: object) -> bool:
            raise StoreFullError("the disk is full")

        monkeypatch.setattr(middle.store.kept, "keep", full)
        keep.offer(capture(middle, "late"), JPEG)
        await keep.idle()

    play(make_middle, scene)
