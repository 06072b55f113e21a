"""Recorded output of VLMEvalKit, and what must be read from it: its own numbers to the last digit."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from adapters.vlmevalkit.adapter import ADAPTER
from hub.errors import NormalizeError
from hub.report import Metric, Result, Sample, SampleState
from tests.adapters.vlmevalkit.cases import CASES, RECORDED, evaluation, request
from tests.adapters.vlmevalkit.tiny_answers import VAGUE

COUNTS = ("tot", "hit", "prefetch", "num")  # VLMEvalKit's columns that are no scores


def results(case: str, output: Path | None = None) -> dict[tuple[str, str | None], Result]:
    found = ADAPTER.normalize(CASES[case], output or RECORDED / case / "output").results
    return {(result.dataset, result.key.subset): result for result in found}


def one(case: str, dataset: str, subset: str | None = None) -> Result:
    return results(case)[dataset, subset]


def metrics(case: str, dataset: str, subset: str | None = None) -> dict[str, Metric]:
    return {metric.name: metric for metric in one(case, dataset, subset).metrics}


def samples(case: str, dataset: str) -> list[Sample]:
    found = ADAPTER.normalize(CASES[case], RECORDED / case / "output").samples
    return [sample for sample in found if sample.dataset == dataset]


def of_vlmevalkit(case: str) -> dict[str, dict[str, float]]:
    """Return what VLMEvalKit's own status says: data set -> key -> number, read without the adapter."""
    found: dict[str, dict[str, float]] = {}
    for file in (RECORDED / case / "output" / "vlmevalkit").glob("*/model/status.json"):
        for name, entry in json.loads(file.read_text())["datasets"].items():
            numbers = entry.get("metrics") or {}
            found[name] = {key: value for key, value in numbers.items() if key.rpartition("|")[2] not in COUNTS}
    return found


