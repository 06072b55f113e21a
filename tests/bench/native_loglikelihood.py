"""How fast Native computes log-likelihoods beside lm-eval, on the same requests and the same model.

    python tests/bench/native_loglikelihood.py --lm-eval PYTHON [--native PYTHON] [--size small|base|1b]
        [--dtype float32|bfloat16] [--share 1.0] [--rounds 2] [--only NAME] [--batch-sizes 1 8 16 64]

PYTHON of lm-eval: an environment with `lm-eval==0.4.13` and the torch and transformers of Native's. Native's own is
what `evaldock build native --engine venv` makes. Requests and weights are made here, from a seed, so that nothing is
downloaded. Each batch size is tried by lm-eval on a part of a set; the best one is then measured on all of it, in
turns with Native, and the fastest pass of each counts. Both use the GPU where there is one; for that:
`--size 1b --dtype bfloat16 --batch-sizes 8 32 128`.

Printed for each set: questions a second of both, their ratio, the one wanted, and that of processor time, which
other work on the machine changes less; the tokens that each computed, padding included, over the least that any way
of sharing could (the trie of all sequences); and how far any log-likelihood of ours is from lm-eval's. Ends with 1
where a number is wrong or a wanted ratio is missed. In bfloat16, where lm-eval's own batch sizes differ by as much,
values are printed and not judged; neither are the ratios, which are wanted of the small model.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.bench.likelihood_requests import SETS, Request, Set, requests  # noqa: E402

BATCH_SIZES = (1, 8, 16, 64)
TRIED = 0.15  # the part of a set on which lm-eval tries its batch sizes
TOLERANCE = 1e-3
TOKENS_WANTED = 1.15
ENOUGH_S = 3.0

Found = dict[str, Any]  # seconds, cpu, tokens, values; of Native also least, proof and lengths


def main() -> int:
    """Measure every set, print it, return the exit code."""
    asked = _arguments()
    native = asked.native or _native_python()
    good = True
    with tempfile.TemporaryDirectory() as folder:
        job = {"folder": folder, "size": asked.size, "dtype": asked.dtype}
        print(_in(native, "save", job))
        for entry in (entry for entry in SETS if entry.name.startswith(asked.only)):
            work = requests(entry._replace(questions=max(2, round(entry.questions * asked.share))))
            ours, theirs = _measure(asked, native, job, work)
            good &= report(entry, ours, theirs, judged=(asked.size, asked.dtype) == ("small", "float32"))
    return 0 if good else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lm-eval", default=sys.executable, help="a Python with lm-eval")
    parser.add_argument("--native", help="a Python with Native's packages; default: the environment evaldock built")
    parser.add_argument("--share", type=float, default=1.0, help="how much of each set is asked")
    parser.add_argument("--size", choices=("small", "base", "1b"), default="small")
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=BATCH_SIZES, help="those that lm-eval tries")
    parser.add_argument("--rounds", type=int, default=2, help="how often each is measured; the fastest counts")
    parser.add_argument("--only", default="", help="the sets whose names begin so")
    return parser.parse_args()


def _measure(asked: argparse.Namespace, native: str, job: dict[str, Any], work: list[Request]) -> tuple[Found, Found]:
    """Return the fastest round of both."""
    part = work[: max(16, round(len(work) * TRIED))]
    tried = {
        batch: _in(asked.lm_eval, "theirs", job | {"requests": part, "batch": batch})["seconds"]
        for batch in asked.batch_sizes
    }
    best = min(tried, key=lambda batch: float(tried[batch]))
    ours, theirs = [], []
    for _ in range(asked.rounds):
        ours.append(_in(native, "ours", job | {"requests": work}))
        theirs.append(_in(asked.lm_eval, "theirs", job | {"requests": work, "batch": best}) | {"batch": best})
    return _fastest(ours), _fastest(theirs)


def _fastest(rounds: Sequence[Found]) -> Found:
    best = min(rounds, key=lambda found: float(found["seconds"]))
    return best | {"cpu": min(found["cpu"] for found in rounds)}


def report(entry: Set, ours: Found, theirs: Found, *, judged: bool) -> bool:
    """Print a set's numbers; return whether they are as wanted."""
    count = len(ours["values"])
    ratio, tokens = theirs["seconds"] / ours["seconds"], ours["tokens"] / ours["least"]
    far = max(abs(a - b) for mine, other in zip(ours["values"], theirs["values"], strict=True)
              for a, b in zip(mine, other, strict=True))  # fmt: skip
    same = sum(_best(mine) == _best(other) for mine, other in zip(ours["values"], theirs["values"], strict=True))
    print(f"{entry.name}: {count} questions, {ours['context']} tokens and {ours['option']} an option on average")
    print(f"  questions/s  Native {count / ours['seconds']:.1f}, ", end="")
    print(f"lm-eval {count / theirs['seconds']:.2f} (its best, at batch size {theirs['batch']})")
    print(f"  ratio        {ratio:.1f}" + f" (wanted: {entry.wanted:g})" * judged, end="")
    print(f", of processor time {theirs['cpu'] / ours['cpu']:.1f}")
    print(f"  tokens       Native {ours['tokens']:,} = {tokens:.3f} of the trie's {ours['least']:,} ", end="")
    print(f"(wanted: {TOKENS_WANTED}), {ours['proof']:,} of them for the proof; lm-eval {theirs['tokens']:,}")
    print(f"  values       at most {far:.1e} apart, {same} of {count} predictions the same", flush=True)
    right = far <= TOLERANCE and same == count
    return tokens <= TOKENS_WANTED and (not judged or (right and ratio >= entry.wanted))


