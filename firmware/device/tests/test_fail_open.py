"""A gate whose controller is silent: stays down, or goes up where that was commanded."""

import random

from device.commands import FAIL_OPEN_FILE
from device.tests.desk import Desk, scratch
from doorlogic import door as machine
from doorlogic.door import RESTING, Levels
from doorwire import messages
from doorwire import vocabulary as words

LOOP = Levels(False, False, False, True, False, False, False)


def command(op: int, argument: int = 0) -> messages.Command:
    return messages.Command(op=op, argument=argument, reason=words.REASON_NONE, person=0)


def gate(seconds: int, barrier: bool = True) -> Desk:
    desk = Desk(scratch(), barrier=barrier)
    desk.commands.heard(desk.frame(command(words.OP_FAIL_OPEN, seconds)))
    return desk


def later(desk: Desk, seconds: int) -> None:
    """Second by second, as the door's loop looks."""
    for _ in range(seconds):
        desk.board.now_ms += 1000
        desk.doorway.follow()


def is_up(desk: Desk) -> bool:
    return machine.is_released(desk.doorway._door, desk.board.now_ms)


def answer(desk: Desk) -> int:
    result = desk.link.sent[-1]
    assert isinstance(result, messages.Result)
    return result.reason


def test_gate_that_fails_closed_stays_down_however_long_it_hears_nothing() -> None:
    desk = Desk(scratch(), barrier=True)
    later(desk, 5_000)
    assert not is_up(desk) and desk.events() == []


def test_gate_that_fails_open_goes_up_after_its_time_and_down_with_the_next_genuine_frame() -> None:
    desk = gate(30)
    assert answer(desk) == words.REASON_NONE
    later(desk, 30)
    assert not is_up(desk)
    later(desk, 1)
    assert is_up(desk) and desk.doorway.mode == words.MODE_UNLOCKED
    forged = bytearray(desk.frame(command(words.OP_REPORT)))
    forged[-1] ^= 1
    desk.commands.heard(bytes(forged))
    assert is_up(desk)  # that was not the controller
    desk.commands.heard(desk.frame(command(words.OP_REPORT)))
    assert not is_up(desk) and desk.doorway.mode == words.MODE_LOCKED
    told = [row for row in desk.events() if row[0] == words.EVENT_MODE_CHANGED]
    assert told == [(words.EVENT_MODE_CHANGED, words.REASON_LINK_LOST)] * 2
    later(desk, 31)
    assert is_up(desk)


def test_gate_over_a_vehicle_does_not_begin_to_move_and_does_not_come_down() -> None:
    desk = gate(30)
    desk.doorway.sense(LOOP)
    later(desk, 31)
    assert not is_up(desk)
    desk.doorway.sense(RESTING)
    assert is_up(desk)
    desk.doorway.sense(LOOP)
    desk.commands.heard(desk.frame(command(words.OP_REPORT)))
    assert is_up(desk) and desk.doorway.mode == words.MODE_LOCKED
    desk.doorway.sense(RESTING)
    assert not is_up(desk)


def test_gate_that_a_person_shut_or_opened_stays_so() -> None:
    for mode, up in ((words.MODE_LOCKED_DOWN, False), (words.MODE_UNLOCKED, True)):
        desk = gate(30)
        desk.commands.heard(desk.frame(command(words.OP_MODE, mode)))
        later(desk, 100)
        assert is_up(desk) == up and desk.doorway.mode == mode
        desk.commands.heard(desk.frame(command(words.OP_REPORT)))
        assert is_up(desk) == up and desk.doorway.mode == mode


def test_only_a_barrier_takes_it_and_keeps_it_in_flash() -> None:
    door = gate(30, barrier=False)
    assert answer(door) == words.REASON_UNSUPPORTED
    later(door, 100)
    assert not is_up(door)
    desk = gate(30)
    with open(desk.commands._folder + FAIL_OPEN_FILE) as file:
        assert file.read() == "30"
    desk.commands.heard(desk.frame(command(words.OP_FAIL_OPEN, 86_401)))
    assert answer(desk) == words.REASON_UNSUPPORTED and desk.doorway.fail_open_s == 30
    desk.commands.heard(desk.frame(command(words.OP_FAIL_OPEN)))
    later(desk, 1_000)
    assert not is_up(desk)


def test_nothing_but_silence_and_a_setting_moves_it_whatever_happens() -> None:
    random.seed(7)
    for _ in range(20):
        desk = Desk(scratch(), barrier=True)
        seconds = heard_ms = 0
        for _ in range(60):
            was, what = is_up(desk), random.choice(("wait", "wait", "frame", "set", "loop", "free", "down", "normal"))
            if what == "wait":
                later(desk, random.choice((1, 20, 40)))
            elif what in ("loop", "free"):
                desk.doorway.sense(LOOP if what == "loop" else RESTING)
            else:
                seconds = random.choice((0, 30)) if what == "set" else seconds
                asked = {
                    "frame": command(words.OP_REPORT),
                    "set": command(words.OP_FAIL_OPEN, seconds),
                    "down": command(words.OP_MODE, words.MODE_LOCKED_DOWN),
                    "normal": command(words.OP_MODE, words.MODE_LOCKED),
                }[what]
                desk.commands.heard(desk.frame(asked))
                heard_ms = desk.board.now_ms
            if is_up(desk) and not was:
                silent = seconds and desk.board.now_ms - heard_ms > 1000 * seconds
                assert silent and not desk.doorway.levels.loop, what
            if was and not is_up(desk):
                assert not desk.doorway.levels.loop, what
