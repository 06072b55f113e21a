"""Addresses of OpenAI-compatible servers: one form for all spellings, the way there, one look at them."""

from __future__ import annotations

import ipaddress
import json
import os
import re
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

from hub.finding import Finding
from hub.text import is_secret

if TYPE_CHECKING:
    import ssl
    from email.message import Message

PROBE_DEADLINE_S = 5.0
_MAX_BODY = 4 << 20
_UNIX = "http+unix://"
_OPERATIONS = ("/chat/completions", "/completions", "/embeddings", "/models")
_VERSION = re.compile(r"v\d+[a-z0-9.]*")
_HOST = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_.])?")


def normalize_base_url(text: str) -> str:
    """Return the base URL that `text` means: no trailing slash, ending in /v1.

    An operation at the end (/chat/completions) is taken off. A version that is there already (/v4, /v1beta)
    stays, since some providers have no /v1.

    Raises:
        ValueError: no http(s) address, or one with credentials (never repeated), a query or a fragment.
    """
    url = text.strip()
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.lower() not in {"http", "https"}:
        shown = "the address" if "@" in url else repr(url)
        raise ValueError(f"{shown} does not start with http:// or https://")
    if "@" in rest.partition("/")[0]:
        raise ValueError("the address holds credentials; name the variable with the key in api_key_env instead")
    if "?" in url or "#" in url:
        raise ValueError("the address has a ?query or #fragment; give the base address alone")
    if not url.isprintable() or " " in url:
        raise ValueError(f"{url!r} has a space or control character in it")
    return f"{scheme.lower()}://{_netloc(url)}{_base_path(url)}"


def _netloc(url: str) -> str:
    try:
        parts = urlsplit(url)
        host, port = _host(parts.hostname or ""), parts.port
    except ValueError as error:
        raise ValueError(f"{url!r} is no address: {error}") from error
    return host if port is None else f"{host}:{port}"


def _host(name: str) -> str:
    if ":" in name:
        return f"[{ipaddress.IPv6Address(name)}]"
    host = name.encode("idna").decode()
    if not _HOST.fullmatch(host):
        raise ValueError("it has no valid host name")
    return host


def _base_path(url: str) -> str:
    path = "".join(f"/{part}" for part in urlsplit(url).path.split("/") if part)
    path = quote(path, safe="/%:@!$&'()*+,;=~")
    operation = next((end for end in _OPERATIONS if path.endswith(end)), "")
    path = path.removesuffix(operation)
    return path if _VERSION.fullmatch(path.rpartition("/")[2]) else f"{path}/v1"


def unix_base_url(socket: Path) -> str:
    """Return the base URL of a server that listens at a unix socket: its path is the host, percent-encoded."""
    return f"{_UNIX}{quote(str(socket), safe='')}/v1"


def socket_of(url: str) -> str | None:
    """Return the path of the socket that a URL leads to; None where it leads to a host."""
    return unquote(urlsplit(url).netloc) if url.startswith(_UNIX) else None


def is_loopback(base_url: str) -> bool:
    """Return whether the address is this machine's own; such traffic never goes to a proxy."""
    host = urlsplit(base_url).hostname or ""
    if base_url.startswith(_UNIX):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback or address.is_unspecified


def proxy_for(base_url: str) -> str | None:
    """Return the proxy that this process's environment names for the address, None for a direct way."""
    import urllib.request  # noqa: PLC0415 - 20 ms that a plan does not need

    parts = urlsplit(base_url)
    proxy = urllib.request.getproxies().get(parts.scheme)
    if not proxy or is_loopback(base_url) or urllib.request.proxy_bypass(parts.netloc):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def tls_context() -> ssl.SSLContext:
    """Return the default context, which also trusts what REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE names."""
    import ssl  # noqa: PLC0415 - 15 ms that a plan does not need

    context = ssl.create_default_context()
    bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    # Loading a bundle takes 50 ms; the context has read SSL_CERT_FILE already.
    if bundle and bundle != os.environ.get("SSL_CERT_FILE") and os.path.isfile(bundle):  # noqa: PTH113 - a text from the environment
        context.load_verify_locations(cafile=bundle)
    return context


@dataclass(frozen=True)
class Reply:
    """What a server answered; `date` is its own clock's (HTTP form), `seconds` how long it took."""

    status: int
    body: bytes
    location: str = ""
    date: str = ""
    seconds: float = 0.0


def probe(
    subject: str, endpoint: str, model: str, key: str | None, *, deadline_s: float = PROBE_DEADLINE_S
) -> Finding:
    """Ask the server for its models once and say what came of it; the key appears in no finding."""
    base_url = normalize_base_url(endpoint)
    outcome = ask(f"{base_url}/models", key, deadline_s)
    if not isinstance(outcome, Reply):
        return no_answer(subject, base_url, outcome, deadline_s=deadline_s)
    return answered(subject, base_url, model, key, outcome)


def ask(url: str, key: str | None, deadline_s: float, *, body: bytes | None = None) -> Reply | OSError | None:
    """Send a GET, or with a JSON `body` a POST; None where no answer came in time. Follows no redirect.

    A server that repeats the key does so in vain: no reply holds it. In a thread: name resolution and a server that
    trickles know no total time-out.
    """
    outcomes: list[Reply | OSError] = []
    thread = threading.Thread(target=lambda: outcomes.append(_ask(url, key, deadline_s, body)), daemon=True)
    thread.start()
    thread.join(deadline_s)
    return outcomes[0] if outcomes else None


