"""Read YAML and remember where every key stands, so that each error can name its line."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from yaml.composer import ComposerError
from yaml.constructor import ConstructorError
from yaml.reader import ReaderError

from hub.errors import PrerequisiteError, Problem, TaskError
from hub.text import clean

KeyPath = tuple[str | int, ...]
_REFERENCE = re.compile(r"\$(\$)?\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")
_MAX_BYTES = 4 << 20
_MAX_VALUES = 100_000  # aliases of aliases would otherwise grow without bound
_MAX_DEPTH = 100
_LONGEST = 400
_TAG = "tag:yaml.org,2002:"
_KNOWN_TAGS = frozenset(_TAG + name for name in ("str", "int", "float", "bool", "null", "seq", "map", "merge"))
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


class _Loader(yaml.SafeLoader):
    """YAML's safe loader, with the plain words of YAML 1.2 and bounds on what a file may hold.

    What YAML 1.1 takes for a truth (no, on), an octal (0755), a count of seconds (1:30) or a date (2024-07-01) stays
    the text that the user wrote, and so does every key.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._values = self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self._values += 1
        self._depth += 1
        if wrong := _excess(self._values, self._depth):
            raise ComposerError(None, None, wrong, self.peek_event().start_mark)  # type: ignore[no-untyped-call]
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:  # noqa: FBT001, FBT002 - PyYAML's
        try:
            return super().construct_object(node, deep=deep)
        except (ValueError, LookupError) as error:  # `!!int many`, `!!int`, a number of 5000 digits
            what = f"{str(node.value)[:40]!r} is no {node.tag.removeprefix(_TAG)} that can be read"
            raise ConstructorError(None, None, what, node.start_mark) from error

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        super().flatten_mapping(node)
        node.value = [(_as_text(key), value) for key, value in node.value]


def _as_text(key: yaml.Node) -> yaml.Node:
    if not isinstance(key, yaml.ScalarNode):
        return key
    return yaml.ScalarNode("tag:yaml.org,2002:str", key.value, key.start_mark, key.end_mark)


def _excess(values: int, depth: int) -> str:
    if values > _MAX_VALUES:
        return f"more than {_MAX_VALUES} values, with those that aliases repeat"
    return f"nested deeper than {_MAX_DEPTH} levels" if depth > _MAX_DEPTH else ""


_Loader.yaml_implicit_resolvers = {}
for _name, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"-?(?:0|[1-9][0-9]*)", "-0123456789"),
    ("float", r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)", "-+.0123456789"),
    ("float", r"\.(?:nan|NaN|NAN)", "."),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("merge", r"<<", "<"),
):
    _Loader.add_implicit_resolver(_TAG + _name, re.compile(rf"(?:{_pattern})\Z"), list(_first))


@dataclass(frozen=True)
class Source:
    """A parsed file: its text, its data, and the 1-based line of every key path.

    `places` names what else a key came from (a flag, a key of another format), instead of file and line.
    """

    file: str
    text: str
    data: Any
    lines: Mapping[KeyPath, int] = field(default_factory=dict)
    places: Mapping[KeyPath, str] = field(default_factory=dict)

    def line(self, path: KeyPath) -> int:
        """Return the line of `path`, or of its nearest ancestor in the file; 0 where there is no file."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return 0

    def problem(self, path: KeyPath, message: str) -> Problem:
        """Return a Problem at `path`."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.places:
                return Problem(self.places[path[:length]], 0, show_path(path), _short(message))
        return Problem(self.file, self.line(path), show_path(path), _short(message))


