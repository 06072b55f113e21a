"""What `swift deploy` is told beyond what the task says: where the weights lie, and what kind of model they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from adapters.runtime import job
from adapters.swift.documents import read_object
from adapters.swift.template import takes_text


class ModelType(NamedTuple):
    """What SWIFT knows of one of its model types.

    Attributes:
        architectures: of the checkpoints that may be of this type.
        sees: whether it takes pictures.
        templates: SWIFT's names of its chat templates, the usual one first.
        requires: packages that it needs, as pip writes them.
    """

    architectures: Sequence[str]
    sees: bool = False
    templates: Sequence[str] = ()
    requires: Sequence[str] = ()


Known = Mapping[str, ModelType]

_FOLDERS = frozenset({"--model", "--adapters"})
_OWN_TEMPLATE = "dummy"  # SWIFT's name for: as the checkpoint's tokenizer says
_TRAINING = "args.json"  # what a training run of SWIFT leaves beside its weights; `swift deploy` reads it itself


def with_defaults(argv: Sequence[str], known: Known) -> list[str]:
    """Return the arguments with folders as they lie here, and with model type and template where those are sure.

    SWIFT refuses a checkpoint whose architecture is that of several of its model types; the one with the name that
    config.json has is taken. Its templates add system prompts of their own, so that a model would be asked otherwise
    than by any other server: the checkpoint's own template is the default. Neither is touched where the user, or the
    training run that the weights are from, has said which.
    """
    found = list(_placed(argv))
    folders = [Path(value) for flag, value in pairwise(found) if flag in _FOLDERS]
    if any((folder / _TRAINING).is_file() for folder in folders):
        return found
    kind = stated(found, "model_type") or _kind(read_object(folders[0] / "config.json"), known)
    added = ["--model_type", kind] if kind and not stated(found, "model_type") else []
    if kind in known and not stated(found, "template"):
        added += _template(found, folders[0], known[kind])
    return [*added, *found]


def _template(argv: Sequence[str], folder: Path, model: ModelType) -> list[str]:
    """Return what makes SWIFT ask in the checkpoint's own chat template; nothing where that cannot be.

    One that sees keeps SWIFT's template, too, for that knows where its pictures belong; it only writes no text. SWIFT
    cannot choose where there are several.
    """
    if not model.sees:
        return ["--template", _OWN_TEMPLATE]
    told = stated(argv, "template_backend") or stated(argv, "use_chat_template")
    if told or not model.templates or not takes_text(folder):
        return []
    return ["--template", model.templates[0], "--template_backend", "jinja"]


def _placed(argv: Sequence[str]) -> Iterator[str]:
    """Yield the arguments; those that name a folder of the job where it lies for this process."""
    flag = ""
    for argument in argv:
        flag = argument if argument.startswith("--") else flag
        named = flag in _FOLDERS and argument.startswith("/")
        yield str(job.path(argument)) if named and job.path(argument).is_dir() else argument


def stated(argv: Sequence[str], name: str) -> str:
    """Return what the user gave for an option, which SWIFT takes with dashes, too; empty where nothing."""
    spellings = (f"--{name}", f"--{name.replace('_', '-')}")
    for index, argument in enumerate(argv):
        flag, _, value = argument.partition("=")
        if flag in spellings:
            return value or next(iter(argv[index + 1 :]), "")
    return ""


def _kind(config: Mapping[str, object], known: Known) -> str:
    """Return the model type that is sure to be meant; empty where none is."""
    architectures = config.get("architectures")
    first = architectures[0] if isinstance(architectures, list) and architectures else None
    fitting = [name for name, model in known.items() if first in model.architectures]
    own = str(config.get("model_type", "")).replace("-", "_")
    return fitting[0] if len(fitting) == 1 else own if own in fitting else ""
