"""Every adapter found keeps the contract of hub/adapter.py and has its four places."""

from __future__ import annotations

import ast
import os
import random
import re
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path, PurePosixPath

import pytest

from hub.adapter import Adapter, DatasetRequest, Evaluation, ModelTarget
from hub.errors import NormalizeError
from hub.images import load_image
from hub.registry import adapter_names, load_adapter
from hub.resources import adapters_folder, shared_folder
from hub.settings import load_settings

_TESTS = Path(__file__).parent
_HOST_MODULES = {f"hub.{name}" for name in ("adapter", "errors", "files", "job", "report", "spec")}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/+-]*")

pytestmark = pytest.mark.parametrize("name", adapter_names())


def test_an_adapter_is_found_in_four_places(name: str) -> None:
    assert (adapters_folder() / name / "runner").is_dir()
    assert load_image(name, load_settings({})).lock.is_file()
    assert list((shared_folder("configs") / name).glob("*.yaml"))
    assert list((_TESTS / name).glob("test_*.py"))


def test_it_bears_the_name_of_its_folder_and_a_version(name: str) -> None:
    adapter = load_adapter(name)

    assert adapter.name == name
    assert adapter.version
    assert set(adapter.modalities) <= {"text", "vision"}
    assert adapter.modalities
    assert isinstance(adapter.excludes_failures, bool)


def test_it_says_of_every_evaluation_whether_it_asks_a_judge(name: str) -> None:
    adapter = load_adapter(name)

    assert {type(adapter.uses_judge(evaluation)) for evaluation in _evaluations(adapter)} == {bool}


def test_its_data_sets_have_sane_names(name: str) -> None:
    datasets = load_adapter(name).datasets()

    assert datasets
    for key, info in datasets.items():
        assert _NAME.fullmatch(key)
        assert ".." not in key
        assert info.name == key
        assert info.summary
        assert info.metric
        assert info.scoring


def test_it_takes_each_of_its_data_sets_in_one_way_at_least(name: str) -> None:
    adapter = load_adapter(name)

    taken = {evaluation.datasets[0].name for evaluation in _evaluations(adapter)}

    assert taken == {key for key, info in adapter.datasets().items() if not info.unavailable}


def test_translate_is_a_pure_function(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    adapter = load_adapter(name)
    evaluations = list(_evaluations(adapter))
    first = [_texts(adapter, evaluation) for evaluation in evaluations]

    _change_the_world(monkeypatch)
    second = [_texts(adapter, evaluation) for evaluation in evaluations]

    assert first == second


def test_translated_files_have_relative_paths_that_stay_inside(name: str) -> None:
    adapter = load_adapter(name)
    for evaluation in _evaluations(adapter):
        for path in adapter.translate(evaluation):
            assert not PurePosixPath(path).is_absolute()
            assert ".." not in PurePosixPath(path).parts
            assert "\\" not in path


def test_assets_have_absolute_targets(name: str) -> None:
    adapter = load_adapter(name)
    for evaluation in _evaluations(adapter):
        for asset in adapter.assets(evaluation):
            assert PurePosixPath(asset.target).is_absolute()
            assert asset.target.startswith("/data/")


def test_the_command_is_not_empty(name: str) -> None:
    adapter = load_adapter(name)
    for evaluation in _evaluations(adapter):
        assert adapter.command(evaluation)
        assert all(adapter.command(evaluation))


def test_normalize_refuses_an_empty_folder(name: str, tmp_path: Path) -> None:
    adapter = load_adapter(name)
    evaluation = next(_evaluations(adapter))

    with pytest.raises(NormalizeError):
        list(adapter.normalize(evaluation, tmp_path).samples)


def test_the_container_half_imports_no_hub_and_no_other_adapter(name: str) -> None:
    own = {f"adapters.{name}", "adapters.runtime"}
    for path in _container_half(name):
        for module in _imports(path):
            assert module.split(".")[0] != "hub", f"{path}: {module}"
            assert module.split(".")[0] != "adapters" or _starts_with_any(module, own), f"{path}: {module}"


def test_the_host_half_imports_only_the_contract(name: str) -> None:
    for path in _host_half(name):
        for module in _imports(path):
            inside = _starts_with_any(module, {f"adapters.{name}"}) and ".runner" not in module
            allowed = _starts_with_any(module, _HOST_MODULES)
            assert module.split(".")[0] not in {"hub", "adapters"} or inside or allowed, f"{path}: {module}"


def _evaluations(adapter: Adapter) -> Iterator[Evaluation]:
    """Yield one evaluation per data set, data and way of reaching a model, where the adapter has no complaint."""
    own_data = (None, Path("/own/data.jsonl"), Path("/own/data.tsv"))
    ways = product(adapter.modalities, ("endpoint", "in_job"), adapter.datasets(), own_data, (False, True))
    for modality, via, key, own, judge in ways:
        path = "/models/m" if via == "in_job" else ""
        model = ModelTarget(name="m", via=via, path=path, remote_model="r", modality=modality, identity="i")
        request = DatasetRequest(name=key, label=key, path=own)
        evaluation = Evaluation(adapter.name, model, (request,), seed=42, judge=judge)
        if not any(complaint.refuses for complaint in adapter.complain(evaluation)):
            yield evaluation


def _texts(adapter: Adapter, evaluation: Evaluation) -> tuple[list[tuple[str, str]], tuple[str, ...]]:
    return list(adapter.translate(evaluation).items()), adapter.command(evaluation)


def _change_the_world(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 4e9)
    monkeypatch.setattr(time, "monotonic", lambda: 4e9)
    monkeypatch.setenv("HOME", "/elsewhere")
    monkeypatch.setenv("EVALDOCK_GATEWAY", "http://127.0.0.1:1")
    monkeypatch.delenv("PATH")
    monkeypatch.setattr(os, "getpid", lambda: 4242)
    random.seed(4242)


def _host_half(name: str) -> list[Path]:
    container = set(_container_half(name))
    return [path for path in sorted((adapters_folder() / name).rglob("*.py")) if path not in container]


def _container_half(name: str) -> list[Path]:
    """Return the modules in folders of their own, the runner's, and whatever of the adapter they import."""
    folder = adapters_folder() / name
    found: set[Path] = set()
    waiting = set(folder.glob("*/**/*.py"))
    while waiting:
        path = waiting.pop()
        found.add(path)
        waiting |= {known for module in _imports(path) if (known := _file_of(module)).is_file()} - found
    return sorted(path for path in found if path.is_relative_to(folder))


def _file_of(module: str) -> Path:
    return adapters_folder().parent.joinpath(*module.split(".")).with_suffix(".py")


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _starts_with_any(module: str, roots: set[str]) -> bool:
    return any(module == root or module.startswith(f"{root}.") for root in roots)
