"""Errors of the store.

StoreError                  tell a person: the words end with the next step
├── DatabaseCorruptError    restore the backup, or start anew
├── NewerSchemaError        a newer controller wrote it
├── InUseError              another controller has it open
├── BoxKeyError             the key file is missing beside a database, or not a key
├── StoreFullError          retry later: the disk is full or fails; nothing was stored
├── StoreBusyError          retry later: the writer's queue is full
└── GalleryFullError        no more people can be enrolled
"""


class StoreError(Exception):
    """Root of the store's errors."""


class DatabaseCorruptError(StoreError):
    """The file is no sound database."""


class NewerSchemaError(StoreError):
    """The schema is newer than this software."""


class InUseError(StoreError):
    """Another process holds the database."""


class BoxKeyError(StoreError):
    """The box key cannot be used."""


class StoreFullError(StoreError):
    """The disk took nothing; nothing was stored."""


class StoreBusyError(StoreError):
    """The writer's queue is full; nothing was stored."""


class GalleryFullError(StoreError):
    """As many people are enrolled as may be; nothing was stored."""
