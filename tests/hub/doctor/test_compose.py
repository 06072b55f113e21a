import os
from pathlib import Path

import pytest

from hub.doctor.compose import compose_findings


def program(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.mark.parametrize(
    ("docker", "words"),
    [("echo 2.26.1", "docker compose 2.26.1"), ("exit 1", "docker-compose 1.29.2")],
    ids=["the plugin is taken before the program", "the program where there is no plugin"],
)
def test_the_compose_that_answers_is_named(
    docker: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, "docker", docker)
    program(tmp_path, "docker-compose", "echo 1.29.2")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    (found,) = compose_findings()

    assert (found.level, found.message) == ("ok", words)


def test_docker_without_compose_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, "docker", "exit 1")
    monkeypatch.setenv("PATH", str(tmp_path))

    (found,) = compose_findings()

    assert (found.level, "docker-compose-plugin" in found.mend) == ("ok", True)


def test_where_there_is_no_docker_nothing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert list(compose_findings()) == []