def _best(values: Sequence[float]) -> int:
    return max(range(len(values)), key=lambda index: values[index])


def _native_python() -> str:
    from tests.bench.native_python import native_python

    return native_python()


def _in(python: str, step: str, job: dict[str, Any]) -> Any:
    """Run a step of this file under another Python."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "true"}
    code = f"import runpy, sys; found = runpy.run_path({str(Path(__file__))!r}); found['step']({step!r})"
    done = subprocess.run([python, "-c", code], input=json.dumps(job), env=env, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{step} failed under {python}:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def step(name: str) -> None:
    """Do one step as standard input says, and print what came of it as the last line."""
    job = json.loads(sys.stdin.read())
    print(json.dumps({"save": save, "ours": ours, "theirs": theirs}[name](job)))


def save(job: dict[str, Any]) -> str:
    """Save a random model that knows the requests' words; return what is measured on."""
    import torch

    from tests.bench.random_model import SIZES
    from tests.bench.random_model import save as save_model

    words = (context for entry in SETS for context, _ in requests(entry))
    save_model(Path(job["folder"]), SIZES[job["size"]], words, dtype=job["dtype"])
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else f"CPU, {torch.get_num_threads()} threads"
    return f"{job['size']} model, {job['dtype']}, {device}, torch {torch.__version__}"


def ours(job: dict[str, Any]) -> Found:
    """Compute all requests with Native's local model."""
    from adapters.native.contract import NativeModel
    from adapters.native.evaluator.models import likelihood, local
    from adapters.native.evaluator.models.trie import trie_size
    from adapters.native.evaluator.request import Likelihood, Outcome

    folder = job["folder"]
    model = local.load(NativeModel("transformers", "m", folder, job["dtype"], None), Path(folder), batch_tokens=None)
    asked = [Likelihood(str(n), prompt, tuple(options)) for n, (prompt, options) in enumerate(job["requests"])]
    found: dict[int, Outcome] = {}
    checkpoint = model._checkpoint
    model.answer("warm-up", asked[:8], lambda *_: None)
    with counted(checkpoint.model) as sizes:
        took = timed(lambda: model.answer("bench", asked, found.__setitem__))
    pairs = [pair for row in likelihood.encode_pairs(checkpoint, asked) for pair in row]
    sequences = {tuple((context + continuation)[:-1]) for context, continuation in pairs}
    return {
        "seconds": took.wall_s,
        "cpu": took.cpu_s,
        "tokens": sum(sizes) // took.passes,
        "least": trie_size(list(sequences)),
        "proof": max(len(tokens) for tokens in sequences),
        "context": round(sum(len(context) for context, _ in pairs) / len(pairs)),
        "option": round(sum(len(continuation) for _, continuation in pairs) / len(pairs)),
        "values": [found[index].likelihoods for index in range(len(asked))],
    }


def theirs(job: dict[str, Any]) -> Found:
    """Compute all requests with lm-eval's hf model at a batch size."""
    import torch
    from lm_eval.api.instance import Instance
    from lm_eval.models.huggingface import HFLM

    pairs = [(context, text) for context, options in job["requests"] for text in options]
    asked = [Instance("loglikelihood", {}, pair, 0) for pair in pairs]
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = HFLM(pretrained=job["folder"], device=device, dtype=job["dtype"], batch_size=job["batch"])
    model.loglikelihood(asked[:32], disable_tqdm=True)
    with counted(model.model) as sizes:
        said: list[tuple[float, bool]] = []
        took = timed(lambda: said.extend(model.loglikelihood(asked, disable_tqdm=True)))
    found = iter(said)
    values = [[next(found)[0] for _ in options] for _, options in job["requests"]]
    return {"seconds": took.wall_s, "cpu": took.cpu_s, "tokens": sum(sizes) // took.passes, "values": values}


class Took(NamedTuple):
    """The fewest seconds by the clock and of all cores that one of so many passes took."""

    wall_s: float
    cpu_s: float
    passes: int


def timed(work: Callable[[], object]) -> Took:
    """Measure a work; a short one is done several times."""
    passes: list[tuple[float, float]] = []
    while sum(wall for wall, _ in passes) < ENOUGH_S and len(passes) < 3:
        began = time.perf_counter(), time.process_time()
        work()
        passes.append((time.perf_counter() - began[0], time.process_time() - began[1]))
    return Took(min(wall for wall, _ in passes), min(cpu for _, cpu in passes), len(passes))


class counted:  # noqa: N801 - reads as a word of the `with` statement
    """Collects how many tokens, padding included, each pass of a model computes."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def __enter__(self) -> list[int]:
        sizes: list[int] = []

        def note(_: Any, argv: tuple[Any, ...], named: dict[str, Any]) -> None:
            sizes.append(int((named["input_ids"] if "input_ids" in named else argv[0]).numel()))

        self._hook = self._model.register_forward_pre_hook(note, with_kwargs=True)
        return sizes

    def __exit__(self, *_: object) -> None:
        self._hook.remove()


if __name__ == "__main__":
    sys.exit(main())
