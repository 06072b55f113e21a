"""What a user may write under `options` and `generation` for ToolBench."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Positive = Annotated[int, Field(ge=1)]


class _Options(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class DatasetOptions(_Options):
    """Options of one data set; `source`: whose copy of the published data is taken, where the task gives no path."""

    source: Literal["archive", "modelscope", "huggingface"] = "archive"


class EvaluationOptions(_Options):
    """Options of the evaluation: none."""


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
