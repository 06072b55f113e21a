"""What stands behind a server's address and a model's name: part of every cache key, and compared at each resume."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from hub.endpoint import PROBE_DEADLINE_S, Reply, answered, ask, listed_models, no_answer, normalize_base_url
from hub.finding import Finding
from hub.server import is_served
from hub.spec import JudgeSpec, ModelSpec

Identity = dict[str, Any]
# Of an entry of /models. Not `created` and `permission`: vLLM makes them up at every call.
_STABLE = ("id", "root", "parent", "owned_by", "max_model_len", "meta")


class Address(NamedTuple):
    """Whom a task names: base URL in its one form, the server's name of the model, revision ("" for none)."""

    url: str
    model: str
    revision: str


def address_of(upstream: ModelSpec | JudgeSpec) -> Address:
    """Return whom a part of the task names."""
    url = str(upstream.endpoint)
    return Address(
        url if is_served(upstream) else normalize_base_url(url), str(upstream.model), upstream.revision or ""
    )


def identity_of(address: Address, entry: Mapping[str, Any] | None) -> Identity:
    """Return address, and what of the server's entry for the model does not change from call to call."""
    known = {} if entry is None else {name: entry[name] for name in _STABLE if entry.get(name) is not None}
    return {**address._asdict(), **({"entry": known} if known else {})}


def identity_text(identity: Identity) -> str:
    """Return an identity as one line: the same for the same, whatever the order."""
    return json.dumps(identity, sort_keys=True, ensure_ascii=False)


class Acquaintance:
    """Looks at endpoints as a check does, and remembers what each said of its model."""

    def __init__(self) -> None:
        """Know nobody."""
        self._entries: dict[tuple[str, str], Mapping[str, Any] | None] = {}

    def look(self, subject: str, endpoint: str, model: str, key: str | None) -> Iterable[Finding]:
        """Ask an endpoint for its models once; a `hub.check.Look`."""
        base_url = normalize_base_url(endpoint)
        reply = ask(f"{base_url}/models", key, PROBE_DEADLINE_S)
        if not isinstance(reply, Reply):
            return (no_answer(subject, base_url, reply, deadline_s=PROBE_DEADLINE_S),)
        self._entries[base_url, model] = _entry(reply, model)
        return (answered(subject, base_url, model, key, reply),)

    def identity(self, address: Address) -> Identity:
        """Return who answers there, as far as it was asked and says so."""
        return identity_of(address, self._entries.get((address.url, address.model)))


class Reunion:
    """Who answered before, beside who answers now."""

    def __init__(self, before: Iterable[Identity], now: Acquaintance) -> None:
        """Hold both; `before` is what a run kept."""
        self._before = {_address(identity): identity for identity in before}
        self._now = now

    def identity(self, address: Address) -> Identity:
        """Return whom to go on with: who was known before, where it has not changed."""
        return reconciled(self._before.get(address), self._now.identity(address))

    def changes(self, address: Address) -> tuple[str, ...]:
        """Return what is another there than before."""
        return tuple(changes(self._before.get(address, {}), self._now.identity(address)))


def _address(identity: Identity) -> Address:
    return Address(*(str(identity.get(name, "")) for name in Address._fields))


def _entry(reply: Reply, model: str) -> Mapping[str, Any] | None:
    """Return what the server says of the model; the only one that it has counts, under whatever name."""
    listed = listed_models(reply.body) if reply.status == 200 else None
    if not listed:
        return None
    named = [entry for entry in listed if entry.get("id") == model]
    return named[0] if named else listed[0] if len(listed) == 1 else None


def reconciled(old: Identity | None, new: Identity) -> Identity:
    """Return the identity to go on with where it has not changed: the earlier one, which the cache knows.

    It is the earlier one, too, where either time the server did not say what it has.
    """
    return old if old is not None and not list(changes(old, new)) else new


def changes(old: Identity, new: Identity) -> Iterator[str]:
    """Yield what differs: `max_model_len 4096 -> 8192`; nothing where either says nothing of the model."""
    before, after = old.get("entry"), new.get("entry")
    if not before or not after:
        return
    for name in _STABLE:
        if before.get(name) != after.get(name):
            yield f"{name} {_show(before.get(name))} -> {_show(after.get(name))}"


def _show(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
