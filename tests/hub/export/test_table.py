import csv
import io

from hub.export import export
from hub.report import Report
from tests.hub.export.report import FAILED, LOCAL, Samples, admitted, metric, report, result, sample, withheld


def rows(report_: Report, samples: Samples | None = None) -> list[dict[str, str]]:
    files = export("csv", report_, samples or Samples(), samples=samples is not None)
    ((_, lines),) = files.items()
    return list(csv.DictReader(io.StringIO("".join(lines))))


def test_a_row_for_every_metric_with_its_interval_and_counts() -> None:
    first, second = rows(report(result("arc", None, metric(), metric("f1", 0.25))))

    assert (first["metric"], first["value"], first["ci95_low"], first["stderr"]) == ("accuracy", "0.5", "0.25", "0.1")
    assert (first["planned"], first["scored"], first["infra_error"]) == ("4", "2", "2")
    assert (second["metric"], second["value"]) == ("f1", "0.25")


def test_what_has_no_score_has_a_row_with_the_reason_and_an_empty_value() -> None:
    (absent,) = rows(report(result()))
    (failed,) = rows(report(reason="out of memory"))

    assert (absent["value"], absent["reason"]) == ("", "no sample was scored")
    assert (failed["value"], failed["reason"], failed["dataset"]) == ("", "out of memory", "")


def test_what_a_backend_printed_without_our_belief_is_no_value() -> None:
    (row,) = rows(report(withheld()))

    assert (row["metric"], row["value"], row["raw"]) == ("", "", "")
    assert (row["backend_value"], row["reason"]) == ("61.5", "1 of its 4 requests failed")


def test_what_must_be_said_beside_a_score_has_a_column() -> None:
    (row,) = rows(report(admitted()))

    assert (row["value"], row["caveat"]) == ("0.5", "2 of 4 failed, counted as wrong")


def test_what_changed_requests_on_their_way_is_part_of_the_identity() -> None:
    made = result("arc", None, metric())
    changed = made.model_copy(update={"key": made.key.model_copy(update={"gateway": ({"reasoning": "strip"},)})})

    assert [row["gateway"] for row in rows(report(made, changed))] == ["[]", '[{"reasoning": "strip"}]']


def test_commas_quotes_and_lines_come_back_as_they_were() -> None:
    text = 'a, "b"\nc\r\n模型'

    (row,) = rows(report(), Samples(sample(prediction=text)))

    assert row["prediction"] == text
    assert row["scores"] == '{"accuracy": 1.0}'


def test_a_sample_that_failed_has_its_row_too() -> None:
    _, row = rows(report(), Samples(sample(), sample("1", **FAILED)))

    assert (row["state"], row["scores"], row["error"]) == ("infra_error", "{}", "time-out")


def test_rows_are_made_one_by_one() -> None:
    files = export("csv", report(), Samples(*(sample(str(number)) for number in range(3))), samples=True)

    assert len(list(files["samples.csv"])) == 4


def test_the_identity_of_the_weights_is_there() -> None:
    (row,) = rows(report(result("arc", None, metric(), model=LOCAL)))

    assert row["model_identity"] == LOCAL
