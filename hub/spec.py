"""The task file as types: TaskSpec and its parts. What a user may write, and nothing else."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from hub.text import parse_duration, parse_size

Scoring = Literal["choice", "continuation", "generate"]
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LIKE_A_KEY = re.compile(r"sk[-_].*|(?=.*[a-z])(?=.*[0-9]).{21,}")
_ALIAS = re.compile(r"\w[\w. -]{0,63}")
_QUESTION = frozenset({"messages", "prompt", "input", "model", "stream"})
_TASK_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def _refuse_bool(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("must be a number, not true or false")  # noqa: TRY004 - pydantic wants ValueError
    return value


def _text(value: object) -> object:
    # Of 1.10 only 1.1 is left here, so a number with a point is not taken for the text that it was.
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _size(value: object) -> object:
    return parse_size(str(value)) if isinstance(value, str | int | float) else value


def _duration(value: object) -> object:
    return parse_duration(str(value)) if isinstance(value, str | int | float) else value


def _once(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return `names`; none of them may stand there twice."""
    twice = next((name for index, name in enumerate(names) if name in names[:index]), None)
    if twice is not None:
        raise ValueError(f"{twice!r} stands here twice")
    return names


def _named(value: object) -> object:
    return {"name": value} if isinstance(value, str) else value


def _argument(value: str) -> str:
    if "\0" in value:
        raise ValueError("no program can be given the character U+0000")
    return value


Text = Annotated[str, BeforeValidator(_text)]
Argument = Annotated[Text, AfterValidator(_argument)]
Whole = Annotated[int, BeforeValidator(_refuse_bool)]
Positive = Annotated[Whole, Field(ge=1, lt=1 << 53)]
NotNegative = Annotated[Whole, Field(ge=0, lt=1 << 53)]
Real = Annotated[float, BeforeValidator(_refuse_bool), Field(allow_inf_nan=False)]
_SIZE_SCHEMA = WithJsonSchema({"type": ["string", "integer"], "examples": ["32g"]})
_DURATION_SCHEMA = WithJsonSchema({"type": ["string", "number"], "examples": ["2h"]})
Size = Annotated[int, BeforeValidator(_size), BeforeValidator(_refuse_bool), Field(ge=1), _SIZE_SCHEMA]
DurationS = Annotated[float, BeforeValidator(_duration), BeforeValidator(_refuse_bool), Field(gt=0), _DURATION_SCHEMA]


class _Part(BaseModel):
    """What a user writes: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class GenerationSpec(_Part):
    """How answers are generated; unset = the benchmark's own value."""

    temperature: Annotated[Real, Field(ge=0)] | None = Field(None, description="0 takes the likeliest token.")
    top_p: Annotated[Real, Field(gt=0, le=1)] | None = Field(None, description="Share of probability to draw from.")
    top_k: Positive | None = Field(None, description="Number of likeliest tokens to draw from.")
    max_tokens: Positive | None = Field(None, description="Longest answer, in tokens.")
    repetition_penalty: Annotated[Real, Field(gt=0)] | None = Field(
        None, description="Above 1 makes tokens that were there less likely."
    )
    presence_penalty: Real | None = Field(None, description="As in OpenAI's protocol; endpoints only.")
    frequency_penalty: Real | None = Field(None, description="As in OpenAI's protocol; endpoints only.")
    stop: tuple[str, ...] | None = Field(None, description="Texts that end an answer.")
    seed: Annotated[Whole, Field(gt=-(1 << 53), lt=1 << 53)] | None = Field(
        None, description="Seed of sampling; default: the task's."
    )

    def stated(self) -> dict[str, Any]:
        """Return only what was stated."""
        return self.model_dump(exclude_none=True, mode="json")


