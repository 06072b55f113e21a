from collections.abc import Iterator
from typing import Any

import pytest

from hub.agreement.compare import agreements, mcnemar
from hub.report import Agreement, JobReport, Report, Sample
from tests.fakes.reports import job, metric, report, result

QUESTIONS = ("What is the capital of France?", "How fast is light?", "Who wrote Faust?", "What do cows drink?")


def sides(**second: Any) -> Report:
    """Return a report of ARC by Native and by OpenCompass, on one model."""
    there = {"backend": "opencompass", **second}
    return report(job(1, result("arc", metric())), job(2, result("ARC_c", metric(), benchmark="arc"), **there))


def asked(dataset: str, right: str, *, frame: str = "{}", **fields: Any) -> list[Sample]:
    """Return a sample per question; `right` has a `+` for every right answer, a `-` for every wrong one."""
    return [
        Sample(
            id=f"{dataset}/{number}",
            dataset=dataset,
            state="scored",
            prompt=frame.format(question),
            **{"prediction": f"answer {number}", "answer": "A", "scores": {"accuracy": float(sign == "+")}, **fields},
        )
        for number, (question, sign) in enumerate(zip(QUESTIONS, right, strict=True))
    ]


def compared(made: Report, first: list[Sample], second: list[Sample]) -> list[Agreement]:
    files = {made.jobs[0].id: first, made.jobs[1].id: second}

    def read(name: str) -> Iterator[tuple[int, Sample]]:
        return iter(enumerate(files[name], 1))

    return list(agreements(made, read))


def test_every_question_that_both_scored_is_counted_once() -> None:
    (found,) = compared(sides(), asked("arc", "++--"), asked("ARC_c", "+-+-", frame="Question: {}\nAnswer:"))

    assert (found.matched, found.both, found.only_first, found.only_second, found.neither) == (4, 1, 1, 1, 1)


def test_a_disagreement_names_both_samples_by_line_and_what_each_read() -> None:
    (found,) = compared(sides(), asked("arc", "+++-", answer="B"), asked("ARC_c", "++--"))

    (apart,) = found.disagreements
    assert apart.question == "Who wrote Faust?"
    assert (apart.first.id, apart.first.line, apart.first.answer, apart.first.right) == ("arc/2", 3, "B", True)
    assert (apart.second.id, apart.second.answer, apart.second.right) == ("ARC_c/2", "A", False)


@pytest.mark.parametrize(("said", "same"), [("answer 2", 1), ("something else", 0), ("", 0)])
def test_the_same_answer_read_in_two_ways_is_told_from_two_answers(said: str, same: int) -> None:
    other = asked("ARC_c", "++--")
    other[2] = other[2].model_copy(update={"prediction": said})

    (found,) = compared(sides(), asked("arc", "+++-"), other)

    assert (found.only_first, found.same_answer) == (1, same)


def test_samples_without_a_score_and_questions_of_one_side_are_unmatched() -> None:
    lost = [sample.model_copy(update={"state": "infra_error", "scores": {}}) for sample in asked("arc", "++++")[:1]]

    (found,) = compared(sides(), [*lost, *asked("arc", "++++")[1:3]], asked("ARC_c", "++++"))

    assert (found.matched, found.first.unmatched, found.second.unmatched) == (2, 0, 2)


def test_only_subsets_that_both_have_are_compared() -> None:
    easy = [sample.model_copy(update={"subset": "Easy", "prompt": "What?"}) for sample in asked("arc", "----")]

    (found,) = compared(sides(), [*easy, *asked("arc", "++++", subset="Hard")], asked("ARC_c", "++++", subset="Hard"))

    assert (found.subsets, found.matched, found.first.unmatched) == (("Hard",), 4, 0)


def test_the_same_question_in_two_subsets_is_compared_within_each() -> None:
    answers = {"a": "++++", "b": "----"}
    first, second = (
        [sample for subset in order for sample in asked(name, answers[subset], subset=subset)]
        for name, order in (("arc", "ab"), ("ARC_c", "ba"))
    )

    (found,) = compared(sides(), first, second)

    assert (found.both, found.neither, found.only_first, found.only_second) == (4, 4, 0, 0)


def test_the_turns_before_the_last_question_are_not_part_of_it() -> None:
    shots = ({"role": "user", "content": QUESTIONS[1]}, {"role": "assistant", "content": "fast"})
    chat = [
        sample.model_copy(update={"prompt": (*shots, {"role": "user", "content": sample.prompt})})
        for sample in asked("ARC_c", "+-+-")
    ]

    (found,) = compared(sides(), asked("arc", "+-+-"), chat)

    assert (found.matched, found.both, found.neither) == (4, 2, 2)


def test_a_benchmark_scored_by_shares_is_not_compared() -> None:
    assert compared(sides(), asked("arc", "++++"), asked("ARC_c", "++++", scores={"accuracy": 0.5})) == []


@pytest.mark.parametrize(
    "second",
    [
        job(2, result("ARC_c", metric(), benchmark="arc"), backend="opencompass", model="another"),
        job(2, result("arc", metric())),
        job(2, result("mmlu", metric()), backend="opencompass"),
        job(2, result("ARC_c", benchmark="arc", absent="nothing scored"), backend="opencompass"),
    ],
    ids=["another model", "the same backend", "another benchmark", "without a number"],
)
def test_what_is_not_one_benchmark_by_two_backends_is_not_compared(second: JobReport) -> None:
    made = report(job(1, result("arc", metric())), second)

    assert compared(made, asked("arc", "++++"), asked(second.results[0].dataset, "++++")) == []


@pytest.mark.parametrize(
    ("only_first", "only_second", "p_value"),
    [(0, 0, None), (1, 0, 1.0), (5, 5, 1.0), (10, 0, 2 / 1024), (9, 1, 22 / 1024), (1, 9, 22 / 1024)],
)
def test_mcnemars_exact_test(only_first: int, only_second: int, p_value: float | None) -> None:
    assert mcnemar(only_first, only_second) == p_value


def test_mcnemars_test_of_thousands_is_a_number() -> None:
    assert 0 <= (mcnemar(9000, 3000) or 0) < 1e-300
