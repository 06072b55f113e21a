"""What VLMEvalKit refuses, with the place in the task file, and what it only warns of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from adapters.vlmevalkit.adapter import ADAPTER
from adapters.vlmevalkit.translate import task_of
from hub.adapter import Complaint, Evaluation
from tests.adapters.vlmevalkit.cases import CHECKPOINT, ENDPOINT, evaluation, request

Place = tuple[str | int, ...]


def complaints(of: Evaluation) -> dict[Place, str]:
    return {item.path: item.message for item in ADAPTER.complain(of)}


def only(of: Evaluation, *place: str | int) -> str:
    found = complaints(of)
    assert list(found) == [place]
    return found[place]


def warning(of: Evaluation) -> Complaint:
    (found,) = ADAPTER.complain(of)
    assert not found.refuses
    return found


def test_a_plain_evaluation_is_taken() -> None:
    assert complaints(evaluation(request("MMStar"), request("ChartQA_TEST", limit=3))) == {}


def test_a_model_that_does_not_see_is_refused() -> None:
    blind = evaluation(request("MMStar"), model=replace(ENDPOINT, modality="text"))

    assert "'mock' is a text model: say modality: vision there" in only(blind, "models")


def test_a_judge_that_is_needed_must_be_there() -> None:
    message = only(evaluation(request("MMVet")), "datasets", 0, "name")

    assert message == "the answers to MMVet are read by a judge: give the task a `judge`"
    assert complaints(evaluation(request("MMVet"), judge=True)) == {}


def test_matching_of_texts_cannot_replace_a_judge_that_is_needed() -> None:
    wanted = evaluation(request("MMVet", options={"judge": "exact_matching"}), judge=True)

    assert "cannot be scored by matching texts" in only(wanted, "datasets", 0, "options", "judge")


def test_which_judge_it_is_says_the_task() -> None:
    wanted = evaluation(request("MMStar", options={"judge": "gpt-4"}), judge=True)

    assert "the judge itself stands at the task" in only(wanted, "datasets", 0, "options", "judge")


def test_where_nobody_reads_answers_a_judge_is_no_option() -> None:
    wanted = evaluation(request("ChartQA_TEST", options={"judge": "exact_matching"}))

    assert "no judge reads the answers to ChartQA_TEST" in only(wanted, "datasets", 0, "options", "judge")


def test_a_limit_that_breaks_the_metric_is_refused() -> None:
    message = only(evaluation(request("MMVet", limit=10), judge=True), "datasets", 0, "limit")

    assert message == "the metric of MMVet needs all 218 rows: leave limit out"


def test_a_limit_of_the_task_is_left_out_there_and_said() -> None:
    wanted = evaluation(request("MMT-Bench_VAL", limit=10, limit_by_default=True))

    needs = "the metric of MMT-Bench_VAL needs all rows"
    assert warning(wanted).message == f"limit 10 of 'MMT-Bench_VAL' is left out: {needs}"
    assert task_of(wanted).datasets[0].limit is None


def test_a_data_set_without_public_answers_is_taken_with_a_warning() -> None:
    message = warning(evaluation(request("MMMU_TEST"))).message

    assert message.startswith("there will be answers of 'MMMU_TEST' and no score: its publisher keeps the right")


@pytest.mark.parametrize(
    ("name", "reason"),
    [("VCR_EN_EASY_100", "spacy"), ("Video-MME", "its videos")],
)
def test_a_data_set_that_does_not_run_says_why(name: str, reason: str) -> None:
    message = only(evaluation(request(name)), "datasets", 0, "name")

    assert message.startswith(f"{name} does not run here: ")
    assert reason in message


def test_an_unknown_option_is_suggested() -> None:
    message = only(evaluation(request("MMStar"), image_sise=512), "options", "image_sise")

    assert message == "vlmevalkit does not know options.image_sise; did you mean 'image_size'?"


def test_an_unknown_option_of_a_data_set_has_its_place() -> None:
    wanted = evaluation(request("MMStar"), request("MME", options={"jugde": "exact_matching"}))

    assert "did you mean 'judge'?" in only(wanted, "datasets", 1, "options", "jugde")


def test_how_open_questions_are_compared_is_for_ones_own_to_say() -> None:
    own = request("custom_vqa", path=Path("/own/a.tsv"), options={"metric": "anls"})
    other = request("TextVQA_VAL", options={"metric": "anls"})

    assert complaints(evaluation(own)) == {}
    assert "does not know options.metric" in only(evaluation(other), "datasets", 0, "options", "metric")


def test_an_unknown_metric_is_refused_with_those_that_there_are() -> None:
    own = request("custom_vqa", path=Path("/own/a.tsv"), options={"metric": "bleu"})

    message = only(evaluation(own), "datasets", 0, "options", "metric")

    assert "'accuracy', 'relaxed_accuracy', 'vqa_score' or 'anls'" in message


def test_examples_are_refused() -> None:
    assert "no examples" in only(evaluation(request("MMStar", few_shot=2)), "datasets", 0, "few_shot")
    assert complaints(evaluation(request("MMStar", few_shot=0))) == {}


def test_parts_of_a_compilation_are_named_as_data_sets() -> None:
    message = only(evaluation(request("MMMB", subsets=("MMMB_ar",))), "datasets", 0, "subsets")

    assert message.startswith("MMMB has no subsets; its parts are data sets, too: MMMB_ar, MMMB_cn")


def test_likelihoods_are_refused() -> None:
    assert "'choice' is not one of" in only(evaluation(request("MMStar", scoring="choice")), "datasets", 0, "scoring")
    assert complaints(evaluation(request("MMStar", scoring="generate"))) == {}


def test_a_generation_that_nobody_obeys_is_refused() -> None:
    wanted = evaluation(request("MMStar", generation={"beams": 4}))

    assert "does not know generation.beams" in only(wanted, "datasets", 0, "generation", "beams")


class TestPath:
    def test_own_questions_need_a_file(self) -> None:
        assert "a file that ends in .tsv" in only(evaluation(request("custom_mcq")), "datasets", 0, "path")
        assert "a file that ends in .tsv" in only(self.of("custom_mcq", "/own/folder"), "datasets", 0, "path")
        assert complaints(self.of("custom_mcq", "/own/questions.TSV")) == {}

    def test_one_file_is_not_six(self) -> None:
        message = only(self.of("MMMB", "/own/mmmb.tsv"), "datasets", 0, "path")

        assert message.startswith("MMMB reads several files: give the folder that holds MMMB_ar.tsv, ")
        assert complaints(self.of("MMMB", "/own/mmmb")) == {}

    def test_another_kind_of_file_is_refused(self) -> None:
        message = only(self.of("MMStar", "/own/rows.jsonl"), "datasets", 0, "path")

        assert message == "path is a TSV, or a folder that holds MMStar.tsv; 'rows.jsonl' is neither"

    @staticmethod
    def of(name: str, path: str) -> Evaluation:
        return evaluation(request(name, path=Path(path)))


class TestCheckpoint:
    def test_it_needs_to_be_known_to_vlmevalkit(self) -> None:
        assert "by which of VLMEvalKit's names 'tiny' is loaded" in only(self.of(), "options")
        assert complaints(self.of(known_as="Qwen2.5-VL-7B-Instruct")) == {}

    def test_a_mistyped_name_is_suggested(self) -> None:
        message = only(self.of(known_as="Qwen2.5-VL-7B-Instuct"), "options", "known_as")

        assert message.endswith("did you mean 'Qwen2.5-VL-7B-Instruct'?")

    def test_pages_are_shown_by_few_classes_only(self) -> None:
        known, unknown = (
            evaluation(request("DUDE"), model=CHECKPOINT, judge=True, known_as=name)
            for name in ("XComposer2d5", "Qwen2.5-VL-7B-Instruct")
        )

        assert complaints(known) == {}
        assert "does not know how to show pages to 'Qwen2.5-VL-7B-Instruct'" in only(unknown, "datasets", 0, "name")
        assert complaints(evaluation(request("DUDE"), judge=True)) == {}

    def test_a_public_service_is_no_checkpoint(self) -> None:
        assert "serve it, and give it as an endpoint" in only(self.of(known_as="GPT4o"), "options", "known_as")

    def test_what_a_request_has_it_has_not(self) -> None:
        found = complaints(self.of(known_as="llava_v1.5_7b", image_size=512))

        assert "options.image_size is for endpoints" in found["options", "image_size"]

    def test_a_generation_is_said_to_have_no_effect(self) -> None:
        wanted = evaluation(
            request("MMStar", generation={"temperature": 0.5}), model=CHECKPOINT, known_as="llava_v1.5_7b"
        )

        assert "generation has no effect on 'tiny'" in warning(wanted).message

    @staticmethod
    def of(**options: object) -> Evaluation:
        return evaluation(request("MMStar"), model=CHECKPOINT, **options)


def test_an_endpoint_is_known_by_its_address() -> None:
    assert "is for checkpoints" in only(evaluation(request("MMStar"), known_as="GPT4o"), "options", "known_as")
