"""What a user may write under `options` and `generation` for ToolBench."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from adapters.toolbench.contract import Api, Compat, Method
from hub.adapter import DatasetRequest, Evaluation

Positive = Annotated[int, Field(ge=1)]


class _Options(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class DatasetOptions(_Options):
    """Options of a static data set; `source`: whose copy of the published data is taken, without a path."""

    source: Literal["archive", "modelscope", "huggingface"] = "archive"


class StableOptions(_Options):
    """Options of an agent's data set; each can be given for the whole evaluation, too.

    Attributes:
        method: `cot`: chains, `tries` of them at most; `dfsdt`: a tree, `width` children a step.
        max_steps: longest chain; thoughts, calls and their arguments count apart.
        max_calls: requests to the model for one query.
        observation_limit: so many characters of what an API answered are shown.
        compat: `upstream` writes functions, matches names and samples as StableToolBench does.
        api: who answers for the APIs: `cache`, what was recorded; `simulate`, the task's simulator where nothing was;
            `remote`, a virtual API server of the user's at `url`.
        prompts: `upstream`: those of StableToolBench.
        judge: `none`: no pass rate; only what can be counted.
        rounds: how often an answer is judged.
    """

    method: Method = "cot"
    tries: Annotated[int, Field(ge=1, le=64)] = 1
    width: Annotated[int, Field(ge=1, le=16)] = 2
    max_steps: Annotated[int, Field(ge=1, le=200)] = 50
    max_calls: Positive = 200
    observation_limit: Positive = 1024
    compat: Compat = "clean"
    api: Api = "cache"
    url: str = ""
    prompts: Literal["own", "upstream"] = "own"
    judge: Literal["task", "none"] = "task"
    rounds: Annotated[int, Field(ge=1, le=100)] = 3


class Folders(_Options):
    """Places on this machine, for the whole evaluation.

    Attributes:
        upstream: a copy of StableToolBench, for its queries and prompts, instead of fetching it.
        cache, tools: recorded answers, and tool files, as StableToolBench publishes them.
        reference: converted answers of an earlier run (its output folder, or a file), for the win rate.
    """

    upstream: str | None = None
    cache: str | None = None
    tools: str | None = None
    reference: str | None = None


def _revision(given: object) -> object:
    """Return what says whether, and of which commit, something is fetched.

    Raises:
        ValueError: it is neither yes, no nor a commit.
    """
    if isinstance(given, bool) or (isinstance(given, str) and re.fullmatch("[0-9a-f]{40}", given)):
        return given
    raise ValueError("true, false, or the 40 digits of a commit")


class EvaluationOptions(StableOptions, Folders):
    """Options of the evaluation.

    Attributes:
        published_cache: fetch StableToolBench's recorded answers and tool files; of a commit, where one is named.
    """

    published_cache: Annotated[bool | str, BeforeValidator(_revision)] = False


class Generation(_Options):
    """What a request may carry."""

    temperature: Annotated[float, Field(ge=0)] = 0.0
    max_tokens: Positive = 2048
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    top_k: Positive | None = None
    repetition_penalty: Annotated[float, Field(gt=0)] | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    stop: str | list[str] | tuple[str, ...] | None = None
    seed: int | None = None


def folders_of(evaluation: Evaluation) -> Folders:
    """Return the places that the task names."""
    known = {name: value for name, value in evaluation.options.items() if name in Folders.model_fields}
    return Folders.model_validate(known)


def stable_options(evaluation: Evaluation, request: DatasetRequest) -> StableOptions:
    """Return a data set's options: its own, else the evaluation's, else the defaults.

    Raises:
        ValidationError: something cannot be taken.
    """
    shared: Mapping[str, Any] = {
        name: value for name, value in evaluation.options.items() if name in StableOptions.model_fields
    }
    return StableOptions.model_validate({**shared, **request.options})
