"""What a hub says of a repository before anything is downloaded: how big the wanted files are, or why not."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatch
from typing import Any
from urllib.parse import quote

from hub.adapter import Asset
from hub.endpoint import Reply, ask
from hub.offer import Offer

DEADLINE_S = 8.0
TOKENS = {"huggingface": "HF_TOKEN", "modelscope": "MODELSCOPE_API_TOKEN"}
_HOMES = {"huggingface": "https://huggingface.co", "modelscope": "https://www.modelscope.cn"}
_PAGE = 200
_MAX_PAGES = 20


def offer(asset: Asset, environ: Mapping[str, str], *, deadline_s: float = DEADLINE_S) -> Offer:
    """Ask the asset's hub for its list of files; `environ` names mirror and token as for the download itself."""
    total = 0
    for url in _pages(asset, hub_address(asset.hub, environ)):
        reply = ask(url, environ.get(TOKENS[asset.hub]) or None, deadline_s)
        if not isinstance(reply, Reply):
            return Offer(doubt=f"{asset.hub} gave no answer")
        if reply.status >= 300:
            return _refused(asset, reply.status, token=bool(environ.get(TOKENS[asset.hub])))
        files = _files(reply.body)
        if files is None:
            return Offer(doubt=f"{asset.hub} answered with something other than a list of files")
        total += sum(size for path, size in files if _is_wanted(path, asset.patterns))
        if len(files) < _PAGE:
            break
    return Offer(size=total)


def hub_address(hub: str, environ: Mapping[str, str]) -> str:
    """Return the hub's address: the mirror that the environment names, or its home."""
    if hub == "huggingface":
        stated = environ.get("HF_ENDPOINT")
    else:
        stated = environ.get("MODELSCOPE_ENDPOINT") or environ.get("MODELSCOPE_DOMAIN")
    address = (stated or _HOMES[hub]).rstrip("/")
    return address if "://" in address else f"https://{address}"


def _pages(asset: Asset, address: str) -> Iterator[str]:
    name, revision = quote(asset.location), quote(asset.revision or "master", safe="")
    if asset.hub == "huggingface":
        at = quote(asset.revision or "main", safe="")
        yield f"{address}/api/{asset.kind}s/{name}/revision/{at}?blobs=true"
    elif asset.kind == "model":
        yield f"{address}/api/v1/models/{name}/repo/files?Revision={revision}&Recursive=True"
    else:
        tree = f"{address}/api/v1/datasets/{name}/repo/tree?Revision={revision}&Recursive=True"
        yield from (f"{tree}&PageNumber={page}&PageSize={_PAGE}" for page in range(1, _MAX_PAGES + 1))


def _refused(asset: Asset, status: int, *, token: bool) -> Offer:
    name = TOKENS[asset.hub]
    if status in {401, 403} and not token:
        refusal = f"access refused ({status}): the repository is gated or private, or there is none of that name"
        mend = f"check the name; accept the repository's terms at the hub, then export {name}=..."
        return Offer(refusal=refusal, mend=mend)
    if status in {401, 403}:
        mend = "accept the repository's terms at the hub, or correct the name"
        return Offer(refusal=f"access refused to the owner of the token ({status})", mend=mend)
    if status == 404:
        at = f" (revision {asset.revision!r})" if asset.revision else ""
        mend = f"check name, revision and hub; a private repository needs {name}"
        return Offer(refusal=f"no such {asset.kind}{at}", mend=mend)
    return Offer(doubt=f"{asset.hub} answers with HTTP {status}")


def _files(body: bytes) -> list[tuple[str, int]] | None:
    """Return path and size of each file of an answer, either hub's; None where it is no list of files."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    data = found.get("Data", found) if isinstance(found, dict) else found
    entries = (data.get("siblings") or data.get("Files")) if isinstance(data, dict) else data
    return list(_sizes(entries)) if isinstance(entries, list) else None


def _sizes(entries: Iterable[Any]) -> Iterator[tuple[str, int]]:
    for entry in entries:
        if isinstance(entry, dict) and entry.get("Type") != "tree":
            path, size = entry.get("rfilename") or entry.get("Path"), entry.get("size") or entry.get("Size") or 0
            if isinstance(path, str) and isinstance(size, int):
                yield path, size


def _is_wanted(path: str, patterns: tuple[str, ...]) -> bool:
    return not patterns or any(fnmatch(path, pattern) for pattern in patterns)
