"""The loader with real ROM images in LittleFS: whatever is damaged, what is whole runs; nothing is ever formatted."""

import gc
import hashlib
import sys

import vfs

import loader
from device.tests.ramflash import mounted
from doorwire import vocabulary as words

NAME = b"answer.py"
PATH = list(sys.path)


def image(value: int) -> bytes:
    """A ROMFS with one module that says `value`."""
    text = b"VALUE = %d\n" % value
    data = bytes([2, len(text)]) + text
    entry = bytes([len(NAME)]) + NAME + data
    record = bytes([5, len(entry)]) + entry
    length = bytes([len(record)])
    if (3 + len(length) + len(record)) % 2:
        length = b"\x80" + length
    body = b"\xd2\xcd\x31" + length + record + bytes(4)
    return body + hashlib.sha256(body).digest()


def put(folder: str, name: str, data: bytes) -> None:
    with open(folder + name, "wb") as file:
        file.write(data)


def boot(folder: str) -> "int | None":
    """What the application of this boot says; None when there is none."""
    threshold = gc.threshold()
    try:
        if not loader.mount(folder):
            return None
        sys.modules.pop("answer", None)
        import answer

        return answer.VALUE
    finally:
        sys.path[:] = PATH
        gc.threshold(threshold)  # the loader's is for a heap of 128 kB
        try:
            vfs.umount("/rom")
        except OSError:
            pass


def on_trial(folder: str) -> None:
    record = loader.Record(folder)
    record.active, record.trial = 1, 1
    record.write()


def test_loader_runs_the_slot_in_force() -> None:
    folder = mounted()
    put(folder, "a.rom", image(1))
    put(folder, "b.rom", image(2))
    assert boot(folder) == 1
    on_trial(folder)
    assert boot(folder) == 2


def test_loader_without_a_record_or_with_a_torn_one_runs_what_is_whole() -> None:
    for record in (None, b"", b"S1", b"S1" + bytes(15), b"\xff" * 17):
        for name in ("a.rom", "b.rom"):
            folder = mounted()
            put(folder, name, image(3))
            if record is not None:
                put(folder, "slot", record)
            assert boot(folder) == 3
            assert loader.Record(folder).active == (name == "b.rom")
            assert boot(folder) == 3


def test_loader_passes_over_an_image_damaged_anywhere() -> None:
    good = image(1)
    for n in range(len(good)):
        folder = mounted()
        put(folder, "a.rom", good[:n] + bytes([good[n] ^ 16]) + good[n + 1 :])
        put(folder, "b.rom", image(2))
        assert boot(folder) == 2, n
    for n in range(0, len(good), 7):
        folder = mounted()
        put(folder, "a.rom", good[:n])
        put(folder, "b.rom", image(2))
        assert boot(folder) == 2, n


def test_loader_whole_file_that_is_no_rom_is_passed_over() -> None:
    folder = mounted()
    put(folder, "a.rom", bytes(100) + hashlib.sha256(bytes(100)).digest())
    put(folder, "b.rom", image(2))
    assert boot(folder) == 2


def test_loader_with_no_firmware_says_so_and_touches_nothing() -> None:
    folder = mounted()
    put(folder, "a.rom", image(1)[:-1])
    put(folder, "list.bin", b"precious")
    assert boot(folder) is None
    with open(folder + "list.bin", "rb") as file:
        assert file.read() == b"precious"


def test_loader_trial_image_that_is_damaged_is_undone_with_its_reason() -> None:
    folder = mounted()
    put(folder, "a.rom", image(1))
    put(folder, "b.rom", image(2)[:-1] + b"?")
    on_trial(folder)
    assert boot(folder) == 1
    record = loader.Record(folder)
    assert (record.active, record.trial, record.why) == (0, 0, words.REASON_UPDATE_DIGEST)


def test_loader_trial_that_does_not_last_ends_in_the_slot_before() -> None:
    folder = mounted()
    put(folder, "a.rom", image(1))
    put(folder, "b.rom", image(2))
    on_trial(folder)
    assert [boot(folder) for _ in range(loader.TRIAL_BOOTS + 2)] == [2] * loader.TRIAL_BOOTS + [1, 1]
