import base64
import json
import zlib
from pathlib import Path
from typing import Any

import pytest

from hub.outcome import Outcomes
from hub.render.html.carried import Carried, carry
from hub.render.html.messages import Message, PicturePath, chat
from hub.render.html.samples import FIELDS, Limits, cut, take_census
from hub.render.html.usage import Scale, histogram, panels, quantile
from hub.report import Counts, Report, Sample
from tests.fakes.reports import job, metric, report, result, sample, write_run


def made(**fields: Any) -> Report:
    return report(job(1, result("arc", metric(**fields))))


def carried(folder: Path, lines: list[dict[str, Any]], limits: Limits) -> Carried:
    write_run(folder, made(), {"1-m-native": lines})
    return carry(made(), folder, take_census(made(), folder, limits), limits)


def unpacked(packed: str) -> list[dict[str, Any]]:
    data = json.loads(zlib.decompress(base64.b64decode(packed)))
    return [dict(zip(data["fields"], row, strict=True)) for row in data["rows"]]


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [
        ({"scores": {"accuracy": 1.0}}, "right"),
        ({"scores": {"accuracy": 0.0}}, "wrong"),
        ({"scores": {"accuracy": 0.4}}, "partly"),
        ({"scores": {"accuracy": 1.0, "bleu": 0.1}}, "right"),
        ({"scores": {"bleu": 0.0}}, "wrong"),
        ({"scores": {"bleu": 0.0, "f1": 1.0}}, "scored"),
        ({"scores": {"accuracy": 7.0}}, "scored"),
        ({"scores": {}}, "scored"),
        ({"state": "infra_error", "scores": {}}, "infra_error"),
        ({"state": "judge_fallback", "scores": {"accuracy": 0.0}}, "judge_fallback"),
    ],
)
def test_the_leading_metric_says_what_became_of_a_sample(fields: dict[str, Any], outcome: str) -> None:
    assert Outcomes(made()).outcome("1-m-native", Sample.model_validate(sample(**fields))) == outcome


def test_where_lower_is_better_nothing_is_right() -> None:
    line = Sample.model_validate(sample(scores={"accuracy": 0.0}))

    assert Outcomes(made(higher_is_better=False)).outcome("1-m-native", line) == "right"


@pytest.mark.parametrize(("counted", "unparsed"), [(1, True), (0, False)])
def test_no_extracted_answer_means_something_only_where_answers_are_extracted(counted: int, unparsed: bool) -> None:
    counts = Counts(planned=4, scored=4, unparsed=counted)
    line = Sample.model_validate(sample(answer=None))

    outcomes = Outcomes(report(job(1, result("arc", metric(), counts=counts))))

    assert outcomes.unparsed("1-m-native", line) is unparsed


def test_every_sample_is_carried_with_the_line_it_came_from(tmp_path: Path) -> None:
    made = carried(tmp_path, [sample(number) for number in range(3)], Limits())

    assert [(row["id"], row["line"], row["outcome"]) for row in unpacked(made.packed)] == [
        ("default/0", 1, "right"), ("default/1", 2, "right"), ("default/2", 3, "right"),
    ]  # fmt: skip
    assert made.notes == []


def test_above_the_limit_all_failures_stay_and_the_page_says_so(tmp_path: Path) -> None:
    failed = {"state": "infra_error", "scores": {}}
    lines = [sample(number, **(failed if number % 10 == 5 else {})) for number in range(100)]

    made = carried(tmp_path, lines, Limits(samples=30))

    rows = unpacked(made.packed)
    assert sum(row["outcome"] == "infra_error" for row in rows) == 10
    assert [row["line"] for row in rows] == sorted(row["line"] for row in rows)
    assert "30 of 100 samples" in made.notes[0]
    assert "all 10 without a score, and 20 of the others, drawn with seed 0" in made.notes[0]


def test_more_failures_than_fit_are_drawn_too_and_counted(tmp_path: Path) -> None:
    lines = [sample(number, state="infra_error", scores={}) for number in range(20)]

    made = carried(tmp_path, lines, Limits(samples=5))

    assert len(unpacked(made.packed)) == 5
    assert "5 of the 20 without a score" in made.notes[0]


def test_size_limits_the_samples_too(tmp_path: Path) -> None:
    lines = [sample(number, prediction="x" * 1000) for number in range(100)]

    made = carried(tmp_path, lines, Limits(size=20_000))

    assert 10 < len(unpacked(made.packed)) < 20


def test_the_draw_is_the_same_every_time(tmp_path: Path) -> None:
    lines = [sample(number) for number in range(100)]

    first = carried(tmp_path / "a", lines, Limits(samples=10))

    assert first == carried(tmp_path / "b", lines, Limits(samples=10))


def test_a_text_of_a_megabyte_is_cut_and_says_so(tmp_path: Path) -> None:
    (row,) = unpacked(carried(tmp_path, [sample(prediction="x" * 1_000_000)], Limits()).packed)

    assert len(row["prediction"]) < 101_000
    assert row["prediction"].endswith("[cut here: 900,000 of 1,000,000 characters are in samples.jsonl only]")
    assert cut("short", 100) == "short"


