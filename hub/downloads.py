"""How much a download would be: what the hubs say of the sizes of files, asked before, and without a token."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatch
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlencode

from hub.adapter import Asset

_DEADLINE_S = 5.0
_PAGE = 200
_MAX_PAGES = 50
_MAX_BODY = 32 << 20


def sizes(assets: Iterable[Asset], environ: Mapping[str, str]) -> dict[Asset, int | None]:
    """Return bytes per asset, None where its hub does not say; a hub that cannot be reached is asked once."""
    found: dict[Asset, int | None] = {}
    silent: set[str] = set()
    for asset in assets:
        found[asset] = None
        if asset.hub in silent:
            continue
        try:
            found[asset] = _size(asset, environ)
        except HTTPError:
            continue  # gated, or not there: the fetch says so, with its reason
        except (OSError, HTTPException, ValueError, KeyError, TypeError, AttributeError):
            silent.add(asset.hub)
    return found


def _size(asset: Asset, environ: Mapping[str, str]) -> int:
    files = _huggingface(asset, environ) if asset.hub == "huggingface" else _modelscope(asset, environ)
    patterns = asset.patterns or ("*",)
    return sum(size for path, size in files if any(fnmatch(path, pattern) for pattern in patterns))


def _huggingface(asset: Asset, environ: Mapping[str, str]) -> Iterator[tuple[str, int]]:
    top = environ.get("HF_ENDPOINT") or "https://huggingface.co"
    revision = quote(asset.revision or "main", safe="")
    facts = _ask(f"{top}/api/{asset.kind}s/{asset.location}/revision/{revision}?blobs=true")
    yield from ((file["rfilename"], int(file["size"])) for file in facts["siblings"])


def _modelscope(asset: Asset, environ: Mapping[str, str]) -> Iterator[tuple[str, int]]:
    domain = environ.get("MODELSCOPE_DOMAIN") or "www.modelscope.cn"
    top = environ.get("MODELSCOPE_ENDPOINT") or f"https://{domain}"
    what = "files" if asset.kind == "model" else "tree"
    for page in range(1, _MAX_PAGES + 1):
        asked = {"Revision": asset.revision or "master", "Recursive": "true", "PageNumber": page, "PageSize": _PAGE}
        entries = _ask(f"{top}/api/v1/{asset.kind}s/{asset.location}/repo/{what}?{urlencode(asked)}")["Data"]["Files"]
        yield from ((entry["Path"], int(entry["Size"])) for entry in entries if entry.get("Type") != "tree")
        if what == "files" or len(entries) < _PAGE:  # a model's files come all at once
            return


def _ask(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=_DEADLINE_S) as answer:
        return json.loads(answer.read(_MAX_BODY))
