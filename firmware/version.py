"""The firmware's version, as Hello and the flashing ledger say it."""

FIRMWARE = "0.1.0"
