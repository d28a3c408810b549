"""Sealed frames and the guard: nothing acts twice, late, elsewhere or after a change of one bit."""

from doorwire import messages
from doorwire import vocabulary as words
from doorwire.errors import MalformedError, RefusedError, SealError, WireError
from doorwire.frame import FRAME_LIMIT, Frame, Guard, device_of, hmac_sha256
from doorwire.tests.expect import refused
from doorwire.tests.vectors import BOOT_ID, COUNTER, DEVICE, KEY, UPTIME_S, VECTORS, sealed

SEALED = [sealed(vector, getattr(messages, vector[0]).TYPE) for vector in VECTORS]
OPEN = messages.Command(op=words.OP_OPEN, argument=0, reason=words.REASON_FACE, person=9)


def test_hmac_is_that_of_rfc_4231() -> None:
    assert hmac_sha256(b"Jefe", b"what do ya want for nothing?").hex() == (
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    )
    assert hmac_sha256(b"\xaa" * 131, b"Test Using Larger Than Block-Size Key - Hash Key First").hex() == (
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
    )


def test_frame_writes_its_vector() -> None:
    for (name, fields, _, _), whole in zip(VECTORS, SEALED):  # noqa: B905 (MicroPython's has no strict)
        frame = Frame(DEVICE, BOOT_ID, COUNTER, UPTIME_S, getattr(messages, name)(**fields))
        assert frame.to_bytes(KEY) == whole, name


def test_frame_reads_its_vector() -> None:
    for (name, fields, _, _), whole in zip(VECTORS, SEALED):  # noqa: B905 (MicroPython's has no strict)
        frame = Frame.from_bytes(KEY, whole)
        assert (frame.device, frame.boot_id, frame.counter, frame.uptime_s) == (DEVICE, BOOT_ID, COUNTER, UPTIME_S)
        assert frame.message == getattr(messages, name)(**fields)
        assert device_of(whole) == DEVICE


def test_frame_truncated_anywhere_is_refused() -> None:
    for whole in SEALED:
        for end in range(len(whole)):
            refused(WireError, Frame.from_bytes, KEY, whole[:end])
            refused(WireError, Frame.from_bytes, KEY, whole[len(whole) - end :])


def test_frame_with_any_bit_flipped_is_refused() -> None:
    for frame in SEALED:
        whole = bytearray(frame)
        for bit in range(8 * len(whole)):
            whole[bit // 8] ^= 1 << bit % 8
            refused(SealError, Frame.from_bytes, KEY, bytes(whole))
            whole[bit // 8] ^= 1 << bit % 8


def test_frame_under_another_key_is_refused() -> None:
    refused(SealError, Frame.from_bytes, bytes(32), SEALED[0])
    refused(SealError, Frame.from_bytes, b"", SEALED[0])


def test_frame_too_long_is_refused() -> None:
    refused(MalformedError, Frame.from_bytes, KEY, bytes(FRAME_LIMIT + 1))


def test_frame_well_sealed_of_another_version_or_type_is_refused() -> None:
    for at, byte in ((0, 0), (0, 2), (1, 0), (1, 17), (1, 255)):
        body = bytearray(SEALED[3][:-16])
        body[at] = byte
        refused(MalformedError, Frame.from_bytes, KEY, bytes(body) + hmac_sha256(KEY, bytes(body))[:16])


def test_frame_with_a_header_out_of_range_is_not_made() -> None:
    for boot_id, counter, uptime_s in ((-1, 0, 0), (0, 1 << 32, 0), (0, 0, -1)):
        refused(MalformedError, Frame(DEVICE, boot_id, counter, uptime_s, OPEN).to_bytes, KEY)
    refused(MalformedError, Frame(DEVICE[:5], 0, 0, 0, OPEN).to_bytes, KEY)
    refused(MalformedError, Frame(DEVICE, 0, 0, 0, OPEN).to_bytes, KEY[:31])


def reason_of(guard: Guard, frame: Frame, uptime_s: int) -> int:
    """Why the guard refuses."""
    error = refused(RefusedError, guard.admit, frame, uptime_s)
    assert isinstance(error, RefusedError)
    return error.reason


def test_guard_admits_a_fresh_command_once() -> None:
    guard = Guard(DEVICE, BOOT_ID)
    frame = Frame(DEVICE, BOOT_ID, 1, 100, OPEN)
    assert guard.admit(frame, 100) == OPEN
    assert reason_of(guard, frame, 100) == words.REASON_REPLAYED


def test_guard_refuses_an_older_counter() -> None:
    guard = Guard(DEVICE, BOOT_ID)
    guard.admit(Frame(DEVICE, BOOT_ID, 7, 100, OPEN), 1)
    assert reason_of(guard, Frame(DEVICE, BOOT_ID, 6, 100, OPEN), 1) == words.REASON_REPLAYED
    assert reason_of(guard, Frame(DEVICE, BOOT_ID, 0, 100, OPEN), 1) == words.REASON_REPLAYED


def test_guard_refuses_an_expired_command_for_good() -> None:
    guard = Guard(DEVICE, BOOT_ID)
    frame = Frame(DEVICE, BOOT_ID, 1, 100, OPEN)
    assert reason_of(guard, frame, 101) == words.REASON_COMMAND_EXPIRED
    assert reason_of(guard, frame, 100) == words.REASON_REPLAYED


def test_guard_refuses_another_boot_and_another_device() -> None:
    guard = Guard(DEVICE, BOOT_ID)
    assert reason_of(guard, Frame(DEVICE, BOOT_ID + 1, 1, 100, OPEN), 1) == words.REASON_OTHER_BOOT
    assert reason_of(guard, Frame(bytes(6), BOOT_ID, 1, 100, OPEN), 1) == words.REASON_OTHER_DEVICE
    assert guard.admit(Frame(DEVICE, BOOT_ID, 1, 100, OPEN), 1) == OPEN  # neither used the counter up


def test_guard_refuses_what_a_door_sends() -> None:
    guard = Guard(DEVICE, BOOT_ID)
    result = messages.Result(command_counter=1, reason=0)
    assert reason_of(guard, Frame(DEVICE, BOOT_ID, 1, 100, result), 1) == words.REASON_OTHER_DEVICE
