"""The data sets of ToolBench by the user's name, and where their published copies are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

OWN = "static/own"


@dataclass(frozen=True)
class Entry:
    """One data set; `stem` is its file's name without suffix, `rows` how many steps the published one has."""

    summary: str
    stem: str
    rows: int | None = None


@dataclass(frozen=True)
class Copy:
    """One published copy of all data sets: at a hub by its id, or an archive and the folder in it."""

    hub: str
    location: str
    revision: str = ""
    inside: str = ""


# Fixed conversations of ToolBench (Qin et al. 2023, arXiv:2307.16789), cut into steps; no tool is ever run.
STATIC: Mapping[str, Entry] = {
    "static/in_domain": Entry("Next step of a tool-using agent, tools that training data know", "in_domain", 1588),
    "static/out_of_domain": Entry("Next step of a tool-using agent, tools that they do not", "out_of_domain", 781),
    OWN: Entry("Your own file of steps, given as path", "data"),
}

# The archive is that of Eval-Scope; the two others are later copies of the same steps.
COPIES: Mapping[str, Copy] = {
    "archive": Copy(
        "url",
        "https://modelscope.oss-cn-beijing.aliyuncs.com/open_data/toolbench-static/data.zip",
        inside="data/toolbench_static",
    ),
    "modelscope": Copy("modelscope", "AI-ModelScope/ToolBench-Static", "master"),
    "huggingface": Copy("huggingface", "Sandyyy/ToolBench-Static", "main"),
}
