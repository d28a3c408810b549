"""Words both ends share, as ids on the wire: consecutive, never reused.

Names for people are in `names.py` and, off the door, here too: the door has no use for 6 kB of them.
"""

import sys

# What a credential is. A PIN's digits never leave the door: its value on the wire is 0.
CREDENTIAL_NONE = 0
CREDENTIAL_CARD = 1
CREDENTIAL_PIN = 2
CREDENTIAL_CARD_PIN = 3  # a PIN that counts only after a card of the same person
LAST_CREDENTIAL = CREDENTIAL_CARD_PIN

# ONVIF PACS DoorPhysicalState, and Ajar (shut, bolt not home) and Propped.
DOOR_UNKNOWN = 0
DOOR_OPEN = 1
DOOR_CLOSED = 2
DOOR_FAULT = 3
DOOR_AJAR = 4
DOOR_PROPPED = 5
LAST_DOOR = DOOR_PROPPED

# ONVIF PACS LockPhysicalState.
LOCK_UNKNOWN = 0
LOCK_LOCKED = 1
LOCK_UNLOCKED = 2
LOCK_FAULT = 3
LAST_LOCK = LOCK_FAULT

# ONVIF PACS DoorMode, and Trial (decides and records, never refuses).
MODE_LOCKED = 1
MODE_UNLOCKED = 2
MODE_ACCESSED = 3
MODE_BLOCKED = 4
MODE_LOCKED_DOWN = 5
MODE_LOCKED_OPEN = 6
MODE_TRIAL = 7
LAST_MODE = MODE_TRIAL

# Alarms: bits of State.alarms.
ALARM_FORCED_OPEN = 1
ALARM_OPEN_TOO_LONG = 2
ALARM_TAMPER = 4
ALARM_FAULT = 8
ALARM_DURESS = 16
ALARM_AJAR = 32
ALARM_READER = 64  # a reader is away, or speaks without its secure channel
ALL_ALARMS = 127

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
EVENT_DURESS = 18
EVENT_OPEN_TOO_LONG_WARNING = 19
EVENT_AJAR = 20
EVENT_LOCKED_OUT = 21  # too many wrong PINs
EVENT_MODE_CHANGED = 22
EVENT_READER_LOST = 23
EVENT_READER_FOUND = 24
EVENT_OVERWRITTEN = 25  # `credential`: how many events were given up for newer ones
EVENT_UPDATE_STARTED = 26  # the new firmware's first boot
EVENT_UPDATE_CONFIRMED = 27
EVENT_UPDATE_UNDONE = 28
EVENT_SAFE_MODE = 29
LAST_EVENT = EVENT_SAFE_MODE

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
REASON_SEAL = 28
REASON_MALFORMED = 29
REASON_PIN_WRONG = 30
REASON_LOCKED_OUT = 31
REASON_USES_SPENT = 32
REASON_FIRST_PERSON_MISSING = 33
REASON_INTERLOCKED = 34
REASON_DURESS = 35
REASON_TOGGLED = 36
REASON_SCHEDULE = 37  # a mode that the door's own schedule brings
REASON_STUCK_REX = 38
REASON_STUCK_CONTACT = 39
REASON_TIMEOUT = 40
REASON_NOT_SECURE = 41  # a reader wanted to speak in the clear
REASON_WRONG_KEY = 42
REASON_EXCEPTION = 43
REASON_ROLLBACK = 44
REASON_UPDATE_DIGEST = 45
REASON_SELF_TEST = 46
REASON_BAD_BOOTS = 47
REASON_CLOCK_BOUND = 48  # the time sent is further off than a clock drifts
REASON_WATCHDOG = 49
REASON_POWER = 50  # a reader's own supply fails
REASON_LINK_LOST = 51  # a gate that fails open: no genuine frame for too long
REASON_STUCK_LOOP = 52  # a barrier that something holds where it is: a loop out of order, or a parked vehicle
LAST_REASON = REASON_STUCK_LOOP

# Operations of a Command.
OP_OPEN = 1
OP_MODE = 2
OP_SYNC = 3
OP_IDENTIFY = 4
OP_REBOOT = 5
OP_REPORT = 6
OP_FACTOR = 7  # the person's second factor is here: a card that needs one opens with it
OP_FAIL_OPEN = 8  # from now on a barrier goes up when no frame came for `argument` seconds; 0: never
LAST_OP = OP_FAIL_OPEN

# Boards, and why a board started, for Hello.
BOARD_UNIX = 1
BOARD_ESP32 = 2
BOARD_RP2 = 3
RESET_UNKNOWN = 0
RESET_POWER_ON = 1
RESET_HARD = 2
RESET_WATCHDOG = 3
RESET_DEEP_SLEEP = 4
RESET_SOFT = 5
LAST_BOARD = BOARD_RP2
LAST_RESET = RESET_SOFT

if sys.implementation.name != "micropython":
    from doorwire import names

    ALARMS = names.ALARMS
    BOARDS = names.BOARDS
    CREDENTIALS = names.CREDENTIALS
    DOORS = names.DOORS
    EVENTS = names.EVENTS
    LOCKS = names.LOCKS
    MODES = names.MODES
    OPS = names.OPS
    REASONS = names.REASONS
    RESETS = names.RESETS
