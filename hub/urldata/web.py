"""One request for a file, without credentials: proxy, certificates, redirects, and what went wrong in words."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote, urljoin, urlsplit

from hub.endpoint import proxy_for, tls_context
from hub.urldata.failure import AGAIN, PassingError, TransferError
from hub.version import VERSION

if TYPE_CHECKING:
    from http.client import HTTPResponse
    from urllib.request import OpenerDirector

# Some servers refuse Python's own name; and a file must come as it is stored, or no byte could be counted on.
_HEADERS = {"User-Agent": f"evaldock/{VERSION}", "Accept": "*/*", "Accept-Encoding": "identity"}
_REDIRECTS = {301, 302, 303, 307, 308}
_MOST_HOPS = 10
_MAY_PASS = {408, 425, 429}
_LONGEST_WAIT_S = 60.0
_CONTENT_RANGE = re.compile(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)")
_WAY = f"check network and proxy; {AGAIN}"


class Answer:
    """A server's answer whose body is read piece by piece."""

    def __init__(self, response: HTTPResponse, url: str) -> None:
        """Read nothing yet."""
        self._response = response
        self._url = url
        self.status = response.status

    def header(self, name: str) -> str:
        """Return a header, empty where there is none."""
        return self._response.headers.get(name) or ""

    @property
    def length(self) -> int | None:
        """Return how many bytes the body has; None where the server does not say."""
        stated = self.header("Content-Length")
        return int(stated) if stated.isdecimal() and not self.header("Transfer-Encoding") else None

    @property
    def part(self) -> tuple[int | None, int | None]:
        """Return where the body begins in the whole file, and how long that is; None where nobody says."""
        match = _CONTENT_RANGE.fullmatch(self.header("Content-Range").strip())
        numbers = match.groups() if match else (None, None)
        start, total = (int(text) if text and text != "*" else None for text in numbers)
        return start, total

    def read(self, most: int) -> bytes:
        """Return the next bytes as they come, at most `most`; none at the end.

        Raises:
            PassingError: the connection broke, or nothing came in time.
        """
        with _explained(self._url):
            return self._response.read1(most)


@contextmanager
def ask(url: str, headers: Mapping[str, str], timeout_s: float, *, method: str = "GET") -> Iterator[Answer]:
    """Send a request, follow redirects, and yield the last answer, whatever its status.

    Args:
        url: where the file is.
        headers: beside those that every request has.
        timeout_s: so long nothing may come: no connection, no byte.
        method: GET, or HEAD for the headers alone.

    Raises:
        PassingError: the server cannot be reached now.
        TransferError: it cannot be reached this way at all.
    """
    address = quote(url, safe=string.punctuation)
    for _ in range(_MOST_HOPS):
        with _explained(address):
            response = _open(address, {**_HEADERS, **headers}, timeout_s, method)
        with response:
            answer = Answer(response, address)
            if answer.status not in _REDIRECTS:
                yield answer
                return
            address = _next(address, answer.header("Location"))
    raise TransferError(f"{urlsplit(url).hostname} redirects more than {_MOST_HOPS} times", "check the address")


def _open(url: str, headers: Mapping[str, str], timeout_s: float, method: str) -> HTTPResponse:
    from urllib.request import Request  # noqa: PLC0415 - 20 ms that a plan does not need

    response: HTTPResponse = _opener(url).open(Request(url, headers=dict(headers), method=method), timeout=timeout_s)
    return response


def _opener(url: str) -> OpenerDirector:
    from urllib.request import (  # noqa: PLC0415 - as above
        HTTPErrorProcessor,
        HTTPSHandler,
        ProxyHandler,
        build_opener,
    )

    class AsItIs(HTTPErrorProcessor):
        """Raises for no status."""

        def http_response(self, request: object, response: HTTPResponse) -> HTTPResponse:  # noqa: ARG002
            return response

        https_response = http_response

    proxy = proxy_for(url)
    secured = [HTTPSHandler(context=tls_context())] if url.startswith("https:") else []
    return build_opener(AsItIs, ProxyHandler({urlsplit(url).scheme: proxy} if proxy else {}), *secured)


def _next(url: str, location: str) -> str:
    """Return where a redirect leads.

    Raises:
        TransferError: to no web address, or out of a secured connection.
    """
    target = urljoin(url, quote(location, encoding="iso-8859-1", safe=string.punctuation))
    before, after = urlsplit(url), urlsplit(target)
    if not location or after.scheme not in {"http", "https"}:
        raise TransferError(f"{before.hostname} redirects to no web address", "check the address")
    if (before.scheme, after.scheme) == ("https", "http"):
        reason = (
            f"{before.hostname} redirects from https to {after.hostname} without TLS, where anyone could change it"
        )
        raise TransferError(reason)
    return target


def refusal(answer: Answer, host: str) -> TransferError:
    """Return what a status other than success means."""
    status = answer.status
    if status in {404, 410}:
        return TransferError(f"{host} has no such file ({status})", "check the address: it may have moved")
    if status in {401, 403}:
        return TransferError(f"{host} refuses access ({status})")
    if status == 407:
        return TransferError("the proxy wants a name and a password (407)", "give them in HTTPS_PROXY")
    if status in _MAY_PASS or status >= 500:
        stated = answer.header("Retry-After")
        wait_s = min(float(stated), _LONGEST_WAIT_S) if stated.isdecimal() else 0.0
        return PassingError(f"{host} answers with HTTP {status}", f"try again later; {AGAIN}", wait_s=wait_s)
    return TransferError(f"{host} answers with HTTP {status}", "check the address")


@contextmanager
def _explained(url: str) -> Iterator[None]:
    """Turn what urllib and the network raise into our failures; a redirect's signed query is shown to nobody."""
    from http.client import HTTPException, IncompleteRead, RemoteDisconnected  # noqa: PLC0415 - as above

    try:
        yield
    except (IncompleteRead, RemoteDisconnected) as error:
        raise PassingError(f"{urlsplit(url).hostname} ended the connection early", _WAY) from error
    except HTTPException as error:
        reason = f"{urlsplit(url).hostname} gives no valid HTTP answer ({type(error).__name__})"
        raise PassingError(reason, _WAY) from error
    except OSError as error:
        cause = getattr(error, "reason", error)  # URLError wraps what it met
        raise _met(cause if isinstance(cause, OSError) else error, urlsplit(url).hostname or "") from error


def _met(error: OSError, host: str) -> TransferError:
    import socket  # noqa: PLC0415 - with TLS, 15 ms that a plan does not need
    import ssl  # noqa: PLC0415

    match error:
        case ssl.SSLCertVerificationError():
            mend = "name the bundle of your certificate authority in SSL_CERT_FILE"
            return TransferError(f"the certificate of {host} is not trusted: {error.verify_message}", mend)
        case socket.gaierror():
            return PassingError(f"the name {host!r} cannot be resolved: {error.strerror}", _WAY)
        case ConnectionRefusedError():
            return PassingError(f"{host} refused the connection", _WAY)
        case TimeoutError():
            return PassingError(f"{host} sent nothing for too long", _WAY)
        case _:
            return PassingError(f"the connection to {host} failed: {error.strerror or error}", _WAY)
