"""What a first task shall hold: taken from options, asked for in a terminal, looked up at a server."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass, replace
from pathlib import Path

import click

from hub.endpoint import PROBE_DEADLINE_S, Reply, ask, model_names, normalize_base_url
from hub.initial import Answers, Dataset
from hub.registry import adapter_names, load_adapter
from hub.text import did_you_mean, slug

_FIRST_LIMIT = 20


@dataclass(frozen=True)
class Options:
    """The options of `evaldock init`, as they were given."""

    backend: str
    name: str | None = None
    model: str | None = None
    hub: str | None = None
    endpoint: str | None = None
    api_key_env: str | None = None
    datasets: tuple[str, ...] = ()
    limit: int | None = None
    judge: str | None = None
    judge_model: str | None = None


def gather(file: Path, given: Options, *, asks: bool) -> Answers:
    """Return the answers for a task in `file`; `asks` says whether a person is there.

    Raises:
        click.UsageError: something is missing or unknown.
    """
    _known_backend(given.backend)
    if given.judge and not given.judge_model:
        raise click.UsageError("--judge needs --judge-model: the server's name of the judge")
    folder = file.absolute().parent
    given = _with_model(given, asks=asks)
    datasets = _datasets(
        given.backend, given.datasets or (_ask_datasets(given.backend, folder) if asks else ()), folder
    )
    limit = given.limit or (_ask_limit() if asks else None)
    answers = Answers(given.name or slug(file.stem)[:64], given.backend, datasets, limit=limit)
    answers = replace(answers, judge=given.judge or "", judge_model=given.judge_model or "")
    model = str(given.model)
    if given.endpoint:
        return replace(answers, endpoint=given.endpoint, model=model, api_key_env=given.api_key_env or "")
    return replace(answers, checkpoint=_checkpoint(model, folder), hub=given.hub or "")


def _with_model(given: Options, *, asks: bool) -> Options:
    if given.model is None and given.endpoint is None and asks:
        given = _ask_model(given)
    if given.endpoint and not given.model:
        given = replace(given, model=_served_model(given.endpoint, given.api_key_env, asks=asks))
    if not given.model:
        raise click.UsageError("which model? --model ID_OR_FOLDER, or --endpoint URL")
    return given


def _ask_limit() -> int | None:
    first = click.confirm(f"Only the first {_FIRST_LIMIT} rows of each subset, for a first look?", default=True)
    return _FIRST_LIMIT if first else None


def _known_backend(backend: str) -> None:
    if backend not in adapter_names():
        raise click.UsageError(f"no backend {backend!r}{did_you_mean(backend, adapter_names())}")


def _ask_model(given: Options) -> Options:
    """Ask for a model; an address is taken for an endpoint's."""
    click.echo("Which model? A hub id (Qwen/Qwen2.5-0.5B-Instruct), a folder (./model), or a server's address")
    answer = click.prompt("model", type=str).strip()
    is_address = answer.startswith(("http://", "https://"))
    return replace(given, endpoint=answer) if is_address else replace(given, model=answer)


def _served_model(endpoint: str, api_key_env: str | None, *, asks: bool) -> str:
    """Return the server's only model; where it has several, or does not say, a person chooses."""
    try:
        base_url = normalize_base_url(endpoint)
    except ValueError as error:
        raise click.UsageError(f"--endpoint: {error}") from error
    key = os.environ.get(api_key_env) if api_key_env else None
    reply = ask(f"{base_url}/models", key, PROBE_DEADLINE_S)
    names = (model_names(reply.body) or ()) if isinstance(reply, Reply) and reply.status == 200 else ()
    if len(names) == 1:
        return names[0]
    listed = f" It lists {', '.join(sorted(names)[:8])}." if names else ""
    if asks:
        return str(click.prompt(f"The server's name of the model.{listed} Which", type=str)).strip()
    raise click.UsageError(f"--endpoint needs --model: the server's name of the model.{listed}")


def _ask_datasets(backend: str, folder: Path) -> tuple[str, ...]:
    """Ask for data sets until all of them are known."""
    known = load_adapter(backend).datasets()
    for name, info in sorted(known.items()):
        click.echo(f"  {name:<16} {info.summary}")

    def words_of(answer: str) -> tuple[str, ...]:
        try:
            words = tuple(part for word in shlex.split(answer) for part in _words(word))
        except ValueError as error:  # a quotation without its end
            raise click.UsageError(str(error)) from error
        _datasets(backend, words, folder)
        return words

    question = "data sets (NAME, or NAME=FILE with your own data)"
    asked: tuple[str, ...] = click.prompt(question, default=min(known), value_proc=words_of)
    return asked


def _words(text: str) -> list[str]:
    """Split `arc,gsm8k`; a file's name may hold anything."""
    return [text] if "=" in text else [word for word in text.replace(",", " ").split() if word]


def _datasets(backend: str, asked: tuple[str, ...], folder: Path) -> tuple[Dataset, ...]:
    known = load_adapter(backend).datasets()
    if not asked:
        raise click.UsageError(f"which data sets? --datasets NAME; {backend} has {', '.join(sorted(known))}")
    found = []
    for word in (part for text in asked for part in _words(text)):
        name, _, path = word.partition("=")
        if name not in known:
            raise click.UsageError(f"{backend} has no data set {name!r}{did_you_mean(name, known)}")
        if known[name].own_data and not path:
            raise click.UsageError(f"{name} reads your own data: say {name}=FILE")
        found.append(Dataset(name, _from(path, folder) if path else "", known[name].summary))
    return tuple(found)


def _checkpoint(model: str, folder: Path) -> str:
    """Return a hub id as it is; a folder as the task file must say it."""
    is_path = model.startswith((".", "/", "~")) or os.path.isdir(model)  # noqa: PTH112 - a text of the user's
    return _from(model, folder) if is_path else model


def _from(path: str, folder: Path) -> str:
    """Return a path that was given from here as the task file in `folder` must say it."""
    if path.startswith(("/", "~")):
        return path
    relative = os.path.relpath(path, folder)
    return relative if relative.startswith("..") else f"./{relative}"
