"""Print likelihoods of few-shot questions as one start computes them, and as later ones that know some of them."""

import json
import random
import sys
from pathlib import Path

import torch

from adapters.native.contract import NativeModel
from adapters.native.evaluator.models.local import load
from adapters.native.evaluator.request import Likelihood

HEAD = "".join(f"What is {n} + {n}?\nAnswer: {2 * n}\n\n" for n in range(12))
REQUESTS = [
    Likelihood(
        str(n), f"{HEAD}What is {n} + {n * 7 % 5}{' and more' * (n % 4)}?\nAnswer:", (f" {n}", f" {n} or so", " x")
    )
    for n in range(60)
]


def main(folder: str) -> None:
    torch.set_num_threads(1)  # a model so tiny only waits for a second thread
    target = NativeModel("transformers", "tiny", folder, "auto", None)

    def answered(known: set[int]) -> dict[int, tuple[float, ...]]:
        found = {}
        model = load(target, Path(folder), batch_tokens=256)
        model.answer("test", REQUESTS, lambda index, outcome: found.update({index: outcome.likelihoods}), known=known)
        return found

    whole = answered(set())
    late = []
    for seed in range(3):
        known = set(random.Random(seed).sample(range(60), 50))
        found = answered(known)
        late.append({"missing": sorted(set(range(60)) - known - found.keys()), "count": len(found),
                     "same": all(whole[index] == values for index, values in found.items())})  # fmt: skip
    sys.stdout.write(json.dumps({"count": len(whole), "late": late}))


main(*sys.argv[1:])
