"""What can go wrong with a model, split by what the caller does.

ModelError
├── ModelCardError     the card is missing or malformed: mend the card
├── ModelMissingError  the file is not there: build it
├── ModelDigestError   the file is not the one on the card: refuse it, build it again
├── ModelFormatError   LiteRT, or our converter, cannot read it: refuse it
└── ModelSourceError   a pinned package cannot be had or is not the pinned one: network, mirror or attack
"""

from __future__ import annotations


class ModelError(Exception):
    """Root of the models' errors; the message ends with the next step."""


class ModelCardError(ModelError):
    """A card that cannot be read."""


class ModelMissingError(ModelError):
    """The model's file has not been built."""


class ModelDigestError(ModelError):
    """The model's file is not the one that its card names."""


class ModelFormatError(ModelError):
    """A file that is not the network it claims to be."""


class ModelSourceError(ModelError):
    """The package a model is made from is out of reach or has another digest."""
