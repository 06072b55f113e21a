"""What the formats of others have in common: results by name, scored samples, the model's own name."""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from hub.report import JobReport, Metric, Result, Sample, SampleState
from hub.text import slug

_JUDGED = {SampleState.SCORED, SampleState.JUDGE_FALLBACK}


class Named(NamedTuple):
    """A result and its name: unique in the job, and the same in a file's name where `file` says so."""

    name: str
    file: str
    result: Result


def named_results(job: JobReport) -> tuple[Named, ...]:
    """Name each result: the data set, and the subset where it is of one; `-2` is added to what would be the same."""
    seen: Counter[str] = Counter()
    named = []
    for result in job.results:
        plain = result.dataset if result.key.subset is None else f"{result.dataset}_{result.key.subset}"
        seen[plain] += 1
        name = plain if seen[plain] == 1 else f"{plain}-{seen[plain]}"
        # Different names may look alike once they are fit for a file.
        file = name if slug(name) == name else f"{slug(name)[:80]}-{sha256(name)[:8]}"
        named.append(Named(name, file, result))
    return tuple(named)


def number_of(metric: Metric) -> float | None:
    """Return the score: 0-1 where it has a maximum, else the source's own number; None where that is none."""
    if metric.value is not None:
        return metric.value
    try:
        number = float(metric.raw.literal)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def scored_samples(samples: Iterable[Sample], result: Result) -> Iterator[Sample]:
    """Yield the result's samples that have a score; the formats of others know no sample without one."""
    for sample in samples:
        mine = sample.dataset == result.dataset and result.key.subset in {sample.subset, None}
        if mine and sample.state in _JUDGED and sample.scores:
            yield sample


def has_own_samples(result: Result, job: JobReport) -> bool:
    """Return whether samples belong to this result alone: an aggregate has those of its subsets."""
    if result.key.subset is not None:
        return not result.averages
    return not any(other.dataset == result.dataset and other.key.subset is not None for other in job.results)


def model_id(job: JobReport) -> str:
    """Return the hub id or the server's name of the model; for a local folder, the task's name for it."""
    identity = next((result.key.model for result in job.results), "")
    kind, _, rest = identity.partition(":")
    words = rest.split()
    if kind in {"modelscope", "huggingface"} and words:
        return words[0].partition("@")[0]
    if kind == "endpoint" and len(words) > 1:
        return words[1].partition("@")[0]
    return job.model


def prompt_text(sample: Sample) -> str:
    """Return what the model was given as one text; chat messages as JSON."""
    return sample.prompt if isinstance(sample.prompt, str) else json.dumps(sample.prompt, ensure_ascii=False)


def sha256(*parts: str) -> str:
    """Return the SHA-256 of texts, one after another, as hex digits."""
    return hashlib.sha256("".join(parts).encode()).hexdigest()


def json_line(value: Any) -> str:
    """Return a value as one line of JSON."""
    return json.dumps(value, ensure_ascii=False) + "\n"


def json_file(value: Any) -> tuple[str, ...]:
    """Return a value as the only content of a file."""
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n",)
