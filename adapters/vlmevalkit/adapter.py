"""The VLMEvalKit adapter: the real VLMEvalKit behind the protocol, and what it lists."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from adapters.vlmevalkit import normalize, translate
from adapters.vlmevalkit.catalog import Entry, catalog, facts, own_models
from adapters.vlmevalkit.complaints import complaints
from hub.adapter import Adapter, Asset, Complaint, DatasetInfo, Evaluation, Normalized

VERSION = "1"
_READERS = {"none": ("generate",), "optional": ("exact_matching", "judge"), "required": ("judge",)}


class VLMEvalKitAdapter:
    """Stateless; each method is one module."""

    name = "vlmevalkit"
    version = VERSION
    modalities = ("vision",)
    excludes_failures = False
    path_options = ("data",)

    def datasets(self) -> Mapping[str, DatasetInfo]:
        """Return every data set by VLMEvalKit's name, and the user's own."""
        return {name: _info(name, entry) for name, entry in catalog().items()}

    def own_models(self) -> Mapping[str, str]:
        """Return VLMEvalKit's names of models, and why weights of some cannot be given."""
        return own_models()

    def complain(self, evaluation: Evaluation) -> tuple[Complaint, ...]:
        """Return what VLMEvalKit cannot take."""
        return complaints(evaluation)

    def uses_judge(self, evaluation: Evaluation) -> bool:
        """Return whether a data set's answers are read by the task's judge."""
        return any(one.reader == "judge" for one in translate.all_wanted(evaluation))

    def assets(self, evaluation: Evaluation) -> tuple[Asset, ...]:
        """Return the tables that the job reads."""
        return translate.assets(evaluation)

    def translate(self, evaluation: Evaluation) -> Mapping[str, str]:
        """Return task.json."""
        return translate.translate(evaluation)

    def command(self, evaluation: Evaluation) -> tuple[str, ...]:  # noqa: ARG002 - the protocol's signature
        """Return the runner's argv."""
        return ("python", "-m", "adapters.vlmevalkit.runner")

    def normalize(self, evaluation: Evaluation, output: Path) -> Normalized:
        """Read VLMEvalKit's scores and answers."""
        return normalize.normalize(evaluation, output, adapter_version=VERSION)


def _info(name: str, entry: Entry) -> DatasetInfo:
    known = facts().tables
    sources = {urlsplit(known[table].url).netloc for table in entry.tables if table in known}
    return DatasetInfo(
        name=name,
        summary=entry.summary if entry.unavailable else f"{entry.scheme.kind}: {entry.summary}",
        scoring=_READERS[entry.judge],
        metric=entry.scheme.headline,
        few_shot=0,
        source="your own data" if entry.own else ", ".join(sorted(sources)),
        own_data=entry.own,
        subsets=entry.tables if len(entry.tables) > 1 else (),
        rows=entry.rows,
        licence=entry.licence,
        files=tuple(f"{table}.tsv" for table in entry.tables),
        alias_of="" if name == entry.name else entry.name,
        unavailable=entry.unavailable,
    )


ADAPTER: Adapter = VLMEvalKitAdapter()
