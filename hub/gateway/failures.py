"""What went wrong with an upstream, told to the client: exceptions, time-outs, statuses. Pure."""

from __future__ import annotations

import asyncio
import json
import math
import os
import re
import ssl
from dataclasses import replace
from datetime import datetime, timezone
from urllib.parse import urlsplit

import aiohttp

from hub.endpoint import socket_of
from hub.gateway.call import MAX_BODY, Failure, FailureType, Headers, Key
from hub.gateway.config import Upstream
from hub.gateway.connection import CannotConnectError, CannotResolveError, NotHttpError
from hub.gateway.limits import Limits
from hub.text import show_duration

# What is raised when an upstream misbehaves.
CLIENT_ERRORS = (aiohttp.ClientError, NotHttpError, asyncio.TimeoutError, OSError)
_NO_ADDRESS = (aiohttp.ClientConnectorDNSError, CannotResolveError)
_NO_CONNECTION = (aiohttp.ClientConnectorError, CannotConnectError)
# The first row that fits: the library's classes inherit from one another.
_CAUSES: tuple[tuple[type[Exception] | tuple[type[Exception], ...], FailureType, str, str], ...] = (
    (asyncio.TimeoutError, "upstream_timeout", "connect_timeout", "no connection in time"),
    (_NO_ADDRESS, "upstream_unreachable", "dns", "the host's name cannot be resolved"),
    ((aiohttp.ClientSSLError, ssl.SSLError), "upstream_unreachable", "tls", "TLS failed"),
    (aiohttp.ClientHttpProxyError, "upstream_unreachable", "proxy", "the proxy refused to connect"),
    (aiohttp.ClientProxyConnectionError, "upstream_unreachable", "proxy", "the proxy cannot be reached"),
    (_NO_CONNECTION, "upstream_unreachable", "connect", "cannot be reached"),
    ((aiohttp.ClientResponseError, NotHttpError), "upstream_invalid", "not_http", "the answer is no valid HTTP"),
    (Exception, "upstream_unreachable", "dropped", "closed the connection without an answer"),
)
_EXCERPT = 500
_KEPT_STATUSES = (503, 504)
_NO_TURN = "queue_timeout"


def from_exception(error: Exception, upstream: Upstream) -> Failure:
    """Return the failure for one of CLIENT_ERRORS; the library's text may hold anything: not repeated."""
    kind, code, what = next(row for known, *row in _CAUSES if isinstance(error, known))
    if code == "connect" and isinstance(error, OSError) and error.errno:
        what = f"{what}: {os.strerror(error.errno)}"
    status = 504 if kind == "upstream_timeout" else 502
    return Failure(status, kind, code, f"{name_of(upstream)}: {what}")


def no_place(upstream: Upstream, limits: Limits) -> Failure:
    """Return the failure of a call that got no free place within its deadline."""
    return _no_turn(
        upstream, f"no free place within {upstream.deadline_s:g} s ({limits.concurrency} calls at a time)"
    )


def no_turn(upstream: Upstream, limits: Limits) -> Failure:
    """Return the failure of a call that the rates do not let through within its deadline."""
    rates = {"requests": limits.requests_per_minute, "tokens": limits.tokens_per_minute}
    shown = " and ".join(f"{limit:,} {what} a minute" for what, limit in rates.items() if limit is not None)
    return _no_turn(upstream, f"no turn within {upstream.deadline_s:g} s ({shown})")


def asked_to_wait(upstream: Upstream, wait_s: float, last: Failure | None = None) -> Failure:
    """Return the failure of a call that the server put off for longer than is left of its time.

    Args:
        upstream: the server.
        wait_s: for how long.
        last: what it said, where it said it to this call.
    """
    said = f"{last.message}; it" if last else name_of(upstream)
    what = f"asks for a pause of {show_duration(wait_s)}, and a request may take {upstream.deadline_s:g} s in all"
    headers = (("Retry-After", str(math.ceil(wait_s))),)
    return Failure(429, "upstream_error", "retry_after", f"{said} {what}", headers=headers)


def still_away(upstream: Upstream, last: Failure) -> Failure:
    """Return the failure of a call that waited for a server to come back, as long as it could."""
    what = f"did not come back within {upstream.deadline_s:g} s: {_what(last, upstream)}"
    return Failure(last.status, last.type, _NO_TURN, f"{name_of(upstream)} {what}")


def down(upstream: Upstream, away_s: float, last: Failure, now: float) -> Failure:
    """Return the failure of every call once a server has been away too long.

    Args:
        upstream: the server.
        away_s: for how long.
        last: what it did last.
        now: seconds since the epoch.
    """
    since = datetime.fromtimestamp(now - away_s, timezone.utc)
    what = f"has answered no request since {since:%H:%M:%S} UTC ({show_duration(away_s)})"
    return Failure(503, "upstream_down", "outage", f"{name_of(upstream)} {what}: {_what(last, upstream)}")


