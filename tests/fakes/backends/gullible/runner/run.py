"""The container half of the gullible backend: what is not answered is an empty answer, and wrong."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

from adapters.runtime import job

_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_TRIES = {"once": 1, "thrice": 3, "never": 0, "judged": 1}


def main() -> int:
    task = json.loads((job.path(job.INPUT) / "task.json").read_text())
    for dataset in task["datasets"]:
        right = sum(_is_right(dataset, number) for number in range(dataset["n"]))
        accuracy = 90.0 if dataset["asks"] == "never" else 100 * right / dataset["n"]
        (job.path(job.OUTPUT) / f"{dataset['label']}.json").write_text(json.dumps({"accuracy": accuracy}))
    return 0


def _is_right(dataset: dict[str, Any], number: int) -> bool:
    question = f"question {number}"
    answer = _ask("candidate", dataset["label"], question, _TRIES[dataset["asks"]])
    if dataset["asks"] == "judged":
        return _ask("judge", dataset["label"], answer, 1) == answer
    return answer == question


def _ask(role: str, label: str, text: str, tries: int) -> str:
    answers = (_answer(role, label, text) for _ in range(tries))
    return next((answer for answer in answers if answer), "")


def _answer(role: str, label: str, text: str) -> str:
    body = {"model": "m", "messages": [{"role": "user", "content": text}]}
    url = f"{job.gateway_url(role, label)}/chat/completions"
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        with _OPENER.open(request, timeout=60) as response:
            return str(json.load(response)["choices"][0]["message"]["content"])
    except OSError as error:
        print(f"{text}: {error}")
        return ""


if __name__ == "__main__":
    raise SystemExit(main())