class RetrySpec(_Part):
    """How often and how long one request is tried."""

    attempts: Annotated[Positive, Field(le=100)] = Field(6, description="Tries of a request, the first included.")
    first_wait: DurationS = Field(
        1.0, description="The first wait is drawn from 0 to this, each next from twice that."
    )
    longest_wait: DurationS = Field(60.0, description="No wait is drawn from more than this.")
    within: DurationS | None = Field(
        None, description="Longest time of a request, tries and waits together; default: twice `timeout`."
    )
    outage: DurationS = Field(300.0, description="A server that answers nothing for so long ends the job.")


class PricesSpec(_Part):
    """What a server takes for its tokens."""

    input: Annotated[Real, Field(ge=0)] = Field(description="Price of a million prompt tokens.")
    output: Annotated[Real, Field(ge=0)] = Field(description="Price of a million answer tokens.")
    currency: Text = Field("USD", max_length=8, description="Name of the currency; only shown.")


class _EndpointFields(_Part):
    """Fields of a model behind an OpenAI-compatible server."""

    endpoint: str | None = Field(None, description="Base URL, with or without /v1 or /chat/completions.")
    model: Text | None = Field(None, min_length=1, description="The server's name of the model.")
    api_key_env: str | None = Field(None, description="NAME of the environment variable that holds the key.")
    concurrency: Positive = Field(8, description="Requests at once.")
    requests_per_minute: Positive | None = Field(None, description="Most requests in any minute.")
    tokens_per_minute: Positive | None = Field(None, description="Most tokens, of prompts and answers, in a minute.")
    timeout: DurationS = Field(300.0, description="Longest time of one try of a request.")
    retry: RetrySpec = Field(RetrySpec(), description="How often and how long a request is tried.")
    prices: PricesSpec | None = Field(None, description="For the cost in the report and for gateway.budget.cost.")

    @property
    def deadline_s(self) -> float:
        """Return the seconds within which every request of a job is answered, in whatever way."""
        return self.retry.within or 2 * self.timeout

    @field_validator("api_key_env")
    @classmethod
    def _name_of_a_variable(cls, value: str | None) -> str | None:
        if value is not None and not _ENV_NAME.fullmatch(value):
            raise ValueError("give the NAME of an environment variable here, never the key itself")
        if value is not None and _LIKE_A_KEY.fullmatch(value):
            raise ValueError("this looks like a key; give the NAME of an environment variable, such as MY_KEY")
        return value


class ServeSpec(_Part):
    """A model server that evaldock starts for a checkpoint."""

    engine: Literal["vllm", "sglang", "swift", "transformers", "llamacpp"] = Field(description="Kind of server.")
    gpus: Annotated[NotNegative, Field(le=1024)] | None = Field(
        None, description="GPUs of the server; default: one, where the machine has any."
    )
    memory: Annotated[Size, Field(ge=64 << 20, lt=1 << 50)] | None = Field(None, description="Memory of the server.")
    args: tuple[Argument, ...] = Field((), description="More arguments of the server, as its own command takes them.")
    adapters: tuple[Text, ...] = Field(
        (), description="LoRA adapters of a training run: folders, relative to the task file."
    )
    timeout: DurationS = Field(1800.0, description="Longest time until it answers; loading is most of it.")