def took_too_long(upstream: Upstream, within_s: float | None = None) -> Failure:
    """Return the failure of a call whose answer did not end in time: within its deadline, or `within_s`."""
    seconds = upstream.deadline_s if within_s is None else within_s
    return Failure(504, "upstream_timeout", "timeout", f"{name_of(upstream)}: no whole answer in {seconds:g} s")


def after_tries(failure: Failure, tries: int, seconds: float) -> Failure:
    """Return `failure`, its message saying how often and for how long was tried where that was more than once."""
    if tries < 2:
        return failure
    return replace(failure, message=f"{failure.message} (after {tries} tries in {show_duration(seconds)})")


def no_room(upstream: Upstream) -> Failure:
    """Return the failure of a call with a large body, before which too many others were for too long."""
    return _no_turn(upstream, f"no room in memory for a large request within {upstream.deadline_s:g} s")


def cannot_keep(reason: str) -> Failure:
    """Return the failure of a call whose answer cannot be kept, which ends the gateway."""
    return Failure(500, "gateway_error", "books", f"the gateway ends: {reason}")


def invalid(upstream: Upstream, code: str, what: str) -> Failure:
    """Return the failure of an answer that is none."""
    return Failure(502, "upstream_invalid", code, f"{name_of(upstream)}: {what}")


def broke_off(upstream: Upstream) -> Failure:
    """Return the failure of an answer that ended in its middle."""
    return invalid(upstream, "truncated", "the answer broke off in its middle")


def too_large(upstream: Upstream) -> Failure:
    """Return the failure of an answer, or of a line of a stream, over the limit."""
    return invalid(upstream, "too_large", f"the answer is larger than {MAX_BODY >> 20} MiB")


def redirected(upstream: Upstream, location: str) -> Failure:
    """Return the failure of a redirect, which is never followed: it could take the key to another host."""
    host = urlsplit(location).netloc.rpartition("@")[2] or "elsewhere"
    return invalid(upstream, "redirect", f"redirects to {host}; give that address as the endpoint")


def from_status(status: int, headers: Headers, body: bytes, upstream: Upstream, key: Key | None) -> Failure:
    """Return the failure that an upstream's error status tells.

    What blames the request (4xx but 429) keeps the upstream's type, since backends look at it.
    """
    told = _error_object(body)
    scrub = key.scrub if key else str
    message = scrub(_message(told, body))[:_EXCERPT]
    code = told.get("code") if told.get("code") is not None else f"http_{status}"
    theirs = told.get("type") if 400 <= status < 500 and status != 429 else None
    param = told.get("param")
    return Failure(
        status if 400 <= status < 500 or status in _KEPT_STATUSES else 502,
        scrub(str(theirs)) if isinstance(theirs, str) else "upstream_error",
        scrub(str(code)),
        f"{name_of(upstream)} answered {status}{_key_advice(status, upstream)}: {message}",
        param=scrub(param) if isinstance(param, str) else None,
        headers=tuple(header for header in headers if header[0].lower() in {"retry-after", "x-request-id"}),
    )


def _error_object(body: bytes) -> dict[str, object]:
    """Return the object that describes the error: OpenAI's {"error": {...}}, or what others have there."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    error = found.get("error", found)
    return error if isinstance(error, dict) else {"message": str(error)}


def _message(told: dict[str, object], body: bytes) -> str:
    said = told.get("message") or told.get("detail")
    if said:
        return str(said)
    text = body.decode(errors="replace")
    text = re.sub(r"<(script|style).*?</\1>|<[^>]*>", " ", text, flags=re.DOTALL | re.IGNORECASE)
    return " ".join(text.split()) or "no reason given"


def _key_advice(status: int, upstream: Upstream) -> str:
    if status not in {401, 403}:
        return ""
    return f" to the key in {upstream.api_key_env}" if upstream.api_key_env else " (api_key_env is not set)"


def name_of(upstream: Upstream) -> str:
    """Return how a server is named to people."""
    if socket_of(upstream.base_url):
        return f"the server of {upstream.model!r} that this run started"
    return f"the server of {upstream.model!r} at {urlsplit(upstream.base_url).netloc}"


def _no_turn(upstream: Upstream, what: str) -> Failure:
    return Failure(504, "upstream_timeout", _NO_TURN, f"{name_of(upstream)}: {what}")


def _what(failure: Failure, upstream: Upstream) -> str:
    return failure.message.removeprefix(name_of(upstream)).lstrip(": ")
