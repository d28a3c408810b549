"""Errors of the protocol.

WireError                 nothing of the frame may be used
├── MalformedError        bytes that are no frame of this version (truncated, trailing, out of range)
├── SealError             the seal is not this device's
└── RefusedError          well sealed, yet not to be carried out; `.reason` is a `vocabulary.REASONS` id
"""


class WireError(Exception):
    """Root of what the protocol refuses."""


class MalformedError(WireError):
    """Bytes that are no frame of this version."""


class SealError(WireError):
    """The seal does not belong to this device's key and these bytes."""


class RefusedError(WireError):
    """A genuine frame that must not act: replayed, expired, for another boot."""

    def __init__(self, reason: int) -> None:
        super().__init__(reason)
        self.reason = reason
