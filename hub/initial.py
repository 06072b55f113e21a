"""A first task file from a few answers: commented, complete, and in the schema that stands beside it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from hub.errors import RunError
from hub.files import write_atomic
from hub.schema import schema_text
from hub.text import slug

SCHEMA_FILE = "evaldock-task.schema.json"
_COMMENT_COLUMN = 44
_NAME = re.compile(r"[^A-Za-z0-9]*(.*)", re.DOTALL)


@dataclass(frozen=True)
class Dataset:
    """One data set of the task: a published one, or one's own file; `about` becomes a comment."""

    name: str
    path: str = ""
    about: str = ""


@dataclass(frozen=True)
class Answers:
    """What a first task needs to know; a checkpoint or an endpoint, with the server's name of the model."""

    name: str
    backend: str
    datasets: tuple[Dataset, ...]
    checkpoint: str = ""
    hub: str = ""
    endpoint: str = ""
    model: str = ""
    api_key_env: str = ""
    judge: str = ""
    judge_model: str = ""
    limit: int | None = None


def task_text(answers: Answers) -> str:
    """Return the task file."""
    return "\n".join(_lines(answers)) + "\n"


def _lines(answers: Answers) -> Iterator[str]:
    yield f"# yaml-language-server: $schema=./{SCHEMA_FILE}"
    yield "# `evaldock doctor FILE` says what is missing, `evaldock run FILE` runs it, `evaldock list` shows more."
    yield "version: 1"
    yield f"name: {_scalar(answers.name)}"
    yield "models:"
    yield from _model(answers)
    if answers.judge:
        yield _noted(f"judge: {{endpoint: {_scalar(answers.judge)}, model: {_scalar(answers.judge_model)}}}", "")
    yield "evaluations:"
    yield f"  - backend: {_scalar(answers.backend)}"
    yield "    datasets:"
    for dataset in answers.datasets:
        if dataset.path:
            yield _noted(f"      - {{name: {_scalar(dataset.name)}, path: {_scalar(dataset.path)}}}", dataset.about)
        else:
            yield _noted(f"      - {_scalar(dataset.name)}", dataset.about)
    if answers.limit is not None:
        yield _noted(f"limit: {answers.limit}", "first rows of each subset: for a first look, no score to publish")
    else:
        yield _noted("# limit: 20", "first rows of each subset, for a first look")
    yield _noted("# generation: {temperature: 0}", "default: each benchmark's own")
    yield _noted("# resources: {memory: 16g, timeout: 2h}", "of each job; default: no limit")
    yield _noted("engine: auto", "docker where it answers, else a virtual environment")


def _model(answers: Answers) -> Iterator[str]:
    yield _noted(f"  {_scalar(_model_name(answers.checkpoint or answers.model))}:", "your name for it, in reports")
    if answers.endpoint:
        yield _noted(f"    endpoint: {_scalar(answers.endpoint)}", "an OpenAI-compatible server")
        yield _noted(f"    model: {_scalar(answers.model)}", "the server's name of the model")
        if answers.api_key_env:
            yield _noted(f"    api_key_env: {_scalar(answers.api_key_env)}", "the NAME of a variable, never the key")
        else:
            yield _noted("    # api_key_env: MY_KEY", "the NAME of a variable, never the key")
        return
    yield _noted(f"    checkpoint: {_scalar(answers.checkpoint)}", "a hub id; a folder begins with ./, / or ~")
    if answers.hub:
        yield _noted(f"    hub: {_scalar(answers.hub)}", "modelscope | huggingface | local")


def _model_name(source: str) -> str:
    last = slug(source.rstrip("/").rpartition("/")[2])
    match = _NAME.fullmatch(last)
    return (match[1] if match else "")[:64] or "model"


def _noted(line: str, comment: str) -> str:
    return f"{line + '  ':<{_COMMENT_COLUMN}}# {comment}" if comment else line


def _scalar(text: str) -> str:
    """Return `text` as YAML that is read as text and stays on its line, in flow style, too."""
    if re.fullmatch(r"[A-Za-z_./~][A-Za-z0-9_./~-]*", text) and yaml.safe_load(text) == text:
        return text
    return json.dumps(text, ensure_ascii=False)


def write_task(path: Path, text: str, *, force: bool) -> tuple[Path, ...]:
    """Write the task and the schema beside it; return what was written.

    Raises:
        RunError: a file is there and `force` was not said, or nothing can be written there.
    """
    schema = path.with_name(SCHEMA_FILE)
    if not force:
        refuse_to_replace(path)
    files = {path: text, schema: schema_text("task")}
    changed = tuple(place for place, content in files.items() if _differs(place, content))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for place in changed:
            write_atomic(place, files[place])
    except OSError as error:
        raise RunError(f"{path} cannot be written: {error.strerror}", hint="name another FILE") from error
    return changed


def refuse_to_replace(path: Path) -> None:
    """Refuse where a task, or something else than our schema, is in the way.

    Raises:
        RunError: it is.
    """
    schema = path.with_name(SCHEMA_FILE)
    if path.exists() or path.is_symlink():
        raise RunError(f"{path} is there already", hint="name another FILE, or replace it with --force")
    if schema.exists() and not _is_schema_of_ours(schema):
        raise RunError(f"{schema} is there, and is no schema of evaldock's", hint="replace it with --force")


def _is_schema_of_ours(path: Path) -> bool:
    """Return whether some version of evaldock wrote it: such a file may be brought up to date."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(found, dict) and found.get("title") == "TaskSpec"


def _differs(path: Path, content: str) -> bool:
    try:
        return path.read_text(encoding="utf-8") != content
    except (OSError, UnicodeDecodeError):
        return True
