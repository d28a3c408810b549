"""Frames from the broker, honest and hostile: the relay moves for a fresh sealed command and for nothing else."""

import hashlib

from device.tests.desk import BOOT_ID, DEVICE, DIGESTS, KEY, NOW, Desk, card_list, scratch
from doorlogic import door as machine
from doorwire import doorlist, messages
from doorwire import vocabulary as words
from doorwire.doorlist import Record, credential_digest
from doorwire.frame import Frame, hmac_sha256
from doorwire.listwriter import encode

OPEN = messages.Command(op=words.OP_OPEN, argument=0, reason=words.REASON_FACE, person=9)


def results(desk: Desk) -> "list[int]":
    """The reasons of the Results sent."""
    return [message.reason for message in desk.link.sent if isinstance(message, messages.Result)]


def command(op: int, argument: int = 0) -> messages.Command:
    """A guard's command."""
    return messages.Command(op=op, argument=argument, reason=words.REASON_GUARD, person=3)


def install(desk: Desk, data: bytes, version: int, digest: "bytes | None" = None) -> "list[messages.Message]":
    """Send a list; what the door answered."""
    desk.link.sent.clear()
    digest = digest or hashlib.sha256(data).digest()
    desk.commands.heard(desk.frame(messages.ListBegin(version=version, base_version=0, size=len(data), digest=digest)))
    for at in range(0, len(data), 1024):
        desk.commands.heard(desk.frame(messages.ListChunk(version=version, offset=at, data=data[at : at + 1024])))
    desk.commands.heard(desk.frame(messages.ListCommit(version=version, digest=digest)))
    for _ in desk.commands.committing():
        pass
    return desk.link.sent


def installed(answers: "list[messages.Message]") -> messages.ListInstalled:
    """The last answer, which is a ListInstalled."""
    last = answers[-1]
    assert isinstance(last, messages.ListInstalled)
    return last


def test_open_releases_first_then_journals_with_reason_and_person() -> None:
    desk = Desk(scratch())
    desk.commands.heard(desk.frame(OPEN))
    assert desk.board.pulses == [("relay", 5_000, 10_000)] and results(desk) == [words.REASON_NONE]
    event = desk.journal.read(1)
    assert event is not None
    assert (event.kind, event.reason, event.person) == (words.EVENT_COMMAND_DONE, words.REASON_FACE, 9)


def test_open_twice_the_same_frame_opens_once() -> None:
    desk = Desk(scratch())
    frame = desk.frame(OPEN)
    for _ in range(3):
        desk.commands.heard(frame)
    assert desk.board.relay_pulses() == 1 and results(desk) == [words.REASON_NONE]
    assert desk.commands.refused == 2


def test_open_late_or_for_another_boot_is_refused_and_answered() -> None:
    desk = Desk(scratch())
    late = desk.frame(OPEN, lifetime_s=5)
    desk.board.now_ms += 6_000
    desk.commands.heard(late)
    desk.commands.heard(desk.frame(OPEN, boot_id=BOOT_ID + 1))
    assert desk.board.relay_pulses() == 0
    assert results(desk) == [words.REASON_COMMAND_EXPIRED, words.REASON_OTHER_BOOT]
    refused = words.EVENT_COMMAND_REFUSED
    assert desk.events() == [(refused, words.REASON_COMMAND_EXPIRED), (refused, words.REASON_OTHER_BOOT)]


def test_open_in_lockdown_is_refused() -> None:
    desk = Desk(scratch())
    desk.commands.heard(desk.frame(command(words.OP_MODE, words.MODE_LOCKED_DOWN)))
    desk.commands.heard(desk.frame(OPEN))
    assert desk.board.relay_pulses() == 0 and results(desk) == [words.REASON_NONE, words.REASON_LOCKED_DOWN]


