"""The prompts, letter for letter: models are trained on them and numbers are compared by them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from adapters.native.catalog import benchmarks
from adapters.native.evaluator.choices import Option
from adapters.native.evaluator.errors import PromptError
from adapters.native.evaluator.items import Item
from adapters.native.evaluator.prompts import Prompter
from adapters.native.evaluator.request import Generation, Likelihood
from tests.adapters.native.native_task import dataset

HORSE = Item(
    "1", "Which is an animal?", (Option("A", "melon"), Option("B", "horse")), "B", ("B",), "horse", {"hint": "h"}
)
GOLD = Item("2", "Which is a metal?", (Option("A", "gold"), Option("B", "fig")), "A", ("A",), "gold", {"hint": "g"})
BOXES = Item("3", "Kate has 8 boxes of 7. How many?", (), "56", ("56",), "8 * 7 = 56\n#### 56", {})
COINS = Item("4", "Ben has 3 coins and 10 more. How many?", (), "13", ("13",), "3 + 10 = 13\n#### 13", {})


def test_choice() -> None:
    request = Prompter(dataset("arc", scoring="choice"), chat=True).request(HORSE, [], "s")

    assert request == Likelihood("s", "Which is an animal?\nA. melon\nB. horse\nAnswer:", (" A", " B"))


def test_choice_with_examples() -> None:
    request = Prompter(dataset("arc", scoring="choice"), chat=False).request(HORSE, [GOLD], "s")

    assert request.prompt == (
        "Which is a metal?\nA. gold\nB. fig\nAnswer: A\n\nWhich is an animal?\nA. melon\nB. horse\nAnswer:"
    )


def test_continuation() -> None:
    request = Prompter(dataset("arc", scoring="continuation"), chat=True).request(HORSE, [GOLD], "s")

    expected = "Question: Which is a metal?\nAnswer: gold\n\nQuestion: Which is an animal?\nAnswer:"
    assert request == Likelihood("s", expected, (" melon", " horse"))


def test_generated_choice_as_chat() -> None:
    request = Prompter(dataset("arc", scoring="generate"), chat=True).request(HORSE, [GOLD], "s")

    order = (
        "Answer the following multiple choice question. The last line of your response should be of the form "
        "'ANSWER: X', where X is one of the option letters."
    )
    assert isinstance(request, Generation)
    assert request.prompt == (
        {"role": "user", "content": f"{order}\n\nWhich is a metal?\n\nA. gold\nB. fig"},
        {"role": "assistant", "content": "ANSWER: A"},
        {"role": "user", "content": f"{order}\n\nWhich is an animal?\n\nA. melon\nB. horse"},
    )
    assert "stop" not in request.parameters


def test_generated_choice_as_raw_text_stops_at_the_line() -> None:
    request = Prompter(dataset("arc", scoring="generate"), chat=False).request(HORSE, [], "s")

    assert isinstance(request, Generation)
    assert request.prompt == "Which is an animal?\nA. melon\nB. horse\nAnswer:"
    assert request.parameters["stop"] == ["\n"]


def test_gsm8k_as_chat() -> None:
    request = Prompter(dataset("gsm8k"), chat=True).request(BOXES, [COINS], "s")

    order = (
        "Solve the problem step by step. Write the final answer as a plain number on the last line, after '#### '."
    )
    assert request.prompt == (
        {"role": "user", "content": f"Ben has 3 coins and 10 more. How many?\n\n{order}"},
        {"role": "assistant", "content": "3 + 10 = 13\n#### 13"},
        {"role": "user", "content": f"Kate has 8 boxes of 7. How many?\n\n{order}"},
    )


def test_gsm8k_as_raw_text() -> None:
    request = Prompter(dataset("gsm8k"), chat=False).request(BOXES, [COINS], "s")

    assert isinstance(request, Generation)
    assert request.prompt == (
        "Question: Ben has 3 coins and 10 more. How many?\nAnswer: 3 + 10 = 13\n#### 13\n\n"
        "Question: Kate has 8 boxes of 7. How many?\nAnswer:"
    )
    assert request.parameters == {"temperature": 0.0, "max_tokens": 512, "stop": ["\nQuestion:"]}


def test_general_qa_is_the_question_alone() -> None:
    request = Prompter(dataset("general_qa"), chat=True).request(BOXES, [], "s")

    assert request.prompt == ({"role": "user", "content": "Kate has 8 boxes of 7. How many?"},)


def test_a_system_prompt_comes_first() -> None:
    options = {"system": "Be brief."}

    chat = Prompter(dataset("gsm8k", options=options), chat=True).request(BOXES, [], "s")
    raw = Prompter(dataset("gsm8k", options=options), chat=False).request(BOXES, [], "s")

    assert chat.prompt[0] == {"role": "system", "content": "Be brief."}
    assert str(raw.prompt).startswith("Be brief.\n\nQuestion: Kate")


def test_a_user_s_prompt_takes_the_question_s_place_and_sees_the_row() -> None:
    options = {
        "prompt": "{{ row.hint }}: {{ question }}{% for o in options %} {{ o.label }}={{ o.text }}{% endfor %} ->"
    }
    request = Prompter(dataset("arc", options=options), chat=False).request(HORSE, [], "s")

    assert request.prompt == "h: Which is an animal? A=melon B=horse ->"


def test_an_unknown_name_in_a_prompt_is_an_error() -> None:
    prompter = Prompter(dataset("arc", options={"prompt": "{{ row.context }} {{ question }}"}), chat=False)

    with pytest.raises(PromptError, match="context"):
        prompter.request(HORSE, [], "s")


def test_a_question_that_looks_like_a_template_stays_text() -> None:
    item = Item("1", "What is {{ 7 * 7 }}?", (), "49", ("49",), "49", {})

    request = Prompter(dataset("general_qa"), chat=False).request(item, [], "s")

    assert request.prompt == "What is {{ 7 * 7 }}?"


def written(name: str, item: Item, shots: list[Item], *, chat: bool, **fields: Any) -> Any:
    return Prompter(dataset(name, **fields), chat=chat).request(item, shots, "s").prompt


def test_mmlu_names_its_subject_once() -> None:
    horse, gold = replace(HORSE, topic="college biology"), replace(GOLD, topic="college biology")

    assert written("mmlu", horse, [gold], chat=False) == (
        "The following are multiple choice questions (with answers) about college biology.\n\n"
        "Which is a metal?\nA. gold\nB. fig\nAnswer: A\n\nWhich is an animal?\nA. melon\nB. horse\nAnswer:"
    )


def test_cmmlu_asks_in_chinese_and_expects_no_blank_before_the_letter() -> None:
    request = Prompter(dataset("cmmlu"), chat=False).request(replace(HORSE, topic="\u519c\u5b66"), [], "s")

    assert request == Likelihood(
        "s",
        "\u4ee5\u4e0b\u662f\u5173\u4e8e\u519c\u5b66\u7684\u5355\u9879\u9009\u62e9\u9898\uff0c"
        "\u8bf7\u76f4\u63a5\u7ed9\u51fa\u6b63\u786e\u7b54\u6848\u7684\u9009\u9879\u3002\n\n"
        "\u9898\u76ee\uff1aWhich is an animal?\nA. melon\nB. horse\n\u7b54\u6848\u662f\uff1a",
        ("A", "B"),
    )


def test_big_bench_hard_shows_its_task_and_its_worked_examples() -> None:
    item = Item("1", "Is it?", (), "Yes", ("Yes",), "Yes", {}, topic="Say it.")
    shot = replace(item, question="Was it?", reasoning="It was. So the answer is Yes.")

    assert written("bbh", item, [shot], chat=False) == (
        "Say it.\n\nQ: Was it?\nA: Let's think step by step.\nIt was. So the answer is Yes.\n\n"
        "Q: Is it?\nA: Let's think step by step."
    )
    assert written("bbh", item, [shot], chat=True)[1] == {
        "role": "assistant",
        "content": "It was. So the answer is Yes.",
    }


def test_sports_understanding_answers_on_the_line_of_the_question_as_its_authors_do() -> None:
    topic = benchmarks()["bbh"].topic("sports_understanding")
    shot = Item("1", "Is it?", (), "no", ("no",), "no", {}, topic=topic, reasoning="It is not. So the answer is no.")

    assert "think step by step. It is not. So the answer is no.\n\nQ:" in written("bbh", shot, [shot], chat=False)


def test_mmlu_pro_shows_how_its_examples_are_solved() -> None:
    shot = replace(GOLD, reasoning="A: Let's think step by step. It shines. The answer is (A).", topic="chemistry")
    text = written("mmlu_pro", replace(HORSE, topic="chemistry"), [shot], chat=False)

    assert "about chemistry. Think step by step" in text
    assert "B. fig\nAnswer: Let's think step by step. It shines. The answer is (A).\n\nQuestion:\nWhich is an" in text
    assert text.endswith("Options:\nA. melon\nB. horse\nAnswer: Let's think step by step.")


@pytest.mark.parametrize(
    ("sentence", "prompt", "continuations"),
    [
        (
            "Ann saw Ben as _ was up.",
            "Ann saw Ben as",
            (" Ann", " Ann was up.", " Ben", " Ben was up."),
        ),
        ("_ fell down.", "", ("Ann", "Ann fell down.", "Ben", "Ben fell down.")),
        ('He said "_" twice.', 'He said "', ("Ann", 'Ann " twice.', "Ben", 'Ben " twice.')),
    ],
)
def test_winogrande_asks_for_what_follows_each_option(
    sentence: str, prompt: str, continuations: tuple[str, ...]
) -> None:
    options = (Option("A", "Ann"), Option("B", "Ben"))
    item = Item("1", sentence, options, "A", ("A",), "Ann", {"sentence": sentence})

    request = Prompter(dataset("winogrande"), chat=False).request(item, [], "s")

    assert request == Likelihood("s", prompt, continuations)


def test_a_whole_sentence_is_winogrande_s_example() -> None:
    options = (Option("A", "Ann"), Option("B", "Ben"))
    shot = Item("1", "As _ fell.", options, "B", ("B",), "Ben", {"sentence": "As _ fell."})

    assert written("winogrande", shot, [shot], chat=False) == "As Ben fell.\n\nAs"


def test_truthful_qa_begins_with_the_paper_s_six_answers() -> None:
    item = replace(HORSE, further=(Option("1", "pony"),))
    request = Prompter(dataset("truthful_qa"), chat=False).request(item, [], "s")

    assert isinstance(request, Likelihood)
    assert request.prompt.count("Q: ") == request.prompt.count("A:") == 7
    assert request.prompt.endswith("held in Barcelona, Spain.\n\nQ: Which is an animal?\nA:")
    assert request.continuations == (" melon", " horse", " pony")
