import json
from typing import Any

import pytest

from hub.export import export
from hub.report import Report
from tests.hub.export.report import FAILED, Samples, admitted, average, metric, report, result, sample, withheld

STAMP = "2023-11-14T22-13-21.000000"


def read(report_: Report, *samples: Any) -> tuple[dict[str, Any], dict[str, list[dict[str, Any]]]]:
    files = {name: "".join(lines) for name, lines in export("lm-eval", report_, Samples(*samples)).items()}
    results = json.loads(files.pop(f"1-m-native/results_{STAMP}.json"))
    lines = {name.split("/")[1]: [json.loads(line) for line in text.splitlines()] for name, text in files.items()}
    return results, lines


def test_scores_have_lm_evals_names_and_standard_errors() -> None:
    results, _ = read(report(result("arc", None, metric(), metric("bleu", None, "31.5"))))

    scores = results["results"]["arc"]
    assert (scores["acc,none"], scores["acc_stderr,none"], scores["alias"]) == (0.5, 0.1, "arc")
    assert (scores["bleu,none"], scores["bleu_stderr,none"]) == (31.5, "N/A")
    assert results["higher_is_better"]["arc"] == {"acc": True, "bleu": True}
    assert results["n-shot"] == {"arc": 2}
    assert results["n-samples"]["arc"] == {"original": 4, "effective": 2}
    assert (results["model_name"], results["model_name_sanitized"]) == ("acme/tiny", "acme__tiny")


def test_a_result_without_a_score_is_named_with_its_reason_and_is_no_task() -> None:
    results, _ = read(report(result("arc", None, metric()), result("gsm8k")))

    assert list(results["results"]) == ["arc"]
    assert results["evaldock"]["absent"] == {"gsm8k": "no sample was scored"}


def test_a_withheld_score_is_nowhere() -> None:
    results, lines = read(report(withheld()), sample())

    assert (results["results"], lines) == ({}, {})
    assert "61.5" not in json.dumps(results)
    assert results["evaldock"]["absent"] == {"arc": "1 of its 4 requests failed"}


def test_what_must_be_said_beside_a_score_is_named() -> None:
    results, _ = read(report(admitted(), result("gsm8k", None, metric())))

    assert results["evaldock"]["caveats"] == {"arc": "2 of 4 failed, counted as wrong"}


def test_an_average_over_some_subsets_is_a_group_of_these_without_samples() -> None:
    subsets = [result("arc", name, metric()) for name in ("easy", "hard")]

    results, lines = read(report(result("arc", None, metric()), average("half", "hard"), *subsets), sample())

    assert results["group_subtasks"]["arc"] == ["arc_easy", "arc_hard"]
    assert results["group_subtasks"]["arc_half"] == ["arc_hard"]
    assert f"samples_arc_half_{STAMP}.jsonl" not in lines


def test_samples_have_a_file_for_each_task_and_those_without_a_score_are_left_out() -> None:
    _, lines = read(report(result("arc", None, metric())), sample(), sample("1", **FAILED))

    (line,) = lines[f"samples_arc_{STAMP}.jsonl"]
    assert (line["acc"], line["metrics"], line["doc_id"], line["target"]) == (1.0, ["acc"], 0, "4")
    assert (line["resps"], line["filtered_resps"]) == ([["It is 4"]], ["4"])


def test_an_aggregate_is_a_group_of_its_subsets_and_repeats_no_sample() -> None:
    results, lines = read(
        report(result("arc", "easy", metric()), result("arc", "hard", metric()), result("arc", None, metric())),
        sample("0", subset="easy"),
        sample("1", subset="hard"),
    )

    assert results["group_subtasks"]["arc"] == ["arc_easy", "arc_hard"]
    assert {name: len(found) for name, found in lines.items()} == {
        f"samples_arc_easy_{STAMP}.jsonl": 1,
        f"samples_arc_hard_{STAMP}.jsonl": 1,
    }


def test_names_that_look_alike_in_a_file_name_stay_apart() -> None:
    names = ["模型", "数据", "a b", "a/b"]
    results, lines = read(report(*(result(name, None, metric()) for name in names)))

    assert list(results["results"]) == names
    assert len(lines) == len(names)


def test_results_of_one_name_do_not_cover_each_other() -> None:
    results, _ = read(report(result("a", "b_c", metric()), result("a_b", "c", metric("f1"))))

    assert sorted(results["results"]) == ["a_b_c", "a_b_c-2"]


@pytest.mark.parametrize("literal", ["nan", "inf", "a dash"])
def test_what_is_no_number_stays_the_sources_own_text(literal: str) -> None:
    results, _ = read(report(result("arc", None, metric("m", None, literal))))

    assert results["results"]["arc"]["m,none"] == literal


def test_the_same_report_gives_the_same_bytes() -> None:
    report_ = report(result("arc", None, metric()))

    once, again = (export("lm-eval", report_, Samples(sample())) for _ in range(2))

    assert {name: list(lines) for name, lines in once.items()} == {name: list(lines) for name, lines in again.items()}
