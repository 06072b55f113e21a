"""This host's way to the network, for builds and networked jobs: CA bundle, proxies, package index."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

_CA = ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "ALL_PROXY", "NO_PROXY")
_INDEXES = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True)
class HostNetwork:
    """What has to be told to a process that must reach the network as this host does.

    Attributes:
        ca: file of trusted certificates, None where none is configured.
        proxies: variable -> value, as found; may hold credentials, so it never enters a job without network.
        indexes: variable -> package index, http(s) and free of credentials.
    """

    ca: Path | None
    proxies: Mapping[str, str]
    indexes: Mapping[str, str]

    @property
    def loopback(self) -> bool:
        """Return whether a proxy or an index is on this host itself."""
        named = (value for key, value in self.proxies.items() if key.upper() != "NO_PROXY")
        urls = (url for value in (*named, *self.indexes.values()) for url in value.split())
        return any(_host(url) in _LOOPBACK for url in urls)


def host_network(environ: Mapping[str, str] | None = None) -> HostNetwork:
    """Read it from `environ` (default: the process's)."""
    env = os.environ if environ is None else environ
    files = (Path(env[key]) for key in _CA if env.get(key))
    names = sorted(name for key in _PROXIES for name in (key, key.lower()) if env.get(name))
    return HostNetwork(
        ca=next((path for path in files if path.is_file()), None),
        proxies={name: env[name] for name in names},
        indexes={key: env[key] for key in _INDEXES if _is_public(env.get(key, ""))},
    )


def _host(url: str) -> str | None:
    return urlsplit(url if "//" in url else f"//{url}").hostname


def _is_public(value: str) -> bool:
    """Return whether every URL in it can be written into a build's history: http(s), no user, no password."""
    urls = [urlsplit(word) for word in value.split()]
    return bool(urls) and all(url.scheme in {"http", "https"} and "@" not in url.netloc for url in urls)