def test_open_of_a_barrier_over_a_vehicle_is_refused() -> None:
    desk = Desk(scratch(), barrier=True)
    desk.doorway.sense(machine.Levels(False, False, False, True, False, False, False))
    desk.commands.heard(desk.frame(OPEN))
    assert desk.board.relay_pulses() == 0 and results(desk) == [words.REASON_LOOP_OCCUPIED]
    assert (words.EVENT_COMMAND_REFUSED, words.REASON_LOOP_OCCUPIED) in desk.events()


def test_mode_is_in_force_and_in_flash() -> None:
    folder = scratch()
    desk = Desk(folder)
    desk.commands.heard(desk.frame(command(words.OP_MODE, words.MODE_UNLOCKED)))
    assert desk.board.order == ["relay=1"] and desk.doorway.mode == words.MODE_UNLOCKED
    with open(folder + "mode", "rb") as file:
        assert file.read() == b"2"
    for mode in (words.MODE_ACCESSED, words.MODE_LOCKED_OPEN, 0, 8, 1 << 31):
        desk.commands.heard(desk.frame(command(words.OP_MODE, mode)))
    assert results(desk)[1:] == [words.REASON_UNSUPPORTED] * 5 and desk.doorway.mode == words.MODE_UNLOCKED


def test_sync_says_hello_report_says_state_reboot_restarts() -> None:
    desk = Desk(scratch())
    for op in (words.OP_SYNC, words.OP_REPORT, words.OP_IDENTIFY, words.OP_REBOOT):
        desk.commands.heard(desk.frame(command(op)))
    assert (desk.link.hellos, desk.link.reports, desk.commands.restart) == (1, 1, True)
    assert desk.board.relay_pulses() == 0 and results(desk) == [words.REASON_NONE] * 4


def test_second_factor_by_command_counts_for_its_person_alone() -> None:
    desk = Desk(scratch())
    with_pin = [Record(credential_digest(DIGESTS, 1, n), n, factor=doorlist.FACTOR_WITH_PIN) for n in (1, 2)]
    install(desk, encode(KEY, DEVICE, 1, NOW, 0, [], with_pin), 1)
    desk.commands.heard(desk.frame(command(words.OP_FACTOR, 10)))  # of person 3
    seen = messages.Command(op=words.OP_FACTOR, argument=10, reason=words.REASON_FACE, person=2)
    desk.commands.heard(desk.frame(seen))
    desk.doorway.badge(words.CREDENTIAL_CARD, 1)
    assert desk.board.relay_pulses() == 0
    desk.doorway.badge(words.CREDENTIAL_CARD, 2)
    assert desk.board.relay_pulses() == 1 and desk.events()[-1] == (words.EVENT_GRANTED, words.REASON_FACE)


def test_time_sets_the_clock_and_is_journalled_when_it_moved() -> None:
    desk = Desk(scratch())
    for unix in (NOW, NOW + 1, NOW + 3):
        desk.commands.heard(desk.frame(messages.Time(unix=unix, millis=500)))
        assert desk.clock.now_unix(desk.board.now_ms) == unix
    assert desk.events() == [(words.EVENT_CLOCK_SET, 0), (words.EVENT_CLOCK_SET, 0)]


def test_list_arrives_is_installed_and_decides() -> None:
    desk = Desk(scratch())
    data = card_list(1, list(range(200)))
    answers = install(desk, data, 1)
    progress = [answer.offset for answer in answers if isinstance(answer, messages.ListProgress)]
    assert progress == [0, 4096, len(data)]
    assert installed(answers).reason == words.REASON_NONE
    assert installed(answers).digest == hashlib.sha256(data).digest()[:8]
    desk.doorway.badge(words.CREDENTIAL_CARD, 150)
    desk.doorway.badge(words.CREDENTIAL_CARD, 250)
    assert desk.board.relay_pulses() == 1
    assert desk.events()[-2:] == [
        (words.EVENT_GRANTED, words.REASON_LISTED),
        (words.EVENT_DENIED, words.REASON_UNKNOWN_CREDENTIAL),
    ]


