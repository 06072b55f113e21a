"""How fast Native computes log-likelihoods beside lm-eval, on the same requests and the same model.

    python tests/bench/native_loglikelihood.py --lm-eval PYTHON [--native PYTHON] [--share 1.0] [--size small|base]

PYTHON of lm-eval: an environment with `lm-eval==0.4.13` and the torch and transformers of Native's. Native's own is
what `evaldock build native --engine venv` makes. Requests and weights are made here, from a seed, so that nothing is
downloaded; words are drawn as Zipf's law has them. lm-eval is tried with several batch sizes and its best one counts.

Printed for each set: questions a second of both, their ratio and the one wanted; the tokens that each computed,
padding included, over the least that any way of sharing could (the trie of all sequences); and how far any
log-likelihood of ours is from lm-eval's. Ends with 1 where a number is wrong or a wanted ratio is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

BATCH_SIZES = (1, 8, 16, 64)
TOLERANCE = 1e-3
TOKENS_WANTED = 1.15
SIZES = {"small": (256, 4), "base": (768, 12)}
LETTERS = (" A", " B", " C", " D")

Request = tuple[str, tuple[str, ...]]  # a context and its continuations


class Set(NamedTuple):
    """A set of requests: how many questions, how many shots, and the ratio that is wanted."""

    name: str
    questions: int
    shots: int
    wanted: float


SETS = (
    Set("choice, 5-shot", 200, 5, 6.0),
    Set("hellaswag-like, 10-shot", 30, 10, 15.0),
    Set("ARC-like, 0-shot", 200, 0, 4.0),
    Set("hellaswag-like, 0-shot", 60, 0, 2.0),
)


class Words:
    """Sentences of made-up words, a few of them frequent as in a language."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        syllables = [a + b for a in "bdfgklmnprstvz" for b in ("a", "e", "i", "o", "u", "an", "er", "is")]
        self._words = ["".join(self._random.choices(syllables, k=self._random.randint(1, 3))) for _ in range(4000)]
        self._weights = [1 / (rank + 3) for rank in range(len(self._words))]

    def some(self, least: int, most: int) -> str:
        return " ".join(self._random.choices(self._words, self._weights, k=self._random.randint(least, most)))


def requests(entry: Set) -> list[Request]:
    words = Words(sum(entry.name.encode()))
    make = {"c": _choice, "h": _ending, "A": _science}[entry.name[0]]
    shots = [make(words) for _ in range(entry.shots)]
    head = "".join(context + options[0] + "\n\n" for context, options in shots)
    return [(head + context, options) for context, options in (make(words) for _ in range(entry.questions))]


def _choice(words: Words) -> Request:
    options = "".join(f"\n{letter.strip()}. {words.some(1, 8)}" for letter in LETTERS)
    return f"{words.some(8, 30)}?{options}\nAnswer:", LETTERS


def _science(words: Words) -> Request:
    return f"Question: {words.some(12, 32)}?\nAnswer:", tuple(f" {words.some(1, 9)}" for _ in LETTERS)


def _ending(words: Words) -> Request:
    return f"{words.some(2, 3)}: {words.some(20, 50)}.", tuple(f" {words.some(14, 34)}." for _ in LETTERS)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lm-eval", default=sys.executable, help="a Python with lm-eval")
    parser.add_argument("--native", help="a Python with Native's packages; default: the environment evaldock built")
    parser.add_argument("--share", type=float, default=1.0, help="how much of each set is asked")
    parser.add_argument("--size", choices=sorted(SIZES), default="small")
    parser.add_argument(
        "--batch-sizes", type=int, nargs="+", default=BATCH_SIZES, help="those that lm-eval is tried with"
    )
    parser.add_argument("--rounds", type=int, default=2, help="how often each is measured; the fastest counts")
    parser.add_argument("--only", default="", help="the sets whose names begin so")
    asked = parser.parse_args()
    native = asked.native or _native_python()
    good = True
    with tempfile.TemporaryDirectory() as folder:
        job = {"folder": folder, "size": asked.size, "rounds": asked.rounds}
        _in(native, "save", job)
        for entry in (entry for entry in SETS if entry.name.startswith(asked.only)):
            work = requests(entry._replace(questions=max(2, round(entry.questions * asked.share))))
            ours = _in(native, "ours", job | {"requests": work})
            theirs = _in(asked.lm_eval, "theirs", job | {"requests": work, "batch_sizes": asked.batch_sizes})
            good &= report(entry, ours, theirs)
    return 0 if good else 1