def show_path(path: KeyPath) -> str:
    """Return `evaluations[0].datasets[1].limit`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{_show_key(part)}"
    return text.removeprefix(".")


def _show_key(key: str) -> str:
    """Return a key as it is, quoted where that would be unreadable, or be obeyed by a terminal."""
    return _short(key) if key and key.isprintable() else _short(repr(key))


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}... ({len(text)} characters)"


def read_source(path: Path) -> Source:
    """Read and parse the YAML file `path`.

    Raises:
        TaskError: no such file, not text, not YAML, a key twice, or a value that contains itself.
    """
    return parse_source(_read_text(path), str(path))


def _read_text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(_MAX_BYTES + 1)  # not by its stated size: a pipe and /dev/zero state none
    except FileNotFoundError as error:
        raise TaskError([Problem(str(path), 0, "", "no such file")]) from error
    except IsADirectoryError as error:
        raise TaskError([Problem(str(path), 0, "", "is a folder; give a task file")]) from error
    except PermissionError as error:
        raise PrerequisiteError(f"{path}: permission denied", hint="make the task file readable") from error
    except (OSError, ValueError) as error:  # a name too long, a NUL in it, a folder that is a file
        why = error.strerror if isinstance(error, OSError) else error
        raise TaskError([Problem(repr(str(path)[:80]), 0, "", f"cannot be read: {why}")]) from error
    if len(raw) > _MAX_BYTES:
        raise TaskError([Problem(str(path), 0, "", "larger than 4 MiB: this is not a task file")])
    return _decode(raw, str(path))


def _decode(raw: bytes, file: str) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        why = "UTF-16; save the file as UTF-8" if raw.startswith(_UTF_16) else error.reason
        line = raw.count(b"\n", 0, error.start) + 1
        raise TaskError([Problem(file, line, "", f"not UTF-8 text: {why}")]) from error


def parse_source(text: str, file: str) -> Source:
    """Parse YAML text; `file` is only named in messages.

    Raises:
        TaskError: not YAML, a key twice, or a value that contains itself.
    """
    lines: dict[KeyPath, int] = {}
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is None:
            return Source(file, text, None, {(): 1})
        problems = list(_walk(node, (), lines, file, ()))
        if problems:
            raise TaskError(problems)
        return Source(file, text, loader.construct_document(node), lines)
    except yaml.MarkedYAMLError as error:
        raise TaskError([_syntax_problem(error, file)]) from error
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        what = f"the character U+{error.character:04X} cannot stand in YAML"
        raise TaskError([Problem(file, line, "", f"not YAML: {what}")]) from error


def _syntax_problem(error: yaml.MarkedYAMLError, file: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    what = ", ".join(part for part in (error.context, error.problem) if part)
    return Problem(file, mark.line + 1 if mark else 0, "", f"not YAML: {what}")


def _walk(
    node: yaml.Node, path: KeyPath, lines: dict[KeyPath, int], file: str, above: tuple[int, ...]
) -> Iterator[Problem]:
    """Note the line of every path below `node`; yield duplicate keys, self-reference and what no task holds."""
    lines.setdefault(path, node.start_mark.line + 1)
    if id(node) in above:
        yield Problem(file, node.start_mark.line + 1, show_path(path), "a value cannot contain itself")
        return
    if wrong := _excess(len(lines), len(path)):
        raise ComposerError(None, None, wrong, node.start_mark)
    if node.tag not in _KNOWN_TAGS:
        what = f"a task file has no values of type {node.tag!r}"
        yield Problem(file, node.start_mark.line + 1, show_path(path), what)
        return
    above = (*above, id(node))
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _walk(item, (*path, index), lines, file, above)
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                yield Problem(file, line, show_path(path), "a key is a word, not a list or a mapping")
                continue
            name = str(key.value)
            here = (*path, name)
            if name in seen and name != "<<":
                yield Problem(file, line, show_path(here), "this key stands here twice")
            seen.add(name)
            lines[here] = line
            yield from _walk(value, here, lines, file, above)


def expand(source: Source, environ: Mapping[str, str] | None = None) -> tuple[Any, list[Problem]]:
    """Return the data with `${VAR}` and `${VAR:-default}` filled in, and what could not be.

    `$${VAR}` stays the literal `${VAR}`. Keys are never expanded, nor is anything under a key that ends in `_env`.
    """
    env = os.environ if environ is None else environ
    problems: list[Problem] = []
    return _expand(source.data, (), source, env, problems), problems


def _expand(value: Any, path: KeyPath, source: Source, env: Mapping[str, str], problems: list[Problem]) -> Any:
    if isinstance(value, dict):
        return {key: _expand(item, (*path, str(key)), source, env, problems) for key, item in value.items()}
    if isinstance(value, list):
        return [_expand(item, (*path, index), source, env, problems) for index, item in enumerate(value)]
    if not isinstance(value, str) or (path and str(path[-1]).endswith("_env")):
        return value

    def fill(match: re.Match[str]) -> str:
        escaped, name, default = match.groups()
        if escaped:
            return match[0][1:]
        found = env.get(name, default)
        if found is None:
            problems.append(source.problem(path, f"the environment variable {name} is not set"))
        return found or ""

    end = value.rfind("}") + 1  # beyond, each `${A:-` would look in vain for its end
    filled = _REFERENCE.sub(fill, value[:end]) + value[end:]
    if filled != clean(filled):
        problems.append(source.problem(path, "is not text: it holds half of a character (a lone surrogate)"))
    return filled
