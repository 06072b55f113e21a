from pathlib import Path

import pytest

from hub.errors import TaskError
from hub.mock.answers import UNKNOWN, Asked, Said, parse_answers


def said(what: str, text: str, **more: int) -> str:
    return parse_answers(what).say(Asked(text, **more)).text


def test_echo_and_fixed_texts() -> None:
    assert said("echo", "a") == "a"
    assert said("fixed:b: c", "a") == "b: c"


def test_random_words_depend_on_the_seeds_the_text_and_the_choice() -> None:
    first = said("random:1", "a")

    assert said("random:1", "a") == first
    others = {
        said("random:2", "a"),
        said("random:1", "b"),
        said("random:1", "a", seed=5),
        said("random:1", "a", index=1),
    }
    assert first not in others
    assert len(others) == 4


@pytest.mark.parametrize("what", ["", "eco", "fixd:a"])
def test_unknown_answers_are_refused(what: str) -> None:
    with pytest.raises(ValueError, match="is none of echo"):
        parse_answers(what)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.jsonl", '{"prompt": "What is 2 + 2?", "answer": "4"}\n\n{"question": "Why?", "answer": {"x": 1}}\n'),
        ("a.csv", 'prompt,answer\nWhat is 2 + 2?,4\nWhy?,"{""x"": 1}"\n'),
    ],
)
def test_a_table_answers_prompts_that_are_its_own_or_contain_one(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    answers = parse_answers(f"file:{path}")

    assert answers.say(Asked("What is 2 + 2?")) == Said("4", "matched")
    assert answers.say(Asked("Answer this.\nWhat is 2 + 2?\n")) == Said("4", "matched")
    assert answers.say(Asked("Why? Say it.")).text == '{"x": 1}'
    assert answers.say(Asked("What is 3 + 3?")) == Said(UNKNOWN, "unmatched")


def test_rules_are_tried_in_order_and_fill_in_groups(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text('"(\\\\d+) [+] 0": "\\\\1"\n"What is (?P<x>.*)\\\\?": "\\\\g<x> is unknown"\n".": 7\n')

    assert said(f"file:{path}", "What is 5 + 0?") == "5"
    assert said(f"file:{path}", "What is love?") == "love is unknown"
    assert said(f"file:{path}", "Hm") == "7"


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.jsonl", '{"prompt": "x", "answer": "y"}\n{"prompt": "x"}\n', "a.jsonl:2: a row needs prompt and answer"),
        ("a.jsonl", '{"prompt"\n', "a.jsonl:1: not JSON"),
        ("a.jsonl", "", "holds no rows"),
        ("a.csv", "question,reply\na,b\n", "this one has question, reply"),
        ("a.yaml", "- a\n", "a mapping of regular expressions"),
        ("a.yaml", '"(": x\n', "missing"),
        ("a.yaml", '"a": "\\\\1"\n', "invalid group reference"),
        ("a.yaml", "a: [", "a.yaml:"),
        ("a.txt", "a", ".jsonl, .csv or .yaml"),
        ("absent/a.csv", None, "cannot be read"),
    ],
)
def test_a_file_that_is_none_is_refused_with_its_place(
    tmp_path: Path, name: str, text: str | None, words: str
) -> None:
    path = tmp_path / name
    if text is not None:
        path.write_text(text)

    with pytest.raises(TaskError) as caught:
        parse_answers(f"file:{path}")

    assert words in str(caught.value)
