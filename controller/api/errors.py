"""What the API refuses: a status, a code that the page has words for, and English words with the next step."""


class ApiError(Exception):
    """Answered as `{"code", "detail"}`."""

    def __init__(self, status: int, code: str, detail: str, retry_after_s: int = 0) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.retry_after_s = retry_after_s


def not_signed_in() -> ApiError:
    """No session, or one that has ended."""
    return ApiError(401, "not-signed-in", "log in first: POST /api/login")


def unknown(what: str) -> ApiError:
    """There is no such thing."""
    return ApiError(404, "unknown", f"there is no such {what}")
