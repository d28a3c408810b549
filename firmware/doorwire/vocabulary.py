"""Words both ends share: ids on the wire, names for people. Ids are never reused."""

# What a credential is. A PIN's digits never leave the door: its value on the wire is 0.
CREDENTIAL_NONE = 0
CREDENTIAL_CARD = 1
CREDENTIAL_PIN = 2
CREDENTIALS = {0: "none", 1: "card", 2: "pin"}

# ONVIF PACS DoorPhysicalState, and Ajar (shut, bolt not home) and Propped.
DOOR_UNKNOWN = 0
DOOR_OPEN = 1
DOOR_CLOSED = 2
DOOR_FAULT = 3
DOOR_AJAR = 4
DOOR_PROPPED = 5
DOORS = {0: "Unknown", 1: "Open", 2: "Closed", 3: "Fault", 4: "Ajar", 5: "Propped"}

# ONVIF PACS LockPhysicalState.
LOCK_UNKNOWN = 0
LOCK_LOCKED = 1
LOCK_UNLOCKED = 2
LOCK_FAULT = 3
LOCKS = {0: "Unknown", 1: "Locked", 2: "Unlocked", 3: "Fault"}

# ONVIF PACS DoorMode, and Trial (decides and records, never refuses).
MODE_LOCKED = 1
MODE_UNLOCKED = 2
MODE_ACCESSED = 3
MODE_BLOCKED = 4
MODE_LOCKED_DOWN = 5
MODE_LOCKED_OPEN = 6
MODE_TRIAL = 7
MODES = {
    1: "Locked",
    2: "Unlocked",
    3: "Accessed",
    4: "Blocked",
    5: "LockedDown",
    6: "LockedOpen",
    7: "Trial",
}

# Alarms: bits of State.alarms.
ALARM_FORCED_OPEN = 1
ALARM_OPEN_TOO_LONG = 2
ALARM_TAMPER = 4
ALARM_FAULT = 8
ALARMS = {1: "DoorForcedOpen", 2: "DoorOpenTooLong", 4: "Tamper", 8: "Fault"}

# Kinds of journalled events.
EVENT_BOOT = 1
EVENT_GRANTED = 2
EVENT_DENIED = 3
EVENT_COMMAND_DONE = 4
EVENT_COMMAND_REFUSED = 5
EVENT_REQUEST_TO_EXIT = 6
EVENT_DOOR_OPENED = 7
EVENT_DOOR_CLOSED = 8
EVENT_FORCED_OPEN = 9
EVENT_OPEN_TOO_LONG = 10
EVENT_TAMPER = 11
EVENT_FIRE = 12
EVENT_FAULT = 13
EVENT_LIST_INSTALLED = 14
EVENT_LIST_REFUSED = 15
EVENT_CLOCK_SET = 16
EVENT_READER_ERROR = 17
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

# Why: of a grant, a denial or a refusal.
REASON_NONE = 0
REASON_LISTED = 1
REASON_UNKNOWN_CREDENTIAL = 2
REASON_NOT_YET_VALID = 3
REASON_EXPIRED = 4
REASON_REVOKED = 5
REASON_CLOCK_UNKNOWN = 6
REASON_NO_LIST = 7
REASON_OUTSIDE_SCHEDULE = 8
REASON_FACTOR_MISSING = 9
REASON_LOCKED_DOWN = 10
REASON_TRIAL = 11
REASON_LOOP_OCCUPIED = 12
REASON_PARITY = 13
REASON_FORMAT = 14
REASON_FACE = 15
REASON_PLATE = 16
REASON_GUARD = 17
REASON_OTHER_BOOT = 18
REASON_REPLAYED = 19
REASON_COMMAND_EXPIRED = 20
REASON_OTHER_DEVICE = 21
REASON_LIST_DIGEST = 22
REASON_LIST_OLDER = 23
REASON_LIST_BASE = 24
REASON_FLASH = 25
REASON_UNSUPPORTED = 26
REASON_LIST_TOO_OLD = 27
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
}

# Operations of a Command.
OP_OPEN = 1
OP_MODE = 2
OP_SYNC = 3
OP_IDENTIFY = 4
OP_REBOOT = 5
OP_REPORT = 6
OPS = {1: "open", 2: "mode", 3: "sync", 4: "identify", 5: "reboot", 6: "report"}

# Boards and reset causes, for Hello.
BOARD_UNIX = 1
BOARD_ESP32 = 2
BOARD_RP2 = 3
BOARDS = {1: "unix", 2: "esp32", 3: "rp2"}
RESETS = {0: "unknown", 1: "power-on", 2: "hard", 3: "watchdog", 4: "deep-sleep", 5: "soft"}
