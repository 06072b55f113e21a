"""What OpenCompass refuses, with the place in the task file; what it lists."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from adapters.opencompass.adapter import ADAPTER
from adapters.opencompass.translate import task_of
from hub.adapter import DatasetRequest, Evaluation
from tests.adapters.opencompass.cases import CHECKPOINT, ENDPOINT, evaluation, request

BASE = replace(CHECKPOINT, chat=False)


def complaints(of: Evaluation) -> dict[tuple[str | int, ...], str]:
    return {item.path: item.message for item in ADAPTER.complain(of)}


def only(of: Evaluation, *place: str | int) -> str:
    found = complaints(of)
    assert list(found) == [place]
    return found[place]


def test_a_plain_evaluation_is_taken() -> None:
    assert complaints(evaluation(request("gsm8k"), request("mmlu", subsets=("anatomy",), limit=3))) == {}


def test_its_own_names_of_configurations_are_data_sets_too() -> None:
    names = ADAPTER.datasets()

    assert names["gsm8k_gen_1d7fe4"].scoring == ("generate",)
    assert names["ARC_c_ppl_a450bd"].scoring == ("continuation",)
    assert names["ARC_c"].scoring == ("generate", "continuation")


def test_a_licence_that_no_publisher_states_is_unknown() -> None:
    names = ADAPTER.datasets()

    assert (names["gsm8k"].licence, names["piqa"].licence) == ("MIT", "unknown")


def test_a_mistyped_subset_is_suggested() -> None:
    message = only(evaluation(request("mmlu", subsets=("anatomie",))), "datasets", 0, "subsets", 0)

    assert message == "mmlu has no subset 'anatomie'; did you mean 'anatomy'?"


def test_a_data_set_of_one_piece_has_no_subsets() -> None:
    assert "all of one piece" in only(evaluation(request("piqa", subsets=("main",))), "datasets", 0, "subsets", 0)


def test_the_name_that_the_report_gives_one_piece_may_be_asked_for() -> None:
    whole, named = (task_of(evaluation(request("gsm8k", subsets=subsets))) for subsets in (None, ("main",)))

    assert complaints(evaluation(request("gsm8k", subsets=("main",)))) == {}
    assert named == whole
    assert ADAPTER.datasets()["gsm8k"].subsets == ("main",)
    assert "did you mean 'main'" in only(evaluation(request("gsm8k", subsets=("mai",))), "datasets", 0, "subsets", 0)


def test_a_limit_that_breaks_the_metric_is_refused() -> None:
    message = only(evaluation(request("humaneval", limit=10)), "datasets", 0, "limit")

    assert message == "the metric of humaneval needs all 164 rows: leave limit out"


def test_a_limit_of_the_task_is_left_out_there_and_said() -> None:
    (found,) = ADAPTER.complain(evaluation(request("humaneval", limit=10, limit_by_default=True)))

    assert (found.refuses, found.message) == (
        False,
        "limit 10 of 'humaneval' is left out: the metric of humaneval needs all 164 rows",
    )
    assert task_of(evaluation(request("humaneval", limit=10, limit_by_default=True))).datasets[0].limit is None


def test_few_shot_is_refused_unless_it_is_what_the_configuration_has() -> None:
    assert complaints(evaluation(request("gsm8k", few_shot=4))) == {}
    message = only(evaluation(request("gsm8k", few_shot=0)), "datasets", 0, "few_shot")

    assert message == (
        "OpenCompass's configurations fix their examples: gsm8k_gen_1d7fe4 shows 4; "
        "options: {config: gsm8k_0shot_gen_a58960} shows 0"
    )
    assert "none of gsm8k shows 7" in only(evaluation(request("gsm8k", few_shot=7)), "datasets", 0, "few_shot")


def test_few_shot_may_be_what_the_configuration_of_the_options_has() -> None:
    none = {"config": "gsm8k_0shot_gen_a58960"}

    assert complaints(evaluation(request("gsm8k", few_shot=0, options=none))) == {}
    message = only(evaluation(request("gsm8k", few_shot=4, options=none)), "datasets", 0, "few_shot")
    assert "gsm8k_0shot_gen_a58960 shows 0; options: {config: gsm8k_gen} shows 4" in message


def test_examples_that_are_part_of_a_text_are_not_counted() -> None:
    one = request("gsm8k", few_shot=0, options={"config": "gsm8k_gen_ee684f"})

    assert "leave few_shot out" in only(evaluation(one), "datasets", 0, "few_shot")


def test_an_unknown_configuration_is_refused_and_the_likely_one_named() -> None:
    one = request("gsm8k", options={"config": "gsm8k_0shot_gen_a58961"})

    message = only(evaluation(one), "datasets", 0, "options", "config")
    other = only(evaluation(request("gsm8k", options={"config": "x"})), "datasets", 0, "options", "config")

    assert message == (
        "OpenCompass has no configuration 'gsm8k_0shot_gen_a58961' of gsm8k; did you mean 'gsm8k_0shot_gen_a58960'?"
    )
    assert "`evaldock list datasets --backend opencompass --json` names all" in other


def test_every_configuration_that_is_listed_is_known() -> None:
    listed = ADAPTER.datasets()["gsm8k"].configs

    assert {"gsm8k_gen_1d7fe4", "gsm8k_0shot_gen_a58960"} <= set(listed)


def test_a_configuration_of_likelihoods_makes_its_way_that() -> None:
    one = request("mmlu", options={"config": "mmlu_ppl"})

    assert complaints(evaluation(one, model=BASE)) == {}
    assert task_of(evaluation(one, model=BASE)).datasets[0].config == "mmlu/mmlu_ppl"
    assert "is an endpoint" in only(evaluation(one), "datasets", 0, "name")


@pytest.mark.parametrize(
    ("name", "config", "scoring", "message"),
    [
        ("gsm8k", "gsm8k_agent_gen_c3dff3", None, "asks by AgentInferencer"),
        ("agieval", "agieval_mixed", None, "asks by GenInferencer and PPLInferencer"),
        ("mmlu", "mmlu_ppl", "generate", "is a configuration for 'continuation', not 'generate'"),
        ("nq", "nq_open_1shot_gen_2e45e5", None, "measures something else"),
        ("mgsm", "flores_gen", None, "has no part en, zh, ar"),
    ],
)
def test_a_configuration_that_cannot_be_taken_is_refused_with_the_reason(
    name: str, config: str, scoring: str | None, message: str
) -> None:
    one = request(name, options={"config": config}, scoring=scoring)

    assert message in only(evaluation(one, model=BASE), "datasets", 0, "options", "config")


def test_an_endpoint_has_no_likelihoods() -> None:
    message = only(evaluation(request("ARC_c", scoring="continuation")), "datasets", 0, "scoring")

    assert "needs the log-probabilities of the prompt, and 'mock' is an endpoint" in message


def test_a_configuration_of_likelihoods_is_refused_by_its_name() -> None:
    assert "is an endpoint" in only(evaluation(request("ARC_c_ppl_a450bd")), "datasets", 0, "name")


def test_a_data_set_without_options_cannot_be_scored_by_likelihood() -> None:
    message = only(evaluation(request("gsm8k", scoring="continuation"), model=BASE), "datasets", 0, "scoring")

    assert message == "OpenCompass cannot score gsm8k by 'continuation'; known: generate"


def test_a_configuration_cannot_be_scored_in_another_way() -> None:
    one = request("ARC_c_gen_1e0de5", scoring="continuation")

    assert "is a configuration for 'generate'" in only(evaluation(one, model=BASE), "datasets", 0, "scoring")


def test_likelihoods_of_chat_turns_are_refused() -> None:
    chat = evaluation(request("ARC_c", scoring="continuation"), model=replace(CHECKPOINT, chat=True))

    assert "set chat: false" in only(chat, "datasets", 0, "scoring")


def test_likelihoods_and_answers_in_one_evaluation_need_a_word_on_chat() -> None:
    both = (request("ARC_c", scoring="continuation"), request("gsm8k"))

    assert "set chat: false" in only(evaluation(*both, model=CHECKPOINT), "datasets", 0, "scoring")
    assert complaints(evaluation(*both, model=BASE)) == {}


def test_data_that_are_not_in_the_archive_must_lie_somewhere() -> None:
    nowhere = evaluation(request("gsm8k"), request("mgsm"), data=None)

    assert "mgsm is not in OpenCompass's archive" in only(nowhere, "datasets", 1, "path")
    assert complaints(evaluation(request("mgsm", path=Path("/own/data")), data=None)) == {}
    assert complaints(evaluation(request("mgsm"))) == {}


@pytest.mark.parametrize("key", ["dta", "meta_template"])
def test_an_unknown_option_is_named(key: str) -> None:
    assert f"opencompass does not know options.{key}" in only(
        evaluation(request("gsm8k"), **{key: 1}), "options", key
    )


def test_an_own_configuration_is_a_python_file() -> None:
    assert complaints(evaluation(request("config", path=Path("/own/eval.py")))) == {}
    assert complaints(evaluation(request("config", options={"config": "/own/eval.py"}))) == {}
    assert "give its file as path" in only(evaluation(request("config")), "datasets", 0, "path")
    named = request("gsm8k", options={"config": "/own/eval.py"})
    assert "the data set 'config'" in only(evaluation(named), "datasets", 0, "options", "config")


def test_what_mmengine_would_replace_is_refused() -> None:
    sly = request("gsm8k", options={"config": "{{$HOME}}"})

    assert "'{{' may not stand" in only(evaluation(sly), "datasets", 0, "options", "config")


def test_the_runner_of_processes_is_for_checkpoints() -> None:
    assert "is for checkpoints" in only(evaluation(request("gsm8k"), runner="local"), "options", "runner")
    warm = request("gsm8k", generation={"temperature": 0.5})
    assert "obey max_tokens alone" in only(evaluation(warm, model=CHECKPOINT, runner="local"), "options", "runner")


def test_options_of_the_other_kind_of_model_are_refused() -> None:
    assert "is for checkpoints" in only(evaluation(request("gsm8k"), batch_size=2), "options", "batch_size")
    assert "is for endpoints" in only(evaluation(request("gsm8k"), model=CHECKPOINT, turns=False), "options", "turns")


def test_a_checkpoint_has_no_penalties_of_a_server() -> None:
    one = request("gsm8k", generation={"presence_penalty": 1.0})

    assert complaints(evaluation(one)) == {}
    assert list(complaints(evaluation(one, model=CHECKPOINT))) == [("datasets", 0, "generation", "presence_penalty")]


def test_a_model_that_sees_is_refused() -> None:
    seeing = evaluation(request("gsm8k"), model=replace(ENDPOINT, modality="vision"))

    assert "evaluates text models" in only(seeing, "models")


def test_programs_that_a_model_writes_are_run_by_these_alone() -> None:
    every = [DatasetRequest(name, name) for name in ("humaneval", "mbpp", "gsm8k", "mmlu")]

    assert [one.runs_code for one in task_of(evaluation(*every)).datasets] == [True, True, False, False]
