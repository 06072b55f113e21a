"""Make the bundled data and train the bundled model from scratch, all from one seed."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from bundled_data import write_data

HERE = Path(__file__).parent
EXPECTED = ("mcq", "qa", "word_problems")


def parsed_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=HERE, help="folder that gets data/ and model/")
    parser.add_argument("--steps", type=int, default=4000, help="training steps")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1, help="CPU threads")
    parser.add_argument("--data-only", action="store_true", help="write the data files and stop")
    return parser.parse_args()


def make_model(folder: Path, steps: int, seed: int) -> None:
    """Train the tokenizer and the model, and save both."""
    from bundled_model import save_model, train
    from bundled_tokenizer import save_tokenizer, train_tokenizer

    started = time.monotonic()
    tokenizer = train_tokenizer(seed)
    save_tokenizer(tokenizer, folder)
    save_model(train(tokenizer, steps, seed), folder)
    print(f"trained in {time.monotonic() - started:.0f} s")


def record_scores(model: Path, data: Path) -> None:
    """Score the saved model, print every score, and keep the expected ones beside the data."""
    from bundled_scores import all_scores

    scores = all_scores(model, data)
    print(json.dumps(scores, indent=2))
    kept = {name: scores[name] for name in EXPECTED}
    (data / "expected_scores.json").write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    """Make what the command line asks for."""
    arguments = parsed_arguments()
    data, model = arguments.out / "data", arguments.out / "model"
    write_data(data, arguments.seed)
    if arguments.data_only:
        return
    import torch

    torch.set_num_threads(arguments.threads)
    make_model(model, arguments.steps, arguments.seed)
    record_scores(model, data)


if __name__ == "__main__":
    main()
