"""OSDP frames and secure channel, byte for byte against libosdp 3 in both roles.

`_LINE` is what libosdp's ControlPanel and PeripheralDevice said to each other, captured once (reader 0x65, key 10…1F):
a handshake, LED, BUZ, KEYSET to 40…4F, a handshake on that key, a card, four keys pressed, a poll.
"""

from doorlogic import osdp
from doorlogic.osdp_secure import Session
from doorlogic.tests import aes

_LINE = """
53650900046100d97a
53e514000445bebafe0101afbeaddeaddead07fd
53650900056200ba18
53e51d0005460301010401010501010801000901000a00011002006ca7
536513000e03110176d764c8cce93255c4f105
53e52b000e03120176beba0100afbeadde478d7aa05d83f3ea3ccc52314094216586af3900d2c17dded07e
53651b000f031301770a8e1bfdf088d6d857ef6ac10ab6ced2b33c
53e51b000f031401783f6df39b7c12fcfab43e811fcdfe74c59af4
53651e000d021769c7d4796468c36748e5e19bdec4827269d0eaa4a7492c
53e50e000d02164060d1bccc4669
53651e000e02176a3ddc2d7567c1814969c409179b4a2c33e875d3196236
53e50e000e02164072c351aef550
53652e000f021775b38f8eb7ded4ae2421587be9463352071687aacaed1e68b57b91e1708d4c1ac4cc6512a19a0e
53e50e000f0216401aca151f5423
536513000c03110176a2b7249b043e23cd8fe7
53e52b000c03120176beba0100afbeadde2866211bff3783d67041831220efb8aa6a7b841b2c04704fe042
53651b000d03130177b9030a271eea518aa08f0059ec99c189d8c2
53e51b000d03140178d09e397fe21d7171f572329ae0d19c97f380
53650e000e021560a1317996f299
53e51e000e0218505d65b3211fea87547311551a09ca01c8468c62f12f01
53650e000f02156052c95874f878
53e51e000f0218532c5c2d3248ecd33d788bddf4a56ee39e0552e56edaea
53650e000d0215609712b63ee9b7
53e50e000d021640468f1e97dcac
"""
_ADDRESS = 0x65
_KEYS = (bytes(range(0x10, 0x20)), bytes(range(0x40, 0x50)))
_COMMANDS = (  # of the two sessions, in the clear
    (osdp.LED, bytes([0, 0, 2, 5, 0, 2, 0, 5, 0, 0, 0, 0, 0, 0])),
    (osdp.BUZ, bytes([0, 2, 4, 0, 1])),
    (osdp.KEYSET, bytes([1, 16]) + _KEYS[1]),
    (osdp.POLL, b""),
    (osdp.POLL, b""),
)
_ANSWERS = (
    (osdp.ACK, b""),
    (osdp.ACK, b""),
    (osdp.ACK, b""),
    (osdp.RAW, bytes([0, 1, 26, 0]) + bytes.fromhex("8a5a5a40")),
    (osdp.KEYPAD, b"\x00\x04471\r"),
)


def _frames() -> "list[bytes]":
    return [bytes.fromhex(text) for text in _LINE.split()]


def _taken(raw: bytes) -> osdp.Reply:
    line = osdp.Line()
    line.feed(raw)
    reply = line.take()
    assert reply is not None
    return reply


def _handshake(frames: "list[bytes]", key: bytes) -> Session:
    """CHLNG, CCRYPT, SCRYPT, RMAC_I: ours would be the same as libosdp's."""
    challenge, ccrypt, scrypt, rmac = frames
    session = Session(aes, key, challenge[9:17])
    block = bytes([osdp.SCS_11, 1])
    assert osdp.closed(osdp.head(_ADDRESS, challenge[4] & 3, block, osdp.CHLNG, challenge[9:17])) == challenge
    reply = _taken(ccrypt)
    assert (reply.code, reply.block) == (osdp.CCRYPT, bytes([osdp.SCS_12, 1]))
    answer = session.answer(reply.payload)
    assert answer is not None
    block = bytes([osdp.SCS_13, 1])
    assert osdp.closed(osdp.head(_ADDRESS, scrypt[4] & 3, block, osdp.SCRYPT, answer)) == scrypt
    reply = _taken(rmac)
    assert (reply.code, reply.block) == (osdp.RMAC_I, bytes([osdp.SCS_14, 1]))
    assert session.begun(reply.payload) and not session.begun(bytes(16))
    return session


