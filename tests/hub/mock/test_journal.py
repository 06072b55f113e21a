import asyncio
import json
from pathlib import Path

import pytest

from hub.errors import PrerequisiteError
from hub.mock.journal import Journal
from hub.mock.server import MockOptions
from tests.hub.mock.support import mock, png

KEY = "sk-secret-4711"


def test_every_request_is_a_line_without_the_key(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"

    async def run() -> None:
        with Journal(path, key=KEY) as journal:
            async with mock(MockOptions(key=KEY), journal, api_key=KEY) as server:
                await server.chat(f"my key is {KEY}, é")
                await server.post("chat/completions", b"{}")
                await server.post("chat/completions", b"{}", headers={"Authorization": f"Bearer {KEY}"})

    asyncio.run(run())

    text = path.read_text()
    first, second, third = map(json.loads, text.splitlines())
    assert KEY not in text
    assert (first["status"], first["model"], first["prompt"]) == (200, "m", "my key is ***, é")
    assert (second["status"], third["status"]) == (401, 400)
    assert third["error"] == "model: Field required"


def test_the_images_of_a_request_are_in_its_line_in_words_and_without_the_key(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    urls = (png(640, 480), f"http://127.0.0.1:9/{KEY}.png")
    images = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    turns = [{"role": "user", "content": [image, {"type": "text", "text": "And this?"}]} for image in images]

    async def run() -> None:
        with Journal(path, key=KEY) as journal:
            async with mock(MockOptions(key=KEY), journal, api_key=KEY) as server:
                await server.openai.chat.completions.create(model="m", messages=turns)
                await server.chat("no image")

    asyncio.run(run())

    first, second = map(json.loads, path.read_text().splitlines())
    assert first["images"] == ["[image/png 640x480, 29 B]", "[image at http://127.0.0.1:9/***.png, not fetched]"]
    assert "images" not in second


def test_a_log_that_cannot_be_written_is_a_prerequisite(tmp_path: Path) -> None:
    with pytest.raises(PrerequisiteError, match="cannot be written"):
        Journal(tmp_path / "absent" / "log.jsonl")
