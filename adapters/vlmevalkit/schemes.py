"""Our own map of VLMEvalKit's scores: for each way of scoring which file, which headline, which scale.

VLMEvalKit's own guess of the headline (`primary_metric` in its status.json) takes `color` for MME, the first Bleu for
COCO and the reference's score for LLaVABench. It names no scale at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Unit = Literal["fraction", "percent", "score", "count"]
# What a file says of each sample; items.py reads them.
ItemKind = Literal["hit", "extracted", "best_match", "mean_match", "distance", "graded", "read", "rated", "compared"]

PAGES = "VQA on documents"  # the kind of questions whose pictures are pages
# The ending of a file that all of a data set's numbers are in, under VLMEvalKit's own keys.
OWN_STATUS = "status.json"
# Which row is the headline's where a file has several: the first of them that there is.
ROWS = ("ALL", "Overall", "overall", "all", "validation", "val", "test", "none")
_PERCEPTION = (
    *("OCR", "artwork", "celebrity", "color", "count", "existence"),
    *("landmark", "position", "posters", "scene"),
)
_REASONING = ("code_reasoning", "commonsense_reasoning", "numerical_calculation", "text_translation")
_TEXTS = (
    *("Regular Text Recognition", "Irregular Text Recognition", "Artistic Text Recognition"),
    *("Handwriting Recognition", "Digit String Recognition", "Non-Semantic Text Recognition"),
)
_SIMILAR = "answers are right to a degree: that of their texts' similarity"
_NO_ITEMS = "VLMEvalKit says nothing about each sample"


@dataclass(frozen=True)
class ScoreFile:
    """One file of scores.

    Attributes:
        ending: after the model's and the data set's name; `{reader}` is the judge's label, or `exact_matching`.
        labels: columns that say what a row is about.
        columns: those that are scores; empty for all but the labels.
        group: what its columns are about, before their names; its `Overall` is another file's, too.
        rows_in: a column with the number of rows that a score is about: of none there is no score.
    """

    ending: str
    labels: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    group: str = ""
    rows_in: str = ""


@dataclass(frozen=True)
class ItemFile:
    """The file that says of each sample what became of it."""

    ending: str
    kind: ItemKind


@dataclass(frozen=True)
class Scheme:
    """One way of scoring.

    Attributes:
        kind: what the questions are, for people.
        headline: our name of the number that stands first.
        column: VLMEvalKit's.
        maximum: of every score, None where there is none; `unit` as well, but for those in `units`.
        names: our names of other columns.
        sums: a column that adds up others, each of `maximum`; it has no meaning where none of them is there.
        counted: a column that counts right answers -> the categories whose rows it counts; empty for all rows.
        whole: a column that is a percentage only where so many rows were asked.
        items: where samples stand; None where VLMEvalKit keeps nothing of them that can be read.
        item_name: our name of a sample's own score; empty for that of the headline.
        no_interval: why the headline has no standard error; empty where it is the mean of right and wrong answers.
        per: the label whose values are results of their own, and the whole is their mean.
        head: the row of the headline where `ROWS` does not name it.
        rated: the row of the same numbers over those samples alone that the judge rated; the others count as 0.
        by_row: every row is a number of another kind, and its label the name of it.
    """

    kind: str
    headline: str = ""
    column: str = ""
    files: tuple[ScoreFile, ...] = ()
    unit: Unit = "percent"
    maximum: float | None = 100.0
    units: Mapping[str, tuple[Unit, float | None]] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    sums: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    counted: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    whole: Mapping[str, int] = field(default_factory=dict)
    items: ItemFile | None = None
    item_name: str = ""
    no_interval: str = ""
    per: str = ""
    head: str = ""
    rated: str = ""
    by_row: bool = False


def _choice(kind: str, *files: ScoreFile, per: str = "") -> Scheme:
    return Scheme(
        kind,
        headline="accuracy",
        column="Overall",
        files=files,
        unit="fraction",
        maximum=1.0,
        items=ItemFile("_{reader}_result.tsv", "hit"),
        per=per,
    )


def _vqa(headline: str, kind: ItemKind, no_interval: str = "") -> Scheme:
    return Scheme(
        "VQA",
        headline=headline,
        column="Overall",
        files=(ScoreFile("_acc.csv"),),
        items=ItemFile("_results.tsv", kind),
        no_interval=no_interval,
    )


def _yes_no(headline: str, column: str, labels: tuple[str, ...], no_interval: str, **names: str) -> Scheme:
    return Scheme(
        "Y/N",
        headline=headline,
        column=column,
        files=(ScoreFile("_score.csv", labels),),
        names=names,
        items=ItemFile("_auxmatch.tsv", "extracted"),
        item_name="accuracy",
        no_interval=no_interval,
    )


def _mathematics(label: str) -> Scheme:
    return Scheme(
        "VQA",
        headline="accuracy",
        column="acc",
        files=(ScoreFile("_{reader}_score.csv", (label,), ("acc", "prefetch_rate")),),
        items=ItemFile("_{reader}.tsv", "read"),
        no_interval="VLMEvalKit keeps what was read of each answer, not whether it is right",
    )


_MME = Scheme(
    "Y/N",
    headline="perception",
    column="perception",
    files=(ScoreFile("_score.csv"),),
    unit="score",
    maximum=200.0,
    sums={"perception": _PERCEPTION, "reasoning": _REASONING},
    items=ItemFile("_auxmatch.tsv", "extracted"),
    item_name="accuracy",
    no_interval="a sum over categories of two accuracies each",
)

_OCRBENCH = Scheme(
    "VQA",
    headline="final_score",
    column="Final Score",
    files=(ScoreFile("_score.json"),),
    unit="count",
    maximum=None,
    units={"Final Score Norm": ("score", None)},
    counted={
        "Final Score": (),
        "Text Recognition": _TEXTS,
        **{
            name: (name,)
            for name in (
                *("Scene Text-centric VQA", "Doc-oriented VQA", "Key Information Extraction"),
                "Handwritten Mathematical Expression Recognition",
            )
        },
    },
    whole={"Final Score Norm": 1000},
    no_interval=_NO_ITEMS,
)

_CAPTION = Scheme(
    "caption",
    headline="cider",
    column="CIDEr",
    files=(ScoreFile("_score.json"),),
    units={"CIDEr": ("score", None)},
    names={"ROUGE_L": "rouge_l", **{f"Bleu|{n}": f"bleu_{n + 1}" for n in range(4)}},
    no_interval=_NO_ITEMS,
)

_LLAVABENCH = Scheme(
    "VQA",
    headline="relative_score",
    column="Relative Score (main)",
    files=(ScoreFile("_score.csv", ("split",)),),
    units={"Relative Score (main)": ("score", None)},  # in percent of the reference, which can be beaten
    names={"VLM Score": "score", "GPT4 Score": "reference_score"},
    items=ItemFile("_openai_result.tsv", "rated"),
    item_name="score",
    no_interval="a ratio of two means",
)

_MMVET = Scheme(
    "VQA",
    headline="score",
    column="acc",
    files=(
        ScoreFile("_{reader}_score.csv", ("Category",), ("acc",)),
        ScoreFile("_{reader}_score_fine.csv", ("Category",), ("acc",), group="mixtures"),
    ),
    items=ItemFile("_{reader}.tsv", "graded"),
    no_interval="the judge gives degrees between wrong and right",
)

_MMDU = Scheme(
    "multi-turn",
    headline="overall_score",
    column="Overall Score",
    files=(ScoreFile("_{reader}_score.csv", ("set",)),),
    no_interval=_NO_ITEMS,
    rated="valid",
)

# Its own file of scores is missing: VLMEvalKit writes one for each way to group the rows.
_MEDICINE = tuple(
    ScoreFile(f"_{group}_acc.csv", ("split",), group=group)
    for group in ("department", "clinical vqa task", "perceptual granularity")
)


def _pages(headline: str, head: str, column: str, no_interval: str, item_name: str = "") -> Scheme:
    """Return the scoring of questions about documents: a judge shortens the answer, which is then compared."""
    return Scheme(
        PAGES,
        headline=headline,
        column=column,
        files=(ScoreFile("_{reader}_score.csv", ("category",), (column,), rows_in="num"),),
        unit="fraction",
        maximum=1.0,
        names={"overall_acc": "accuracy", "EM": "exact_match", "F1": "f1"},
        items=ItemFile("_{reader}.tsv", "compared"),
        item_name=item_name,
        no_interval=no_interval,
        head=head,
        by_row=True,
    )


SCHEMES: Mapping[str, Scheme] = {
    "choice": _choice("MCQ", ScoreFile("_acc.csv", ("split",))),
    "circular": _choice("circular MCQ", ScoreFile("_acc.csv", ("split",))),
    "tasks": _choice("MCQ", ScoreFile("_acc.csv", ("split",))),
    "medicine": _choice("MCQ", ScoreFile(OWN_STATUS, ("split",)), *_MEDICINE),
    "languages": _choice("MCQ", ScoreFile("_acc.csv", ("split", "DATASET")), per="DATASET"),
    "mme": _MME,
    "pope": _yes_no("f1", "Overall", ("split",), "F1 is no mean over samples", acc="accuracy"),
    "hallusion": _yes_no("accuracy", "aAcc", ("split",), "", fAcc="figure_accuracy", qAcc="question_accuracy"),
    "amber": _yes_no("accuracy", "Avg ACC", (), "a mean over kinds of questions"),
    "relaxed_accuracy": _vqa("relaxed_accuracy", "best_match"),
    "best_accuracy": _vqa("accuracy", "best_match"),
    "accuracy": _vqa("accuracy", "mean_match"),
    "vqa_score": _vqa("vqa_score", "mean_match", "answers are right to a degree: as many people as gave them"),
    "anls": _vqa("anls", "distance", _SIMILAR),
    "ocrbench": _OCRBENCH,
    "mtvqa": Scheme(
        "VQA", headline="accuracy", column="Average", files=(ScoreFile("_acc.json"),), no_interval=_NO_ITEMS
    ),
    "caption": _CAPTION,
    "mmvet": _MMVET,
    "llavabench": _LLAVABENCH,
    "mathvista": _mathematics("Task&Skill"),
    "mathvision": _mathematics("Subject"),
    "mmdu": _MMDU,
    "documents": _pages("f1", "overall_f1", "avg_score", "F1 is no mean over samples", "accuracy"),
    "document_anls": _pages("anls", "anls", "avg_score", _SIMILAR),
    "slides": _pages("anls", "anls", "avg", _SIMILAR),
    "answers": Scheme("answers alone", headline="none"),
}

# How the user's own open questions are scored, by the metric that is asked for.
OPEN_QUESTIONS: Mapping[str, Scheme] = {
    "accuracy": SCHEMES["best_accuracy"],
    "relaxed_accuracy": SCHEMES["relaxed_accuracy"],
    "vqa_score": SCHEMES["vqa_score"],
    "anls": SCHEMES["anls"],
}
