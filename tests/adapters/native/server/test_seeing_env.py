"""A checkpoint that sees, served inside the Native environment: it answers by its pictures, one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.adapters.native.server.fake_model import post, streamed
from tests.adapters.native.server.png import data_url
from tests.adapters.native.server.served_checkpoint import BUNDLED, served, talk
from tests.adapters.native.test_native_env import script

pytestmark = pytest.mark.native_env
COLOURS = [(255, 0, 0), (0, 0, 255), (0, 255, 0), (255, 255, 255)]


@pytest.fixture(scope="module")
def server(native_python: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    weights = tmp_path_factory.mktemp("seeing")
    script(native_python, "tiny_seeing_model.py", str(weights), str(BUNDLED / "model"))
    with served(native_python, weights, tmp_path_factory.mktemp("s")) as path:
        yield path


def about(*colours: tuple[int, int, int], **fields: Any) -> dict[str, Any]:
    """Return a question about pictures."""
    parts = [{"type": "image_url", "image_url": {"url": data_url(colour)}} for colour in colours]
    content = [*parts, {"type": "text", "text": "What is it?"}]
    return {"messages": [{"role": "user", "content": content}], "temperature": 0, "max_tokens": 6} | fields


def said(answer: tuple[int, dict[str, Any]]) -> tuple[str, float]:
    status, body = answer
    assert status == 200, body
    (choice,) = body["choices"]
    return choice["message"]["content"], choice["logprobs"]["content"][0]["logprob"]


def test_what_is_said_depends_on_the_picture_and_not_on_the_company(server: Path) -> None:
    asked = [about(colour, logprobs=True) for colour in COLOURS]

    async def ask(client: aiohttp.ClientSession) -> Any:
        alone = [await post(client, "chat/completions", **body) for body in asked]
        return alone, await asyncio.gather(*(post(client, "chat/completions", **body) for body in asked))

    alone, together = talk(server, ask)

    assert [said(answer)[0] for answer in together] == [said(answer)[0] for answer in alone]
    assert len({round(said(answer)[1], 4) for answer in alone}) == len(COLOURS)


def test_a_picture_counts_as_its_tokens(server: Path) -> None:
    async def ask(client: aiohttp.ClientSession) -> Any:
        return [await post(client, "chat/completions", **about(*COLOURS[:count])) for count in range(3)]

    counts = [body["usage"]["prompt_tokens"] for _, body in talk(server, ask)]

    assert counts == [counts[0], counts[0] + 4, counts[0] + 8]


def test_a_streamed_answer_about_a_picture_is_the_whole_one(server: Path) -> None:
    body = about(COLOURS[0])

    async def ask(client: aiohttp.ClientSession) -> Any:
        return await post(client, "chat/completions", **body), await streamed(client, "chat/completions", **body)

    (_, whole), chunks = talk(server, ask)

    deltas = [choice["delta"] for chunk in chunks for choice in chunk["choices"]]
    assert "".join(delta.get("content", "") for delta in deltas) == whole["choices"][0]["message"]["content"]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://example.com/x.png", "fetches nothing"),
        ("data:image/png;base64,!", "not base64"),
        ("data:image/png;base64,AAAA", "no picture that can be read"),
    ],
)
def test_what_is_no_picture_is_refused(server: Path, url: str, words: str) -> None:
    messages = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}]

    status, body = talk(server, lambda client: post(client, "chat/completions", messages=messages))

    assert (status, words in body["error"]["message"]) == (400, True)


def test_a_raw_prompt_is_scored_as_ever(server: Path) -> None:
    body = {"prompt": "Which word", "echo": True, "logprobs": 0, "max_tokens": 1, "temperature": 0}

    _, answer = talk(server, lambda client: post(client, "completions", **body))

    assert len(answer["choices"][0]["logprobs"]["token_logprobs"]) == answer["usage"]["prompt_tokens"] + 1
