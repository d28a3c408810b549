"""AES-128-CBC as the secure channel asks for it: MicroPython's own, or off the door that of `cryptography`."""

import sys

if sys.implementation.name == "micropython":
    from cryptolib import aes

    _CBC = 2

    def encrypt(key: bytes, iv: bytes, data: bytes) -> bytes:
        """Whole blocks."""
        return bytes(aes(key, _CBC, iv).encrypt(data))

    def decrypt(key: bytes, iv: bytes, data: bytes) -> bytes:
        """Whole blocks."""
        return bytes(aes(key, _CBC, iv).decrypt(data))
else:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    def encrypt(key: bytes, iv: bytes, data: bytes) -> bytes:
        """Whole blocks."""
        work = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
        return work.update(data) + work.finalize()

    def decrypt(key: bytes, iv: bytes, data: bytes) -> bytes:
        """Whole blocks."""
        work = Cipher(algorithms.AES(key), modes.CBC(iv)).decryptor()
        return work.update(data) + work.finalize()
