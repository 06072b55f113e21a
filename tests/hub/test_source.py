from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import TaskError
from hub.source import expand, parse_source, read_source, show_path


def test_every_key_knows_its_line() -> None:
    source = parse_source("a: 1\nb:\n  - c: 2\n    d: 3\n", "t.yaml")

    assert source.line(("b", 0, "d")) == 4
    assert source.line(("b", 0, "absent")) == 3


def test_a_date_stays_the_text_that_was_written() -> None:
    assert parse_source("revision: 2024-07-01\n", "t").data == {"revision": "2024-07-01"}


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a: [1, 2\nb: 3\n", 2, "not YAML"),
        ("a: 1\na: 2\n", 2, "this key stands here twice"),
        ("a: &x\n  - *x\n", 1, "a value cannot contain itself"),
        ("a: b: c\n", 1, "not YAML"),
        ("a: !!python/object:os.system x\n", 1, "no values of type"),
        ("\t- a\n", 1, "not YAML"),
    ],
)
def test_what_is_not_a_task_is_named_with_its_line(text: str, line: int, message: str) -> None:
    with pytest.raises(TaskError) as caught:
        parse_source(text, "t.yaml")

    problem = caught.value.problems[0]
    assert problem.line == line
    assert message in problem.message


def test_aliases_of_aliases_end_in_an_error_not_in_all_memory() -> None:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]

    with pytest.raises(TaskError, match="values"):
        parse_source("\n".join(rows), "t.yaml")


def test_a_missing_file_is_a_task_error(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match="no such file"):
        read_source(tmp_path / "absent.yaml")


def test_a_folder_is_a_task_error(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match="is a folder"):
        read_source(tmp_path)


def test_bytes_that_are_no_text_are_a_task_error(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_bytes(b"\xff\xfe\x00")

    with pytest.raises(TaskError, match="not UTF-8"):
        read_source(path)


def test_variables_are_filled_in_values_and_defaults_count() -> None:
    source = parse_source("a: ${HOST}:${PORT:-80}\nb: $${HOST}\nc: [x, '${HOST}']\n", "t")

    data, problems = expand(source, {"HOST": "h"})

    assert data == {"a": "h:80", "b": "${HOST}", "c": ["x", "h"]}
    assert problems == []


def test_an_unset_variable_is_a_problem_with_its_line() -> None:
    _, problems = expand(parse_source("a: 1\nb: ${ABSENT}\n", "t"), {})

    assert [(problem.line, problem.key) for problem in problems] == [(2, "b")]
    assert "ABSENT is not set" in problems[0].message


def test_names_of_secrets_are_never_expanded() -> None:
    data, _ = expand(parse_source("api_key_env: ${KEY}\n", "t"), {"KEY": "secret"})

    assert data == {"api_key_env": "${KEY}"}


def test_show_path() -> None:
    assert show_path(("evaluations", 0, "datasets", 1, "limit")) == "evaluations[0].datasets[1].limit"


@given(st.text(max_size=200))
def test_no_text_breaks_the_reader(text: str) -> None:
    try:
        parse_source(text, "t")
    except TaskError as error:
        assert error.problems
