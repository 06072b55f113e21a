"""Results carry the literal of the file, and a job that was killed still yields what it had."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from adapters.native import normalize
from adapters.native.adapter import ADAPTER
from hub.errors import NormalizeError
from hub.report import SampleState
from tests.adapters.native.native_task import evaluation, request

RECORDED = Path(__file__).parent / "recorded" / "endpoint"
ASKED = evaluation(
    request("gsm8k", limit=12, path=Path("/d/gsm8k")), request("general_qa", label="qa", path=Path("/d/qa"))
)


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return Path(shutil.copytree(RECORDED, tmp_path / "output"))


def test_numbers_are_the_file_s_own() -> None:
    results = {(r.dataset, r.key.subset): r for r in ADAPTER.normalize(ASKED, RECORDED).results}
    text = (RECORDED / "summary.json").read_text("utf-8")

    assert list(results) == [("gsm8k", "main"), ("qa", None), ("qa", "art"), ("qa", "law")]
    for result in results.values():
        for metric in result.metrics:
            assert f'"value": {metric.raw.literal}' in text
            assert metric.value == float(metric.raw.literal)
            assert (metric.raw.unit, metric.raw.maximum, metric.source.file) == ("fraction", 1.0, "summary.json")


def test_the_key_says_what_makes_numbers_comparable() -> None:
    result = ADAPTER.normalize(ASKED, RECORDED).results[0]

    assert result.key.model_dump(exclude={"data", "prompt"}) == {
        "benchmark": "gsm8k",
        "subset": "main",
        "split": "test",
        "few_shot": 4,
        "scoring": "generate",
        "limit": 12,
        "generation": {"temperature": 0.0, "max_tokens": 512},
        "seed": 42,
        "model": "endpoint:m",
        "judge": "",
        "simulator": "",
        "gateway": (),
        "backend": "native",
        "backend_version": "1/gsm8k-1",
        "adapter_version": "1",
    }
    assert result.key.data.startswith("sha256:")
    assert result.key.prompt.startswith("sha256:")


def test_counts_agree_with_the_samples() -> None:
    normalized = ADAPTER.normalize(ASKED, RECORDED)
    samples = [sample for sample in normalized.samples if sample.dataset == "gsm8k"]
    counts = normalized.results[0].counts

    assert len(samples) == counts.planned == 12
    assert sum(sample.state is SampleState.INFRA_ERROR for sample in samples) == counts.infra_error > 0
    assert (
        sum(sample.scores.get("accuracy", 0) for sample in samples)
        == counts.scored * normalized.results[0].metrics[0].value
    )


def test_samples_can_be_read_twice() -> None:
    samples = ADAPTER.normalize(ASKED, RECORDED).samples

    assert list(samples) == list(samples)


def test_a_killed_job_yields_counts_and_a_reason(output: Path) -> None:
    (output / "summary.json").unlink()
    with (output / "samples" / "gsm8k__main.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"id": "main/99", "data')

    results = ADAPTER.normalize(ASKED, output).results

    assert [(r.dataset, r.key.subset, r.metrics) for r in results] == [("gsm8k", None, ()), ("qa", None, ())]
    assert results[0].counts.planned == 12
    assert results[0].absent == "the job ended when 12 of 12 samples were done"


def test_what_a_killed_job_did_not_reach_is_skipped(output: Path) -> None:
    (output / "summary.json").unlink()
    file = output / "samples" / "gsm8k__main.jsonl"
    file.write_text("".join(file.read_text("utf-8").splitlines(keepends=True)[:5]), encoding="utf-8")

    counts = ADAPTER.normalize(ASKED, output).results[0].counts

    assert (counts.planned, counts.skipped) == (12, 7)
    assert counts.scored + counts.model_error + counts.infra_error + counts.skipped == counts.planned


def test_a_data_set_without_an_entry_is_absent(output: Path) -> None:
    summary = json.loads((output / "summary.json").read_text("utf-8"))
    del summary["datasets"]["qa"]
    (output / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
    (output / "samples" / "qa__art.jsonl").unlink()
    (output / "samples" / "qa__law.jsonl").unlink()

    result = ADAPTER.normalize(ASKED, output).results[-1]

    assert (result.dataset, result.metrics, result.counts.scored) == ("qa", (), 0)
    assert result.absent == "the job ended when 0 of 4 samples were done"


@pytest.mark.parametrize("text", ["{", "[]", '{"datasets": {"gsm8k": {}}}', '{"datasets": 3}'])
def test_a_summary_that_is_none_is_refused(output: Path, text: str) -> None:
    (output / "summary.json").write_text(text, encoding="utf-8")

    with pytest.raises(NormalizeError, match=r"summary\.json"):
        ADAPTER.normalize(ASKED, output)


def test_a_broken_line_among_the_samples_is_refused(output: Path) -> None:
    file = output / "samples" / "gsm8k__main.jsonl"
    file.write_text("not json\n" + file.read_text("utf-8"), encoding="utf-8")

    with pytest.raises(NormalizeError, match=r"gsm8k__main\.jsonl"):
        list(ADAPTER.normalize(ASKED, output).samples)


def test_nothing_at_all_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NormalizeError, match="wrote nothing"):
        ADAPTER.normalize(ASKED, tmp_path)


def test_the_samples_of_a_killed_job_are_read_once(output: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (output / "summary.json").unlink()
    read = []
    real = normalize._read_samples
    monkeypatch.setattr(normalize, "_read_samples", lambda file: read.append(file.name) or real(file))

    ADAPTER.normalize(ASKED, output)

    assert sorted(read) == ["gsm8k__main.jsonl", "qa__art.jsonl", "qa__law.jsonl"]


@pytest.mark.parametrize("name", ["summary.json", "samples/gsm8k__main.jsonl", "events.jsonl"])
def test_a_link_that_a_job_planted_is_not_followed(output: Path, tmp_path: Path, name: str) -> None:
    (output / name).rename(tmp_path / "secret")
    (output / name).symlink_to(tmp_path / "secret")

    with pytest.raises(NormalizeError, match="cannot be read"):
        list(ADAPTER.normalize(ASKED, output).samples)


def test_a_pipe_that_a_job_planted_is_not_waited_for(output: Path) -> None:
    (output / "summary.json").unlink()
    os.mkfifo(output / "summary.json")

    with pytest.raises(NormalizeError, match="no plain file"):
        ADAPTER.normalize(ASKED, output)


@pytest.mark.parametrize("name", ["summary.json", "samples/gsm8k__main.jsonl"])
def test_json_nested_too_deeply_is_refused(output: Path, name: str) -> None:
    (output / name).write_text("[" * 200_000 + "\n", encoding="utf-8")

    with pytest.raises(NormalizeError, match="not JSON"):
        list(ADAPTER.normalize(ASKED, output).samples)
