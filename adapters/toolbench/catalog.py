"""The data sets of ToolBench by the user's name, and where their published copies are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

OWN = "static/own"
STABLE_OWN = "stable/own"


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

# Queries of ToolBench that StableToolBench (Guo et al. 2024, arXiv:2403.07714) found solvable: one tool (G1), several
# of a category (G2) or of a collection (G3); `tool` and `category`: none of them in the training data.
STABLE: Mapping[str, Entry] = {
    "stable/G1_instruction": Entry("Agent with one tool: new instructions", "G1_instruction", 163),
    "stable/G1_category": Entry("Agent with one tool: new categories of tools", "G1_category", 153),
    "stable/G1_tool": Entry("Agent with one tool: new tools", "G1_tool", 158),
    "stable/G2_category": Entry("Agent with several tools of a category, which is new", "G2_category", 124),
    "stable/G2_instruction": Entry("Agent with several tools of a category: new instructions", "G2_instruction", 106),
    "stable/G3_instruction": Entry("Agent with several tools of a collection", "G3_instruction", 61),
    STABLE_OWN: Entry("Your own queries in StableToolBench's form, given as path", "queries"),
}

_STABLE_COMMIT = "aa4ed9f4737ad98bd706663f01d63623c3427812"
# Queries and prompts; Apache-2.0.
STABLE_TOOL_BENCH = Copy(
    "url",
    f"https://github.com/THUNLP-MT/StableToolBench/archive/{_STABLE_COMMIT}.tar.gz",
    inside=f"StableToolBench-{_STABLE_COMMIT}",
)
# Recorded answers of the APIs, and the files of the tools, at a revision: `main` moves, and no commit is published.
STABLE_CACHE = "https://huggingface.co/datasets/stabletoolbench/Cache/resolve/{}/server_cache.zip"

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
