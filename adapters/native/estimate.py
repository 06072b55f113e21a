"""What an evaluation will ask of models behind the gateway, about. Pure.

Answers take a call each, and one of the judge that grades them. Likelihoods of labels take one where the server lists
the likeliest next tokens; else, and for other options, one for the prompt and one for each text that is looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from adapters.native.catalog import Benchmark, benchmarks
from adapters.native.translate import is_judged, way_name
from hub.adapter import DatasetInfo, DatasetRequest, Estimate, Evaluation, expected_rows

_VERDICT_TRIES = 2  # of a judge: one more where its reply is no verdict


def estimate(evaluation: Evaluation, infos: Mapping[str, DatasetInfo]) -> tuple[Estimate, ...]:
    """Return what is expected of every data set; of weights in the job only what a judge is asked."""
    return tuple(found for request in evaluation.datasets for found in _dataset(request, evaluation, infos))


def _dataset(request: DatasetRequest, evaluation: Evaluation, infos: Mapping[str, DatasetInfo]) -> Iterator[Estimate]:
    benchmark, via = benchmarks()[request.name], evaluation.model.via
    rows = expected_rows(request, infos[request.name])
    repeats = request.options.get("repeats", 1)
    times = repeats if isinstance(repeats, int) and repeats > 0 else 1
    answers = None if rows.number is None else rows.number * times
    if via == "endpoint" and way_name(request, benchmark, via) != "generate":
        yield _likelihoods(request, benchmark, rows.number, rows.basis)
    elif via == "endpoint":
        each = "a call for each repeat of a row" if times > 1 else "one call a row"
        yield Estimate(request.label, "candidate", answers, None, None, f"{each} {rows.basis}")
    if is_judged(request, judge=evaluation.judge):
        most = None if answers is None else answers * _VERDICT_TRIES
        yield Estimate(
            request.label, "judge", answers, None, most, "one call an answer, again where it is no verdict"
        )


def _likelihoods(request: DatasetRequest, benchmark: Benchmark, rows: int | None, where: str) -> Estimate:
    way = way_name(request, benchmark, "endpoint")
    pair = bool(benchmark.ways[way].rest)  # each option is looked at alone, too
    texts = benchmark.option_count * (2 if pair else 1) if benchmark.option_count else None
    most = None if rows is None or texts is None else rows * (1 + texts)
    each = f"one for each option{' and what follows it' if pair else ''}, and one for the prompt"
    if way == "choice":
        basis = f"one call a row {where} where the server lists the next tokens, else {each}"
        return Estimate(request.label, "candidate", rows, None, most, basis)
    return Estimate(request.label, "candidate", most, None, None, f"of each row {where} {each}")