def test_session_says_and_understands_what_libosdp_does() -> None:
    frames = _frames()
    assert osdp.closed(osdp.head(_ADDRESS, 0, b"", osdp.ID, b"\x00")) == frames[0]
    assert osdp.closed(osdp.head(_ADDRESS, 1, b"", osdp.CAP, b"\x00")) == frames[2]
    exchanges = [(_COMMANDS[i], _ANSWERS[i]) for i in range(len(_COMMANDS))]
    for key, begin, part in ((_KEYS[0], 4, exchanges[:3]), (_KEYS[1], 14, exchanges[3:])):
        session = _handshake(frames[begin : begin + 4], key)
        at = begin + 4
        for (code, data), (answer_code, answer) in part:
            assert session.command(_ADDRESS, frames[at][4] & 3, code, data) == frames[at]
            reply = _taken(frames[at + 1])
            assert (reply.code, session.open(reply)) == (answer_code, answer)
            at += 2


def test_any_changed_byte_of_a_secured_reply_ends_the_session() -> None:
    frames = _frames()
    card = frames[19]
    for at in range(len(card) - 2):
        for bit in range(8):
            session = _handshake(frames[14:18], _KEYS[1])
            session.command(_ADDRESS, 2, osdp.POLL, b"")
            spoilt = card[:at] + bytes([card[at] ^ 1 << bit]) + card[at + 1 : -2]
            line = osdp.Line()
            line.feed(osdp.closed(spoilt))
            reply = line.take()
            assert reply is None or session.open(reply) is None


def test_replies_of_another_session_or_another_moment_are_not_understood() -> None:
    frames = _frames()
    session = _handshake(frames[14:18], _KEYS[1])
    for old in (frames[9], frames[11], frames[21]):  # of the session before; of the next turn
        session.command(_ADDRESS, 2, osdp.POLL, b"")
        assert session.open(_taken(old)) is None
    session = _handshake(frames[14:18], _KEYS[1])
    session.command(_ADDRESS, 2, osdp.POLL, b"")
    assert session.open(_taken(frames[19])) is not None
    session.command(_ADDRESS, 2, osdp.POLL, b"")
    assert session.open(_taken(frames[19])) is None


def test_proofs_under_another_key_or_of_another_size_are_none() -> None:
    frames = _frames()
    ccrypt = _taken(frames[5]).payload
    challenge = frames[4][9:17]
    assert Session(aes, _KEYS[0], challenge).answer(ccrypt) is not None
    assert Session(aes, _KEYS[1], challenge).answer(ccrypt) is None
    assert Session(aes, _KEYS[0], bytes(8)).answer(ccrypt) is None
    for size in range(len(ccrypt)):
        assert Session(aes, _KEYS[0], challenge).answer(ccrypt[:size]) is None
    assert Session(aes, _KEYS[0], challenge).answer(ccrypt + b"\x00") is None


def test_line_finds_each_reply_between_noise_and_in_any_pieces() -> None:
    replies = _frames()[1::2]
    stream = b""
    for raw in replies:
        stream += b"\xff\x53\x00" + raw + b"\x53\xe5\xff\x07"  # a false start before, one after
    for size in (1, 2, 7, 64):
        line = osdp.Line()
        found = []
        for at in range(0, len(stream), size):
            line.feed(stream[at : at + size])
            while True:
                reply = line.take()
                if reply is None:
                    break
                found.append(reply.code)
        assert found == [osdp.Reply(raw).code for raw in replies]


def test_line_takes_no_command_no_wrong_crc_no_checksum_and_holds_no_more_than_its_limit() -> None:
    frames = _frames()
    reply = frames[1]
    without_crc = reply[:4] + bytes([reply[4] & ~4]) + reply[5:-2]
    bad = [frames[0], reply[:-1] + bytes([reply[-1] ^ 1]), osdp.closed(without_crc)]
    bad += [osdp.closed(reply[:2] + bytes([size, 0]) + reply[4:-2]) for size in range(8)]
    for raw in bad:
        line = osdp.Line()
        line.feed(raw)
        assert line.take() is None
    line = osdp.Line()
    for _ in range(100):
        line.feed(b"\x53\xe5\xf0\x00" + bytes(60))
    assert len(line.held) <= osdp.LONGEST


def test_security_blocks_that_reach_over_the_frames_end_are_no_frames() -> None:
    for block in range(256):
        for kind in (0, osdp.SCS_12, osdp.SCS_16, osdp.SCS_18):
            raw = b"\x53\xe5\x10\x00\x0c" + bytes([block, kind]) + bytes(7)
            line = osdp.Line()
            line.feed(osdp.closed(raw))
            reply = line.take()
            longest = 8 - (4 if kind >= osdp.SCS_15 else 0)
            assert (reply is not None) == (2 <= block <= longest), (block, kind)
            assert reply is None or reply.code == 0