class _ModelFields(_EndpointFields):
    """Fields of a model wherever it is: weights, or a server."""

    checkpoint: Text | None = Field(
        None, description="Hub id, folder or .gguf file; paths are relative to the task file."
    )
    hub: Literal["modelscope", "huggingface", "local"] | None = Field(
        None,
        description="Where a checkpoint comes from; default: local where it begins with ./, / or ~, else modelscope.",
    )
    revision: Text | None = Field(
        None,
        description="Branch, tag or commit of a checkpoint, default: the hub's main one; "
        "of an endpoint, what says which weights stand behind the name.",
    )
    dtype: Literal["auto", "float32", "float16", "bfloat16"] = Field("auto", description="Weights in memory.")
    serve: ServeSpec | None = Field(
        None, description="Start a server for the checkpoint, shared by all jobs that ask it."
    )

    @property
    def place(self) -> Literal["modelscope", "huggingface", "local"]:
        """Return where the checkpoint comes from; pure: a folder is what is written as one."""
        if self.hub is not None:
            return self.hub
        return "local" if str(self.checkpoint).startswith((".", "/", "~")) else "modelscope"

    @model_validator(mode="after")
    def _one_kind(self) -> _ModelFields:
        if (self.checkpoint is None) == (self.endpoint is None):
            raise ValueError("give either checkpoint or endpoint")
        if self.endpoint is not None and self.model is None:
            raise ValueError("an endpoint needs model: the server's name of the model")
        if self.checkpoint is not None and (self.model or self.api_key_env):
            raise ValueError("model and api_key_env belong to an endpoint, not to a checkpoint")
        if self.endpoint is not None and (self.hub or self.serve):
            raise ValueError("hub and serve belong to a checkpoint, not to an endpoint")
        return self


class JudgeSpec(_ModelFields):
    """A model beside the evaluated ones, always behind a server: the judge, the simulator."""

    @model_validator(mode="after")
    def _behind_a_server(self) -> JudgeSpec:
        if self.checkpoint is not None and self.serve is None:
            raise ValueError("a checkpoint here needs serve: jobs load only the weights of the model they evaluate")
        return self


class ModelSpec(_ModelFields):
    """A model: a checkpoint (weights that a job loads, or a server for them) or an endpoint (a running server)."""

    modality: Literal["text", "vision"] = Field("text", description="vision: it takes images too.")
    chat: bool | None = Field(None, description="Use the chat template; default: if the model has one.")


class DatasetSpec(_Part):
    """One data set of an evaluation; a bare name is short for `{name: ...}`."""

    name: Text = Field(description="One of `evaldock list datasets`.")
    alias: Text | None = Field(None, description="Name in the report, for using one data set twice.")
    path: Text | None = Field(None, description="Your own data: file or folder, relative to the task file.")
    subsets: Annotated[tuple[Text, ...], Field(min_length=1), AfterValidator(_once)] | None = Field(
        None, description="Default: the benchmark's own."
    )
    few_shot: NotNegative | None = Field(None, description="Examples shown; default: the benchmark's own.")
    limit: Positive | None = Field(None, description="First N rows of each subset.")
    scoring: Scoring | None = Field(None, description="Way of scoring; default: the benchmark's own.")
    generation: GenerationSpec = Field(GenerationSpec(), description="How answers to this data set are generated.")
    options: dict[str, Any] = Field(default_factory=dict, description="What this backend alone knows.")

    @field_validator("alias")
    @classmethod
    def _usable_in_paths(cls, value: str | None) -> str | None:
        if value is not None and not _ALIAS.fullmatch(value):
            raise ValueError("use up to 64 letters, digits, '.', '_', '-', blanks; a letter or digit first")
        return value

    @property
    def label(self) -> str:
        """Return the data set's name in the report."""
        return self.alias or self.name


class EvaluationSpec(_Part):
    """One backend and its data sets, on all models or on those named."""

    backend: str = Field(description="One of `evaldock list backends`.")
    datasets: tuple[Annotated[DatasetSpec, BeforeValidator(_named)], ...] = Field(
        min_length=1, description="What is measured; a bare name is short for {name: ...}."
    )
    models: tuple[Text, ...] | None = Field(None, min_length=1, description="Default: all models of the task.")
    limit: Positive | None = Field(None, description="First N rows of each subset; a data set can say otherwise.")
    isolate: Literal["job", "dataset"] = Field(
        "job",
        description="job: one process for all data sets, restarted once without one it dies in; dataset: each alone.",
    )
    generation: GenerationSpec = Field(GenerationSpec(), description="As at the task; what is nearer wins.")
    options: dict[str, Any] = Field(default_factory=dict, description="What this backend alone knows.")


