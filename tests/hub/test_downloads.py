from pathlib import Path

import pytest

from hub.adapter import Asset, Hub
from hub.downloads import sizes
from tests.fakes.hub_server import HubServer, Repository


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    (folder / "data").mkdir(parents=True)
    (folder / "README.md").write_bytes(b"x" * 10)
    (folder / "data" / "test.parquet").write_bytes(b"x" * 300)
    return folder


@pytest.mark.parametrize("hub", ["huggingface", "modelscope"])
def test_a_hub_says_how_much_of_a_repository_would_be_fetched(hub: Hub, repository: Path) -> None:
    data = Asset("dataset", "d", "/data/d", hub, "o/d", "main", ("*.parquet",))
    model = Asset("model", "m", "/models/m", hub, "o/m", "")

    with HubServer([Repository("dataset", "o/d", repository), Repository("model", "o/m", repository)]) as server:
        assert sizes((data, model), server.environment) == {data: 300, model: 310}
        assert {asked.token for asked in server.requests} == {""}


@pytest.mark.parametrize("hub", ["huggingface", "modelscope"])
def test_what_a_hub_does_not_say_is_not_known(hub: Hub, repository: Path) -> None:
    absent = Asset("model", "m", "/models/m", hub, "o/absent", "main")
    there = Asset("model", "n", "/models/n", hub, "o/m", "main")

    with HubServer([Repository("model", "o/m", repository)]) as server:
        assert sizes((absent, there), server.environment) == {absent: None, there: 310}


def test_a_hub_that_cannot_be_reached_is_asked_once() -> None:
    assets = [Asset("model", name, "/models/m", "huggingface", f"o/{name}", "main") for name in "ab"]

    assert sizes(assets, {"HF_ENDPOINT": "http://127.0.0.1:9"}) == dict.fromkeys(assets)
