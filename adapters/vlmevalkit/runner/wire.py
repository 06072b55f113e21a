"""One request to the gateway: a body in, an answer's text out, or why there is none."""

from __future__ import annotations

import contextlib
import http.client
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from adapters.runtime import gateway


class RequestError(Exception):
    """A request came back without an answer.

    Attributes:
        seen: the gateway said so itself, and has it in its ledger.
    """

    def __init__(self, message: str, *, seen: bool) -> None:
        """Keep both."""
        super().__init__(message)
        self.seen = seen


@dataclass(frozen=True)
class Line:
    """The way to one model; `url` ends in /v1. One try a request: the gateway has tried again already."""

    url: str
    timeout_s: float

    def ask(self, body: Mapping[str, Any], sample: str = "") -> str:
        """Return the answer, without the blanks around it; an empty one is an answer.

        Raises:
            RequestError: there is none.
        """
        headers = {"Content-Type": "application/json", **(gateway.sample_headers(sample) if sample else {})}
        content = json.dumps(body).encode()
        for wait_s in gateway.WAITS_S:
            with contextlib.suppress(_AwayError):
                return self._answer(content, headers)
            time.sleep(wait_s)
        return self._answer(content, headers)

    def _answer(self, content: bytes, headers: Mapping[str, str]) -> str:
        where = urlsplit(f"{self.url}/chat/completions")
        connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=self.timeout_s)
        try:
            connection.request("POST", where.path, content, dict(headers))
            response = connection.getresponse()
            return answer_of(response.status, response.read())
        except TimeoutError as error:
            raise RequestError(f"no answer from the gateway within {self.timeout_s:g} s", seen=False) from error
        except (OSError, http.client.HTTPException) as error:
            message = f"no answer from the gateway: {type(error).__name__}: {error}"
            raise _AwayError(message, seen=False) from error
        finally:
            connection.close()


class _AwayError(RequestError):
    """The gateway could not be reached; it may be back in a moment."""


def answer_of(status: int, content: bytes) -> str:
    """Return the text of an answer without the blanks around it, fit to be written to a table.

    Raises:
        RequestError: it is an error, or no answer.
    """
    try:
        body = json.loads(content)
        if status != 200:
            kind = _AwayError if gateway.error_type(body) == gateway.UNREACHABLE else RequestError
            raise kind(f"HTTP {status}: {body['error']['message']}", seen=kind is RequestError)
        text = body["choices"][0]["message"]["content"]
    except (ValueError, LookupError, TypeError) as error:
        start = content[:200].decode(errors="replace")
        raise RequestError(f"HTTP {status}, not an answer in OpenAI's form: {start}", seen=True) from error
    # Half of a surrogate pair cannot be written as UTF-8, and a zero byte ends a table for who reads it.
    return str(text or "").encode("utf-8", "replace").decode().replace("\0", "").strip()