class ResourcesSpec(_Part):
    """What one job may use, and how many run at once."""

    gpus: Literal["auto"] | Annotated[NotNegative, Field(le=1024)] | tuple[Text, ...] = Field(
        "auto", description="auto: as many as hold the weights; a number; or explicit device ids."
    )
    jobs: Literal["auto"] | Annotated[Positive, Field(le=64)] = Field(
        "auto", description="Jobs at once; auto: up to four that ask different servers or compute on different GPUs."
    )
    memory: Annotated[Size, Field(ge=64 << 20, lt=1 << 50)] | None = Field(None, description="Memory of a job.")
    shm_size: Annotated[Size, Field(lt=1 << 50)] = Field(1 << 30, description="Shared memory of a job's container.")
    pids: Annotated[Whole, Field(ge=16, lt=1 << 22)] = Field(4096, description="Processes of a job.")
    timeout: DurationS | None = Field(None, description="Longest time of a job.")
    idle_timeout: DurationS | None = Field(
        3600.0,
        description="Longest time without a sign of life (output, a file, a request to a model); null: no limit.",
    )

    @field_validator("jobs", mode="wrap")
    @classmethod
    def _one_complaint_of_jobs(cls, value: object, check: ValidatorFunctionWrapHandler) -> object:
        """Say once what is wrong: a union complains for each of its branches."""
        try:
            return check(value)
        except ValidationError as error:
            raise ValueError("must be 'auto' or a number of jobs at once (1 to 64)") from error

    @field_validator("gpus", mode="wrap")
    @classmethod
    def _one_complaint(cls, value: object, check: ValidatorFunctionWrapHandler) -> object:
        """Say once what is wrong: a union complains for each of its branches."""
        try:
            found = check(value)
        except ValidationError as error:
            message = "must be 'auto', a number of GPUs (0 to 1024), or a list of device ids"
            raise ValueError(message) from error
        return _once(found) if isinstance(found, tuple) else found


class BudgetSpec(_Part):
    """How much a run may use; what is asked when it is spent is refused, what is scored by then counts."""

    tokens: Positive | None = Field(None, description="Tokens of prompts and answers together.")
    cost: Annotated[Real, Field(gt=0)] | None = Field(None, description="Money, by the `prices` of the models.")


class InterceptorSpec(_Part):
    """One change of requests or answers on their way; exactly one of its kinds."""

    drop: Annotated[tuple[Text, ...], Field(min_length=1)] | None = Field(
        None, description="Parameters that are taken out of requests."
    )
    add: dict[str, Any] | None = Field(
        None, min_length=1, description="Parameters that are put in; in place of others."
    )
    rename: dict[str, Text] | None = Field(
        None, min_length=1, description="Parameters under other names: {max_tokens: max_completion_tokens}."
    )
    system_prompt: Text | None = Field(
        None, min_length=1, description="A first message, in place of another system's."
    )
    max_tokens: Positive | None = Field(None, description="No request asks for longer answers.")
    reasoning: Literal["strip", "keep"] | None = Field(
        None, description="strip: take <think>...</think> out of answers before a backend sees them."
    )
    roles: Annotated[
        tuple[Literal["candidate", "judge", "simulator"], ...], Field(min_length=1), AfterValidator(_once)
    ] = Field(("candidate",), description="Whose requests.")

    @field_validator("drop", "add", "rename")
    @classmethod
    def _parameters_alone(cls, value: Any, info: ValidationInfo) -> Any:
        """Leave what is asked, of whom, and how the answer comes: changed, it would be another's answer."""
        renamed = tuple((value or {}).values()) if info.field_name == "rename" else ()
        found = next((name for name in (*(value or ()), *renamed) if name in _QUESTION), None)
        if found is not None:
            raise ValueError(f"{found!r} is the request itself and is not changed; parameters are")
        _once(renamed)
        return value

    @property
    def kind(self) -> InterceptorKind:
        """Return the name of its one kind."""
        return next(name for name in INTERCEPTORS if getattr(self, name) is not None)

    @property
    def value(self) -> Any:
        """Return what stands under its kind, as JSON-able data."""
        return self.model_dump(mode="json")[self.kind]

    @model_validator(mode="after")
    def _one_kind(self) -> InterceptorSpec:
        if sum(getattr(self, name) is not None for name in INTERCEPTORS) != 1:
            raise ValueError(f"give exactly one of {', '.join(INTERCEPTORS)}; several are several list items")
        return self


