"""The firmware's version, as Hello and the flashing ledger say it, and its anti-rollback number: never lowered, raised
when an older firmware may no longer run.
"""

FIRMWARE = "0.2.0"
ROLLBACK = 1
