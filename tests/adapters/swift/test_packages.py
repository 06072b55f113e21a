"""Which of the packages that SWIFT asks for are not here."""

from __future__ import annotations

from adapters.swift.packages import lacking


def test_those_that_are_not_installed_are_named_as_swift_names_them() -> None:
    assert lacking(["jinja2>=2", "evaldock_has_no_such>=0.0.6", "no-such-either"]) == [
        "evaldock_has_no_such>=0.0.6",
        "no-such-either",
    ]


def test_another_version_than_the_wanted_one_is_left_to_swift() -> None:
    assert lacking(["jinja2<1"]) == []


def test_what_reads_videos_is_not_missed() -> None:
    assert lacking(["decord", "av"]) == []
