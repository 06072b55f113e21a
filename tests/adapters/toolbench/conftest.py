"""A job's folders, and its run against an endpoint, for the tests of the agent's mode."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from adapters.runtime import gateway
from adapters.toolbench.adapter import ADAPTER
from adapters.toolbench.runner import __main__ as runner
from hub.adapter import Evaluation
from tests.adapters.toolbench.agents import Run, endpoint, write_cache
from tests.fakes.upstream import Answer, FakeUpstream, Request


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for folder in ("input", "output"):
        (tmp_path / "job" / folder).mkdir(parents=True)
    write_cache(tmp_path / "data/.toolbench/cache")
    monkeypatch.setenv("EVALDOCK_ROOT", str(tmp_path))
    monkeypatch.setattr(gateway, "WAITS_S", ())
    return tmp_path


@pytest.fixture
def run(root: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    def run(of: Evaluation, asked: list[dict[str, Any]], answer: Answer = endpoint, **more: Any) -> list[Request]:
        (root / "data/stable/own").mkdir(parents=True, exist_ok=True)
        (root / "data/stable/own/queries.json").write_text(json.dumps(asked))
        for name, text in ADAPTER.translate(of).items():
            (root / "job/input" / name).write_text(text)
        with FakeUpstream(answer=answer, **more) as upstream:
            monkeypatch.setenv("EVALDOCK_GATEWAY", upstream.base_url.removesuffix("/v1"))
            runner.main()
        return upstream.requests

    return run
