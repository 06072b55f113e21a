from dataclasses import replace

import pytest

from hub.doctor import engines
from hub.doctor.engines import gpu_findings, look_at_engines
from hub.finding import Finding
from hub.settings import Settings
from tests.fakes.engine import FakeEngine
from tests.hub.test_orchestrator import echo

STOP = Finding("missing", "isolation", "it is broken", "mend it")
FINE = Finding("ok", "isolation", "fine")


def use(monkeypatch: pytest.MonkeyPatch, **found: Finding) -> None:
    monkeypatch.setattr(engines, "make_engine", lambda name, _settings: FakeEngine(echo, findings=(found[name],)))


def levels(lines: tuple[Finding, ...]) -> list[str]:
    return [line.level for line in lines]


@pytest.mark.parametrize(
    ("docker", "venv", "expected", "taken"),
    [
        (FINE, FINE, ["ok", "ok"], "a container engine answers"),
        (STOP, FINE, ["warning", "ok"], "no usable container engine (it is broken)"),
        (FINE, STOP, ["ok", "warning"], "a container engine answers"),
    ],
)
def test_what_a_run_can_do_without_is_a_note(
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    docker: Finding,
    venv: Finding,
    expected: list[str],
    taken: str,
) -> None:
    use(monkeypatch, docker=docker, venv=venv)

    choice, lines = look_at_engines("auto", settings, gpus=False)

    assert (levels(lines), choice and choice.reason) == (expected, taken)


def test_without_any_engine_something_is_missing(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, docker=STOP, venv=STOP)

    choice, lines = look_at_engines("auto", settings, gpus=False)

    assert choice is None
    assert levels(lines) == ["missing", "missing"]


def test_an_engine_that_was_asked_for_must_work(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, docker=STOP, venv=FINE)

    choice, lines = look_at_engines("docker", settings, gpus=False)

    assert (choice, levels(lines)) == (None, ["missing"])


class _Gpus(FakeEngine):
    def check(self, *, gpus: bool, probe: bool = True) -> tuple[Finding, ...]:
        return (FINE, Finding("missing", "GPUs", "no NVIDIA runtime", "install it")) if gpus else (FINE,)


def test_gpus_that_the_engine_cannot_hand_out_are_a_note(settings: Settings) -> None:
    stated = replace(settings, gpus=(("0", 80 << 30),))

    (found,) = gpu_findings(_Gpus(echo), stated)

    assert (found.level, found.mend) == ("warning", "install it")
    assert found.message == "no NVIDIA runtime (only a task with GPUs needs it)"


def test_a_machine_without_gpus_needs_no_way_to_hand_them_out(settings: Settings) -> None:
    stated = replace(settings, gpus=())

    assert list(gpu_findings(_Gpus(echo), stated)) == []
