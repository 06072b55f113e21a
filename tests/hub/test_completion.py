"""The Tab key, by bash itself where there is one: what it offers for words that were begun."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hub.cli import _COMMANDS
from tests.hub.test_cli import code_of

BIN = Path(sys.executable).parent
ASK = """
eval "$(evaldock completion bash)"
COMP_WORDS=(evaldock {words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_evaldock_completion evaldock
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def offered(folder: Path, words: str) -> list[str]:
    """Return what bash offers after `evaldock WORDS`; a last word that is empty is written ''."""
    answer = subprocess.run(
        ["bash", "--norc", "-c", ASK.format(words=words)],
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
        env={"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(folder)},
    )
    assert answer.stderr == ""
    return answer.stdout.split()


needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")


@needs_bash
def test_bash_completes_commands_options_tasks_data_sets_and_backends(tmp_path: Path) -> None:
    (tmp_path / "quiz.yaml").touch()
    (tmp_path / "quiz.txt").touch()

    assert offered(tmp_path, "sta") == ["status"]
    assert set(offered(tmp_path, "''")) == set(_COMMANDS)
    assert offered(tmp_path, "run --off") == ["--offline"]
    assert offered(tmp_path, "run qui") == ["quiz.yaml", "quickstart"]
    assert offered(tmp_path, "plan native/end") == ["native/endpoint"]
    assert offered(tmp_path, "eval --datasets gs") == ["gsm8k"]
    assert offered(tmp_path, "eval --datasets gsm8k ar") == ["arc"]
    assert offered(tmp_path, "eval --datasets arc --dry") == ["--dry-run"]
    assert offered(tmp_path, "eval --eval-backend nat") == ["native"]
    assert offered(tmp_path, "eval --eval-backend echo --datasets e") == ["echo"]
    assert offered(tmp_path, "list data") == ["datasets"]
    assert offered(tmp_path, "completion z") == ["zsh"]


@needs_bash
def test_bash_completes_the_ids_of_runs(tmp_path: Path) -> None:
    assert offered(tmp_path, "report ''") == []
    run = tmp_path / "runs" / "20260101T000000Z-t-12345678"
    run.mkdir(parents=True)
    record = '"evaldock_version": "0", "task": "t", "task_file": "t", "created_at": 1, "state": "failed"'
    (run / "run.json").write_text(f'{{"run_id": "{run.name}", {record}}}')

    assert offered(tmp_path, "report ''") == ["latest", run.name]
    assert offered(tmp_path, "logs 2026") == [run.name]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_its_script(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of("completion", shell) == 0

    assert f"_EVALDOCK_COMPLETE={shell}_complete" in capsys.readouterr().out
