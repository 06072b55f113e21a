"""The data sets of VLMEvalKit that are known here (catalog.yaml), and what VLMEvalKit says of itself (facts.json)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

from adapters.vlmevalkit.schemes import OPEN_QUESTIONS, SCHEMES, Scheme

Judge = Literal["none", "optional", "required"]
_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Table:
    """One TSV at its publisher's; `md5` is empty where VLMEvalKit does not say it."""

    name: str
    url: str
    md5: str

    @property
    def file(self) -> str:
        """Return the publisher's name of the file, which need not be VLMEvalKit's."""
        return self.url.rpartition("/")[2]


@dataclass(frozen=True)
class Entry:
    """One data set; catalog.yaml explains the fields.

    Attributes:
        known_as: VLMEvalKit's name of it.
    """

    name: str
    summary: str
    known_as: str
    scheme: Scheme
    judge: Judge
    tables: tuple[str, ...]
    limit: Literal["free", "whole"] = "free"
    together: str = ""
    each: str = ""
    split: str = ""
    rows: int | None = None
    answers_only: str = ""
    unavailable: str = ""
    alias: str = ""
    licence: str = ""
    own: bool = False

    @property
    def takes_metric(self) -> bool:
        """Return whether the user says how answers are compared: nothing else would."""
        return self.own and self.judge == "none"


@dataclass(frozen=True)
class Facts:
    """What was read out of VLMEvalKit itself.

    Attributes:
        version: of ms-vlmeval.
        local: names of models that load weights.
        remote: names of those that ask a public service, or cannot be told where their weights are.
        tables: the TSVs by name.
    """

    version: str
    local: frozenset[str]
    remote: frozenset[str]
    tables: Mapping[str, Table]


_NOT_HERE = "asks a service over a network, or its weights cannot be given as one folder: serve it as an endpoint"


def own_models() -> Mapping[str, str]:
    """Return why a model does not run here by its name in VLMEvalKit's `supported_VLM`; empty where it does."""
    known = facts()
    return {name: _NOT_HERE if name in known.remote else "" for name in sorted(known.local | known.remote)}


@cache
def catalog() -> Mapping[str, Entry]:
    """Return every data set by each of its names."""
    content = yaml.safe_load((_HERE / "catalog.yaml").read_text(encoding="utf-8"))
    entries = (*(_entry(name, fields) for name, fields in content.items()), *_OWN)
    aliases = {entry.alias: entry for entry in entries if entry.alias}
    return {**{entry.name: entry for entry in entries}, **aliases}


@cache
def facts() -> Facts:
    """Return what VLMEvalKit says of itself."""
    content = json.loads((_HERE / "facts.json").read_text(encoding="utf-8"))
    tables = {name: Table(name, **fields) for name, fields in content["tables"].items()}
    models = {kind: frozenset(names) for kind, names in content["models"].items()}
    return Facts(content["version"], models["local"], models["remote"], tables)


def _entry(name: str, fields: dict[str, Any]) -> Entry:
    scheme = SCHEMES[fields.pop("scoring")]
    tables = tuple(fields.pop("tables", (name,)))
    return Entry(name=name, known_as=name, scheme=scheme, tables=tables, **fields)


# VLMEvalKit takes a name that it does not know for such data, and a name with `openended` in it for open questions.
_OWN = (
    Entry(
        name="custom_mcq",
        summary="Your own multiple-choice questions, a TSV given as path",
        known_as="own_image_mcq",
        scheme=SCHEMES["choice"],
        judge="optional",
        tables=("own_image_mcq",),
        own=True,
    ),
    Entry(
        name="custom_vqa",
        summary="Your own open questions, a TSV given as path; options.metric compares the answers",
        known_as="own_image_openended",
        scheme=OPEN_QUESTIONS["accuracy"],
        judge="none",
        tables=("own_image_openended",),
        own=True,
    ),
)
