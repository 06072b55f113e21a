"""What a user may write under `options` and `generation` for VLMEvalKit."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Positive = Annotated[int, Field(ge=1)]


class _Options(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class DatasetOptions(_Options):
    """Options of one data set.

    Attributes:
        judge: `exact_matching`: answers are read by VLMEvalKit's matching of texts, though the task has a judge.
    """

    judge: Literal["exact_matching"] | None = None


class OpenQuestionsOptions(DatasetOptions):
    """Options of your own open questions.

    Attributes:
        metric: VLMEvalKit's way to compare an answer with the right ones.
    """

    metric: Literal["accuracy", "relaxed_accuracy", "vqa_score", "anls"] = "accuracy"


class EvaluationOptions(DatasetOptions):
    """Options of the evaluation; `judge` is that of every data set.

    Attributes:
        data: a folder with VLMEvalKit's TSVs (its `LMUData`), for every data set without a `path`.
        known_as: VLMEvalKit's name of a checkpoint, which says what loads it.
        image_size: longest edge in pixels to which pictures are scaled down for an endpoint.
        image_detail: as OpenAI's protocol has it.
        system_prompt: a first message to an endpoint.
    """

    data: str | None = None
    known_as: str | None = None
    image_size: Positive | None = None
    image_detail: Literal["low", "high"] = "high"
    system_prompt: str = ""


class EndpointGeneration(_Options):
    """What a request to an endpoint may carry."""

    temperature: Annotated[float, Field(ge=0)] = 0.0
    max_tokens: Positive = 2048
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    top_k: Positive | None = None
    repetition_penalty: Annotated[float, Field(gt=0)] | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    stop: str | list[str] | tuple[str, ...] | None = None
    seed: int | None = None
