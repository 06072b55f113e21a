import asyncio
import json
import stat

import pytest

from hub.gateway.config import Upstream
from tests.fakes.upstream import FakeUpstream
from tests.hub.gateway.support import CHAT, KEY, KEY_ENV, gateway, question

PATH = f"candidate/arc/{CHAT}"


def lines(tmp_path, *bodies, fault=None, answer="4", **options):
    """Return what is kept of calls with `bodies`."""
    file = tmp_path / "bodies.jsonl"

    async def run(up):
        upstream = {"candidate": Upstream(up.base_url, "m", KEY_ENV)}
        async with gateway(tmp_path, upstream, {KEY_ENV: KEY}, bodies=file) as client:
            for body in bodies:
                await client.post(PATH, body, **options)

    with FakeUpstream(answer=lambda _body: answer, fault=fault) as up:
        asyncio.run(run(up))
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_each_call_is_a_line_in_the_order_of_their_ends(tmp_path):
    found = lines(tmp_path, question("caf\xe9 1"), question("2"), headers={"X-Evaldock-Sample": "17"})

    assert [line["request"]["messages"][0]["content"] for line in found] == ["caf\xe9 1", "2"]
    assert [(line["role"], line["dataset"], line["sample"], line["status"]) for line in found] == [
        ("candidate", "arc", "17", 200)
    ] * 2
    assert found[0]["answer"]["choices"][0]["message"]["content"] == "4"


def test_a_stream_is_kept_as_its_text(tmp_path):
    (line,) = lines(tmp_path, question(stream=True))

    assert line["answer"].startswith("data: {")
    assert line["answer"].endswith("data: [DONE]\n\n")


def test_a_failure_is_kept_as_the_client_got_it(tmp_path):
    (line,) = lines(tmp_path, question(), fault="401")

    assert line["status"] == 401
    assert "Bearer [key]" in line["answer"]["error"]["message"]


@pytest.mark.parametrize("size", [1, 1 << 20])
def test_no_key_is_in_the_file_and_the_file_is_private(tmp_path, size):
    lines(tmp_path, question("x" * size))

    file = tmp_path / "bodies.jsonl"
    assert KEY not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_file_that_cannot_be_written_costs_no_call(tmp_path, capsys):
    (tmp_path / "bodies.jsonl").symlink_to("/dev/null")

    assert lines(tmp_path, question()) == []
    assert "bodies.jsonl cannot be written" in capsys.readouterr().err
