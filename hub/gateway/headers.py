"""Which headers pass the gateway, each way. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from hub.gateway.call import Headers, Key

# RFC 9110 section 7.6.1, and what belongs to one connection or to the body's encoding on it.
_HOP_BY_HOP = frozenset({
    *("connection", "proxy-connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"),
    *("proxy-authenticate", "proxy-authorization", "proxy-authentication-info"),
    *("content-length", "content-encoding"),
})  # fmt: skip
_NOT_TO_UPSTREAM = _HOP_BY_HOP | {
    *("authorization", "api-key", "x-api-key", "cookie"),
    *("host", "forwarded", "expect", "accept-encoding", "content-type"),
}
_NOT_TO_CLIENT = _HOP_BY_HOP | {"set-cookie", "date", "server", "alt-svc", "strict-transport-security"}
_PRIVATE = ("x-evaldock-", "x-forwarded-")


def to_upstream(headers: Iterable[tuple[str, str]], key: Key | None) -> Headers:
    """Return the client's headers as the upstream gets them: its credentials replaced by ours, or by none."""
    passed = _passed(headers, _NOT_TO_UPSTREAM)
    return (*passed, ("Authorization", f"Bearer {key.value}")) if key else passed


def to_client(headers: Iterable[tuple[str, str]], key: Key | None) -> Headers:
    """Return the upstream's headers as the client gets them."""
    passed = _passed(headers, _NOT_TO_CLIENT)
    return tuple((name, key.scrub(value)) for name, value in passed) if key else passed


def _passed(headers: Iterable[tuple[str, str]], dropped: frozenset[str]) -> Headers:
    passed, named = [], set()
    for name, value in headers:
        lower = name.lower()
        if lower == "connection":
            named |= {word.strip().lower() for word in value.split(",")}
        elif lower not in dropped and not lower.startswith(_PRIVATE) and value.isascii():
            passed.append((name, value))
    return tuple(pair for pair in passed if pair[0].lower() not in named) if named else tuple(passed)
