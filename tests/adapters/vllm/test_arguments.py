"""vLLM is told of the room that LoRA adapters need."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from adapters.vllm.arguments import with_rank


@pytest.fixture
def adapter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EVALDOCK_ROOT", str(tmp_path))
    folder = tmp_path / "adapters" / "0"
    folder.mkdir(parents=True)
    return folder


def given(adapter: Path, *more: str, **config: object) -> list[str]:
    """Return what is added to arguments with an adapter of this configuration."""
    (adapter / "adapter_config.json").write_text(json.dumps(config))
    argv = ["/models/q", "--enable-lora", "--lora-modules", "q=/adapters/0", *more]
    found = with_rank(argv)
    assert found[: len(argv)] == argv
    return found[len(argv) :]


@pytest.mark.parametrize(
    ("config", "room"),
    [
        ({"r": 17}, "32"),
        ({"r": 64}, "64"),
        ({"r": 300}, "320"),
        ({"r": 8, "rank_pattern": {"q_proj": 33}}, "64"),
        ({"r": 9999}, "512"),  # vLLM refuses it then, and says why
    ],
)
def test_a_rank_above_vllms_own_limit_gets_the_next_room_that_vllm_knows(
    adapter: Path, config: dict[str, object], room: str
) -> None:
    assert given(adapter, **config) == ["--max-lora-rank", room]


@pytest.mark.parametrize("config", [{"r": 16}, {"r": 8}, {}, {"r": "many"}])
def test_nothing_is_added_where_the_limit_will_do_or_no_rank_is_known(
    adapter: Path, config: dict[str, object]
) -> None:
    assert given(adapter, **config) == []


@pytest.mark.parametrize("stated", [("--max-lora-rank", "128"), ("--max_lora_rank=128",)])
def test_the_user_may_say_it(adapter: Path, stated: tuple[str, ...]) -> None:
    assert given(adapter, *stated, r=64) == []


@pytest.mark.parametrize("text", [None, "{", "[]"])
def test_a_configuration_that_cannot_be_read_is_left_to_vllm(adapter: Path, text: str | None) -> None:
    if text is not None:
        (adapter / "adapter_config.json").write_text(text)

    assert with_rank(["/m", "--lora-modules", "q=/adapters/0"]) == ["/m", "--lora-modules", "q=/adapters/0"]


def test_without_adapters_nothing_is_added() -> None:
    assert with_rank(["/models/q", "--port", "1"]) == ["/models/q", "--port", "1"]
