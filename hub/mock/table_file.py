"""Read answers from a file: prompts and answers (JSONL, CSV), or regular expressions and templates (YAML)."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from hub.errors import Problem, TaskError

_PROMPT_KEYS = ("prompt", "question", "query")


def read_table(path: Path) -> list[tuple[str, str]]:
    """Return prompt and answer of every row.

    Raises:
        TaskError: it cannot be read, or a row lacks one of them; names the line.
    """
    if path.suffix.lower() not in {".jsonl", ".csv"}:
        raise _wrong(path, 0, "answers come from a .jsonl, .csv or .yaml file")
    rows = list(_csv(path) if path.suffix.lower() == ".csv" else _jsonl(path))
    if not rows:
        raise _wrong(path, 0, "the file holds no rows")
    return [_pair(path, line, row) for line, row in rows]


def read_rules(path: Path) -> list[tuple[re.Pattern[str], str]]:
    r"""Return the rules of a YAML mapping `regex: template`, in order; a template may say \1 or \g<name>.

    Raises:
        TaskError: it cannot be read; names the rule.
    """
    try:
        content = yaml.safe_load(_text(path))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise _wrong(path, mark.line + 1 if mark else 0, f"not YAML: {getattr(error, 'problem', error)}") from error
    if not isinstance(content, dict) or not content:
        raise _wrong(path, 0, "rules are a mapping of regular expressions to answers")
    return [_rule(path, str(pattern), template) for pattern, template in content.items()]


def _rule(path: Path, pattern: str, template: object) -> tuple[re.Pattern[str], str]:
    if not isinstance(template, str | int | float):
        raise _wrong(path, 0, f"the answer to {pattern!r} must be a text")
    try:
        compiled = re.compile(pattern, re.DOTALL)
        # An empty alternative matches anything: the template meets every group without a text at hand.
        re.compile(f"{pattern}|").sub(str(template), "")
    except (re.error, IndexError) as error:
        raise _wrong(path, 0, f"rule {pattern!r}: {error}") from error
    return compiled, str(template)


def _jsonl(path: Path) -> Iterator[tuple[int, dict[str, object]]]:
    for line, text in enumerate(_text(path).split("\n"), 1):
        if not text.strip():
            continue
        try:
            row = json.loads(text)
        except ValueError as error:
            raise _wrong(path, line, f"not JSON: {error}") from error
        if not isinstance(row, dict):
            raise _wrong(path, line, "a row is an object with prompt and answer")
        yield line, row


def _csv(path: Path) -> Iterator[tuple[int, dict[str, object]]]:
    reader = csv.DictReader(_text(path).splitlines(keepends=True))
    for row in reader:
        yield reader.line_num, {str(key): value for key, value in row.items()}


def _pair(path: Path, line: int, row: dict[str, object]) -> tuple[str, str]:
    prompt = next((row[key] for key in _PROMPT_KEYS if row.get(key)), None)
    answer = row.get("answer")
    if prompt is None or answer is None:
        raise _wrong(path, line, f"a row needs prompt and answer; this one has {', '.join(row) or 'nothing'}")
    return str(prompt), answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _wrong(path, 0, f"cannot be read: {reason}") from error


def _wrong(path: Path, line: int, message: str) -> TaskError:
    return TaskError([Problem(str(path), line, "", message)], what="the file of answers")
