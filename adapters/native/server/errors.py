"""Why the server does not answer a request: what the client is told, in OpenAI's shape."""

from __future__ import annotations

from collections.abc import Mapping


class RefusedError(Exception):
    """A request that gets an error; `param` names the field that is wrong, `code` is for programs."""

    status = 400
    kind = "invalid_request_error"
    headers: Mapping[str, str] = {}

    def __init__(self, message: str, *, code: str = "invalid_value", param: str | None = None) -> None:
        """Keep the message for the client."""
        super().__init__(message)
        self.message = message
        self.code = code
        self.param = param


class UnknownError(RefusedError):
    """There is no such path, or no such model."""

    status = 404


class MethodError(RefusedError):
    """The path is there, for another method."""

    status = 405

    def __init__(self, message: str, allowed: str) -> None:
        """Tell which method is right."""
        super().__init__(message, code="method_not_allowed")
        self.headers = {"Allow": allowed}


class TooLargeError(RefusedError):
    """The body is larger than the server reads."""

    status = 413


class UnavailableError(RefusedError):
    """The server cannot take the request now; it may be sent again."""

    status = 503
    kind = "server_error"
    headers: Mapping[str, str] = {"Retry-After": "1"}

    def __init__(self, message: str, *, code: str) -> None:
        """Keep the message for the client."""
        super().__init__(message, code=code)


class FailedError(RefusedError):
    """The model failed while it answered."""

    status = 500
    kind = "server_error"

    def __init__(self, message: str) -> None:
        """Keep the message for the client."""
        super().__init__(message, code="model_failed")
