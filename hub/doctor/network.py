"""This machine's way to the network as builds, downloads and the gateway use it; no password is shown."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from hub.engine.host_network import HostNetwork, host_network
from hub.finding import Finding
from hub.hublist import TOKENS, hub_address

_CA_VARIABLES = ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def network_findings(environ: Mapping[str, str] | None = None) -> tuple[Finding, ...]:
    """Return proxies, certificates, package indexes, hubs and hub tokens (names only)."""
    env = os.environ if environ is None else environ
    network = host_network(env)
    return (*_proxies(network), *_certificates(network, env), *_indexes(network), *_hubs(env))


def _proxies(network: HostNetwork) -> Iterator[Finding]:
    shown = ", ".join(f"{name}={without_password(value)}" for name, value in network.proxies.items())
    yield Finding("ok", "proxies", shown or "none: builds, downloads and the gateway connect directly")


def _certificates(network: HostNetwork, env: Mapping[str, str]) -> Iterator[Finding]:
    yield Finding("ok", "certificates", str(network.ca) if network.ca else "the system's own")
    for name in _CA_VARIABLES:
        if env.get(name) and not os.path.isfile(env[name]):  # noqa: PTH113 - a text from the environment
            message = f"{name} names {env[name]!r}, which is no file"
            yield Finding("warning", "certificates", message, f"correct {name}, or `unset {name}`")


def _indexes(network: HostNetwork) -> Iterator[Finding]:
    if network.indexes:
        yield Finding("ok", "package index", ", ".join(network.indexes.values()))


def _hubs(env: Mapping[str, str]) -> Iterator[Finding]:
    for hub, token in TOKENS.items():
        state = "set" if env.get(token) else "not set: gated and private repositories are closed"
        yield Finding("ok", hub, f"{without_password(hub_address(hub, env))}; {token} is {state}")


def without_password(url: str) -> str:
    """Return a URL with what stands before an @ hidden; other text as it is."""
    if "@" not in url:
        return url
    parts = urlsplit(url if "//" in url else f"//{url}")
    return f"{parts.scheme}://***@{parts.netloc.rpartition('@')[2]}" if parts.scheme else "***"
