from typing import Any

import pytest

from hub.cleaning import images
from hub.cleaning.item import Found
from hub.cleaning.live import Live
from hub.errors import PrerequisiteError
from hub.settings import Settings

NOTHING = Live({}, {}, {}, "")


def row(identity: str, tags: list[str] | None = None, **labels: str) -> dict[str, Any]:
    renamed = {name.replace("_", "."): value for name, value in labels.items()}
    return {"Id": identity, "RepoTags": tags, "Labels": renamed, "Size": 100, "SharedSize": 60, "Created": 1.0}


class Client:
    """A daemon with images, and one container that uses `sha256:busy`."""

    def __init__(self, *rows: dict[str, Any]) -> None:
        self._rows = rows
        self.containers = self

    def close(self) -> None:
        """Nothing is open."""

    def df(self) -> dict[str, Any]:
        return {"Images": list(self._rows)}

    def list(self, **_named: object) -> list[Any]:
        container = type("Container", (), {"attrs": {"ImageID": "sha256:busy"}, "short_id": "c1"})
        return [container]


def find(monkeypatch: pytest.MonkeyPatch, settings: Settings, *rows: dict[str, Any], live: Live = NOTHING) -> Found:
    monkeypatch.setattr(images, "connect", lambda: Client(*rows))
    return images.find(settings, live)


def test_ours_are_found_and_only_what_no_other_image_shares_counts(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = row("sha256:a", ["evaldock/echo:0123456789ab"], evaldock_image="echo")
    stage = row("sha256:b", ["<none>:<none>"], evaldock_stage="builder")

    found = find(monkeypatch, settings, ours, stage)

    assert [(item.group, item.size) for item in found.items] == [("echo", 40), ("builder stages", 40)]


def test_an_image_that_somebody_built_on_ours_or_named_is_theirs(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = row("sha256:a", ["mine:latest"], evaldock_image="echo")
    kept = row("sha256:b", ["evaldock/echo:0123456789ab", "keep:me"], evaldock_image="echo")
    base = row("sha256:c", ["python:3.11"])

    assert find(monkeypatch, settings, child, kept, base).items == ()


def test_what_a_container_or_a_live_run_needs_is_in_use(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    busy = row("sha256:busy", ["evaldock/echo:0"], evaldock_image="echo")
    live = Live({}, {"sha256:run": "r1"}, {}, "")

    found = find(
        monkeypatch, settings, busy, row("sha256:run", ["evaldock/echo:1"], evaldock_image="echo"), live=live
    )

    assert [item.used_by for item in found.items] == ["container c1 uses it", "run r1 uses it"]


def test_without_a_daemon_that_is_said(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise PrerequisiteError("Docker does not answer")

    monkeypatch.setattr(images, "connect", refuse)

    assert images.find(settings, NOTHING) == Found(notes=("no images were looked at: Docker does not answer",))
