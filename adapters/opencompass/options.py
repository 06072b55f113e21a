"""What a user may write under `options` and `generation` for OpenCompass."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Positive = Annotated[int, Field(ge=1)]


class _Options(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class DatasetOptions(_Options):
    """Options of one data set; `config`: another of OpenCompass's configurations of it, or your own file."""

    config: str | None = None


class EvaluationOptions(_Options):
    """Options of the evaluation.

    Attributes:
        data: OpenCompass's data folder, or the URL of an archive of it, for every data set without a `path`.
        hub: whose copy of the published archive is taken where `data` says nothing.
        turns: whether few-shot examples are chat turns; else all is one message, as Eval-Scope had it.
        max_seq_len: few-shot examples are left out of a longer prompt.
        batch_size: prompts in one batch of a checkpoint.
        runner: `local`: OpenCompass's own, a process for each task, for checkpoints on several GPUs.
        gpus_per_task: how many GPUs a process of that runner has.
    """

    data: str | None = None
    hub: Literal["github", "modelscope"] = "github"
    turns: bool = True
    max_seq_len: Positive | None = None
    batch_size: Positive = 8
    runner: Literal["in_process", "local"] = "in_process"
    gpus_per_task: Positive = 1


class CheckpointGeneration(_Options):
    """What the generation of a checkpoint obeys."""

    temperature: Annotated[float, Field(ge=0)] = 0.0
    max_tokens: Positive | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    top_k: Positive | None = None
    repetition_penalty: Annotated[float, Field(gt=0)] | None = None
    stop: str | list[str] | tuple[str, ...] | None = None


class EndpointGeneration(CheckpointGeneration):
    """What a request to an endpoint may carry."""

    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    seed: int | None = None
