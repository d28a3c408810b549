"""Golden vectors: one of each message, its fields, its bytes, and the seal of its frame. Never edited: a byte that
changes here is a protocol that old doors do not speak.
"""

KEY = bytes(range(100, 132))
DEVICE = bytes.fromhex("02a1b2c3d4e5")
BOOT_ID = 0x01020304
COUNTER = 5
UPTIME_S = 1000
DIGEST = bytes(range(32))
HEADER = "01{:02x}02a1b2c3d4e50403020105000000e8030000"  # of every sealed frame below; its message type goes in

# (message, fields, message in hexadecimal, seal of its frame in hexadecimal)
VECTORS: "tuple[tuple[str, dict[str, object], str, str], ...]" = (
    (
        "Hello",
        {
            "firmware": b"0.1.0",
            "board": 1,
            "reset": 1,
            "boot_count": 3,
            "list_version": 7,
            "list_digest": b"\xa0\xa1\xa2\xa3\xa4\xa5\xa6\xa7",
            "epoch": 3735928559,
            "first_seq": 5,
            "next_seq": 9,
            "clock_unix": 1760000000,
            "free_heap": 41000,
        },
        "0500302e312e3001010300000007000000a0a1a2a3a4a5a6a7efbeadde05000000090000000078e76828a00000",
        "9f483cc9caa6356d1c4a296e80f8c7c9",
    ),
    (
        "State",
        {"door": 2, "lock": 1, "mode": 7, "alarms": 15, "list_version": 7, "clock_unix": 0, "free_heap": 41000},
        "0201070f070000000000000028a00000",
        "22e383a5ebbb514ff41797e91157f4f6",
    ),
    (
        "Event",
        {
            "epoch": 3735928559,
            "seq": 8,
            "kind": 2,
            "reason": 1,
            "at_unix": 1760000001,
            "at_uptime": 77,
            "credential_kind": 1,
            "credential": 78187493530,
            "person": 42,
            "list_version": 7,
            "list_age_s": 3600,
        },
        "efbeadde0800000002010178e7684d000000019a785634120000002a00000007000000100e0000",
        "6ee78361200b0b999e1fa5d92dcbfb46",
    ),
    (
        "Ack",
        {"epoch": 3735928559, "seq": 8},
        "efbeadde08000000",
        "de468fd8f7684d4643f4ccf8e8576110",
    ),
    (
        "Command",
        {"op": 1, "argument": 0, "reason": 15, "person": 42},
        "01000000000f2a000000",
        "3db6636b2d4f244a7b94c060718e356a",
    ),
    (
        "Result",
        {"command_counter": 12, "reason": 20},
        "0c00000014",
        "21d9b3ab2148edd3e832af2daefa164a",
    ),
    (
        "ListBegin",
        {"version": 8, "base_version": 0, "size": 4000000, "digest": DIGEST},
        "080000000000000000093d00000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        "fa3059710ce8d902dc7ecd98ccebe5ad",
    ),
    (
        "ListChunk",
        {"version": 8, "offset": 1024, "data": b"some bytes of a list"},
        "08000000000400001400736f6d65206279746573206f662061206c697374",
        "483a94a53632be17964aac20b9124835",
    ),
    (
        "ListProgress",
        {"version": 8, "offset": 2048},
        "0800000000080000",
        "de612e2ccb38024f7b0d2ca0814d04d0",
    ),
    (
        "ListCommit",
        {"version": 8, "digest": DIGEST},
        "08000000000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        "b5be52b3c927bb42ca62950bb96f8ef3",
    ),
    (
        "ListInstalled",
        {"version": 8, "digest": b"\xa0\xa1\xa2\xa3\xa4\xa5\xa6\xa7", "reason": 0},
        "08000000a0a1a2a3a4a5a6a700",
        "7ad3d5bcd0ddb5939a2e95663e52aed3",
    ),
    (
        "Time",
        {"unix": 1760000002, "millis": 999},
        "0278e768e703",
        "edba4f2968d8517f2081af51426595dd",
    ),
    (
        "UpdateBegin",
        {"firmware": b"0.2.0", "size": 1000000, "digest": DIGEST, "rollback": 2},
        "0500302e322e3040420f00000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f02000000",
        "1d1aef8e90976cd73d6ec5f7e78b879e",
    ),
    (
        "UpdateChunk",
        {"offset": 0, "data": b""},
        "000000000000",
        "c87324dba56b655e94f4d9c07efba495",
    ),
    (
        "UpdateCommit",
        {"digest": DIGEST},
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        "0a889beba3d66fb6420a8720aa9ac734",
    ),
    (
        "UpdateStatus",
        {"offset": 0, "reason": 26},
        "000000001a",
        "cd2d97fda941660ebddf1f626984ace5",
    ),
)


def sealed(vector: "tuple[str, dict[str, object], str, str]", message_type: int) -> bytes:
    """The bytes of a vector's sealed frame."""
    return bytes.fromhex(HEADER.format(message_type) + vector[2] + vector[3])
