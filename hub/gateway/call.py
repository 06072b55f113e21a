"""One call on its way through the gateway: what a client asked, and the answer, whole or as a stream."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Literal

from hub.gateway.config import Upstream
from hub.gateway.tokens import Usage
from hub.text import is_secret

Operation = Literal["chat/completions", "completions", "embeddings", "models"]
FailureType = Literal[
    "invalid_request_error",
    "upstream_unreachable",
    "upstream_timeout",
    "upstream_error",
    "upstream_invalid",
    "upstream_down",
    "budget_spent",
    "gateway_error",
]
MAX_BODY = 64 << 20  # bytes, in both directions
Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Failure:
    """Why there is no answer, in OpenAI's shape.

    Attributes:
        type: FailureType, or the upstream's own where it blames the request.
        headers: what else the client must know, such as Retry-After.
    """

    status: int
    type: FailureType | str
    code: str
    message: str
    param: str | None = None
    headers: Headers = ()

    def body(self) -> bytes:
        """Return the JSON that OpenAI's clients understand."""
        error = {"message": self.message, "type": self.type, "param": self.param, "code": self.code}
        return json.dumps({"error": error}).encode()


@dataclass
class Account:
    """What a call's row in the ledger will say; each step notes here what it alone knows.

    Attributes:
        key, number: hash of the request in its scope, and its occurrence there; set by the cache.
        bytes_in: of the request's body as it came.
        attempts: requests sent upstream.
        waited_s: for a free place, rates, and between tries.
        first_byte_at: the event loop's time at which a stream's first piece was there.
        cached: nothing was asked upstream for it.
        leave: gives its occurrence back, for others to take where it was not delivered; set by the cache.
    """

    key: str = ""
    number: int = 0
    bytes_in: int = 0
    attempts: int = 0
    waited_s: float = 0.0
    first_byte_at: float | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    cached: bool = False
    leave: Callable[[], None] = lambda: None

    @property
    def tokens(self) -> int | None:
        """Return all tokens; None where nobody counted."""
        return None if self.tokens_in is None or self.tokens_out is None else self.tokens_in + self.tokens_out

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Count the time in here as waited."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            yield
        finally:
            self.waited_s += loop.time() - began


@dataclass(eq=False)
class Call:
    """A valid request; only its body is set later than the rest.

    Attributes:
        headers: the client's, all of them; what goes on to the upstream is decided when it is sent.
        fields: the JSON body, empty for GET.
        session: which start of the job asks.
        body: what is sent upstream, encoded; empty until the cache has looked at it, and for GET.
        query: raw, without the question mark.
        expires_at: the event loop's time at which the answer must have ended.
        sample: what the runner calls the sample; empty where it does not say.
        account: what the ledger will say of it.
        connected: returns whether the client still waits.
        closing: closed when the call has ended, in whatever way: steps leave there what they hold until then.
    """

    job_id: str
    role: str
    dataset: str
    operation: Operation
    upstream: Upstream
    headers: Mapping[str, str]
    fields: Mapping[str, object]
    query: str
    expires_at: float
    closing: AsyncExitStack
    sample: str = ""
    session: int = 1
    body: bytes = b""
    connected: Callable[[], bool] = lambda: True
    account: Account = field(default_factory=Account)

    def time_left_s(self) -> float:
        """Return the seconds until the answer must have ended, 0 or less when it is too late."""
        return self.expires_at - asyncio.get_running_loop().time()


@dataclass(frozen=True)
class Answer:
    """What the client gets.

    Attributes:
        body: all of it, or the first piece of a stream.
        rest: further pieces of a stream, each of whole lines; a Failure as the last one if it broke.
        failure: set where the answer tells one.
        usage: what the upstream counted; of a stream nobody has counted yet.
    """

    status: int
    headers: Headers
    body: bytes
    rest: AsyncIterator[bytes | Failure] | None = None
    failure: Failure | None = None
    usage: Usage | None = None

    @classmethod
    def failed(cls, failure: Failure) -> Answer:
        """Return the answer that tells `failure`; OpenAI's own clients are asked not to try again what was tried."""
        headers = (("Content-Type", "application/json"), ("X-Should-Retry", "false"), *failure.headers)
        return cls(failure.status, headers, failure.body(), failure=failure)

    def with_rest(self, call: Call, rest: AsyncGenerator[bytes | Failure, None]) -> Answer:
        """Return this answer with other pieces to follow; they are closed with the call."""
        call.closing.push_async_callback(rest.aclose)
        return replace(self, rest=rest)


Step = Callable[[Call], Awaitable[Answer]]


@dataclass
class Key:
    """An API key that hides itself: its text is a placeholder, and it removes its value from other texts."""

    value: str = field(repr=False)

    def scrub(self, text: str) -> str:
        """Return `text` without the key."""
        return text.replace(self.value, "[key]") if is_secret(self.value) else text

    def scrub_bytes(self, data: bytes) -> bytes:
        """Return `data` without the key."""
        return data.replace(self.value.encode(), b"[key]") if is_secret(self.value) else data
