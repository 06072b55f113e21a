"""Tables as VLMEvalKit reads them: what is a text stays one."""

from __future__ import annotations

from typing import Any

from adapters.vlmevalkit.runner.texts import Texts


class Pandas:
    """As much of pandas as is asked: it notes how a table is read."""

    DataFrame = list

    def __init__(self) -> None:
        self.read: list[dict[str, Any]] = []

    def read_csv(self, file: str, **more: Any) -> str:
        self.read.append(more)
        return file


def test_answers_are_texts() -> None:
    pandas = Pandas()

    assert Texts(pandas).read_csv("a.tsv", sep="\t") == "a.tsv"

    assert pandas.read == [{"sep": "\t", "dtype": {"prediction": str}}]


def test_all_of_a_users_own_table_are_texts_and_only_what_is_empty_is_none() -> None:
    pandas = Pandas()
    texts = Texts(pandas)
    texts.begin(["question", "A"])

    texts.read_csv("a.tsv", sep="\t")

    (read,) = pandas.read
    assert read["dtype"] == {"question": str, "A": str, "prediction": str}
    assert (read["keep_default_na"], read["na_values"]) == (False, [""])


def test_right_answers_and_options_that_were_texts_when_loaded_are_read_back_as_texts() -> None:
    pandas = Pandas()
    texts = Texts(pandas)
    texts.begin([])
    texts.keep({"answer": ["12", float("nan")], "A": ["7.50"], "B": [3.0], "C": [float("nan")], "score": ["1"]})

    texts.read_csv("a.tsv", sep="\t")
    texts.begin([])
    texts.read_csv("b.tsv", sep="\t")

    assert [read["dtype"] for read in pandas.read] == [
        {"answer": str, "A": str, "prediction": str},
        {"prediction": str},
    ]


def test_the_next_data_set_is_not_read_as_the_last_one() -> None:
    pandas = Pandas()
    texts = Texts(pandas)
    texts.begin(["question"])
    texts.begin([])

    texts.read_csv("a.tsv", sep="\t")

    assert pandas.read == [{"sep": "\t", "dtype": {"prediction": str}}]


def test_scores_are_read_as_they_are() -> None:
    pandas = Pandas()

    Texts(pandas).read_csv("a.csv")

    assert pandas.read == [{}]
    assert Texts(pandas).DataFrame is list
