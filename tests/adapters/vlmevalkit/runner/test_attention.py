"""Attention where flash_attn is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from adapters.vlmevalkit.runner.attention import without_flash


@pytest.fixture
def events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "job" / "output").mkdir(parents=True)
    monkeypatch.setenv("EVALDOCK_ROOT", str(tmp_path))
    return tmp_path / "job" / "output" / "events.jsonl"


@pytest.mark.parametrize(
    ("settings", "taken"),
    [
        (
            {"attn_implementation": "flash_attention_2", "device_map": "auto"},
            {"attn_implementation": "sdpa", "device_map": "auto"},
        ),
        ({"_attn_implementation": "flash_attention_2"}, {"_attn_implementation": "sdpa"}),
        ({"use_flash_attention_2": True}, {"attn_implementation": "sdpa"}),
    ],
)
def test_another_attention_takes_its_place_and_the_user_is_told(
    events: Path, settings: dict[str, Any], taken: dict[str, Any]
) -> None:
    assert without_flash(settings) == taken
    assert "flash_attn is not in this environment" in events.read_text()


@pytest.mark.parametrize("settings", [{}, {"attn_implementation": "eager"}, {"use_flash_attention_2": False}])
def test_who_does_not_ask_for_it_is_left_alone(events: Path, settings: dict[str, Any]) -> None:
    assert without_flash(settings) == settings
    assert not events.exists()
