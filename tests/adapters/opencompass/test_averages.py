"""Averages over the parts of a data set: with which weights, and under which names."""

from __future__ import annotations

from adapters.opencompass.averages import average, means_of_all
from adapters.opencompass.catalog import catalog
from adapters.opencompass.output import PartOutput
from hub.report import Counts, Metric, Raw, Result, ResultKey, Source


def part(subset: str, planned: int) -> PartOutput:
    return PartOutput("x", subset, subset, {"planned": planned})


def result(subset: str, planned: int, literal: str) -> Result:
    raw = Raw(literal=literal, unit="percent", maximum=100)
    source = Source(file=f"{subset}.json", key="score")
    metric = Metric(name="score", raw=raw, value=float(literal) / 100, source=source)
    counts = Counts(planned=planned, scored=planned)
    return Result(dataset="x", key=ResultKey(benchmark="x", subset=subset), counts=counts, metrics=(metric,))


def test_gaokao_is_weighted_by_points_and_then_by_nothing_and_by_rows() -> None:
    entry = catalog()["GaokaoBench"]
    first, second = "2010-2022_Math_II_MCQs", "2010-2022_English_Reading_Comp"
    points = [entry.weights[first], entry.weights[second]]
    parts = [part(first, 10), part(second, 30)]

    means = means_of_all(entry, parts)
    found = average([result(first, 10, "20.0"), result(second, 30, "60.0")], ResultKey(benchmark="x"), means, "x")

    by_points = (20.0 * points[0] + 60.0 * points[1]) / sum(points)
    assert points[0] != points[1]
    assert {metric.name: float(metric.raw.literal) for metric in found.metrics} == {
        "score": by_points,
        "score_mean": 40.0,
        "score_weighted_by_rows": 50.0,
    }
    assert (found.counts.planned, found.metrics[0].value) == (40, by_points / 100)


def test_without_points_the_headline_is_the_plain_mean() -> None:
    entry = catalog()["mmlu"]
    parts = [part("anatomy", 10), part("astronomy", 30)]

    found = average(
        [result("anatomy", 10, "20.0"), result("astronomy", 30, "60.0")],
        ResultKey(benchmark="x"),
        means_of_all(entry, parts),
        "x",
    )

    assert [(metric.name, metric.raw.literal) for metric in found.metrics] == [
        ("accuracy", "40.0"),
        ("accuracy_weighted", "50.0"),
    ]