def report(entry: Set, ours: dict[str, Any], theirs: list[dict[str, Any]]) -> bool:
    count, best = len(ours["values"]), min(theirs, key=lambda run: float(run["seconds"]))
    ratio, tokens = best["seconds"] / ours["seconds"], ours["tokens"] / ours["least"]
    far = max(abs(a - b) for mine, other in zip(ours["values"], best["values"], strict=True)
              for a, b in zip(mine, other, strict=True))  # fmt: skip
    same = sum(_best(mine) == _best(other) for mine, other in zip(ours["values"], best["values"], strict=True))
    print(f"{entry.name}: {count} questions")
    print(f"  questions/s  native {count / ours['seconds']:.1f}", end="")
    print("".join(f", lm-eval at {run['batch']} {count / run['seconds']:.2f}" for run in theirs))
    print(f"  ratio        {ratio:.1f} (wanted: {entry.wanted:g})")
    print(f"  tokens       native {ours['tokens']:,} = {tokens:.3f} of the trie's {ours['least']:,} ", end="")
    print(f"(wanted: {TOKENS_WANTED}), {ours['proof']:,} of them for the proof; lm-eval {best['tokens']:,}")
    print(f"  values       at most {far:.1e} apart, {same} of {count} predictions the same", flush=True)
    return ratio >= entry.wanted and tokens <= TOKENS_WANTED and far <= TOLERANCE and same == count


def _best(values: Sequence[float]) -> int:
    return max(range(len(values)), key=lambda index: values[index])


def _native_python() -> str:
    from hub.engine.venv.build import environment_folder
    from hub.images import load_image
    from hub.settings import load_settings

    settings = load_settings()
    return str(environment_folder(load_image("native", settings), settings) / "bin" / "python")


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


def save(job: dict[str, Any]) -> None:
    """Save a random Qwen2 with a tokenizer of 8,000 tokens."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer, raw.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=8000, special_tokens=["<end>"], show_progress=False)
    raw.train_from_iterator((context for entry in SETS for context, _ in requests(entry)), trainer)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=raw, eos_token="<end>", pad_token="<end>")
    tokenizer.save_pretrained(job["folder"])
    hidden, layers = SIZES[job["size"]]
    torch.manual_seed(1)
    config = Qwen2Config(vocab_size=8000, hidden_size=hidden, intermediate_size=hidden * 3, num_hidden_layers=layers,
                         num_attention_heads=hidden // 64, num_key_value_heads=hidden // 128, initializer_range=0.1,
                         max_position_embeddings=4096, eos_token_id=0, pad_token_id=0)  # fmt: skip
    Qwen2ForCausalLM(config).save_pretrained(job["folder"])


def ours(job: dict[str, Any]) -> dict[str, Any]:
    """Compute all requests with Native's local model."""
    from adapters.native.contract import NativeModel
    from adapters.native.evaluator.models import likelihood, local
    from adapters.native.evaluator.models.trie import trie_size
    from adapters.native.evaluator.request import Likelihood, Outcome

    folder = job["folder"]
    model = local.load(NativeModel("transformers", "m", folder, "float32", None), Path(folder), batch_tokens=None)
    asked = [Likelihood(str(n), prompt, tuple(options)) for n, (prompt, options) in enumerate(job["requests"])]
    found: dict[int, Outcome] = {}
    checkpoint = model._checkpoint
    model.answer("warm-up", asked[:2], lambda *_: None)
    with counted(checkpoint.model) as sizes:
        seconds = min(timed(lambda: model.answer("bench", asked, found.__setitem__)) for _ in range(job["rounds"]))
    pairs = [pair for row in likelihood.encode_pairs(checkpoint, asked) for pair in row]
    sequences = {tuple((context + continuation)[:-1]) for context, continuation in pairs}
    values = [found[index].likelihoods for index in range(len(asked))]
    proof = max(len(tokens) for tokens in sequences)
    return {
        "seconds": seconds,
        "tokens": sum(sizes) // job["rounds"],
        "least": trie_size(list(sequences)),
        "proof": proof,
        "values": values,
    }


def theirs(job: dict[str, Any]) -> list[dict[str, Any]]:
    """Compute all requests with lm-eval's hf model, once for each batch size."""
    from lm_eval.api.instance import Instance
    from lm_eval.models.huggingface import HFLM

    pairs = [(context, text) for context, options in job["requests"] for text in options]
    asked = [Instance("loglikelihood", {}, pair, 0) for pair in pairs]
    runs = []
    for batch in job["batch_sizes"]:
        model = HFLM(pretrained=job["folder"], device="cpu", dtype="float32", batch_size=batch)
        model.loglikelihood(asked[:8], disable_tqdm=True)
        with counted(model.model) as sizes:
            said: list[tuple[float, bool]] = []
            seconds = min(
                timed(lambda: said.__setitem__(slice(None), model.loglikelihood(asked, disable_tqdm=True)))  # noqa: B023
                for _ in range(job["rounds"])
            )
        found = iter([value for value, _ in said])
        values = [[next(found) for _ in options] for _, options in job["requests"]]
        runs.append({"batch": batch, "seconds": seconds, "tokens": sum(sizes) // job["rounds"], "values": values})
    return runs


def timed(work: Callable[[], object]) -> float:
    """Return how many seconds a work takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


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