def test_lines_that_are_no_samples_are_counted(tmp_path: Path) -> None:
    write_run(tmp_path, made(), {"1-m-native": [sample(), {"id": 1}]})
    with (tmp_path / "jobs" / "1-m-native" / "samples.jsonl").open("ab") as file:
        file.write(b'\xff\xfe\n[1]\n"x"\nnull\n{"id": "half' + b"[" * 100_000 + b"\n")

    census = take_census(made(), tmp_path, Limits())

    assert (len(census.places), census.unreadable) == (1, {"1-m-native": 6})


def test_a_score_that_is_no_number_costs_only_itself(tmp_path: Path) -> None:
    scores = {"accuracy": 1.0, "nan": None, "inf": float("inf")}
    (row,) = unpacked(carried(tmp_path, [sample(scores=scores, latency_s=float("nan"))], Limits()).packed)

    assert (row["scores"], row["latency_s"]) == ({"accuracy": 1.0}, None)


def test_a_lone_surrogate_becomes_a_question_mark(tmp_path: Path) -> None:
    (row,) = unpacked(carried(tmp_path, [sample(prediction="a\ud800b")], Limits()).packed)

    assert row["prediction"] == "a?b"


def test_a_job_without_samples_is_named(tmp_path: Path) -> None:
    write_run(tmp_path, made(), {})

    found = carry(made(), tmp_path, take_census(made(), tmp_path, Limits()), Limits())

    assert found.notes == ["No samples were written by 1-m-native."]


def test_the_fields_of_a_row_are_the_stated_ones(tmp_path: Path) -> None:
    (row,) = unpacked(carried(tmp_path, [sample()], Limits()).packed)

    assert tuple(row) == FIELDS
    assert row["prompt"] == [["user", "Question 0: which letter follows A?"]]


def image(address: Any) -> dict[str, Any]:
    return {"type": "image_url", "image_url": address}


@pytest.mark.parametrize(
    ("prompt", "messages"),
    [
        ("", []),
        ("plain", [Message("", "plain")]),
        ([{"role": "user", "content": None}], [Message("user", "")]),
        ([{"content": [{"type": "text", "text": "a"}, "b"]}], [Message("", "a\nb")]),
        ([{"content": [image({"url": "data:image/gif;base64,AAAABBBB"})]}], [Message("", "[image: image/gif, 6 B]")]),
        ([{"content": [image("http://x/y.png")]}], [Message("", "[image: http://x/y.png]")]),
        ([{"role": "tool", "content": "", "calls": [{"id": 1}]}], [Message("tool", '\ncalls: [{"id": 1}]')]),
        ([{"role": 5, "content": {"a": 1}}], [Message("5", '{"a": 1}')]),
        (
            [{"role": "user", "content": ["a", {"type": "image", "path": "x.png"}, "b"]}],
            [Message("user", "a\nb", ("a", PicturePath("x.png"), "b"))],
        ),
    ],
)  # fmt: skip
def test_any_prompt_becomes_messages_of_text_and_pictures(prompt: Any, messages: list[Message]) -> None:
    assert chat(prompt) == messages


@pytest.mark.parametrize(("share", "value"), [(0.5, 5), (0.9, 9), (0.99, 10), (0.01, 1)])
def test_a_quantile_is_a_value_that_was_measured(share: float, value: float) -> None:
    assert quantile([float(number) for number in range(1, 11)], share) == value


def test_a_quantity_nobody_recorded_says_why(tmp_path: Path) -> None:
    inner = report(job(1, result("arc", metric()), via="in_job"))
    write_run(tmp_path, inner, {"1-m-native": [sample()]})

    latency, *_ = panels(inner, take_census(inner, tmp_path, Limits()).tallies)

    assert latency.rows == []
    assert [reason.partition(":")[0] for reason in latency.absent] == ["native recorded no time per sample"]


def test_latency_of_some_samples_says_of_how_many(tmp_path: Path) -> None:
    write_run(tmp_path, made(), {"1-m-native": [sample(latency_s=2.0), sample(1), sample(2, latency_s=0.5)]})

    latency, *_ = panels(made(), take_census(made(), tmp_path, Limits()).tallies)

    (row,) = latency.rows
    assert (row.quantiles, row.note, latency.ends) == (
        ["500 ms", "2.0 s", "2.0 s"],
        "of 2 of 3 samples",
        "500 ms to 2.0 s",
    )


@pytest.mark.parametrize("values", [[1.0], [0.0, 0.0], [0.0, 5.0], [0.001, 1000.0], [1.0, 2.0, 3.0]])
def test_a_histogram_stays_in_its_box(values: list[float]) -> None:
    bars = histogram(values, Scale.over([values]))

    assert all(float(bar.x.rstrip("%")) + float(bar.width.rstrip("%")) <= 100 for bar in bars)
    assert max(float(bar.height.rstrip("%")) for bar in bars) == 100
