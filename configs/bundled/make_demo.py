"""Make the data of all-backends.yaml: bundled choices as ARC has them, questions about pictures as VLMEvalKit has."""

from __future__ import annotations

import base64
import csv
import io
import json
import random
from pathlib import Path

from bundled_pictures import ask, draw_picture, paint

HERE = Path(__file__).parent
DEMO = HERE.parent / "all-backends"
QUESTIONS, PICTURES, SEED = 40, 24, 0


def write_choices(path: Path) -> None:
    """Write the first of the bundled choices as ARC's repository has its questions, which OpenCompass reads, too."""
    rows = (HERE / "data" / "mcq.jsonl").read_text(encoding="utf-8").splitlines()[:QUESTIONS]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        for number, row in enumerate(map(json.loads, rows), 1):
            choices = [{"text": row[label], "label": label} for label in "ABCD"]
            asked = {"stem": row["question"], "choices": choices}
            line = {"id": f"bundled-{number}", "question": asked, "answerKey": row["answer"]}
            file.write(json.dumps(line) + "\n")


def write_pictures(path: Path) -> None:
    """Write questions with options about drawn pictures, each picture in its row as VLMEvalKit has it."""
    rng = random.Random(f"{SEED}/demo")
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, delimiter="\t", lineterminator="\n")
        rows.writerow(["index", "image", "question", *"ABCD", "answer", "category"])
        for number in range(PICTURES):
            picture = draw_picture(rng)
            asked = ask(rng, picture, open_question=False)
            written = io.BytesIO()
            paint(picture).save(written, format="PNG")
            image = base64.b64encode(written.getvalue()).decode("ascii")
            options = [*asked.options, ""][:4]
            kind = "pattern" if asked.answer.startswith(("No", "Yes")) else "colour"
            answer = "ABCD"[asked.options.index(asked.answer)]
            rows.writerow([number, image, asked.question, *options, answer, kind])


if __name__ == "__main__":
    write_choices(DEMO / "ARC" / "ARC-c" / "ARC-Challenge-Dev.jsonl")
    write_pictures(DEMO / "pictures.tsv")