def test_list_chunk_out_of_order_is_answered_with_where_to_go_on() -> None:
    desk = Desk(scratch())
    desk.commands.heard(desk.frame(messages.ListBegin(version=1, base_version=0, size=3000, digest=bytes(32))))
    for offset in (0, 2048, 1024):
        desk.commands.heard(desk.frame(messages.ListChunk(version=1, offset=offset, data=bytes(1024))))
    offsets = [answer.offset for answer in desk.link.sent if isinstance(answer, messages.ListProgress)]
    assert offsets == [0, 1024]
    desk.commands.heard(desk.frame(messages.ListChunk(version=1, offset=2048, data=bytes(1024))))  # past its size
    assert desk.lists.offset == 2048


def test_list_refused_leaves_the_old_one_in_force() -> None:
    desk = Desk(scratch())
    install(desk, card_list(5, [1, 2, 3]), 5)
    good = card_list(6, [7])
    short = good[:32] + hmac_sha256(KEY, good[:32])[:16]  # well sealed, but a record less than it says
    for data, version, digest, reason in (
        (good[:-1] + b"\x00", 6, None, words.REASON_LIST_DIGEST),  # seal
        (good, 6, bytes(32), words.REASON_LIST_DIGEST),  # another digest than its own
        (good, 7, None, words.REASON_LIST_DIGEST),  # another version than its own
        (good[:40], 6, None, words.REASON_LIST_DIGEST),  # torn
        (short, 6, None, words.REASON_LIST_DIGEST),
        (good + good, 6, None, words.REASON_LIST_DIGEST),
        (card_list(6, [7], device=bytes(6)), 6, None, words.REASON_OTHER_DEVICE),
        (card_list(4, [7]), 4, None, words.REASON_LIST_OLDER),
        (card_list(5, [7]), 5, None, words.REASON_LIST_OLDER),
    ):
        answers = install(desk, data, version, digest)
        told = [answer.reason for answer in answers if isinstance(answer, messages.ListInstalled)]
        assert told[0] == reason, (version, told)
        assert (desk.lists.version, installed(answers).version) == (5, 5)
        assert desk.lists.lookup(1, 2)[1] is not None
    desk.commands.heard(desk.frame(messages.ListBegin(version=9, base_version=4, size=9, digest=bytes(32))))
    assert installed(desk.link.sent).reason == words.REASON_LIST_BASE
    install(desk, good, 6)
    assert desk.lists.version == 6


def test_list_that_begins_while_another_is_verified_takes_its_place() -> None:
    desk = Desk(scratch())
    install(desk, card_list(5, [1]), 5)
    early, late = card_list(6, list(range(100))), card_list(7, list(range(120)))
    digest = hashlib.sha256(early).digest()
    desk.commands.heard(desk.frame(messages.ListBegin(version=6, base_version=0, size=len(early), digest=digest)))
    for at in range(0, len(early), 1024):
        desk.commands.heard(desk.frame(messages.ListChunk(version=6, offset=at, data=early[at : at + 1024])))
    desk.commands.heard(desk.frame(messages.ListCommit(version=6, digest=digest)))
    steps = desk.commands.committing()
    assert next(steps) == -1
    digest = hashlib.sha256(late).digest()
    desk.commands.heard(desk.frame(messages.ListBegin(version=7, base_version=0, size=len(late), digest=digest)))
    desk.commands.heard(desk.frame(messages.ListChunk(version=7, offset=0, data=late[:1024])))
    assert list(steps) == [] and desk.lists.version == 5 and desk.lists.offset == 1024
    desk.doorway.badge(words.CREDENTIAL_CARD, 1)
    assert desk.events()[-1] == (words.EVENT_GRANTED, words.REASON_LISTED)
    for at in range(1024, len(late), 1024):
        desk.commands.heard(desk.frame(messages.ListChunk(version=7, offset=at, data=late[at : at + 1024])))
    desk.commands.heard(desk.frame(messages.ListCommit(version=7, digest=digest)))
    assert list(desk.commands.committing())[-1] == words.REASON_NONE and desk.lists.version == 7


