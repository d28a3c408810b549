"""Each message against its golden vector; ranges in both directions."""

from doorwire import messages
from doorwire import vocabulary as words
from doorwire.errors import MalformedError
from doorwire.tests.expect import refused
from doorwire.tests.vectors import VECTORS


def test_messages_vectors_are_of_the_whole_table() -> None:
    assert sorted(name for name, *_ in VECTORS) == sorted(message.__name__ for message in messages.TABLE)


def test_messages_ids_are_unique_and_fixed() -> None:
    assert [message.TYPE for message in messages.TABLE] == list(range(1, 17))


def test_messages_write_their_vector() -> None:
    for name, fields, data, _ in VECTORS:
        assert getattr(messages, name)(**fields).to_bytes().hex() == data, name


def test_messages_read_their_vector() -> None:
    for name, fields, data, _ in VECTORS:
        message = getattr(messages, name).from_bytes(bytes.fromhex(data))
        assert {field: getattr(message, field) for field, _ in message.FIELDS} == fields, name


def test_messages_truncated_anywhere_are_refused() -> None:
    for name, _, data, _ in VECTORS:
        whole = bytes.fromhex(data)
        for end in range(len(whole)):
            refused(MalformedError, getattr(messages, name).from_bytes, whole[:end])


def test_messages_with_trailing_bytes_are_refused() -> None:
    for name, _, data, _ in VECTORS:
        refused(MalformedError, getattr(messages, name).from_bytes, bytes.fromhex(data) + b"\x00")


def test_messages_with_a_field_missing_or_too_many_are_refused() -> None:
    for name, fields, _, _ in VECTORS:
        for field in fields:
            refused(MalformedError, getattr(messages, name), **{k: v for k, v in fields.items() if k != field})
        refused(MalformedError, getattr(messages, name), extra=1, **fields)


def test_messages_with_a_number_out_of_range_are_refused() -> None:
    for name, fields, _, _ in VECTORS:
        message = getattr(messages, name)
        for field, (kind, size, low, high) in message.FIELDS:
            if kind == 0:
                for value in (low - 1, high + 1, -1, 1 << 8 * size, None, b"\x00", 1.0):
                    refused(MalformedError, message, **with_value(fields, field, value))
                for value in (low, high):
                    assert message.from_bytes(message(**with_value(fields, field, value)).to_bytes()) is not None


def test_messages_with_bytes_too_long_or_of_another_type_are_refused() -> None:
    for name, fields, _, _ in VECTORS:
        message = getattr(messages, name)
        for field, (kind, size, _, _) in message.FIELDS:
            if kind != 0:
                for value in (bytes(size + 1), "text", 7):
                    refused(MalformedError, message, **with_value(fields, field, value))


def test_messages_read_with_a_word_out_of_range_are_refused() -> None:
    command = bytearray(messages.Command(op=1, argument=0, reason=0, person=0).to_bytes())
    for op in (0, words.LAST_OP + 1, 255):
        command[0] = op
        refused(MalformedError, messages.Command.from_bytes, bytes(command))


def with_value(fields: "dict[str, object]", field: str, value: object) -> "dict[str, object]":
    """The fields, one of them another."""
    changed = dict(fields)
    changed[field] = value
    return changed
