"""What needs torch, run inside the Native environment: what is served is what the checkpoint says by itself."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from hub.adapter import DatasetRequest, Evaluation
from tests.adapters.native.native_task import ENDPOINT, WEIGHTS, evaluation, request, write_jsonl
from tests.adapters.native.server.fake_model import post, streamed
from tests.adapters.native.server.served_checkpoint import BUNDLED, gateway_to, served, talk
from tests.adapters.native.test_native_env import execute
from tests.adapters.native.test_run import Job

pytestmark = pytest.mark.native_env


@pytest.fixture(scope="module")
def server(native_python: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with served(native_python, BUNDLED / "model", tmp_path_factory.mktemp("s")) as path:
        yield path


def arc_rows(count: int) -> list[dict[str, Any]]:
    """Return the bundled questions as ARC has them."""
    rows = [json.loads(line) for line in (BUNDLED / "data/mcq.jsonl").read_text(encoding="utf-8").splitlines()]
    return [
        {
            "id": str(number),
            "question": row["question"],
            "choices": {"text": [row[label] for label in "ABCD"], "label": list("ABCD")},
            "answerKey": row["answer"],
        }
        for number, row in enumerate(rows[:count])
    ]


def evaluated(python: str, root: Path, asked: Evaluation, **env: str) -> dict[str, Any]:
    """Return scores and, by data set and sample, what was found."""
    job = Job(root, asked)
    (root / "models").mkdir()
    (root / "models" / "m").symlink_to(BUNDLED / "model")
    done = execute(python, "-m", "adapters.native.runner", EVALDOCK_ROOT=str(root), OMP_NUM_THREADS="1", **env)
    assert done.returncode == 0, done.stderr
    scores = {result.dataset: [metric.value for metric in result.metrics] for result in job.normalized().results}
    samples = {}
    for file in sorted((job.output / "samples").iterdir()):
        lines = map(json.loads, file.read_text(encoding="utf-8").splitlines())
        samples |= {(file.stem, line["id"]): line for line in lines}
    return {"scores": scores, "samples": samples}


def test_native_s_scores_through_the_server_are_its_local_ones(
    native_python: str, server: Path, tmp_path: Path
) -> None:
    write_jsonl(tmp_path / "arc/ARC-Challenge/test.jsonl", arc_rows(30))
    datasets: list[DatasetRequest] = [
        *(request("arc", label=way, path=tmp_path / "arc", scoring=way) for way in ("choice", "continuation")),
        request("gsm8k", path=BUNDLED / "data/word_problems", few_shot=2, limit=20),
    ]

    local = evaluated(native_python, tmp_path / "local", evaluation(*datasets, model=WEIGHTS))
    with gateway_to(server) as url:
        asked = evaluation(*datasets, model=ENDPOINT, concurrency=16)
        remote = evaluated(native_python, tmp_path / "remote", asked, EVALDOCK_GATEWAY=url)

    assert remote["scores"] == local["scores"]
    assert remote["samples"].keys() == local["samples"].keys()
    assert len(local["samples"]) == 80
    for name, sample in local["samples"].items():
        for fact in ("prediction", "answer", "truncated", "scores"):
            assert remote["samples"][name][fact] == sample[fact]
        assert remote["samples"][name]["likelihoods"] == pytest.approx(sample["likelihoods"], abs=1e-3)


PROMPTS = [f"Kate has {n} boxes with {n % 7 + 2} marbles each. " * (n % 3 + 1) for n in range(8)]


@pytest.mark.parametrize(
    "how",
    [
        {"temperature": 0},
        {"temperature": 0.9, "seed": 5, "top_p": 0.9, "top_k": 40},
        {"temperature": 0, "repetition_penalty": 1.3, "logprobs": 2},
        {"temperature": 0, "echo": True, "logprobs": 1, "stop": ["bag"]},
    ],
    ids=str,
)
def test_an_answer_is_the_same_alone_in_company_and_streamed(server: Path, how: dict[str, Any]) -> None:
    asked = [{"prompt": prompt, "max_tokens": 12 + place, **how} for place, prompt in enumerate(PROMPTS)]

    async def ask(client: aiohttp.ClientSession) -> Any:
        alone = [await post(client, "completions", **body) for body in asked]
        together = await asyncio.gather(*(post(client, "completions", **body) for body in asked))
        return alone, together, await asyncio.gather(*(streamed(client, "completions", **body) for body in asked))

    alone, together, streams = talk(server, ask)

    expected = [choice(answer) for _, answer in alone]
    for found in ([choice(answer) for _, answer in together], [joined(chunks) for chunks in streams]):
        assert [entry["text"] for entry in found] == [entry["text"] for entry in expected]
        for entry, other in zip(found, expected, strict=True):
            assert entry["values"] == pytest.approx(other["values"], abs=1e-3)
    assert len({entry["text"] for entry in expected}) > 2


def choice(answer: dict[str, Any]) -> dict[str, Any]:
    (found,) = answer["choices"]
    return {"text": found["text"], "values": _values(found)}


def joined(chunks: list[dict[str, Any]]) -> dict[str, Any]:
    parts = [part for chunk in chunks for part in chunk["choices"]]
    return {"text": "".join(part["text"] for part in parts), "values": [v for part in parts for v in _values(part)]}


def _values(part: dict[str, Any]) -> list[float]:
    values = part["logprobs"]["token_logprobs"] if part["logprobs"] else []
    return [0.0 if value is None else value for value in values]


def test_n_answers_differ_and_are_drawn_again_by_their_seed(server: Path) -> None:
    body = {"messages": [{"role": "user", "content": "Name"}], "n": 6, "temperature": 2, "seed": 1, "max_tokens": 12}

    async def twice(client: aiohttp.ClientSession) -> Any:
        return [await post(client, "chat/completions", **body) for _ in range(2)]

    (_, first), (_, second) = talk(server, twice)

    said = [entry["message"]["content"] for entry in first["choices"]]
    assert said == [entry["message"]["content"] for entry in second["choices"]]
    assert len(set(said)) > 1


def test_tokens_are_as_good_as_their_text(server: Path) -> None:
    async def ask(client: aiohttp.ClientSession) -> Any:
        fields = {"max_tokens": 1, "echo": True, "logprobs": 0, "temperature": 0}
        _, text = await post(client, "completions", prompt="Which word is a fruit?", **fields)
        _, told = await post(client, "completions", prompt=text_tokens, **fields)
        return choice(text), choice(told)

    text_tokens = json.loads((BUNDLED / "model/tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    text_tokens = [text_tokens[word] for word in ("Which", "\u0120word", "\u0120is", "\u0120a", "\u0120fruit", "?")]
    by_text, by_tokens = talk(server, ask)

    assert by_tokens["text"] == by_text["text"]
    assert by_tokens["values"] == pytest.approx(by_text["values"], abs=1e-4)


def test_a_prompt_beyond_the_context_is_refused_and_the_next_one_answered(server: Path) -> None:
    async def ask(client: aiohttp.ClientSession) -> Any:
        return [await post(client, "completions", prompt=text, max_tokens=4) for text in ("word " * 3000, "word")]

    (refused, error), (answered, _) = talk(server, ask)

    assert (refused, answered) == (400, 200)
    assert "maximum context length is 1024 tokens" in error["error"]["message"]
