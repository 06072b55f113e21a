"""What a user may write under `options` for Native: of a data set, and of the whole evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

Hub = Literal["modelscope", "huggingface"]
HUBS: tuple[Hub, ...] = get_args(Hub)


class _Options(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class DatasetOptions(_Options):
    """Options of one data set.

    Attributes:
        prompt: a Jinja template in place of the benchmark's question.
        system: a system prompt; in front of a raw prompt where the model has no chat template.
        columns: role (question, answer, choices, id, split) -> the user's column name.
        split, few_shot_split: which split is evaluated, and which one few-shot examples come from.
        hub: where the published data come from.
        repeats: how often each question is asked.
        pass_at: the k for which pass@k is given; by default 10, 100 and `repeats`, none above that.
        program_timeout: seconds that a program which a model wrote may run.
        hub, revision: where the published data come from, and their branch, tag or commit there.
        judge: whether the task's judge grades the answers; default: as the benchmark has it, where there is one.
    """

    prompt: str | None = None
    system: str = ""
    columns: Mapping[str, str] = Field(default_factory=dict)
    split: str | None = None
    few_shot_split: str | None = None
    hub: Hub = "modelscope"
    repeats: Annotated[int, Field(ge=1, le=1000)] = 1
    pass_at: tuple[Annotated[int, Field(ge=1)], ...] | list[Annotated[int, Field(ge=1)]] | None = None
    program_timeout: Annotated[float, Field(gt=0, le=600)] = 10.0
    revision: Annotated[str, Field(pattern=r"^[\w][\w./-]*$")] | None = None
    judge: bool | None = None


class EvaluationOptions(_Options):
    """Options of the evaluation; all are about checkpoints.

    Attributes:
        batch_tokens: what a batch of a local model may hold, padding included.
        adapter: folder of a LoRA adapter, as peft saves it.
        attention: transformers' attn_implementation.
        device_map: how weights are spread over several devices; default: one device, or all GPUs that the job has.
        quantization: a quantization_config of transformers (`quant_method` and its arguments).
        trust_remote_code: run the code that the checkpoint brings along.
        workers: how many processes load the model and share the requests; `auto`: as many as the GPUs have room for.
        code, model_class: folder and `module:Class` of a model of the user's own.
    """

    batch_tokens: Annotated[int, Field(ge=1)] | None = None
    adapter: Annotated[str, Field(min_length=1)] | None = None
    attention: Literal["eager", "sdpa", "flash_attention_2", "flex_attention"] | None = None
    device_map: Literal["auto", "balanced", "balanced_low_0", "sequential"] | None = None
    quantization: Mapping[str, Any] = Field(default_factory=dict)
    trust_remote_code: bool = False
    workers: Literal["auto"] | Annotated[int, Field(ge=1, le=64)] = "auto"
    code: Annotated[str, Field(min_length=1)] | None = None
    model_class: str | None = None


class LocalGeneration(_Options):
    """What the generation of a local model obeys."""

    temperature: Annotated[float, Field(ge=0)] = 0.0
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    top_k: Annotated[int, Field(ge=1)] | None = None
    repetition_penalty: Annotated[float, Field(gt=0)] | None = None
    stop: str | list[str] | tuple[str, ...] | None = None
    seed: int | None = None


class EndpointGeneration(LocalGeneration):
    """What a request to an endpoint may carry."""

    presence_penalty: float | None = None
    frequency_penalty: float | None = None
