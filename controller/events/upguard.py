"""The gate for frames coming up: this device's seal, this boot, a new counter. Pure."""

from doorwire import vocabulary as words
from doorwire.errors import RefusedError
from doorwire.frame import Frame
from doorwire.messages import Hello


class UpGuard:
    """One device's gate. A new boot is taken only from a Hello that is not older than the last one known.

    Older = a lower boot count in a journal epoch that is known: someone replays a former life of the door.
    """

    def __init__(self, device: bytes, key: bytes, boot_id: int, boot_count: int, epochs: set[int]) -> None:
        self.device = device
        self.key = key
        self.boot_id = boot_id
        self.boot_count = boot_count
        self._counter = 0
        self._epochs = set(epochs)

    def unseal(self, payload: bytes) -> Frame:
        """The genuine frame; MalformedError or SealError. Says nothing about replay."""
        return Frame.from_bytes(self.key, payload)

    def seal(self, frame: Frame) -> bytes:
        """A frame down, sealed with this device's key."""
        return frame.to_bytes(self.key)

    def admit(self, frame: Frame) -> None:
        """Returns when the frame may act; RefusedError with its reason otherwise."""
        if not frame.message.UP or frame.device != self.device:
            raise RefusedError(words.REASON_OTHER_DEVICE)
        if frame.boot_id != self.boot_id or self.boot_id == 0:
            self._admit_boot(frame)
        elif frame.counter <= self._counter:
            raise RefusedError(words.REASON_REPLAYED)
        self._counter = frame.counter
        if isinstance(frame.message, Hello):
            self._epochs.add(frame.message.epoch)

    def _admit_boot(self, frame: Frame) -> None:
        hello = frame.message
        if not isinstance(hello, Hello):
            raise RefusedError(words.REASON_OTHER_BOOT)
        if hello.boot_count < self.boot_count and hello.epoch in self._epochs:
            raise RefusedError(words.REASON_OTHER_BOOT)
        self.boot_id = frame.boot_id
        self.boot_count = hello.boot_count
