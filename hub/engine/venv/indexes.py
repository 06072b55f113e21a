"""Where packages come from on this host: its proxy, certificates and pip settings, told to uv as well."""

from __future__ import annotations

import configparser
from collections.abc import Iterator, Mapping
from pathlib import Path

# Where pip's variables have a twin that uv reads; uv looks at nothing of pip's.
_TWINS = {
    "PIP_INDEX_URL": "UV_INDEX_URL",
    "PIP_EXTRA_INDEX_URL": "UV_EXTRA_INDEX_URL",
    "PIP_FIND_LINKS": "UV_FIND_LINKS",
    "PIP_CERT": "SSL_CERT_FILE",
    "PIP_DEFAULT_TIMEOUT": "UV_HTTP_TIMEOUT",
    "PIP_TIMEOUT": "UV_HTTP_TIMEOUT",
    "PIP_TRUSTED_HOST": "UV_INSECURE_HOST",
    "PIP_NO_INDEX": "UV_NO_INDEX",
}
_COMMAS = {"UV_FIND_LINKS"}  # uv wants commas where pip wants blanks
_NOT_INHERITED = {
    "PYTHONPATH",
    "PYTHONHOME",
    "VIRTUAL_ENV",
    "PIP_TARGET",
    "PIP_PREFIX",
    "PIP_USER",
    "PIP_REQUIRE_VIRTUALENV",
}
_SECTIONS = ("global", "install")


def build_environment(host: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that an installer runs with; what the host says outright wins over what is derived."""
    env = {key: value for key, value in host.items() if key not in _NOT_INHERITED}
    for theirs, value in {**_pip_files(host), **host}.items():
        if twin := _TWINS.get(theirs):
            env.setdefault(twin, ",".join(value.split()) if twin in _COMMAS else " ".join(value.split()))
    if "REQUESTS_CA_BUNDLE" in env:
        env.setdefault("SSL_CERT_FILE", env["REQUESTS_CA_BUNDLE"])
    if "SSL_CERT_FILE" not in env:
        env.update(UV_SYSTEM_CERTS="1", UV_NATIVE_TLS="1")  # the newer and the older name of one switch
    env.setdefault("UV_NO_PROGRESS", "1")
    return env


def _pip_files(host: Mapping[str, str]) -> dict[str, str]:
    """Return pip's configuration files as the variables that would say the same."""
    found: dict[str, str] = {}
    for path in _paths(host):
        parser = configparser.RawConfigParser()
        try:
            parser.read(path, encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError):
            continue  # pip will complain better
        for section in _SECTIONS:
            if parser.has_section(section):
                options = parser.items(section)
                found.update({f"PIP_{key.upper().replace('-', '_')}": value for key, value in options})
    return found


def _paths(host: Mapping[str, str]) -> Iterator[Path]:
    """Yield pip's files, the strongest last."""
    stated = host.get("PIP_CONFIG_FILE")
    if stated == "/dev/null":
        return
    yield Path("/etc/pip.conf")
    if home := host.get("HOME"):
        yield Path(home) / ".pip" / "pip.conf"
        yield Path(host.get("XDG_CONFIG_HOME") or Path(home) / ".config") / "pip" / "pip.conf"
    if stated:
        yield Path(stated)
