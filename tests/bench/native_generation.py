"""How fast Native generates beside transformers' own `generate`, on the same prompts and the same model.

    python tests/bench/native_generation.py [--native PYTHON] [--size small|base|1b] [--prompts 64] [--rounds 1]

Weights, tokenizer and prompts are made here, from a seed, so that nothing is downloaded; a GPU is used where there is
one, in bfloat16. The model ends answers at any of many tokens, so that they are of many lengths, as real ones are.
Compared are: one prompt at a time; batches of prompts of like length, padded on the left, which wait for their
longest answer; and Native's continuous batch. Printed for each set of prompts: tokens of answers a second, and what
Native's speed is of the others', by wall time and by processor time (a shared machine is noisy in the first; of a GPU
the second says nothing). In float32, ends with 1 where an answer of Native's is not that of one prompt at a time.
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
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.bench.native_python import native_python  # noqa: E402
from tests.bench.random_model import SIZES, save  # noqa: E402

MOST = 128
# Of so many tokens one ends an answer: half of the answers have fewer than about 50 tokens.
ENDS_OF = 70
WAYS = ("one at a time", "padded batches", "native")


def texts(name: str, count: int) -> list[str]:
    """Return prompts: questions of many lengths, or the same behind eight worked examples."""
    draw = random.Random(7)
    syllables = [a + b for a in "bdfgklmnprstvz" for b in ("a", "e", "i", "o", "u", "an", "er", "is")]
    words = ["".join(draw.choices(syllables, k=draw.randint(1, 3))) for _ in range(4000)]

    def some(least: int, most: int) -> str:
        return " ".join(draw.choices(words, k=draw.randint(least, most)))

    head = "".join(f"Question: {some(20, 60)}?\nAnswer: {some(20, 60)}\n\n" for _ in range(8))
    questions = [f"Question: {some(10, 80)}?\nAnswer:" for _ in range(count)]
    return questions if name == "0-shot" else [head + question for question in questions]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--native", help="a Python with Native's packages; default: the environment evaldock built")
    parser.add_argument("--size", choices=sorted(SIZES), default="small")
    parser.add_argument("--prompts", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=1, help="how often each is measured; the fastest counts")
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=WAYS)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        job = {
            "folder": folder,
            "size": asked.size,
            "prompts": asked.prompts,
            "rounds": asked.rounds,
            "ways": asked.ways,
        }
        found = _in(asked.native or native_python(), job)
    print(
        f"{asked.size}, {found['device']}, {found['dtype']}, {asked.prompts} prompts, at most {MOST} tokens an answer"
    )
    wrong = [name for name, runs in found["sets"].items() if not report(name, runs, found["dtype"])]
    return 1 if wrong else 0


def report(name: str, runs: dict[str, Any], dtype: str) -> bool:
    ours = runs["native"]
    print(f"{name}: {ours['prompt_tokens']:,} tokens of prompts, {ours['tokens']:,} of answers")
    for way, run in runs.items():
        of_wall, of_cpu = run["seconds"] / ours["seconds"], run["cpu"] / ours["cpu"]
        print(
            f"  {way:14} {run['tokens'] / run['seconds']:8.1f} tokens/s   native is {of_wall:.1f} x as fast", end=""
        )
        print(f", by processor time {of_cpu:.1f} x")
    same = {
        way: sum(a == b for a, b in zip(run["answers"], ours["answers"], strict=True)) for way, run in runs.items()
    }
    print(
        "  same answers   " + ", ".join(f"{way} {count} of {len(ours['answers'])}" for way, count in same.items()),
        flush=True,
    )
    return dtype != "float32" or same.get(WAYS[0], len(ours["answers"])) == len(ours["answers"])


def _in(python: str, job: dict[str, Any]) -> Any:
    """Measure under another Python."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "true"}
    code = "from tests.bench.native_generation import step; step()"
    done = subprocess.run([python, "-c", code], input=json.dumps(job), env=env, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(f"failed under {python}")
    return json.loads(done.stdout.splitlines()[-1])


def step() -> None:
    """Measure as standard input says, and print what came of it as the last line."""
    job = json.loads(sys.stdin.read())
    import torch

    gpu = torch.cuda.is_available()
    folder, names = Path(job["folder"]), ("0-shot", "8-shot")
    save(folder, SIZES[job["size"]], texts("8-shot", 200), dtype="bfloat16" if gpu else "float32")
    from adapters.native.contract import NativeModel
    from adapters.native.evaluator.models.local import load

    model = load(NativeModel("transformers", "m", str(folder), "auto", None), folder, batch_tokens=None)
    checkpoint = model._checkpoint
    vocabulary = checkpoint.model.config.vocab_size
    ends = random.Random(3).sample(range(vocabulary), vocabulary // ENDS_OF)
    checkpoint.model.generation_config.eos_token_id = sorted({0, *ends})
    sets = {}
    for name in names:
        prompts = checkpoint.encode_all(texts(name, job["prompts"]))
        ways = {"one at a time": one_at_a_time, "padded batches": padded_batches, "native": native}
        sets[name] = {
            way: measured(ways[way], checkpoint, prompts, job["rounds"]) for way in (*job["ways"], "native")
        }
    facts = {"device": model.facts["device"], "dtype": model.facts["dtype"]}
    print(json.dumps({**facts, "sets": sets}))


def measured(
    way: Callable[[Any, Sequence[list[int]]], list[list[int]]], checkpoint: Any, prompts: list[list[int]], rounds: int
) -> dict[str, Any]:
    way(checkpoint, prompts[:4])  # what is done once only
    runs = []
    for _ in range(rounds):
        began, worked = time.perf_counter(), time.process_time()
        answers = way(checkpoint, prompts)
        runs.append((time.perf_counter() - began, time.process_time() - worked))
    return {
        "seconds": min(seconds for seconds, _ in runs),
        "cpu": min(cpu for _, cpu in runs),
        "tokens": sum(map(len, answers)),
        "prompt_tokens": sum(map(len, prompts)),
        "answers": answers,
    }


def one_at_a_time(checkpoint: Any, prompts: Sequence[list[int]]) -> list[list[int]]:
    return [answer for prompt in prompts for answer in _generated(checkpoint, [prompt])]


def padded_batches(checkpoint: Any, prompts: Sequence[list[int]]) -> list[list[int]]:
    """Answer in batches of rows of like length, as many as a checkpoint's batch may have."""
    from adapters.native.evaluator.models.batches import batches

    found: dict[int, list[int]] = {}
    sizes = [len(prompt) + MOST for prompt in prompts]
    for group in batches(sizes, budget=4 * checkpoint.batch_tokens, rows=checkpoint.batch_rows):
        found |= zip(group, _generated(checkpoint, [prompts[index] for index in group]), strict=True)
    return [found[index] for index in range(len(prompts))]


def _generated(checkpoint: Any, prompts: Sequence[list[int]]) -> list[list[int]]:
    import torch

    model, width = checkpoint.model, max(map(len, prompts))
    padded = [[0] * (width - len(prompt)) + prompt for prompt in prompts]
    mask = [[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts]
    with torch.inference_mode():
        output = model.generate(
            input_ids=torch.tensor(padded, device=model.device),
            attention_mask=torch.tensor(mask, device=model.device),
            do_sample=False,
            max_new_tokens=MOST,
            pad_token_id=0,
        )
    ends = set(model.generation_config.eos_token_id)
    rows = [row[width:].tolist() for row in output]
    return [row[: next((at for at, token in enumerate(row) if token in ends), len(row))] for row in rows]


def native(checkpoint: Any, prompts: Sequence[list[int]]) -> list[list[int]]:
    """Answer as a data set's are; the proof that the model allows it is part of the time."""
    from adapters.native.evaluator.models.answers import Answer, Prompt
    from adapters.native.evaluator.models.generator import Generator

    found: dict[int, list[int]] = {}
    generator = Generator(checkpoint, in_order=False)

    def prompt(number: int) -> Prompt:
        def end(answer: Answer) -> None:
            found[number] = list(answer.tokens)

        return Prompt(str(number), tuple(prompts[number]), {"max_tokens": MOST}, end)

    for number in range(len(prompts)):
        generator.add(prompt(number))
    while not generator.idle:
        generator.step()
    return [found[number] for number in range(len(prompts))]


if __name__ == "__main__":
    sys.exit(main())
