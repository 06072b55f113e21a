"""Recorded output of OpenCompass, and what must be read from it: its own numbers to the last digit."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from adapters.opencompass.adapter import ADAPTER
from adapters.opencompass.catalog import catalog
from hub.errors import NormalizeError
from hub.report import Result, Sample, SampleState
from tests.adapters.opencompass.cases import CASES, RECORDED, evaluation, request

MODELS = {"endpoint": "mock", "continuation": "tiny", "killed": "mock"}


def results(case: str, output: Path | None = None) -> dict[tuple[str, str | None], Result]:
    found = ADAPTER.normalize(CASES[case], output or RECORDED / case / "output").results
    return {(result.dataset, result.key.subset): result for result in found}


def samples(case: str) -> list[Sample]:
    return list(ADAPTER.normalize(CASES[case], RECORDED / case / "output").samples)


def written(case: str) -> dict[str, dict[str, str]]:
    """Return what OpenCompass wrote: part -> metric -> literal, read without the adapter."""
    folder = RECORDED / case / "output" / "opencompass" / "results" / MODELS[case]
    found = {}
    for file in folder.glob("*.json"):
        content = json.loads(file.read_text(), parse_float=str, parse_int=str)
        found[file.stem] = {name: value for name, value in content.items() if name not in {"details", "type"}}
    return found


def summary(case: str) -> dict[tuple[str, str], str]:
    """Return the table that OpenCompass prints."""
    file = RECORDED / case / "output" / "opencompass" / "summary" / "summary_opencompass.csv"
    rows = csv.DictReader(file.read_text().splitlines())
    return {(row["dataset"], row["metric"]): row[MODELS[case]] for row in rows}


@pytest.mark.parametrize("case", ["endpoint", "continuation"])
def test_every_number_of_opencompass_is_reported_and_no_other(case: str) -> None:
    reported: dict[str, dict[str, str]] = {}
    for result in results(case).values():
        for metric in result.metrics:
            part = Path(metric.source.file).stem
            if metric.source.file.endswith(".json"):
                reported.setdefault(part, {})[metric.source.key] = metric.raw.literal

    assert reported == written(case)


@pytest.mark.parametrize("case", ["endpoint", "continuation"])
def test_the_report_shows_what_opencompass_prints(case: str) -> None:
    printed = summary(case)
    for result in results(case).values():
        for metric in result.metrics:
            if metric.source.file.endswith(".json"):
                row = (Path(metric.source.file).stem, metric.source.key)
                assert f"{float(metric.raw.literal):.2f}" == printed[row]


@pytest.mark.parametrize(
    ("dataset", "names", "row"),
    [
        ("mmlu", ("accuracy", "accuracy_weighted"), "naive_average"),
        ("agieval", ("accuracy", "accuracy_weighted"), "naive_average"),
        ("GaokaoBench", ("score", "score_mean", "score_weighted_by_rows"), "weighted_average"),
    ],
)
def test_an_average_is_that_of_opencompass_summary(dataset: str, names: tuple[str, ...], row: str) -> None:
    whole = results("endpoint")[dataset, None]
    found = {metric.name: metric for metric in whole.metrics}
    printed = summary("endpoint")

    assert tuple(found) == names
    assert f"{float(whole.metrics[0].raw.literal):.2f}" == printed[dataset, row]
    assert f"{float(found[names[-1]].raw.literal):.2f}" == printed[f"{dataset}-weighted", "weighted_average"]


def test_percentages_become_shares() -> None:
    (metric,) = results("endpoint")["ARC_c", "ARC-Challenge"].metrics

    assert (metric.raw.unit, metric.raw.maximum) == ("percent", 100.0)
    assert metric.value == float(metric.raw.literal) / 100


def test_a_changed_source_changes_the_report(tmp_path: Path) -> None:
    output = shutil.copytree(RECORDED / "endpoint" / "output", tmp_path / "output")
    file = output / "opencompass" / "results" / "mock" / "ARC-c.json"
    content = json.loads(file.read_text())
    file.write_text(json.dumps(content | {"accuracy": 12.34}))

    assert results("endpoint", output)["ARC_c", "ARC-Challenge"].metrics[0].raw.literal == "12.34"


def test_a_missing_subset_leaves_no_average(tmp_path: Path) -> None:
    output = shutil.copytree(RECORDED / "endpoint" / "output", tmp_path / "output")
    status = json.loads((output / "status.json").read_text())
    status["parts"]["lukaemon_mmlu_virology"] |= {"stage": "load", "state": "failed", "error": "no file"}
    (output / "status.json").write_text(json.dumps(status))

    whole = results("endpoint", output)["mmlu", None]

    assert whole.metrics == ()
    assert whole.absent == "1 subset has no score (virology: no file), so there is no average"
    assert results("endpoint", output)["mmlu", "anatomy"].metrics


def test_missing_data_are_the_reason_of_their_data_set_alone() -> None:
    found = results("endpoint")

    assert "No such file or directory: 'data/piqa/train.jsonl'" in found["piqa", None].absent
    assert all(result.metrics for place, result in found.items() if place[0] != "piqa")


def test_a_failed_request_is_counted_and_its_sample_marked() -> None:
    result = results("endpoint")["gsm8k", "main"]
    (failed,) = [sample for sample in samples("endpoint") if sample.state is SampleState.INFRA_ERROR]

    assert (result.counts.planned, result.counts.scored, result.counts.infra_error) == (4, 3, 1)
    assert not result.counts.complete
    assert (failed.id, failed.scores, failed.prediction) == ("gsm8k/2", {}, "")
    assert failed.error == "HTTP 502: 500 from upstream: overloaded"


def test_a_request_that_no_ledger_has_takes_the_score_along(tmp_path: Path) -> None:
    output = shutil.copytree(RECORDED / "endpoint" / "output", tmp_path / "output")
    line = {"part": "gsm8k", "index": 2, "error": "no answer from the gateway", "seen": False}
    (output / "failures.jsonl").write_text(json.dumps(line) + "\n")

    result = results("endpoint", output)["gsm8k", "main"]

    assert result.metrics == ()
    assert result.absent == "1 of its 4 requests never reached the gateway: no answer from the gateway"
    assert result.backend_value == written("endpoint")["gsm8k"]["accuracy"]


def test_a_failed_request_that_may_be_scored_as_right_takes_the_score_along(tmp_path: Path) -> None:
    output = shutil.copytree(RECORDED / "endpoint" / "output", tmp_path / "output")
    line = {"part": "siqa", "index": 2, "error": "HTTP 500: no", "seen": True}
    (output / "failures.jsonl").write_text(json.dumps(line) + "\n")

    result = results("endpoint", output)["siqa", None]

    assert result.metrics == ()
    assert result.absent == "1 of its 4 requests failed, and OpenCompass takes no answer for the nearest option"
    assert result.backend_value == written("endpoint")["siqa"]["accuracy"]


def test_a_score_with_a_failed_request_in_it_has_no_interval() -> None:
    (failed,) = results("endpoint")["gsm8k", "main"].metrics
    (answered,) = results("endpoint")["ARC_c", "ARC-Challenge"].metrics

    assert (failed.ci95, failed.stderr) == (None, None)
    assert failed.uncertainty_absent == "1 of 4 failed, counted as wrong: not all of it is the model's"
    assert answered.ci95 is not None


def test_a_mean_of_overlaps_has_no_interval_whatever_it_comes_to(tmp_path: Path) -> None:
    output = shutil.copytree(RECORDED / "endpoint" / "output", tmp_path / "output")
    file = output / "opencompass" / "results" / "mock" / "Xsum.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"rouge1": 0.0, "rouge2": 0.0}))

    metrics = results("endpoint", output)["Xsum", None].metrics
    found = ADAPTER.normalize(CASES["endpoint"], output).samples

    assert [metric.ci95 for metric in metrics] == [None] * 4
    assert metrics[0].uncertainty_absent == "rouge1 is not known to be a share of right answers"
    assert all(sample.scores == {} for sample in found if sample.dataset == "Xsum")


def test_points_have_no_interval() -> None:
    for subset in ("2010-2022_Math_I_MCQs", "2010-2022_Physics_MCQs"):
        (metric,) = results("endpoint")["GaokaoBench", subset].metrics

        assert metric.uncertainty_absent == "score is not known to be a share of right answers"


def test_a_job_says_itself_who_scored_it(tmp_path: Path) -> None:
    output = shutil.copytree(RECORDED / "endpoint" / "output", tmp_path / "output")
    status = json.loads((output / "status.json").read_text())
    status["parts"]["ARC-c"]["evaluator"] = "RougeEvaluator"
    (output / "status.json").write_text(json.dumps(status))

    (metric,) = results("endpoint", output)["ARC_c", "ARC-Challenge"].metrics

    assert metric.uncertainty_absent == "accuracy is not known to be a share of right answers"


def test_an_average_says_which_numbers_it_is_of() -> None:
    found = results("endpoint")

    assert found["agieval", None].metrics[0].source.key == "mean of accuracy and score"
    assert found["mmlu", None].metrics[1].source.key == "mean weighted by rows of accuracy"
    assert [metric.source.key for metric in found["GaokaoBench", None].metrics] == [
        "mean weighted by points of score",
        "mean of score",
        "mean weighted by rows of score",
    ]


def mmlu(folder: Path, *, without: str = "", config: str = "mmlu_gen_4d595a") -> dict[str | None, Result]:
    """Return the results of all of mmlu, each subject with another score, one perhaps without any."""
    parts, case = {}, evaluation(request("mmlu", options={"config": config}))
    place = folder / "opencompass" / "results" / "mock"
    place.mkdir(parents=True)
    for number, (subset, file) in enumerate(catalog()["mmlu"].parts.items()):
        fields = {"dataset": "mmlu", "subset": subset, "planned": 3, "stage": "score", "error": ""}
        parts[file] = fields | {"state": "failed" if subset == without else "ok"}
        (place / f"{file}.json").write_text(json.dumps({"accuracy": 100 * number / 57}))
    (folder / "status.json").write_text(json.dumps({"model": {}, "parts": parts}))
    return {result.key.subset: result for result in ADAPTER.normalize(case, folder).results}


def test_subjects_have_averages_of_their_own(tmp_path: Path) -> None:
    found = mmlu(tmp_path)

    stem = found["stem"]
    scores = [float(found[subset].metrics[0].raw.literal) for subset in stem.averages]
    assert list(found)[:5] == [None, "humanities", "stem", "social-science", "other"]
    assert (len(stem.averages), stem.averages[0]) == (19, "abstract_algebra")
    assert stem.metrics[0].raw.literal == repr(sum(scores) / 19)
    assert (stem.counts.planned, stem.metrics[0].source.key) == (57, "mean of accuracy")
    assert [part.averages for part in found.values()].count(()) == 58


def test_an_average_was_asked_with_the_examples_of_its_parts(tmp_path: Path) -> None:
    found = mmlu(tmp_path, config="mmlu_gen_23a9a9")

    assert (found[None].key.few_shot, found["stem"].key.few_shot) == (5, 5)


@pytest.mark.parametrize(("held", "shown"), [({"few_shot": None}, None), ({"few_shot": 2}, 2), ({}, None)])
def test_examples_in_the_text_of_a_prompt_are_not_counted_as_none(
    tmp_path: Path, held: dict[str, object], shown: int | None
) -> None:
    part = {"dataset": "mine", "subset": "a", "planned": 1, "stage": "score", "state": "failed", "error": "no"}
    (tmp_path / "status.json").write_text(json.dumps({"model": {}, "parts": {"a": part | held}}))
    case = evaluation(request("config", label="mine", options={"config": "/own/my.py"}))

    (result,) = ADAPTER.normalize(case, tmp_path).results

    assert result.key.few_shot == shown


def test_a_subject_that_lacks_a_subset_has_no_average_and_the_others_have(tmp_path: Path) -> None:
    found = mmlu(tmp_path, without="virology")

    assert {name for name in ("humanities", "stem", "social-science", "other") if found[name].metrics} == {
        "humanities",
        "stem",
        "social-science",
    }
    assert found["other"].absent.startswith("1 subset has no score (virology: ")
    assert found[None].metrics == ()


def test_a_subject_that_was_asked_for_in_part_is_not_reported() -> None:
    assert {subset for name, subset in results("endpoint") if name == "mmlu"} == {None, "anatomy", "virology"}


def test_a_gold_that_only_names_a_task_is_none(tmp_path: Path) -> None:
    part = {"dataset": "humaneval", "planned": 1, "stage": "infer", "state": "failed", "error": "died"}
    (tmp_path / "status.json").write_text(json.dumps({"model": {}, "parts": {"openai_humaneval": part}}))
    folder = tmp_path / "opencompass" / "predictions" / "mock"
    folder.mkdir(parents=True)
    written = {"0": {"origin_prompt": "def f():", "prediction": "pass", "gold": "HumanEval/0"}}
    (folder / "openai_humaneval.json").write_text(json.dumps(written))

    (sample,) = ADAPTER.normalize(evaluation(request("humaneval")), tmp_path).samples

    assert (sample.prediction, sample.gold) == ("pass", "")


def test_samples_agree_with_the_score() -> None:
    by_part: dict[str, list[Sample]] = {}
    for sample in samples("endpoint"):
        by_part.setdefault(sample.id.rpartition("/")[0], []).append(sample)

    right = [sample.scores["accuracy"] for sample in by_part["lukaemon_mmlu_anatomy"]]
    assert 100 * sum(right) / len(right) == float(written("endpoint")["lukaemon_mmlu_anatomy"]["accuracy"])


def test_samples_hold_turns_answer_and_gold() -> None:
    sample = next(sample for sample in samples("endpoint") if sample.id == "lukaemon_mmlu_anatomy/1")

    assert [turn["role"] for turn in sample.prompt if isinstance(turn, Mapping)] == ["user", "assistant"] * 5 + [
        "user"
    ]
    assert (sample.dataset, sample.subset, sample.gold) == ("mmlu", "anatomy", "B")
    assert sample.answer == sample.prediction


def test_samples_whose_verdicts_do_not_add_up_have_no_score() -> None:
    siqa = [sample for sample in samples("endpoint") if sample.dataset == "siqa"]
    (metric,) = results("endpoint")["siqa", None].metrics

    assert all(sample.scores == {} for sample in siqa)
    assert (metric.ci95, metric.uncertainty_absent != "") == (None, True)


def test_compared_options_have_an_answer() -> None:
    found = [sample for sample in samples("continuation") if sample.dataset == "ARC_c"]

    assert [sample.gold for sample in found] == ["A", "B", "C", "D"]
    assert all(sample.answer in {"A", "B", "C", "D"} for sample in found)
    assert all(set(sample.scores) == {"accuracy"} for sample in found)


def test_bits_per_byte_have_no_maximum() -> None:
    found = {metric.name: metric for metric in results("continuation")["ARC_c", "ARC-Challenge"].metrics}

    assert list(found) == ["accuracy", "correct_bpb", "incorrect_bpb"]
    assert (found["correct_bpb"].value, found["correct_bpb"].higher_is_better) == (None, False)


def test_the_key_says_how_it_was_asked() -> None:
    key = results("endpoint")["gsm8k", "main"].key

    assert (key.benchmark, key.split, key.few_shot, key.scoring, key.limit) == ("gsm8k", "test", 4, "generate", 4)
    assert key.prompt == "sha256:1d7fe42ca32b5bb2"  # as in the name of the configuration
    assert key.data.startswith("sha256:")
    assert key.generation == {
        "temperature": 0.0,
        "max_tokens": 512,
        "chat": True,
        "turns": True,
        "max_seq_len": 4096,
    }
    assert key.backend_version == "0.1.6/gsm8k_gen_1d7fe4"


def test_a_killed_job_tells_how_far_it_was() -> None:
    found = results("killed")

    assert found["gsm8k", "main"].absent == "the job ended while it was answered"
    assert found["lambada", None].absent == "the job ended before it was scored"
    assert all(not result.metrics and result.counts.planned == 6 for result in found.values())
    assert {sample.dataset for sample in samples("killed")} == {"ARC_c", "lambada"}
    assert {sample.state for sample in samples("killed")} == {SampleState.SKIPPED}


def test_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NormalizeError, match="wrote nothing"):
        ADAPTER.normalize(CASES["endpoint"], tmp_path)


@pytest.mark.parametrize("text", ["", "[1", "5", '{"parts": 3}', "\xff"])
def test_a_damaged_status_is_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "status.json").write_text(text)

    with pytest.raises(NormalizeError):
        ADAPTER.normalize(CASES["endpoint"], tmp_path)


def test_a_number_without_end_is_an_error(tmp_path: Path) -> None:
    output = shutil.copytree(RECORDED / "endpoint" / "output", tmp_path / "output")
    status = json.loads((output / "status.json").read_text())
    next(iter(status["parts"].values()))["planned"] = float("inf")
    (output / "status.json").write_text(json.dumps(status))

    with pytest.raises(NormalizeError, match="are not what OpenCompass and the runner write: OverflowError"):
        ADAPTER.normalize(CASES["endpoint"], output)


def test_a_result_that_is_gone_is_an_error(tmp_path: Path) -> None:
    output = shutil.copytree(RECORDED / "endpoint" / "output", tmp_path / "output")
    (output / "opencompass" / "results" / "mock" / "ARC-c.json").unlink()

    with pytest.raises(NormalizeError, match="ARC-c"):
        ADAPTER.normalize(CASES["endpoint"], output)


def test_an_own_configuration_reports_what_it_held(tmp_path: Path) -> None:
    part: dict[str, Any] = {"dataset": "mine", "abbr": "a b", "subset": "a b", "planned": 2, "stage": "score"}
    status = {"model": {}, "parts": {"a-b": part | {"state": "ok", "error": "", "few_shot": 3}}}
    (tmp_path / "status.json").write_text(json.dumps(status))
    folder = tmp_path / "opencompass" / "results" / "mock"
    folder.mkdir(parents=True)
    (folder / "a-b.json").write_text('{"accuracy": 50.0}')
    case = evaluation(request("config", label="mine", options={"config": "/own/my.py"}))

    (result,) = ADAPTER.normalize(case, tmp_path).results

    assert (result.dataset, result.key.subset, result.key.few_shot) == ("mine", "a b", 3)
    assert (result.metrics[0].name, result.metrics[0].value) == ("accuracy", 0.5)


def test_a_status_that_lies_about_its_files_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_text('{"accuracy": 1.0}')
    output = tmp_path / "output"
    output.mkdir()
    part = {"dataset": "mine", "subset": "x", "planned": 1, "stage": "score", "state": "ok", "error": ""}
    (output / "status.json").write_text(json.dumps({"model": {}, "parts": {"../../../secret": part}}))
    case = evaluation(request("config", label="mine", options={"config": "/own/my.py"}))

    (result,) = ADAPTER.normalize(case, output).results

    assert (result.metrics, result.absent) == ((), "the job never got to it")
