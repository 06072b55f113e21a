"""Turn the rows of published data into plain ones, where a template cannot: one function for each shape."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from adapters.native.evaluator.errors import RowError
from adapters.native.evaluator.reader import Row

_BRACKETS = re.compile(r"\[.*?\]")


def shaped(row: Row, shape: str) -> Row:
    """Return the row with the plain columns `question`, `choices`, `answer` beside its own.

    Raises:
        RowError: the row is not what the benchmark publishes.
    """
    if not shape:
        return row
    try:
        return Row({**row.data, **_SHAPES[shape](row.data)}, row.place)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        hint = f"The columns are {', '.join(map(repr, row.data))}; the benchmark needs those of the published data."
        raise RowError(
            row.place, f"not a row of the published data: {type(error).__name__}: {error}", hint=hint
        ) from error


def _hellaswag(row: Mapping[str, Any]) -> dict[str, Any]:
    """Join activity and context, and drop the marks of WikiHow, as lm-eval's task does (Zellers et al. 2019)."""
    if "ctx_a" not in row:
        return {}
    context = f"{row['activity_label']}: {row['ctx_a']} {row['ctx_b'].capitalize()}"
    endings = [_without_marks(ending) for ending in row["endings"]]
    return {"question": _without_marks(context), "choices": endings, "answer": int(row["label"])}


def _without_marks(text: str) -> str:
    return _BRACKETS.sub("", text.strip().replace(" [title]", ". ")).replace("  ", " ")


def _truthful_qa(row: Mapping[str, Any]) -> dict[str, Any]:
    """Give mc1's options, the right one first among them by `answer`, and those that only mc2 looks at."""
    first, first_right = _marked(row["mc1_targets"])
    second, second_right = _marked(row["mc2_targets"])
    return {
        "choices": first,
        "answer": first_right[0],
        "further": [text for text in second if text not in first],
        "accepted": [second[index] for index in second_right],
    }


def _marked(targets: Mapping[str, Any]) -> tuple[list[str], list[int]]:
    """Return texts and the indices of the true ones, from `{choices, labels}` or from `{text: 1 or 0}`."""
    named = {"choices", "labels"} <= set(targets)
    texts = list(targets["choices"] if named else targets)
    marks = targets["labels"] if named else list(targets.values())
    right = [index for index, mark in enumerate(marks) if mark]
    if not right:
        raise ValueError("no option is marked as true")
    return texts, right


def _drop(row: Mapping[str, Any]) -> dict[str, Any]:
    """Give every annotator's answer as its spans, from the hubs' columns or from those of the authors' own file."""
    if "answers_spans" in row:
        answers = _parted(row["answers_spans"]["spans"])
    else:
        validated = row.get("validated_answers") or []
        if isinstance(validated, Mapping):  # a column of objects as tables keep it
            keys = list(validated)
            validated = [dict(zip(keys, values, strict=True)) for values in zip(*validated.values(), strict=True)]
        answers = [_drop_spans(answer) for answer in (row["answer"], *validated)]
    spans = list(dict.fromkeys(answer for answer in answers if any(answer)))
    return {"answer": [", ".join(answer) for answer in spans], "spans": [list(answer) for answer in spans]}


def _drop_spans(answer: Mapping[str, Any]) -> tuple[str, ...]:
    if answer.get("number"):
        return (str(answer["number"]),)
    if answer.get("spans"):
        return tuple(answer["spans"])
    date = answer.get("date") or {}
    return (" ".join(date[part] for part in ("day", "month", "year") if date.get(part)),)


def _parted(flat: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the answers in one list of all annotators' spans, as Hugging Face's table has them.

    It no longer says whose they are: where a block of them repeats, it is one answer, else each span is one.
    """
    for size in range(1, len(flat) // 2 + 1):
        blocks = [tuple(flat[place : place + size]) for place in range(0, len(flat), size)]
        if len({tuple(sorted(block)) for block in blocks}) == 1:
            return blocks[:1]
    return [(span,) for span in flat]


_SHAPES: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "hellaswag": _hellaswag,
    "truthful_qa": _truthful_qa,
    "drop": _drop,
}
