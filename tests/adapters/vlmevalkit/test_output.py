"""Files of a job, however they are: tables with anything in their cells, lines half written."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from adapters.vlmevalkit.output import DatasetOutput, Output
from hub.files import OutputError


def output(files: Mapping[str, str | bytes]) -> Output:
    def read(place: str) -> bytes | None:
        content = files.get(place)
        return content.encode() if isinstance(content, str) else content

    return Output(read)


def quoted(*cells: str) -> str:
    """Return a row as pandas quotes it."""
    return "\t".join('"' + cell.replace('"', '""') + '"' for cell in cells) + "\n"


class TestRows:
    @pytest.mark.parametrize("cell", ["=1+1", 'say "so"', "two\nlines", "a\ttab", "x" * 200_000, "图", "", "None"])
    def test_a_cell_is_what_was_written(self, cell: str) -> None:
        content = quoted("index", "prediction", "more") + quoted("0", cell, "end")

        assert output({"a.tsv": content}).rows("a.tsv") == [{"index": "0", "prediction": cell, "more": "end"}]

    def test_a_missing_table_has_no_rows(self) -> None:
        assert output({}).rows("a.tsv") == []
        assert output({"": "x\n"}).rows("") == []

    def test_a_table_that_was_cut_off_keeps_the_rows_that_are_there(self) -> None:
        content = quoted("index", "prediction") + quoted("0", "A") + '"1"\t"not fini'

        assert [row["prediction"] for row in output({"a.tsv": content}).rows("a.tsv")] == ["A", "not fini"]

    def test_bytes_that_are_no_text_are_replaced(self) -> None:
        (row,) = output({"a.csv": b'"Overall"\n"0\xff.5\0"\n'}).rows("a.csv")

        assert row == {"Overall": "0�.5"}

    def test_cells_beyond_the_columns_are_left_out(self) -> None:
        assert output({"a.csv": "a,b\n1\n1,2,3\n"}).rows("a.csv") == [{"a": "1", "b": ""}, {"a": "1", "b": "2"}]


class TestStatus:
    @pytest.mark.parametrize("content", ["{}", "[]", '{"datasets": []}'])
    def test_a_runner_that_wrote_nothing_is_an_error(self, content: str) -> None:
        with pytest.raises(OutputError, match="the runner wrote nothing"):
            _ = output({"status.json": content}).status

    def test_half_a_status_is_an_error(self) -> None:
        with pytest.raises(OutputError, match=r"status\.json is not JSON"):
            _ = output({"status.json": '{"datasets": {'}).status


def test_failures_are_those_of_the_model_that_brought_no_answer() -> None:
    lines = (
        '{"dataset": "a", "role": "candidate", "sample": "1", "error": "down", "seen": true, "empty": false}\n'
        '{"dataset": "a", "role": "candidate", "sample": "2", "error": "nothing", "seen": false, "empty": true}\n'
        '{"dataset": "a", "role": "judge", "sample": "", "error": "down", "seen": true, "empty": false}\n'
        '{"dataset": "a", "role": "candi'
    )

    found = output({"failures.jsonl": lines}).failures

    assert list(found) == ["a"]
    assert list(found["a"]) == ["1"]
    assert (found["a"]["1"].error, found["a"]["1"].seen) == ("down", True)


def test_prompts_that_are_none_are_left_out() -> None:
    lines = '{"sample": "0", "prompt": [{"role": "user", "content": "hello"}]}\n{"sample": "1", "prompt": "x"}\n'

    assert output({"images/f/samples.jsonl": lines}).prompts("f") == {"0": [{"role": "user", "content": "hello"}]}


class TestDataset:
    def test_a_file_of_scores_lies_beside_the_answers(self) -> None:
        found = DatasetOutput("mine", "mine", {"predictions": "vlmevalkit/mine/model/model_MMMB.tsv"})

        assert found.beside("_acc.csv") == "vlmevalkit/mine/model/model_MMMB_acc.csv"
        assert found.beside("_acc.csv", "MMMB_ar") == "vlmevalkit/mine/model/model_MMMB_ar_acc.csv"

    @pytest.mark.parametrize(
        ("entry", "reason"),
        [
            ({}, "the job never got to it"),
            ({"stage": "infer", "state": "running"}, "the job ended while it was answered"),
            ({"stage": "score", "state": "running"}, "the job ended while it was scored"),
            ({"stage": "score", "state": "failed", "error": "KeyError: 'id'\nmore"}, "KeyError: 'id'"),
            ({"stage": "score", "state": "ok", "skipped": "mode_infer"}, "VLMEvalKit skipped it: mode_infer"),
        ],
    )
    def test_it_says_why_there_is_no_score(self, entry: Mapping[str, str], reason: str) -> None:
        found = DatasetOutput("a", "a", entry)

        assert not found.scored
        assert found.why_not == reason