def _ask(url: str, key: str | None, timeout_s: float, body: bytes | None) -> Reply | OSError:
    import http.client  # noqa: PLC0415 - see proxy_for
    import urllib.error  # noqa: PLC0415
    import urllib.request  # noqa: PLC0415

    class _Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: object) -> None:  # a redirect could take the key along
            return None

    proxy = proxy_for(url)
    # Given here, it takes the place of the default one; added later, it would come after it and never be asked.
    secured = [urllib.request.HTTPSHandler(context=tls_context())] if url.startswith("https:") else []
    opener = urllib.request.build_opener(
        _Stay, urllib.request.ProxyHandler({urlsplit(url).scheme: proxy} if proxy else {}), *secured
    )
    headers = {"Accept": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})}
    if body is not None:
        headers["Content-Type"] = "application/json"
    started = time.monotonic()

    def reply(status: int, content: bytes, said: Message) -> Reply:
        location, date = said.get("Location") or "", said.get("Date") or ""
        if key and is_secret(key):
            content, location = content.replace(key.encode(), b"[key]"), location.replace(key, "[key]")
        return Reply(status, content, location, date, time.monotonic() - started)

    try:
        with opener.open(urllib.request.Request(url, body, headers), timeout=timeout_s) as response:
            return reply(response.status, response.read(_MAX_BODY), response.headers)
    except urllib.error.HTTPError as error:
        with error:
            return reply(error.code, error.read(_MAX_BODY), error.headers)
    except urllib.error.URLError as error:
        return error.reason if isinstance(error.reason, OSError) else error
    except OSError as error:
        return error
    except http.client.HTTPException as error:
        return ConnectionError(f"no valid HTTP answer ({type(error).__name__})")


def no_answer(subject: str, base_url: str, error: OSError | None, *, deadline_s: float) -> Finding:
    """Say why `ask` got no reply."""
    import socket  # noqa: PLC0415
    import ssl  # noqa: PLC0415

    host = urlsplit(base_url).hostname
    match error:
        case None:
            message = f"{base_url} gave no answer within {deadline_s:g} s"
            mend = "start the server, or look at the network in between"
        case ssl.SSLCertVerificationError():
            message = f"the certificate of {host} is not trusted: {error.verify_message}"
            mend = "name the bundle of your certificate authority in SSL_CERT_FILE"
        case ssl.SSLError():
            message = f"TLS with {base_url} failed: {error.reason or 'no TLS answer'}"
            mend = "if the server speaks plain HTTP, write http:// instead of https://"
        case socket.gaierror():
            message, mend = (
                f"the name {host!r} cannot be resolved: {error.strerror}",
                "correct the address's host",
            )
        case ConnectionRefusedError():
            message = f"{base_url} refused the connection: nothing listens there"
            mend = "start the server, or correct the address's port"
        case TimeoutError():
            message = f"{base_url} gave no answer in time"
            mend = "start the server, or look at the network in between"
        case _:
            message, mend = f"{base_url} cannot be reached: {error.strerror or error}", "correct the address"
    return Finding("missing", subject, message, mend)


def answered(subject: str, base_url: str, model: str, key: str | None, reply: Reply) -> Finding:
    """Say what an answer to /models tells."""
    status = reply.status
    if status in {401, 403}:
        what = f"{base_url} refused the key ({status})" if key else f"{base_url} wants a key ({status})"
        mend = "correct the value of the variable that api_key_env names" if key else "set api_key_env"
        return Finding("missing", subject, what, mend)
    if 300 <= status < 400:
        place = f" to {urlsplit(reply.location).netloc or 'elsewhere'}"
        mend = "give the address that it redirects to: a key is never sent along"
        return Finding("missing", subject, f"{base_url} redirects{place} ({status})", mend)
    names = model_names(reply.body)
    if names is None:
        mend = "give the base address of an OpenAI-compatible API, mostly one that ends in /v1"
        message = f"{base_url} answered {status} with something other than JSON: this is not the API's address"
        return Finding("missing", subject, message, mend)
    note = _note(base_url, model, status, names)
    return Finding("warning", subject, *note) if note else Finding("ok", subject, base_url)


def _note(base_url: str, model: str, status: int, names: tuple[str, ...]) -> tuple[str, str] | None:
    """Return what is odd, and what to do, about a server that is there."""
    if status >= 500 or status == 429:
        return f"{base_url} answers, with status {status}", "try again later"
    if status >= 400:
        mend = f"whether it has {model!r} shows only with the first request"
        return f"{base_url} answers, but has no /models list ({status})", mend
    if names and model not in names:
        return f"{base_url} lists no model {model!r}", f"it lists: {', '.join(sorted(names)[:5])}"
    return None


def model_names(body: bytes) -> tuple[str, ...] | None:
    """Return the listed model names, none where JSON says something else; None where it is not JSON."""
    listed = listed_models(body)
    return None if listed is None else tuple(str(entry["id"]) for entry in listed)


def listed_models(body: bytes) -> tuple[dict[str, Any], ...] | None:
    """Return the entries of a list of models, none where JSON says something else; None where it is not JSON."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    entries = found.get("data") if isinstance(found, dict) else None
    listed = entries if isinstance(entries, list) else []
    return tuple(entry for entry in listed if isinstance(entry, dict) and "id" in entry)
