"""AES-128-CBC for OSDP's secure channel: MicroPython's own."""

from cryptolib import aes

_CBC = 2


def encrypt(key: bytes, iv: bytes, data: bytes) -> bytes:
    """Whole blocks."""
    return aes(key, _CBC, iv).encrypt(data)


def decrypt(key: bytes, iv: bytes, data: bytes) -> bytes:
    """Whole blocks."""
    return aes(key, _CBC, iv).decrypt(data)