def status(case: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((RECORDED / case / "output" / "status.json").read_text())["datasets"]
    return content


# What VLMEvalKit writes and means nothing by: MMT-Bench's splits stand in the row ALL, too, and under a limit no row
# may be about MME's reasoning, or of some kind of OCRBench's; of no kind that has no row is 0 a score.
MEANINGLESS = {
    "MMT-Bench_VAL": ("split=none|",),
    "MME": ("reasoning",),
    "MMLongBench_DOC": ("category=single-page",),
    "OCRBench": ("Doc-oriented VQA", "Key Information Extraction", "Handwritten Mathematical Expression Recognition"),
}


@pytest.mark.parametrize("case", ["matching", "judge", "documents", "limited"])
def test_every_number_of_vlmevalkit_is_reported(case: str) -> None:
    reported: dict[str, dict[str, float]] = {}
    for result in results(case).values():
        for metric in result.metrics:
            reported.setdefault(result.dataset, {})[metric.source.key] = float(metric.raw.literal)

    for name, numbers in of_vlmevalkit(case).items():
        for key, number in numbers.items():
            left_out = key.startswith(MEANINGLESS.get(name, ("nothing",)))
            if not left_out or key in reported[name]:
                assert reported[name][key] == pytest.approx(number, abs=1e-12), (name, key)


@pytest.mark.parametrize("case", ["matching", "judge", "documents", "limited"])
def test_no_two_numbers_of_a_result_have_one_name(case: str) -> None:
    for result in results(case).values():
        names = Counter(metric.name for metric in result.metrics)
        assert set(names.values()) <= {1}, (result.dataset, names)


@pytest.mark.parametrize(
    ("case", "dataset", "headline", "key", "unit", "maximum"),
    [
        ("matching", "MMStar", "accuracy", "split=none|Overall", "fraction", 1.0),
        ("matching", "MMBench_DEV_EN", "accuracy", "split=dev|Overall", "fraction", 1.0),
        ("matching", "MMMU_DEV_VAL", "accuracy", "split=validation|Overall", "fraction", 1.0),
        ("matching", "MMT-Bench_VAL", "accuracy", "split=ALL|Overall", "fraction", 1.0),
        ("matching", "GMAI-MMBench_VAL", "accuracy", "split=none|Overall", "fraction", 1.0),
        ("matching", "MME", "perception", "perception", "score", 2000.0),
        ("matching", "POPE", "f1", "split=Overall|Overall", "percent", 100.0),
        ("matching", "HallusionBench", "accuracy", "split=Overall|aAcc", "percent", 100.0),
        ("matching", "AMBER", "accuracy", "Avg ACC", "percent", 100.0),
        ("matching", "ChartQA_TEST", "relaxed_accuracy", "Overall", "percent", 100.0),
        ("matching", "OCRVQA_TESTCORE", "accuracy", "Overall", "percent", 100.0),
        ("matching", "TextVQA_VAL", "vqa_score", "Overall", "percent", 100.0),
        ("matching", "DocVQA_VAL", "anls", "Overall", "percent", 100.0),
        ("matching", "OCRBench", "final_score", "Final Score", "count", 20.0),
        ("matching", "MTVQA_TEST", "accuracy", "Average", "percent", 100.0),
        ("matching", "COCO_VAL", "cider", "CIDEr", "score", None),
        ("judge", "MMVet", "score", "Category=Overall|acc", "percent", 100.0),
        ("judge", "LLaVABench", "relative_score", "split=overall|Relative Score (main)", "score", None),
        ("judge", "MathVista_MINI", "accuracy", "Task&Skill=Overall|acc", "percent", 100.0),
        ("judge", "MathVision_MINI", "accuracy", "Subject=Overall|acc", "percent", 100.0),
        ("judge", "MMDU", "overall_score", "set=all|Overall Score", "percent", 100.0),
        ("documents", "MMLongBench_DOC", "f1", "category=overall_f1|avg_score", "fraction", 1.0),
        ("documents", "DUDE_MINI", "anls", "category=anls|avg_score", "fraction", 1.0),
        ("documents", "SLIDEVQA_MINI", "anls", "category=anls|avg", "fraction", 1.0),
    ],
)
def test_the_headline_is_the_one_that_people_quote(
    case: str, dataset: str, headline: str, key: str, unit: str, maximum: float | None
) -> None:
    result = one(case, dataset)
    metric = result.metrics[0]

    assert (metric.name, metric.source.key) == (headline, key)
    assert (metric.raw.unit, metric.raw.maximum) == (unit, maximum)
    assert result.backend_value == metric.raw.literal
    assert (metric.value is None) is (maximum is None)


@pytest.mark.parametrize("case", ["matching", "judge", "documents", "limited"])
def test_every_value_is_a_share_of_its_maximum(case: str) -> None:
    for result in results(case).values():
        for metric in result.metrics:
            if metric.raw.maximum is not None:
                assert metric.value == pytest.approx(float(metric.raw.literal) / metric.raw.maximum)
                assert 0 <= (metric.value or 0.0) <= 1


class TestUncertainty:
    @pytest.mark.parametrize(
        "dataset",
        [
            *("MMStar", "MMBench_DEV_EN", "MMMU_DEV_VAL", "MMT-Bench_VAL", "GMAI-MMBench_VAL"),
            *("HallusionBench", "ChartQA_TEST", "OCRVQA_TESTCORE", "GQA_TestDev_Balanced"),
        ],
    )
    def test_a_mean_of_right_and_wrong_has_an_interval(self, dataset: str) -> None:
        headline = one("matching", dataset).metrics[0]

        assert headline.stderr is not None
        assert headline.ci95 is not None
        assert headline.ci95[0] < (headline.value or 0.0) < headline.ci95[1]

    @pytest.mark.parametrize("dataset", ["MME", "POPE", "AMBER", "TextVQA_VAL", "DocVQA_VAL", "OCRBench", "COCO_VAL"])
    def test_anything_else_says_why_it_has_none(self, dataset: str) -> None:
        headline = one("matching", dataset).metrics[0]

        assert (headline.stderr, headline.ci95) == (None, None)
        assert headline.uncertainty_absent

    def test_of_two_splits_only_the_rows_of_the_headlines_count(self) -> None:
        rows = [sample for sample in samples("matching", "MMMU_DEV_VAL") if int(sample.id) >= 2]
        share = sum(sample.scores["accuracy"] for sample in rows) / 6

        assert one("matching", "MMMU_DEV_VAL").metrics[0].value == pytest.approx(share)


class TestNames:
    def test_other_splits_stand_before_what_is_about_them(self) -> None:
        found = metrics("matching", "MMMU_DEV_VAL")

        assert found["dev/accuracy"].source.key == "split=dev|Overall"
        assert found["Music"].source.key == "split=validation|Music"

    def test_numbers_that_vlmevalkit_groups_bear_the_groups_name(self) -> None:
        found = metrics("matching", "GMAI-MMBench_VAL")

        assert found["department/Urology"].source.file.endswith("model_GMAI-MMBench_VAL_department_acc.csv")
        assert "perceptual granularity/image level" in found
        assert "department/accuracy" not in found  # the whole is the headline already

    def test_the_reference_of_a_judge_is_no_score_of_the_model(self) -> None:
        found = metrics("judge", "LLaVABench")

        assert found["reference_score"].source.key == "split=overall|GPT4 Score"
        assert found["score"].source.key == "split=overall|VLM Score"

    def test_rows_that_are_numbers_of_their_own_name_themselves(self) -> None:
        assert [metric.name for metric in one("documents", "SLIDEVQA_MINI").metrics] == ["anls", "exact_match", "f1"]
        assert "single-page" not in metrics("documents", "MMLongBench_DOC")  # no row is of that kind

    def test_mixtures_of_abilities_are_told_from_abilities(self) -> None:
        found = metrics("judge", "MMVet")

        assert found["ocr/score"].source.file.endswith("_score.csv")
        assert found["mixtures/ocr_spat_math/score"].source.file.endswith("_score_fine.csv")


class TestCompilation:
    def test_the_whole_is_the_mean_of_its_data_sets(self) -> None:
        parts = [result for (name, part), result in results("matching").items() if name == "MMMB" and part]
        whole = one("matching", "MMMB")

        values = [float(part.metrics[0].raw.literal) for part in parts]
        assert len(values) == 6
        assert float(whole.metrics[0].raw.literal) == pytest.approx(sum(values) / 6)
        assert whole.metrics[0].source.key == "mean of Overall over data sets"

    def test_a_part_is_read_from_the_row_of_its_own(self) -> None:
        found = metrics("matching", "MMMB", "MMMB_ru")

        assert found["accuracy"].source.key == "split=none|DATASET=MMMB_ru|Overall"
        assert found["coarse"].ci95 is None
        assert found["accuracy"].ci95 is not None

    def test_its_samples_keep_the_ids_under_which_they_were_asked(self) -> None:
        found = samples("matching", "MMMB")

        assert [sample.id for sample in found] == [str(number) for number in range(18)]
        assert found[3].subset == "MMMB_cn"
        assert all(sample.scores for sample in found)

    def test_of_rotations_the_first_stands_for_the_question(self) -> None:
        scored = [sample for sample in samples("matching", "MTL_MMBench_DEV") if sample.scores]

        assert Counter(sample.subset for sample in scored) == dict.fromkeys(
            [f"MMBench_dev_{tongue}" for tongue in ("ar", "cn", "en", "pt", "ru", "tr")], 2
        )


class TestLimited:
    def test_pairs_stay_whole_and_the_maximum_is_of_what_is_there(self) -> None:
        found = one("limited", "MME")

        assert found.counts.planned == 6
        assert found.key.limit == 5
        assert found.metrics[0].raw.maximum == 3 * 200.0
        assert "reasoning" not in {metric.name for metric in found.metrics}  # of no category: 0 would be a lie

    def test_every_language_has_its_rows(self) -> None:
        assert one("limited", "MMMB").counts.planned == 12
        assert one("limited", "MMMB", "MMMB_tr").counts.planned == 2

    def test_a_count_is_out_of_the_rows_that_were_asked(self) -> None:
        found = metrics("limited", "OCRBench")

        assert found["final_score"].raw.maximum == 7.0
        assert found["Text Recognition"].raw.maximum == 6.0
        assert "Doc-oriented VQA" not in found  # no row of it was asked
        assert (found["Final Score Norm"].raw.maximum, found["Final Score Norm"].value) == (None, None)


class TestSamples:
    def test_a_sample_shows_what_its_model_was_given(self) -> None:
        sample = samples("matching", "MMStar")[0]

        assert isinstance(sample.prompt, tuple)
        (turn,) = sample.prompt
        assert turn["content"][0] == {"type": "image", "path": "images/mmstar/0.jpg"}
        assert "[MMStar#0] Which colour is it?" in turn["content"][1]["text"]
        assert (sample.prediction, sample.gold, sample.scores) == ("B", "A", {"accuracy": 0.0})

    def test_pictures_stand_between_the_words(self) -> None:
        kinds = [part["type"] for part in samples("matching", "MMMU_DEV_VAL")[0].prompt[0]["content"]]  # type: ignore[index]

        assert kinds == ["text", "image", "text", "image", "text"]

    def test_the_official_score_of_an_item_is_the_one_that_the_mean_is_of(self) -> None:
        found = samples("matching", "DocVQA_VAL")
        headline = one("matching", "DocVQA_VAL").metrics[0]

        mean = sum(sample.scores["anls"] for sample in found) / len(found)
        assert mean == pytest.approx(headline.value)

    @pytest.mark.parametrize("dataset", ["MMStar", "ChartQA_TEST", "TextVQA_VAL", "HallusionBench"])
    def test_item_scores_add_up_to_the_headline(self, dataset: str) -> None:
        scores = [next(iter(sample.scores.values())) for sample in samples("matching", dataset)]

        assert sum(scores) / len(scores) == pytest.approx(one("matching", dataset).metrics[0].value)

    def test_an_item_of_yes_and_no_is_no_f1(self) -> None:
        assert set(samples("matching", "POPE")[0].scores) == {"accuracy"}

    def test_an_answer_that_nobody_could_read_counts_as_unparsed(self) -> None:
        vague = [sample for sample in samples("matching", "MMT-Bench_VAL") if sample.prediction == VAGUE]
        found = one("matching", "MMT-Bench_VAL").counts

        assert (found.scored, found.unparsed) == (32, len(vague))
        assert vague


class TestJudge:
    def test_who_reads_the_answers_is_part_of_the_key(self) -> None:
        assert one("matching", "MMStar").key.scoring == "exact_matching"
        assert one("judge", "MMStar").key.scoring == "judge"
        assert one("matching", "ChartQA_TEST").key.scoring == "generate"

    def test_an_option_that_was_drawn_is_no_verdict(self) -> None:
        every = samples("judge", "MMT-Bench_VAL")
        drawn = [sample for sample in every if sample.state is SampleState.JUDGE_FALLBACK]
        counts = one("judge", "MMT-Bench_VAL").counts

        assert drawn
        assert {sample.prediction for sample in drawn} == {VAGUE}
        assert {sample.error for sample in drawn} == {"the judge gave no verdict that VLMEvalKit could read"}
        assert (counts.scored, counts.judge_fallback) == (32 - len(drawn), len(drawn))

    def test_how_many_answers_it_read_stands_beside_the_score(self) -> None:
        vague = [sample for sample in samples("judge", "MMT-Bench_VAL") if sample.prediction == VAGUE]
        counts = one("judge", "MMT-Bench_VAL").counts
        judged = metrics("judge", "MMT-Bench_VAL")["judged"]

        assert int(judged.raw.literal) == len(vague) - counts.judge_fallback
        assert (judged.raw.unit, judged.raw.maximum) == ("count", 32.0)
        assert judged.source.file == "status.json"
        assert "judged" not in metrics("matching", "MMT-Bench_VAL")

    def test_what_a_judge_graded_is_the_samples_score(self) -> None:
        for dataset, name in (("MMVet", "score"), ("LLaVABench", "score")):
            scores = [sample.scores[name] for sample in samples("judge", dataset)]
            assert sum(scores) / len(scores) == pytest.approx(metrics("judge", dataset)[name].value, abs=5e-4)

    @pytest.mark.parametrize(
        ("dataset", "name"), [("MMLongBench_DOC", "accuracy"), ("DUDE_MINI", "anls"), ("SLIDEVQA_MINI", "anls")]
    )
    def test_what_it_shortened_is_compared_for_every_sample(self, dataset: str, name: str) -> None:
        scores = [sample.scores[name] for sample in samples("documents", dataset)]

        assert sum(scores) / len(scores) == pytest.approx(metrics("documents", dataset)[name].value)

    def test_what_a_judge_only_read_has_no_score(self) -> None:
        sample = samples("judge", "MathVista_MINI")[1]

        assert (sample.answer, sample.scores, sample.state) == ("1", {}, SampleState.SCORED)


class TestOwnData:
    @pytest.mark.parametrize("metric", ["accuracy", "relaxed_accuracy", "vqa_score", "anls"])
    def test_open_questions_are_scored_by_the_metric_that_was_asked_for(self, metric: str) -> None:
        result = one("own", metric)

        assert result.metrics[0].name == metric
        assert result.key.benchmark == metric  # the label: nobody else has these data
        assert result.metrics[0].value == pytest.approx(
            sum(sample.scores[metric] for sample in samples("own", metric)) / 6
        )

    def test_choices_are_scored_as_published_ones_are(self) -> None:
        assert one("own", "my choices").metrics[0].ci95 is not None


class TestWithoutScore:
    def test_answers_alone_are_no_failure(self) -> None:
        result = one("matching", "DocVQA_TEST")

        assert result.metrics == ()
        assert result.absent == "its publisher keeps the right answers: hand in what the model said"
        assert (result.counts.planned, result.counts.skipped) == (6, 6)
        assert {sample.state for sample in samples("matching", "DocVQA_TEST")} == {SampleState.SKIPPED}

    def test_a_request_that_failed_is_no_wrong_answer(self) -> None:
        result = one("failing", "MMStar")
        sample = samples("failing", "MMStar")[2]

        assert (result.counts.scored, result.counts.infra_error) == (5, 1)
        assert (sample.state, sample.scores, sample.prediction) == (SampleState.INFRA_ERROR, {}, "")
        assert "overloaded" in sample.error

    def test_missing_data_are_told(self) -> None:
        result = one("failing", "POPE")

        assert result.counts.planned == 0
        assert "POPE.tsv" in result.absent

    def test_a_job_that_was_killed_keeps_what_was_scored(self) -> None:
        found = results("killed")

        assert found["ChartQA_TEST", None].metrics
        assert found["MMStar", None].absent == "the job ended while it was answered"
        assert found["MME", None].absent == "the job never got to it"


def test_every_failure_alike_leaves_no_score(tmp_path: Path) -> None:
    output = tmp_path / "output"
    shutil.copytree(RECORDED / "matching" / "output", output)
    lines = [
        {"dataset": "MMStar", "role": "candidate", "sample": str(n), "error": "down", "seen": True, "empty": False}
        for n in range(6)
    ]
    (output / "failures.jsonl").write_text("\n".join(map(json.dumps, lines)))

    result = results("matching", output)["MMStar", None]

    assert (result.metrics, result.absent) == ((), "no request was answered: down")
    assert result.backend_value == "0.5"


def test_a_request_that_the_gateway_never_saw_withholds_the_score(tmp_path: Path) -> None:
    output = tmp_path / "output"
    shutil.copytree(RECORDED / "matching" / "output", output)
    line = {"dataset": "MMStar", "role": "candidate", "sample": "1", "error": "gone", "seen": False, "empty": False}
    (output / "failures.jsonl").write_text(json.dumps(line))

    assert results("matching", output)["MMStar", None].absent == "1 of its 6 requests never reached the gateway: gone"


def test_a_file_of_scores_that_is_gone_is_no_zero(tmp_path: Path) -> None:
    output = tmp_path / "output"
    shutil.copytree(RECORDED / "matching" / "output", output)
    (output / "vlmevalkit" / "mmstar" / "model" / "model_MMStar_acc.csv").unlink()

    assert results("matching", output)["MMStar", None].absent == "VLMEvalKit wrote no accuracy"


def test_a_judge_that_the_gateway_never_heard_of_withholds_the_score(tmp_path: Path) -> None:
    output = tmp_path / "output"
    shutil.copytree(RECORDED / "judge" / "output", output)
    line = {"dataset": "MMVet", "role": "judge", "sample": "", "error": "gone", "seen": False, "empty": False}
    (output / "failures.jsonl").write_text(json.dumps(line))

    result = results("judge", output)["MMVet", None]

    assert (result.metrics, result.absent) == ((), "1 of the requests to the judge never reached the gateway: gone")
    assert result.backend_value


def test_ratings_that_are_missing_and_count_as_nothing_are_told_beside_the_score(tmp_path: Path) -> None:
    output = tmp_path / "output"
    shutil.copytree(RECORDED / "judge" / "output", output)
    scores = output / "vlmevalkit" / "mmdu" / "model" / "model_MMDU_judge_score.csv"
    scores.write_text('"set","Creativity","Overall Score"\n"all","20.0","20.0"\n"valid","40.0","40.0"\n')

    result = results("judge", output)["MMDU", None]

    assert result.metrics[0].raw.literal == "20.0"
    assert result.caveat == "the judge did not rate some answers, which count as 0; without them it is 40.0"
    assert one("judge", "MMDU").caveat == ""


def unrated(tmp_path: Path, *rows: int) -> Result:
    """Return the result of LLaVABench whose judge rated all answers but some."""
    output = tmp_path / "output"
    shutil.copytree(RECORDED / "judge" / "output", output)
    file = output / "vlmevalkit" / "llavabench" / "model" / "model_LLaVABench_openai_result.tsv"
    head, *lines = file.read_text().splitlines()
    places = [head.split("\t").index(f'"{name}"') for name in ("score", "gpt4_score")]
    for row in rows:
        cells = lines[row].split("\t")
        for place in places:
            cells[place] = '"-1"'
        lines[row] = "\t".join(cells)
    file.write_text("\n".join((head, *lines)) + "\n")
    return results("judge", output)["LLaVABench", None]


def test_a_score_without_any_verdict_is_none(tmp_path: Path) -> None:
    result = unrated(tmp_path, *range(one("judge", "LLaVABench").counts.planned))

    assert result.metrics == ()
    assert result.absent == "the judge gave no verdict that VLMEvalKit could read on any of its answers"
    assert result.backend_value == one("judge", "LLaVABench").backend_value
    assert (result.counts.scored, result.counts.judge_fallback) == (0, result.counts.planned)


def test_a_score_with_some_verdicts_says_how_many_are_missing(tmp_path: Path) -> None:
    result = unrated(tmp_path, 0, 1)
    planned = result.counts.planned

    assert result.metrics[0].uncertainty_absent == f"{result.caveat}: not all of it is the model's"
    assert result.caveat == f"2 of {planned} scored without the judge's verdict"


def test_options_that_were_drawn_are_told_beside_the_score() -> None:
    result = one("judge", "MMT-Bench_VAL")

    assert result.counts.judge_fallback
    assert result.caveat == f"{result.counts.judge_fallback} of 32 scored without the judge's verdict"
    assert result.metrics[0].ci95 is None


def test_a_question_that_chance_decided_is_unjudged_in_all_orders_of_its_options(tmp_path: Path) -> None:
    output = tmp_path / "output"
    shutil.copytree(RECORDED / "matching" / "output", output)
    file = output / "vlmevalkit" / "mmbench_dev_en" / "model" / "model_MMBench_DEV_EN_exact_matching_result.tsv"
    head, first, *rest = file.read_text().splitlines()
    cells = [*first.split("\t")[:-1], '"Match Log is Failed to predict, thus randomly generate one. "']
    file.write_text("\n".join((head, "\t".join(cells), *rest)) + "\n")

    result = results("matching", output)["MMBench_DEV_EN", None]

    assert (result.counts.scored, result.counts.judge_fallback) == (8, 4)


def test_an_answer_that_is_empty_is_shown_as_it_was(tmp_path: Path) -> None:
    output = tmp_path / "output"
    shutil.copytree(RECORDED / "matching" / "output", output)
    line = {"dataset": "MMStar", "role": "candidate", "sample": "1", "error": "", "seen": False, "empty": True}
    (output / "failures.jsonl").write_text(json.dumps(line))

    (sample,) = (
        found
        for found in ADAPTER.normalize(CASES["matching"], output).samples
        if (found.dataset, found.id) == ("MMStar", "1")
    )

    assert (sample.prediction, sample.state) == ("", SampleState.SCORED)


def test_of_splits_that_nobody_knows_none_is_the_headline_without_its_name(tmp_path: Path) -> None:
    output = tmp_path / "output"
    shutil.copytree(RECORDED / "matching" / "output", output)
    scores = output / "vlmevalkit" / "mmstar" / "model" / "model_MMStar_acc.csv"
    scores.write_text('"split","Overall","color"\n"hard","0.25","0.5"\n"easy","0.75","0.5"\n')

    names = [metric.name for metric in results("matching", output)["MMStar", None].metrics]

    assert names == ["easy/accuracy", "hard/accuracy", "easy/color", "hard/color"]


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NormalizeError, match="the runner wrote nothing"):
        ADAPTER.normalize(evaluation(request("MMStar")), tmp_path)


