import json
from pathlib import Path

import pytest

from hub.adapter import Asset, Hub
from hub.hublist import hub_address, offer
from hub.offer import Offer
from tests.fakes.hub_server import HubServer, Repository
from tests.fakes.upstream import FakeUpstream

HUBS: tuple[Hub, ...] = ("huggingface", "modelscope")


def folder(tmp_path: Path) -> Path:
    (tmp_path / "main").mkdir()
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"w" * 1000)
    (tmp_path / "main" / "test.parquet").write_bytes(b"t" * 10)
    return tmp_path


def asset(hub: Hub, *, kind: str = "model", name: str = "acme/tiny", patterns: tuple[str, ...] = ()) -> Asset:
    revision = "main" if hub == "huggingface" else "master"
    return Asset(kind, "a", "/models/a", hub, name, revision, patterns)  # type: ignore[arg-type]


@pytest.mark.parametrize("hub", HUBS)
@pytest.mark.parametrize("kind", ["model", "dataset"])
def test_the_size_is_that_of_all_files(tmp_path: Path, hub: Hub, kind: str) -> None:
    with HubServer([Repository(kind, "acme/tiny", folder(tmp_path))]) as server:
        assert offer(asset(hub, kind=kind), server.environment) == Offer(size=1012)


@pytest.mark.parametrize("hub", HUBS)
def test_files_that_are_not_wanted_are_not_counted(tmp_path: Path, hub: Hub) -> None:
    with HubServer([Repository("dataset", "acme/tiny", folder(tmp_path))]) as server:
        found = offer(asset(hub, kind="dataset", patterns=("main/test*",)), server.environment)

    assert found == Offer(size=10)


@pytest.mark.parametrize("hub", HUBS)
def test_a_repository_that_is_not_there_is_refused_with_what_to_check(tmp_path: Path, hub: Hub) -> None:
    with HubServer([]) as server:
        found = offer(asset(hub, name="acme/nothing"), server.environment)

    assert found.size is None
    assert "no such model" in found.refusal or "none of that name" in found.refusal
    assert "check" in found.mend


def test_a_private_repository_names_the_variable_of_the_token(tmp_path: Path) -> None:
    with HubServer([Repository("model", "acme/tiny", folder(tmp_path), gated=True)], token="a-token") as server:
        closed = offer(asset("modelscope"), server.environment)
        opened = offer(asset("modelscope"), {**server.environment, "MODELSCOPE_API_TOKEN": "a-token"})

    assert "export MODELSCOPE_API_TOKEN=..." in closed.mend
    assert opened.size == 1012


@pytest.mark.parametrize("hub", HUBS)
def test_a_hub_that_is_down_or_gone_is_a_doubt_and_no_refusal(tmp_path: Path, hub: Hub) -> None:
    with HubServer([], down=True) as server:
        down = offer(asset(hub), server.environment)
        environment = server.environment
    gone = offer(asset(hub), environment)

    assert (down.refusal, gone.refusal) == ("", "")
    assert "503" in down.doubt
    assert "no answer" in gone.doubt


def test_a_page_of_a_captive_portal_is_a_doubt() -> None:
    with FakeUpstream(fault="html") as server:
        address = server.base_url.removesuffix("/v1")
        found = offer(asset("huggingface"), {"HF_ENDPOINT": address})

    assert (found.size, found.refusal) == (None, "")
    assert found.doubt


def test_the_environment_names_mirrors_of_both_hubs() -> None:
    assert hub_address("huggingface", {"HF_ENDPOINT": "https://mirror.example/"}) == "https://mirror.example"
    assert hub_address("modelscope", {"MODELSCOPE_DOMAIN": "scope.example"}) == "https://scope.example"
    assert hub_address("modelscope", {}) == "https://www.modelscope.cn"


def test_a_token_stays_out_of_what_is_said(tmp_path: Path) -> None:
    with HubServer([]) as server:
        found = offer(asset("huggingface"), {**server.environment, "HF_TOKEN": "canary"})

    assert "canary" not in json.dumps(vars(found))
