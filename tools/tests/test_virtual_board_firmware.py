"""The real firmware on the virtual board, known only by its pins, its console and its broker."""

import asyncio
import contextlib
import dataclasses
import ssl
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from doorwire import listwriter, vocabulary
from doorwire.doorlist import Record, credential_digest, digest_key
from doorwire.frame import Frame
from doorwire.messages import Hello
from tools.authority import replace
from tools.broker import Broker
from tools.bundle import build_bundle
from tools.flash import Community, flash
from tools.provision import BrokerAddress, Identity, ledger_read, new_device
from tools.virtual_board import image
from tools.virtual_board.board import BoardError, VirtualBoard
from tools.virtual_board.serial_board import SerialBoard
from tools.virtual_board.wiegand import wiegand26, wiegand34

NOBODY = BrokerAddress("127.0.0.1", 9, "localhost")  # no broker there: a door needs none to open
FACILITY, CARD = 12, 3456
VALUE_26 = FACILITY << 16 | CARD
VALUE_34 = 0xC0FFEE01
RELEASE_S = 1
SETTLED_S = 0.15  # an input has been looked at and believed
EVENT_SIZE = 40  # bytes of an event in the journal, at least: a boot and a grant are journalled at each start


def run(story: Coroutine[Any, Any, None]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(60):
            await story

    asyncio.run(bounded())


def identity() -> Identity:
    return new_device("demo", NOBODY, b"", settings={"release_s": RELEASE_S})


def door(file: Path, who: Identity, *cards: int) -> VirtualBoard:
    """A provisioned board whose list grants `cards`."""
    digests = [credential_digest(digest_key(who.key), vocabulary.CREDENTIAL_CARD, card) for card in cards]
    records = [Record(digest, person) for person, digest in enumerate(digests, 1)]
    listed = listwriter.encode(who.key, bytes.fromhex(who.device), 1, 1_800_000_000, 0, [], records)
    replace(file, image.pack({**build_bundle().files, **who.files(), "list.bin": listed}), 0o600)
    return VirtualBoard(file)


def journalled(file: Path) -> int:
    """Bytes of journal in flash; 0 also when the board was writing just then."""
    try:
        files = image.read(file)
    except image.ImageError:
        return 0
    return sum(len(data) for path, data in files.items() if path.startswith("journal/"))


def test_firmware_known_cards_open_and_the_relay_falls_in_time(tmp_path: Path) -> None:
    async def story() -> None:
        board = door(tmp_path / "a.img", identity(), VALUE_26, VALUE_34)
        await board.start()
        try:
            for bits in (wiegand26(FACILITY, CARD), wiegand34(VALUE_34)):
                await board.swipe(bits)
                up = await board.wait_level("relay", True, 5)
                down = await board.wait_level("relay", False, 5)
                assert down.seen_s - up.seen_s == pytest.approx(RELEASE_S, rel=0.2)
        finally:
            await board.stop()

    run(story())


def test_firmware_unknown_card_and_broken_parity_leave_the_relay_alone(tmp_path: Path) -> None:
    async def story() -> None:
        board = door(tmp_path / "a.img", identity(), VALUE_26)
        await board.start()
        try:
            good = wiegand26(FACILITY, CARD)
            for bits in (wiegand26(FACILITY, CARD + 1), ("1" if good[0] == "0" else "0") + good[1:]):
                await board.swipe(bits)
            await board.swipe(good)  # taken in order: when this one has opened, the others have been judged
            await board.wait_level("relay", True, 5)
            assert [edge.level for edge in board.edges if edge.pin == "relay"] == [True]
        finally:
            await board.stop()

    run(story())


def test_firmware_heeds_its_inputs(tmp_path: Path) -> None:
    """The partner of an interlocked pair, a door that closes, the button inside, fire."""

    async def story() -> None:
        who = new_device("demo", NOBODY, b"", settings={"release_s": 20})
        board = door(tmp_path / "a.img", who, VALUE_26)
        await board.start()
        try:
            await board.set_input("interlock", True)
            await asyncio.sleep(SETTLED_S)
            await board.swipe(wiegand26(FACILITY, CARD))
            await board.wait_level("buzzer", True, 5)
            assert not [edge for edge in board.edges if edge.pin == "relay"]
            await board.set_input("interlock", False)
            await asyncio.sleep(SETTLED_S)
            await board.swipe(wiegand26(FACILITY, CARD))
            await board.wait_level("relay", True, 5)
            for contact in (True, False):
                await board.set_input("contact", contact)
                await asyncio.sleep(SETTLED_S)
            await board.wait_level("relay", False, 2)
            for name in ("rex", "fire"):
                await board.set_input(name, True)
                await board.wait_level("relay", True, 2)
            await board.set_input("rex", False)
            await board.set_input("contact", True)
            await asyncio.sleep(SETTLED_S)
            await board.set_input("contact", False)
            await asyncio.sleep(1)
            assert board.level("relay")
            await board.set_input("fire", False)
            await board.wait_level("relay", False, 2)
        finally:
            await board.stop()

    run(story())


def test_firmware_hung_after_the_grant_still_releases(tmp_path: Path) -> None:
    async def story() -> None:
        board = door(tmp_path / "a.img", identity(), VALUE_26)
        await board.start()
        try:
            await board.swipe(wiegand26(FACILITY, CARD))
            await board.wait_level("relay", True, 5)
            board.hang()
            await board.wait_level("relay", False, 5)
        finally:
            await board.cut_power()

    run(story())


def test_firmware_power_cut_and_restart_opens_again_and_keeps_its_journal(tmp_path: Path) -> None:
    async def story() -> None:
        board = door(tmp_path / "a.img", identity(), VALUE_26)
        for boot in range(1, 4):
            await board.start()
            assert not [edge for edge in board.edges if edge.pin == "relay"]
            await board.swipe(wiegand26(FACILITY, CARD))
            await board.wait_level("relay", True, 5)
            while journalled(board.image) < 2 * boot * EVENT_SIZE:  # noqa: ASYNC110 - flash tells nobody
                await asyncio.sleep(0.01)
            await board.cut_power()
            assert not board.level("relay")
            assert journalled(board.image) >= 2 * boot * EVENT_SIZE
            assert int(image.read(board.image)["boot.count"]) == boot

    run(story())


def test_firmware_power_cut_at_each_flash_write_of_a_boot_and_a_grant_costs_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        virgin = door(tmp_path / "a.img", identity(), VALUE_26).image.read_bytes()
        for cut_at in range(1, 60):
            replace(tmp_path / "a.img", virgin, 0o600)
            board = VirtualBoard(tmp_path / "a.img", cut_at=cut_at)
            with contextlib.suppress(BoardError):  # cut before the application ran
                await board.start()
                await board.swipe(wiegand26(FACILITY, CARD))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(board.wait_off(), 0.4)
            survived = board.running
            await board.cut_power()
            after = VirtualBoard(tmp_path / "a.img")
            await after.start()
            assert await after.wait_console("self-test ok", 5)
            await after.swipe(wiegand26(FACILITY, CARD))
            await after.wait_level("relay", True, 5)
            await after.cut_power()
            if survived:
                break
        assert survived
        assert cut_at > 5

    run(story())


def test_firmware_damaged_flash_is_told_and_left_as_it_is(tmp_path: Path) -> None:
    async def story() -> None:
        board = door(tmp_path / "a.img", identity(), VALUE_26)
        damaged = bytearray(board.image.read_bytes())
        damaged[: 2 * image.BLOCK_SIZE] = b"\x55" * (2 * image.BLOCK_SIZE)
        replace(board.image, bytes(damaged), 0o600)
        with pytest.raises(BoardError, match=r"flash is damaged.*Nothing was formatted"):
            await board.start()
        assert board.image.read_bytes() == damaged

    run(story())


def test_firmware_says_hello_over_tls_to_the_broker(tmp_path: Path) -> None:
    async def story() -> None:
        broker = Broker(tmp_path / "broker", "demo")
        who = new_device("demo", BrokerAddress("127.0.0.1", broker.port, "localhost"), broker.ca_pem)
        await broker.add_users({"controller": "word", who.device: who.broker_password})
        await broker.start()
        board = door(tmp_path / "a.img", who, VALUE_26)
        context = ssl.create_default_context(cadata=broker.ca_pem.decode())
        try:
            async with aiomqtt.Client(
                "localhost", broker.port, username="controller", password="word", tls_context=context
            ) as controller:
                await controller.subscribe(f"menshen/demo/door/{who.device}/up", qos=1)
                await board.start()
                async for message in controller.messages:
                    assert isinstance(message.payload, bytes)
                    hello = Frame.from_bytes(who.key, message.payload).message
                    assert isinstance(hello, Hello)
                    assert hello.firmware.decode() == build_bundle().version
                    assert hello.list_version == 1
                    break
        finally:
            await board.stop()
            await broker.stop()

    run(story())


def test_firmware_flashed_over_serial_starts_and_opens(tmp_path: Path) -> None:
    async def story() -> None:
        community = Community("demo", NOBODY, b"", tmp_path / "ledger.jsonl", {"release_s": RELEASE_S})
        serial_board = SerialBoard(tmp_path / "a.img")
        await serial_board.start()
        try:
            report = await asyncio.to_thread(flash, serial_board.port, community, build_bundle())
            assert report.ok, report.self_test
            board = await serial_board.wait_application(5)
            await board.swipe(wiegand26(FACILITY, CARD))
            await board.wait_level("buzzer", True, 5)
            assert not board.level("relay")  # it has no list yet
        finally:
            await serial_board.stop()
        assert ledger_read(community.ledger)[report.device].firmware == build_bundle().version

    run(story())


@pytest.mark.parametrize("ca", [b"", b"no certificate", b"-----BEGIN X-----\nAAAA\n-----END X-----\n"])
def test_firmware_with_a_damaged_ca_still_opens_from_its_list(tmp_path: Path, ca: bytes) -> None:
    async def story() -> None:
        board = door(tmp_path / "a.img", dataclasses.replace(identity(), ca_pem=ca), VALUE_26)
        await board.start()
        try:
            await board.swipe(wiegand26(FACILITY, CARD))
            await board.wait_level("relay", True, 2)
            assert any("link:" in line for line in board.console)
        finally:
            await board.stop()

    run(story())
