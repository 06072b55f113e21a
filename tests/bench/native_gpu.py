"""What a GPU makes of Native: answers beside transformers' own batches, what a step costs, how far numbers are off.

    python tests/bench/native_gpu.py [--native PYTHON] [--size 1.5b] [--prompts 256] [--only answers|steps|numbers]

A Qwen2 of random weights is made here, of the shape of the published ones, so that nothing is downloaded. Printed are

- answers: tokens and requests a second, one prompt at a time, in batches of prompts of like length, padded left,
  and by Native, with how many passes of the model each took, and the memory of the GPU that was in use at most;
- steps: how long one token more of 1, 128 and 512 answers takes, and how much of that the GPU is at work;
- numbers: how far log-probabilities are from those of float32 on a CPU: in float32, in TF32 (left off by Native),
  and in bfloat16.

It runs without a GPU, too (`--size tiny --prompts 8`), to see that it works.
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
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.bench import native_generation as generation  # noqa: E402
from tests.bench.native_python import native_python  # noqa: E402

PARTS = ("answers", "steps", "numbers")
# Of so many tokens one ends an answer; no answer has more than `MOST` tokens.
ENDS_OF, MOST = 150, 256


class Shape(NamedTuple):
    hidden: int
    inner: int
    layers: int
    heads: int
    kept_heads: int
    vocabulary: int = 151_936


SIZES = {
    "tiny": Shape(128, 256, 3, 4, 2, 8_000),
    "0.5b": Shape(896, 4_864, 24, 14, 2),
    "1.5b": Shape(1_536, 8_960, 28, 12, 2),
    "7b": Shape(3_584, 18_944, 28, 28, 4),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--native", help="a Python with Native's packages; default: the environment evaldock built")
    parser.add_argument("--size", choices=sorted(SIZES), default="1.5b")
    parser.add_argument("--prompts", type=int, default=256)
    parser.add_argument("--only", choices=PARTS)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        job = {
            "folder": folder,
            "size": asked.size,
            "prompts": asked.prompts,
            "parts": [asked.only] if asked.only else PARTS,
        }
        env = {**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}
        code = "from tests.bench.native_gpu import step; step()"
        python = asked.native or native_python()
        return subprocess.run([python, "-c", code], input=json.dumps(job), env=env, text=True).returncode


def step() -> None:
    """Measure as standard input says."""
    job = json.loads(sys.stdin.read())
    folder = Path(job["folder"])
    save(folder, SIZES[job["size"]])
    checkpoint, facts = loaded(folder, "auto")
    print(f"{job['size']}, {facts['dtype']}, {facts['device']}, torch {facts['torch']}, {facts['transformers']}")
    if "answers" in job["parts"]:
        answers(checkpoint, job["prompts"])
    if "steps" in job["parts"]:
        steps(checkpoint, job["prompts"])
    if "numbers" in job["parts"]:
        del checkpoint
        numbers(folder)


def save(folder: Path, shape: Shape) -> None:
    import torch
    from transformers import AutoModelForCausalLM, Qwen2Config

    from tests.bench.random_model import tokenizer

    config = Qwen2Config(
        vocab_size=shape.vocabulary,
        hidden_size=shape.hidden,
        intermediate_size=shape.inner,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.kept_heads,
        max_position_embeddings=32_768,
        tie_word_embeddings=shape.kept_heads == 2,  # as the published ones below 3 billion weights
        eos_token_id=0,
        pad_token_id=0,
    )
    torch.manual_seed(1)
    with torch.device("cuda" if torch.cuda.is_available() else "cpu"):
        model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    model.generation_config.eos_token_id = [
        0,
        *sorted(random.Random(3).sample(range(1, shape.vocabulary), shape.vocabulary // ENDS_OF)),
    ]
    model.save_pretrained(folder)
    tokenizer(generation.texts("8-shot", 50), begin=False).save_pretrained(folder)


def loaded(folder: Path, dtype: str) -> tuple[Any, Any]:
    from adapters.native.contract import NativeModel
    from adapters.native.evaluator.models.local import load_checkpoint

    return load_checkpoint(NativeModel("transformers", "m", str(folder), dtype, None), folder, batch_tokens=None)


def prompts(count: int, vocabulary: int) -> list[list[int]]:
    """Return prompts of 60 to 200 tokens, any tokens."""
    draw = random.Random(7)
    return [[draw.randrange(1, vocabulary) for _ in range(draw.randint(60, 200))] for _ in range(count)]


def answers(checkpoint: Any, count: int) -> None:
    generation.MOST = MOST
    asked = prompts(count, checkpoint.model.config.vocab_size)
    seconds = {}
    for name, way, share in (
        ("one prompt at a time", generation.one_at_a_time, asked[:2]),
        ("padded batches", generation.padded_batches, asked),
        ("Native", generation.native, asked),
    ):
        seconds[name] = measured(name, way, checkpoint, share) / len(share)
    others = [name for name in seconds if name != "Native"]
    print("Native is", ", ".join(f"{seconds[name] / seconds['Native']:.1f} x {name}" for name in others))


def measured(
    name: str, way: Callable[[Any, Sequence[list[int]]], list[list[int]]], checkpoint: Any, asked: list[list[int]]
) -> float:
    way(checkpoint, asked[:2])  # what is done once only
    with passes(checkpoint.model) as counted, peak() as used:
        began = time.perf_counter()
        found = way(checkpoint, asked)
        wait()
        took = time.perf_counter() - began
    tokens = sum(map(len, found))
    print(f"{name:22} {tokens / took:8.0f} tokens/s, {len(asked) / took:6.1f} requests/s, ", end="")
    print(f"{len(counted)} passes of {took / len(counted) * 1e3:.1f} ms, {used()} in use", flush=True)
    return took


def steps(checkpoint: Any, most: int) -> None:
    from adapters.native.evaluator.models.answers import Prompt
    from adapters.native.evaluator.models.generator import Generator
    from adapters.native.evaluator.models.room import Room

    for rows in (rows for rows in (1, 128, 512) if rows <= 2 * most):
        generator = Generator(replace(checkpoint, room=Room(rows, rows * 512)))
        for number, tokens in enumerate(prompts(rows, checkpoint.model.config.vocab_size)):
            generator.add(Prompt(str(number), tuple(tokens), {"max_tokens": MOST}, lambda _: None))
        for _ in range(12):
            generator.step()
        wait()
        began = time.perf_counter()
        for _ in range(10):
            generator.step()
        wait()
        took = (time.perf_counter() - began) / 10
        print(f"a step of up to {rows} answers: {took * 1e3:.1f} ms, the GPU at work for {busy(generator):.1f} ms")


def busy(generator: Any) -> float:
    """Return for how many milliseconds of a step kernels run."""
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as seen:
        for _ in range(4):
            generator.step()
        wait()
    kernels = (event for event in seen.key_averages() if not event.self_cpu_time_total)
    return sum(float(getattr(event, "self_device_time_total", 0)) for event in kernels) / 4_000


def numbers(folder: Path) -> None:
    import torch

    checkpoint, _ = loaded(folder, "float32")
    model = checkpoint.model
    ids = torch.tensor([tokens[:60] for tokens in prompts(16, model.config.vocab_size)])
    found = {"float32": chances(model, ids)}
    if torch.cuda.is_available():
        torch.backends.cuda.matmul.allow_tf32 = True
        found["TF32"] = chances(model, ids)
        torch.backends.cuda.matmul.allow_tf32 = False
    expected = chances(model.to("cpu"), ids)
    found["bfloat16"] = chances(model.to(checkpoint.device, torch.bfloat16), ids)
    for name, own in found.items():
        far = (own - expected).abs()
        print(f"{name:9} a token's log-probability is off by {far.max():.1e} at most, {far.mean():.1e} on average")


def chances(model: Any, ids: Any) -> Any:
    import torch

    with torch.inference_mode():
        logits = model(input_ids=ids.to(model.device), use_cache=False).logits[:, :-1].float()
        return logits.log_softmax(-1).gather(-1, ids[:, 1:, None].to(model.device))[..., 0].cpu()


@contextmanager
def passes(model: Any) -> Iterator[list[None]]:
    """Collect an entry for each pass of a model."""
    seen: list[None] = []
    hook = model.register_forward_pre_hook(lambda *_: seen.append(None))
    yield seen
    hook.remove()


@contextmanager
def peak() -> Iterator[Callable[[], str]]:
    """Give what says the most memory of the GPU that was in use since."""
    import torch

    gpu = torch.cuda.is_available()
    if gpu:
        torch.cuda.reset_peak_memory_stats()
    yield lambda: f"{torch.cuda.max_memory_allocated() / (1 << 30):.1f} GiB" if gpu else "no GPU memory"


def wait() -> None:
    import torch

    if torch.cuda.is_available():
        torch.cuda.synchronize()


if __name__ == "__main__":
    sys.exit(main())
