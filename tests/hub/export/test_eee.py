import json
import re
from typing import Any

from hub.export import export
from hub.report import Report
from tests.hub.export.report import FAILED, LOCAL, Samples, admitted, metric, report, result, sample, withheld

# What eval.schema.json and instance_level_eval.schema.json of evaleval/every_eval_ever (0.3.0) require.
AGGREGATE = {
    "schema_version",
    "evaluation_id",
    "retrieved_timestamp",
    "source_metadata",
    "model_info",
    "eval_library",
    "evaluation_results",
}
RESULT = {"evaluation_name", "source_data", "metric_config", "score_details"}
INSTANCE = {
    "schema_version",
    "evaluation_id",
    "model_id",
    "evaluation_name",
    "sample_id",
    "interaction_type",
    "input",
    "output",
    "answer_attribution",
    "evaluation",
}
# Its `file_path`: the database's folders, and a UUID of version 4.
SAMPLES = re.compile(
    r"data/[^/]+/[^/]+/[^/]+/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}_samples\.jsonl"
)


def read(report_: Report, *samples: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    files = {name: "".join(lines) for name, lines in export("eee", report_, Samples(*samples)).items()}
    (samples,) = (text for name, text in files.items() if SAMPLES.fullmatch(name))
    (aggregate,) = (json.loads(text) for name, text in files.items() if name.endswith(".json"))
    assert aggregate["detailed_evaluation_results"]["file_path"] in files
    return aggregate, [json.loads(line) for line in samples.splitlines()]


def strings(value: dict[str, Any]) -> bool:
    return all(isinstance(part, str) for part in value.values())


def test_what_must_be_said_beside_a_score_is_among_its_details() -> None:
    aggregate, _ = read(report(admitted()), sample())

    (found,) = aggregate["evaluation_results"]
    assert found["score_details"]["details"]["caveat"] == "2 of 4 failed, counted as wrong"


def test_every_required_key_is_there_and_details_are_texts() -> None:
    aggregate, (instance,) = read(
        report(result("arc", None, metric())), sample(latency_s=0.5, tokens_in=3, tokens_out=2)
    )

    (found,) = aggregate["evaluation_results"]
    assert set(aggregate) >= AGGREGATE
    assert set(found) >= RESULT
    assert set(instance) >= INSTANCE
    assert strings(aggregate["source_metadata"]["additional_details"])
    assert strings(aggregate["model_info"]["additional_details"])
    assert strings(found["score_details"]["details"])
    assert strings(found["generation_config"]["additional_details"])
    assert {"deployment_type", "model_availability"} <= set(aggregate["model_info"]["additional_details"])
    assert instance["evaluation_id"] == aggregate["evaluation_id"]
    assert instance["evaluation_result_id"] == found["evaluation_result_id"]
    assert instance["performance"] == {"latency_ms": 500}
    assert instance["token_usage"]["total_tokens"] == 5


def test_a_score_carries_its_bounds_and_uncertainty() -> None:
    aggregate, _ = read(report(result("arc", None, metric())))

    (found,) = aggregate["evaluation_results"]
    assert found["metric_config"]["score_type"] == "continuous"
    assert (found["metric_config"]["min_score"], found["metric_config"]["max_score"]) == (0, 1)
    assert found["score_details"]["score"] == 0.5
    assert found["score_details"]["uncertainty"]["confidence_interval"]["lower"] == 0.25
    assert found["generation_config"]["generation_args"] == {"temperature": 0, "max_tokens": 8}


def test_a_score_without_a_maximum_states_no_bounds() -> None:
    aggregate, _ = read(report(result("arc", None, metric("bleu", None, "31.5"))))

    (found,) = aggregate["evaluation_results"]
    assert found["score_details"]["score"] == 31.5
    assert "score_type" not in found["metric_config"]


def test_what_has_no_number_is_no_result_but_named() -> None:
    aggregate, _ = read(
        report(result("arc", None, metric()), result("gsm8k"), result("x", None, metric("m", None, "-")))
    )

    assert [found["evaluation_name"] for found in aggregate["evaluation_results"]] == ["arc/accuracy"]
    assert aggregate["source_metadata"]["additional_details"]["absent: gsm8k"] == "no sample was scored"


def test_a_withheld_score_is_no_number() -> None:
    assert export("eee", report(withheld()), Samples(sample())) == {}


def test_a_job_without_a_number_has_no_file() -> None:
    assert export("eee", report(reason="out of memory"), Samples()) == {}


def test_samples_without_a_score_are_left_out() -> None:
    _, instances = read(report(result("arc", None, metric())), sample(), sample("1", **FAILED))

    assert [instance["sample_id"] for instance in instances] == ["0"]


def test_the_models_id_is_the_hubs_and_a_local_path_is_none() -> None:
    hub, _ = read(report(result("arc", None, metric())))
    local, _ = read(report(result("arc", None, metric(), model=LOCAL)))
    served, _ = read(report(result("arc", None, metric(), model="endpoint:http://h/v1 org/m@2024")))

    assert [found["model_info"]["id"] for found in (hub, local, served)] == ["acme/tiny", "m", "org/m"]


def test_chat_messages_are_kept_as_json() -> None:
    messages = ({"role": "user", "content": "2 + 2?"},)

    _, (instance,) = read(report(result("arc", None, metric())), sample(prompt=messages))

    assert json.loads(instance["input"]["raw"]) == list(messages)
