"""What tests need on both runtimes: MicroPython has no pytest."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def refused(
    error: "type[BaseException]", function: "Callable[..., object]", *arguments: object, **named: object
) -> BaseException:
    """The `error` that the call raises; AssertionError when it raises none."""
    try:
        function(*arguments, **named)
    except error as caught:
        return caught
    raise AssertionError("not refused")