def test_list_that_is_in_force_already_is_not_sent_again() -> None:
    desk = Desk(scratch())
    data = card_list(5, [1])
    install(desk, data, 5)
    desk.link.sent.clear()
    begin = messages.ListBegin(version=5, base_version=0, size=len(data), digest=hashlib.sha256(data).digest())
    desk.commands.heard(desk.frame(begin))
    assert installed(desk.link.sent).reason == words.REASON_NONE and desk.lists.incoming_version == 0


def test_list_damaged_in_flash_denies_and_keeps_the_journal() -> None:
    folder = scratch()
    desk = Desk(folder)
    install(desk, card_list(5, [1]), 5)
    kept = desk.journal.next_seq
    with open(folder + "list.bin", "rb") as file:
        data = bytearray(file.read())
    data[40] ^= 1
    with open(folder + "list.bin", "wb") as file:
        file.write(data)
    desk = Desk(folder)
    assert (desk.lists.version, desk.lists.reason) == (0, words.REASON_LIST_DIGEST)
    desk.doorway.badge(words.CREDENTIAL_CARD, 1)
    assert desk.board.relay_pulses() == 0 and desk.journal.next_seq == kept + 1
    assert desk.events()[-1] == (words.EVENT_DENIED, words.REASON_NO_LIST)
    install(desk, card_list(6, [1]), 6)
    desk.doorway.badge(words.CREDENTIAL_CARD, 1)
    assert desk.board.relay_pulses() == 1


def test_relay_moves_before_flash_is_written() -> None:
    desk = Desk(scratch())
    install(desk, card_list(1, [1]), 1)
    append = desk.journal.append
    desk.journal.append = lambda event: desk.board.order.append("flash") is None and append(event)  # type: ignore[method-assign]
    desk.board.order.clear()
    desk.doorway.badge(words.CREDENTIAL_CARD, 1)
    assert desk.board.order == ["relay", "led", "flash"]
    desk.close()


def test_hostile_frames_never_move_the_relay() -> None:
    desk = Desk(scratch())
    honest = [desk.frame(OPEN) for _ in range(3)]
    sent = [bytes(frame) for frame in honest]
    for frame in honest:
        desk.commands.heard(frame)
    opened = desk.board.relay_pulses()
    assert opened == 3
    seed = 1
    count = 0
    fresh = Frame(DEVICE, BOOT_ID, 1000, 999, OPEN).to_bytes(bytes(range(1, 33)))  # sealed under another key
    for base in sent + [fresh, desk.frame(OPEN, device=bytes(6)), desk.frame(OPEN, boot_id=1)]:
        for bit in range(8 * len(base)):
            changed = bytearray(base)
            changed[bit // 8] ^= 1 << bit % 8
            desk.commands.heard(bytes(changed))
            count += 1
        for end in range(len(base)):
            desk.commands.heard(base[:end])
            desk.commands.heard(base[end:] + base)
            count += 2
        for _ in range(500):
            seed = (seed * 1103515245 + 12345) & 0x7FFFFFFF
            changed = bytearray(base)
            for _ in range(1 + seed % 4):
                seed = (seed * 1103515245 + 12345) & 0x7FFFFFFF
                changed[seed // 256 % len(changed)] = seed % 256
            if bytes(changed) != base:
                desk.commands.heard(bytes(changed))
                count += 1
        desk.commands.heard(base)
        desk.board.now_ms += 1_000
    assert count > 5_000 and desk.board.relay_pulses() == opened
    assert desk.commands.refused >= count
    assert len(desk.events()) < 40  # a flood does not wear the flash out
