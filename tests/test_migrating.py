"""docs/migrating.md is true: every row of its tables is translated and compared with what it says."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from hub.cli.eval_command import command
from hub.errors import TaskError
from hub.overrides import Changes, changed
from hub.seed.draft import Translation, flag_name, task_cfg_name
from hub.seed.flags import task_cfg_of
from hub.seed.task_cfg import SEED_KEYS, translate
from hub.source import KeyPath, parse_source

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "migrating.md").read_text()
BASE = {"model": "a/M", "datasets": ("arc",)}
OPENCOMPASS = {"datasets": ["gsm8k"], "models": [{"path": "M", "openai_api_base": "http://127.0.0.1:8000/v1"}]}
VLMEVALKIT = {"data": ["MMStar"], "model": [{"name": "CustomAPIModel", "type": "M", "api_base": "http://h/v1"}]}
OUR_KEYS = {"api_model", "api_key_env", "model_hub"}


def rows(title: str) -> list[tuple[str, str]]:
    """Return the first two cells of every row of the first table below a heading."""
    section = PAGE.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]
    found = [
        [cell.strip() for cell in line.strip("|").split(" | ")] for line in section.splitlines() if line[:3] == "| `"
    ]
    return [(cells[0].strip("`"), cells[1].strip("`")) for cells in found]


def parsed(words: str) -> dict[str, Any]:
    """Return the task_cfg of a row's flags, as the command parses them."""
    context = command.make_context("eval", shlex.split(words))
    given = {name: value for name, value in context.params.items() if name in SEED_KEYS and value}
    return task_cfg_of({**BASE, **given})


def verdict(cfg: dict[str, Any], key: KeyPath, here: str) -> None:
    """Assert that `cfg` is translated as the cell `here` says; `key` is what the row is about."""
    if here == "refused":
        with pytest.raises(TaskError) as caught:
            translate(cfg, name_of=task_cfg_name)
        assert task_cfg_name(key) in str(caught.value)
        return
    found = translate(cfg, name_of=task_cfg_name, is_folder=lambda _text: False)
    kinds = {note.kind for note in found.notes if note.key[: len(key)] == key}
    if here == "no effect":
        assert "ignored" in kinds
    elif here == "as it is":
        assert kinds == {"mapped"}
    else:
        path, _, value = here.partition(": ")
        assert at(found, path) == yaml.safe_load(value)


def at(found: Translation, path: str) -> Any:
    node: Any = found.task
    models = found.task["models"]
    for part in re.sub(r"\[(\d+)\]", r".\1", path).split("."):
        key: Any = int(part) if part.isdigit() else part
        node = next(iter(models.values())) if key == "M" and node is models else node[key]
    return node


def keys_of(words: str) -> Iterator[KeyPath]:
    flags = [word for word in shlex.split(words) if word.startswith("--")]
    yield from ((flag.removeprefix("--").replace("-", "_"),) for flag in flags[:1])


@pytest.mark.parametrize(("words", "here"), rows("Flags and task_cfg"), ids=lambda cell: cell[:60])
def test_a_flag_is_translated_as_the_table_says(words: str, here: str) -> None:
    cfg = {**task_cfg_of(BASE), "dry_run": True} if words == "--dry-run" else parsed(words)
    (key,) = keys_of(words)

    verdict(cfg, key, here)


@pytest.mark.parametrize(
    ("backend", "base"), [("OpenCompass", OPENCOMPASS), ("VLMEvalKit", VLMEVALKIT)], ids=lambda part: str(part)[:11]
)
def test_a_key_of_eval_config_is_translated_as_the_table_says(backend: str, base: dict[str, Any]) -> None:
    table = rows(f"eval_backend {backend}")
    assert len(table) > 10
    for words, here in table:
        source = changed(parse_source(yaml.safe_dump(base), "t"), Changes((words,)))
        (path,) = (tuple(path) for path in source.places if show(path) == words.partition("=")[0])
        verdict({"eval_backend": backend, "eval_config": source.data}, ("eval_config", *path[:1]), here)


def show(path: KeyPath) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def test_the_table_has_every_flag_and_every_key() -> None:
    shown = {key[0] for words, _ in rows("Flags and task_cfg") for key in keys_of(words)}

    assert shown == set(SEED_KEYS) - OUR_KEYS | {"dry_run"}


def test_every_flag_of_the_table_is_a_flag_of_the_command() -> None:
    known = {option for param in command.params for option in param.opts}

    assert [words for words, _ in rows("Flags and task_cfg") if shlex.split(words)[0] not in known] == []
    assert {flag_name((key,)) for key in SEED_KEYS} <= known