class TestKey:
    def test_it_holds_what_makes_numbers_comparable(self) -> None:
        key = one("limited", "MME").key

        assert (key.benchmark, key.backend_version, key.seed) == ("MME", "0.0.20", 42)
        assert key.generation == {"temperature": 0.0, "max_tokens": 2048, "image_detail": "high"}
        assert key.data.startswith("sha256:")
        assert key.prompt.startswith("sha256:")

    def test_a_matched_and_a_judged_score_have_the_same_data(self) -> None:
        assert one("matching", "MMStar").key.data == one("judge", "MMStar").key.data


def changed(tmp_path: Path, dataset: str, **facts: Any) -> Path:
    """Return a copy of a job's output whose status says other things of a data set."""
    output = tmp_path / "output"
    shutil.copytree(RECORDED / "matching" / "output", output)
    content = json.loads((output / "status.json").read_text())
    content["datasets"][dataset].update(facts)
    (output / "status.json").write_text(json.dumps(content))
    return output


@pytest.mark.parametrize("outside", ["../outside/model_MMStar.tsv", "{}/outside/model_MMStar.tsv"])
def test_a_job_cannot_have_files_read_that_are_not_in_its_output(tmp_path: Path, outside: str) -> None:
    output = changed(tmp_path, "mmstar", predictions=outside.format(tmp_path))
    shutil.copytree(output / "vlmevalkit" / "mmstar" / "model", tmp_path / "outside")

    with pytest.raises(NormalizeError, match="no path inside the job's output"):
        results("matching", output)


def test_what_is_only_answered_here_has_that_reason_whatever_was_scored(tmp_path: Path) -> None:
    result = results("matching", changed(tmp_path, "docvqa_test", skipped=""))["DocVQA_TEST", None]

    assert result.absent == "its publisher keeps the right answers: hand in what the model said"


def test_a_number_that_is_none_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NormalizeError, match="OverflowError"):
        results("matching", changed(tmp_path, "mmstar", planned=float("inf")))
