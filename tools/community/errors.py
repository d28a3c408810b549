"""Errors of the community server.

CommunityError              tell a person: the words end with the next step
├── SetupError              its folder, key, tokens or port cannot be used
├── UnknownError            there is no such row: 404
└── ConflictError           the row contradicts another one: 409
"""


class CommunityError(Exception):
    """Root of the server's errors."""


class SetupError(CommunityError):
    """It cannot start."""


class UnknownError(CommunityError):
    """There is no such row."""


class ConflictError(CommunityError):
    """The row contradicts what is there."""
