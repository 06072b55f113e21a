from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from hub.render.markdown import render_markdown
from hub.render.terminal import print_report
from hub.render.usage import UsageRow, show_cost, usage_line, usage_rows
from hub.report import JobReport, Quantiles, Usage
from tests.fakes.reports import job, metric, report, result

TIMES = Quantiles(p50=850.0, p90=1200.0, p99=3100.0)


def asked(**fields: Any) -> Usage:
    return Usage(
        role="candidate", calls=120, requests=120, tokens_in=12_345, tokens_out=4567, latency=TIMES, **fields
    )


def made(*usage: Usage, starts: int = 1) -> JobReport:
    return job(1, result("arc", metric()), usage=usage, starts=starts)


def row(usage: Usage, starts: int = 1) -> UsageRow:
    (found,) = usage_rows(report(made(usage, starts=starts)))
    return found


def test_a_job_that_asked_nobody_has_no_row() -> None:
    assert list(usage_rows(report(made()))) == []


def test_each_role_is_a_row() -> None:
    rows = usage_rows(report(made(asked(), Usage(role="judge", calls=3))))

    assert [(found.role, found.calls) for found in rows] == [("candidate", "120"), ("judge", "3")]


def test_the_share_of_the_cache_is_never_rounded_up_to_all() -> None:
    assert row(asked(cached=119)).cached == "119 (99 %)"


def test_tokens_that_nobody_counted_are_not_known() -> None:
    assert row(Usage(role="candidate", calls=1)).tokens_in == "not known"


def test_times_are_words() -> None:
    assert row(asked()).latency == ("850 ms", "1.2 s", "3.1 s")


def test_streams_tell_when_their_first_byte_came() -> None:
    usage = asked(ttft=TIMES, paid_tokens_in=12_345, paid_tokens_out=4567)

    assert row(usage).notes == ("first byte: p50 850 ms, p90 1.2 s, p99 3.1 s",)


def test_failures_are_told_by_kind_the_most_frequent_first() -> None:
    usage = asked(failed=5, failures={"budget_spent": 1, "upstream_timeout": 4})

    assert row(usage).notes[:2] == ("4 got no answer in time", "1 not sent: the budget was spent")


def test_a_kind_of_failure_that_a_newer_evaldock_knows_keeps_its_name() -> None:
    assert row(asked(failed=1, failures={"eaten": 1})).notes[0] == "1 eaten"


def test_what_was_asked_upstream_is_told_where_the_cache_answered_the_rest() -> None:
    usage = asked(paid_tokens_in=45, paid_tokens_out=67)

    assert row(usage).notes == ("all requests together: 45 tokens in, 67 out",)


def test_a_resumed_job_says_what_its_numbers_are_of() -> None:
    usage = asked(paid_tokens_in=12_345, paid_tokens_out=4567)

    assert row(usage, starts=3).notes == (
        "answered in 3 starts: requests, times and cost are of all, the rest of the last",
    )


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({}, ""),
        ({"currency": "USD", "cost": 0.0}, "0.00 USD"),
        ({"currency": "USD", "cost": 0.000_042_42}, "0.000042 USD"),
        ({"currency": "EUR", "cost": 1234.5}, "1,234.50 EUR"),
        ({"currency": "EUR", "cost": None}, "not known"),
        ({"currency": "EUR", "cost": 2.0, "uncounted": 3}, "at least 2.00 EUR"),
    ],
)
def test_a_cost_says_how_sure_it_is(fields: dict[str, Any], shown: str) -> None:
    assert show_cost(asked(**fields)) == shown


def test_a_line_for_the_terminal_leaves_out_what_did_not_happen() -> None:
    assert usage_line(made(), asked()) == (
        "1-m-native asked the candidate 120 times: 120 requests; 12,345 tokens in, 4,567 out; "
        "p50 850 ms, p90 1.2 s, p99 3.1 s"
    )


def test_a_line_for_the_terminal_tells_all_that_happened() -> None:
    usage = asked(cached=60, failed=2, retries=1, currency="USD", cost=0.5)

    assert usage_line(made(starts=2), usage) == (
        "1-m-native asked the candidate 120 times: 60 (50 %) from the cache; 2 failed; 120 requests (1 retry); "
        "12,345 tokens in, 4,567 out; p50 850 ms, p90 1.2 s, p99 3.1 s; 0.50 USD; 2 starts"
    )


def test_a_start_that_asked_nothing_is_a_whole_line() -> None:
    assert usage_line(made(), Usage(role="judge")) == "1-m-native asked the judge 0 times"


def test_the_page_in_markdown_has_a_table_of_it_with_its_notes() -> None:
    text = render_markdown(report(made(asked(failed=1, failures={"upstream_error": 1}), starts=2)))

    assert "## What was asked" in text
    assert "| 1-m-native | candidate | 120 | 0 | 1 | 120 | 0 | 12,345 | 4,567 | 850 ms |" in text
    assert "- 1-m-native, candidate: 1 got an error from the server" in text
    assert "  - answered in 2 starts" in text


def test_the_terminal_has_a_line_for_each_role() -> None:
    console = Console(file=StringIO(), width=200)

    print_report(report(made(asked(), Usage(role="judge", calls=3))), console)

    said = console.file.getvalue()  # type: ignore[attr-defined]
    assert "1-m-native asked the candidate 120 times" in said
    assert "1-m-native asked the judge 3 times" in said