InterceptorKind = Literal["drop", "add", "rename", "system_prompt", "max_tokens", "reasoning"]
INTERCEPTORS: tuple[InterceptorKind, ...] = get_args(InterceptorKind)


class GatewaySpec(_Part):
    """What happens to requests between a job and its models."""

    cache: Literal["run", "shared", "off"] = Field(
        "run", description="run: a run can be resumed; shared: other runs use the answers, too; off: neither."
    )
    budget: BudgetSpec = Field(BudgetSpec(), description="How much the run may use.")
    interceptors: tuple[InterceptorSpec, ...] = Field(
        (), description="Changes of requests and answers, in this order."
    )
    log_bodies: bool = Field(False, description="Keep every request and answer in the job's folder (bodies.jsonl).")


class TaskSpec(_Part):
    """The task file: what is evaluated. Holds no secret value and no fact about the machine."""

    version: Annotated[Literal[1], BeforeValidator(_refuse_bool)] = Field(description="Version of this format.")
    name: Text = Field("task", description="Name of the task; the run folder carries it.")
    models: dict[str, ModelSpec] = Field(min_length=1, description="What is evaluated, each under a name of yours.")
    judge: JudgeSpec | None = Field(None, description="The model that judges answers, where a benchmark needs one.")
    simulator: JudgeSpec | None = Field(
        None,
        description="The model that answers for tools which nobody runs, where a benchmark lets an agent call some.",
    )
    evaluations: tuple[EvaluationSpec, ...] = Field(
        min_length=1, description="What is measured, and by which backend."
    )
    limit: Positive | None = Field(
        None, description="First N rows of each subset; an evaluation or data set can say otherwise."
    )
    seed: Annotated[Whole, Field(ge=0, lt=1 << 53)] = Field(42, description="Seed of few-shot choice and sampling.")
    generation: GenerationSpec = Field(
        GenerationSpec(), description="How answers are generated; an evaluation or data set can say otherwise."
    )
    resources: ResourcesSpec = Field(
        ResourcesSpec(), description="GPUs, memory and time of a job, and how many at once."
    )
    engine: Literal["auto", "docker", "venv", "ray", "slurm"] = Field(
        "auto",
        description="Where jobs run; auto: docker where it answers, else venv. ray and slurm: not in this version.",
    )
    gateway: GatewaySpec = Field(GatewaySpec(), description="Cache, budget, and changes of requests on their way.")
    max_infra_errors: NotNegative = Field(
        0,
        description="Failed requests per data set up to which a foreign backend's score is still shown, as partial.",
    )
    allow_unsafe_code: bool = Field(
        False, description="Run programs that the model writes outside containers, too: they do what they like there."
    )
    network: Literal["none", "bridge", "host"] = Field(
        "none", description="bridge or host opt out of network isolation; models are reached without."
    )

    @field_validator("name")
    @classmethod
    def _usable_as_a_folder(cls, value: str) -> str:
        if not _TASK_NAME.fullmatch(value):
            raise ValueError("use up to 64 letters, digits, '.', '_' and '-', starting with a letter or digit")
        return value

    @field_validator("models")
    @classmethod
    def _usable_in_paths(cls, value: dict[str, ModelSpec]) -> dict[str, ModelSpec]:
        for name in value:
            if not _TASK_NAME.fullmatch(name):
                raise ValueError(f"model name {name!r}: use up to 64 letters, digits, '.', '_' and '-'")
        return value
