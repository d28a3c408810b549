"""What people call the ids of `vocabulary.py`. ONVIF PACS names where it has one."""

CREDENTIALS = {0: "none", 1: "card", 2: "pin"}
DOORS = {0: "Unknown", 1: "Open", 2: "Closed", 3: "Fault", 4: "Ajar", 5: "Propped"}
LOCKS = {0: "Unknown", 1: "Locked", 2: "Unlocked", 3: "Fault"}
MODES = {
    1: "Locked",
    2: "Unlocked",
    3: "Accessed",
    4: "Blocked",
    5: "LockedDown",
    6: "LockedOpen",
    7: "Trial",
}
ALARMS = {1: "DoorForcedOpen", 2: "DoorOpenTooLong", 4: "Tamper", 8: "Fault"}
EVENTS = {
    1: "boot",
    2: "granted",
    3: "denied",
    4: "command-done",
    5: "command-refused",
    6: "request-to-exit",
    7: "door-opened",
    8: "door-closed",
    9: "DoorForcedOpen",
    10: "DoorOpenTooLong",
    11: "Tamper",
    12: "fire",
    13: "fault",
    14: "list-installed",
    15: "list-refused",
    16: "clock-set",
    17: "reader-error",
}
REASONS = {
    0: "none",
    1: "listed",
    2: "unknown-credential",
    3: "not-yet-valid",
    4: "expired",
    5: "revoked",
    6: "clock-unknown",
    7: "no-list",
    8: "outside-schedule",
    9: "factor-missing",
    10: "locked-down",
    11: "trial",
    12: "loop-occupied",
    13: "parity",
    14: "format",
    15: "face",
    16: "plate",
    17: "guard",
    18: "other-boot",
    19: "replayed",
    20: "command-expired",
    21: "other-device",
    22: "list-digest",
    23: "list-older",
    24: "list-base",
    25: "flash",
    26: "unsupported",
    27: "list-too-old",
    28: "seal",
    29: "malformed",
}
OPS = {1: "open", 2: "mode", 3: "sync", 4: "identify", 5: "reboot", 6: "report"}
BOARDS = {1: "unix", 2: "esp32", 3: "rp2"}
RESETS = {
    0: "unknown",
    1: "power-on",
    2: "hard",
    3: "watchdog",
    4: "deep-sleep",
    5: "soft",
}
