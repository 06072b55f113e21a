"""What makes two requests the same: the canonical form of a request, its scope, and the key of both. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from hub.gateway.call import Call
from hub.gateway.config import CacheMode, Upstream

_ENCODE = json.JSONEncoder().encode
_EMPTY = b"{}"


class Asked(NamedTuple):
    """A request as it is sent, and its key.

    Attributes:
        key: 32 bytes.
        numbered: whether a second request like it is to get an answer of its own.
    """

    key: bytes
    body: bytes
    numbered: bool


def asked(call: Call, cache: CacheMode) -> Asked:
    """Encode a request once, for its key and for the upstream."""
    canonical = _canonical(call.fields)
    numbered = cache != "shared" or not _is_certain(call.fields)
    what = (identity_of(call.upstream), call.operation, call.query)
    scope = (call.role, call.dataset, call.sample, call.job_id if cache != "shared" else "") if numbered else ()
    digest = hashlib.sha256(_line(*what, *scope))
    digest.update(canonical)
    return Asked(digest.digest(), _with_model(call.upstream.model, canonical), numbered)


def identity_of(upstream: Upstream) -> str:
    """Return what stands for the weights behind an upstream."""
    return upstream.identity or f"{upstream.base_url} {upstream.model}"


@lru_cache(1024)  # without a sample's name there are few
def _line(*parts: str) -> bytes:
    """Return the parts so that no other parts look like them, nor any JSON object."""
    return _ENCODE(parts).encode() + b"\n"


def _canonical(fields: Mapping[str, object]) -> bytes:
    """Return the JSON less `model`, sorted on its top level alone: the order inside, of tools, reaches the model."""
    return _ENCODE({name: fields[name] for name in sorted(fields) if name != "model"}).encode()


def _with_model(model: str, canonical: bytes) -> bytes:
    head = b'{"model": ' + _ENCODE(model).encode()
    return head + (b"}" if canonical == _EMPTY else b", " + canonical[1:])


def _is_certain(fields: Mapping[str, object]) -> bool:
    """Return whether the model says the same however often it is asked."""
    temperature, answers = fields.get("temperature"), fields.get("n")
    return isinstance(temperature, int | float) and temperature == 0 and (answers is None or answers == 1)
