"""What becomes of the many keys of a foreign configuration that are not translated one by one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.seed.draft import Draft
from hub.source import KeyPath
from hub.text import did_you_mean


@dataclass(frozen=True)
class Rules:
    """Key -> reason for what has no effect or stops; `harmless`: values that ask for nothing, as defaults do."""

    ignored: Mapping[str, str]
    refused: Mapping[str, str]
    harmless: Mapping[str, tuple[object, ...]] = field(default_factory=dict)

    def apply(self, given: Mapping[str, Any], key: KeyPath, draft: Draft, handled: Collection[str]) -> None:
        """Note every key of `given` (which stands at `key`) that is not among `handled`."""
        for name, value in given.items():
            here = (*key, str(name))
            if name in handled:
                continue
            if name not in self.ignored and name not in self.refused:
                known = (*handled, *self.ignored, *self.refused)
                draft.refuse(here, f"no such key{did_you_mean(str(name), known)}")
            elif _is_nothing(value) or value in self.harmless.get(str(name), ()):
                draft.same(here)
            elif name in self.ignored:
                draft.ignore(here, self.ignored[name])
            else:
                draft.refuse(here, self.refused[name])


def _is_nothing(value: object) -> bool:
    return value is None or value is False or value in ("", [], {}, ())
