"""How much time OpenCompass takes beside itself: the hub over the bare runner, our runner over OpenCompass's own.

    python tests/bench/opencompass.py [--rounds 3] [--python PYTHON]

It needs OpenCompass's environment, which `evaldock build opencompass --engine venv` makes. A fake server on this
machine answers ten small data sets, three times: asked by the runner alone, by `evaldock run` (venv), and, once, by
OpenCompass's own LocalRunner with a process for each data set and stage, four at a time.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import yaml  # noqa: E402

from hub.engine.venv.build import environment_folder  # noqa: E402
from hub.images import load_image  # noqa: E402
from hub.settings import load_settings  # noqa: E402
from tests.adapters.opencompass.cases import evaluation, gateway, prepare, request, start  # noqa: E402
from tests.adapters.opencompass.tiny_answers import answer  # noqa: E402
from tests.fakes.upstream import FakeUpstream  # noqa: E402

NAMES = ("gsm8k", "ARC_c", "ARC_e", "piqa", "siqa", "hellaswag", "nq", "lambada", "CMRC", "strategyqa")
_LAST_CHARACTERS = 2000  # of what a step said before it failed
_STOCK = """
import sys
import mmengine.config.utils as found
asked = found._is_builtin_module
found._is_builtin_module = lambda name: name.split(".")[0] in sys.stdlib_module_names or asked(name)
from opencompass.cli.arguments import Arguments
from opencompass.cli.main import run_task
from adapters.opencompass.catalog import catalog
from pathlib import Path
url, data, *names = sys.argv[1:]
lines = ["from mmengine.config import read_base", "with read_base():"]
for name in names:
    config = catalog()[name].configs["generate"]
    lines.append(f"    from opencompass.configs.datasets.{config.replace('/', '.')} import *")
lines.append("datasets = sum((value for name, value in locals().items() if name.endswith('_datasets')), [])")
model = dict(type="opencompass.models.OpenAIExtra", abbr="m", path="m", openai_api_base=url, key="x", batch_size=8,
             query_per_second=64, max_out_len=512, max_seq_len=4096, run_cfg=dict(num_gpus=0))
lines.append(f"models = [{model!r}]")
for stage, task in (("infer", "OpenICLInferTask"), ("eval", "OpenICLEvalTask")):
    task = dict(type=f"opencompass.tasks.{task}")
    runner = dict(type="opencompass.runners.LocalRunner", max_num_workers=4, task=task)
    partitioner = dict(type="opencompass.partitioners.NaivePartitioner")
    lines.append(f"{stage} = dict(partitioner={partitioner!r}, runner={runner!r})")
Path("stock.py").write_text("\\n".join(lines) + "\\n")
run_task(Arguments(config="stock.py", work_dir="out", time_str="stock"))
done = sorted(path.stem for path in Path("out/stock/results/m").glob("*.json"))
print(len(done), "results")
sys.exit(len(done) < len(names))
"""


def main() -> None:
    """Print the three times and what they mean."""
    parser = argparse.ArgumentParser(description="What evaldock costs over OpenCompass, and what it saves.")
    parser.add_argument("--rounds", type=int, default=3, help="the best of so many counts (default 3)")
    parser.add_argument("--python", help="of OpenCompass's environment (default: the one that evaldock built)")
    given = parser.parse_args()
    python = given.python or _built()
    # The best of some: what else the machine does only makes them slower.
    runner_s = min(_timed(lambda folder: _runner(python, folder)) for _ in range(given.rounds))
    hub_s = min(_timed(_hub) for _ in range(given.rounds))
    stock_s = _timed(lambda folder: _stock(python, folder))
    print(f"runner alone           {runner_s:7.1f} s")
    print(f"evaldock run           {hub_s:7.1f} s   {hub_s - runner_s:+.1f} s over the runner; at most 2 are wanted")
    print(
        f"OpenCompass's own      {stock_s:7.1f} s   {stock_s / runner_s:.1f} times the runner; at least 5 are wanted"
    )


def _built() -> str:
    settings = load_settings()
    python = environment_folder(load_image("opencompass", settings), settings) / "bin" / "python"
    if not python.is_file():
        raise SystemExit(
            "OpenCompass's environment is not there: `evaldock build opencompass --engine venv` makes it"
        )
    return str(python)


def _timed(work: Callable[[Path], None]) -> float:
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        work(Path(folder))
        return time.perf_counter() - begun


def _runner(python: str, folder: Path) -> None:
    with gateway() as url:
        case = evaluation(*(request(name) for name in NAMES))
        code = start(python, prepare(folder, case, without=()), url).wait()
    _check("the runner", code, (folder / "log.txt").read_text(errors="replace"))


def _hub(folder: Path) -> None:
    data = prepare(folder / "tree", evaluation(*(request(name) for name in NAMES)), without=()) / "data/opencompass"
    with FakeUpstream(answer=answer) as upstream:
        task = {
            "version": 1,
            "models": {"m": {"endpoint": upstream.base_url, "model": "m"}},
            "evaluations": [{"backend": "opencompass", "datasets": list(NAMES), "options": {"data": str(data)}}],
        }
        (folder / "task.yaml").write_text(yaml.safe_dump(task))
        evaldock = Path(sys.executable).with_name("evaldock")
        argv = [evaldock, "run", "task.yaml", "--engine", "venv"]
        _check("evaldock run", *_said(argv, folder, dict(os.environ)))


def _stock(python: str, folder: Path) -> None:
    data = prepare(folder / "tree", evaluation(*(request(name) for name in NAMES)), without=()) / "data/opencompass"
    (folder / "data").symlink_to(data)
    env = {
        **os.environ,
        "PYTHONPATH": str(ROOT),  # it runs in another folder
        "COMPASS_DATA_CACHE": str(folder),
        "HF_HUB_OFFLINE": "1",
        "HF_HOME": str(folder / "hf"),
    }
    with FakeUpstream(answer=answer) as upstream:
        url = f"{upstream.base_url}/chat/completions"
        argv = [python, "-W", "ignore", "-c", _STOCK, url, str(data), *NAMES]
        _check("OpenCompass's own runner", *_said(argv, folder, env))


def _said(argv: list[str | Path], folder: Path, env: dict[str, str]) -> tuple[int, str]:
    done = subprocess.run(
        argv, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )
    return done.returncode, done.stdout


def _check(what: str, code: int, said: str) -> None:
    if code:
        raise SystemExit(f"{said[-_LAST_CHARACTERS:]}\n{what} failed with code {code}: its time says nothing")


if __name__ == "__main__":
    main()
