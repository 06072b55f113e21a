"""The common result: Report, JobReport, Result, Metric, Sample, and the fold of sample states into job states."""

from __future__ import annotations

from enum import Enum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hub.text import clean_all

SCHEMA_VERSION = 1
EndState = Literal["succeeded", "partial", "failed", "cancelled"]


class _Record(BaseModel):
    """What evaldock writes: frozen; keys that another version wrote are ignored on reading."""

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="null")

    @model_validator(mode="before")
    @classmethod
    def _writable(cls, data: Any) -> Any:
        """Clean texts: models answer with anything, lone surrogates too, and no file can hold those."""
        return clean_all(data)


class JobState(str, Enum):
    """The states of a job; the last four are final."""

    QUEUED = "queued"
    PREPARING = "preparing"
    RUNNING = "running"
    NORMALIZING = "normalizing"
    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELLED = "cancelled"


class SampleState(str, Enum):
    """What became of one sample; only `scored` (and, marked, `judge_fallback`) enters a metric."""

    SCORED = "scored"
    MODEL_ERROR = "model_error"
    INFRA_ERROR = "infra_error"
    JUDGE_FALLBACK = "judge_fallback"
    SKIPPED = "skipped"


class Raw(_Record):
    """The source's own number: its literal text, unit and maximum (None where it has none)."""

    literal: str
    unit: Literal["fraction", "percent", "score", "count"]
    maximum: float | None = None


class Source(_Record):
    """Where a number was read: file relative to the job's output folder, and the key path in it."""

    file: str
    key: str


class Metric(_Record):
    """One number about one result.

    Attributes:
        name: the field's name of the metric, e.g. `accuracy`, `exact_match`.
        raw: as the backend wrote it.
        value: 0-1 where a maximum exists, else None.
        stderr: standard error of `value`, None with `uncertainty_absent` saying why.
        ci95: 95 % confidence interval of `value` (low, high), inside 0-1.
    """

    name: str
    raw: Raw
    value: float | None
    stderr: float | None = None
    ci95: tuple[float, float] | None = None
    uncertainty_absent: str = ""
    higher_is_better: bool = True
    source: Source


class ResultKey(_Record):
    """Everything that makes two numbers comparable or not.

    Attributes:
        benchmark: identity across backends (arc = ARC_c).
        subset: None for the aggregate over all subsets of the data set.
        few_shot: worked examples in a prompt; None where they are part of its text, and nobody has counted them.
        scoring: how an answer is had: `choice`, `continuation`, `generate`, or the backend's own word.
        prompt, data: fingerprints (`sha256:` and 16 hex digits) of the templates and of the rows used.
        limit: rows per subset, None for all.
        model: identity of the weights or of the endpoint.
        judge: identity of the model that judged answers; empty where none was asked.
        simulator: identity of the model that answered for tools; empty where there was none.
        gateway: what changed requests or answers on their way, in order, as the task says it; those of the judge
            as `{"judge": ...}`.
    """

    benchmark: str
    subset: str | None = None
    split: str = ""
    few_shot: int | None = 0
    scoring: str = ""
    prompt: str = ""
    data: str = ""
    limit: int | None = None
    generation: dict[str, Any] = Field(default_factory=dict)
    seed: int | None = None
    model: str = ""
    judge: str = ""
    simulator: str = ""
    gateway: tuple[dict[str, Any], ...] = ()
    backend: str = ""
    backend_version: str = ""
    adapter_version: str = ""


class Counts(_Record):
    """How many samples met which fate; `unparsed` counts scored samples whose answer could not be extracted."""

    planned: int = 0
    scored: int = 0
    model_error: int = 0
    infra_error: int = 0
    judge_fallback: int = 0
    skipped: int = 0
    unparsed: int = 0

    @property
    def complete(self) -> bool:
        """Whether every planned sample was scored."""
        return self.planned > 0 and self.scored == self.planned

    @property
    def coverage(self) -> float | None:
        """Return n_scored / n_planned, None where nothing was planned."""
        return self.scored / self.planned if self.planned else None


class Result(_Record):
    """The outcome of one data set (or one subset of it) on one model; the first metric is the headline.

    `absent` says why there is no metric; a result has metrics or a reason, never neither. `backend_value` is the
    headline as the backend printed it, also where the ledger did not bear it out. `caveat` is what must be said
    beside the score wherever it is shown: that failed requests count as wrong in it. `averages` names the subsets
    whose mean it is, where it is one over some of a data set's; samples are theirs alone.
    """

    dataset: str
    key: ResultKey
    counts: Counts
    metrics: tuple[Metric, ...] = ()
    backend_value: str | None = None
    absent: str = ""
    caveat: str = ""
    averages: tuple[str, ...] = ()


class EnvironmentRecord(_Record):
    """What a job ran in: enough to run it again.

    Attributes:
        reference: image tag or environment folder.
        digest: image id, or digest of what the environment was made from.
        lock: sha256 of requirements.lock.
        base: the base image and its id; empty for a virtual environment.
        python: version of the interpreter, torch: of torch ("" where the image has none).
    """

    engine: str
    image: str
    reference: str
    digest: str
    lock: str = ""
    base: str = ""
    python: str = ""
    torch: str = ""


class Quantiles(_Record):
    """Quantiles of a measured time in milliseconds, by nearest rank."""

    p50: float
    p90: float
    p99: float


class Usage(_Record):
    """What one role of a job asked of its model, summed up from the ledger (docs/gateway.md).

    Attributes:
        calls: of the last start that asked for a data set; what an earlier start had asked is among them as `cached`.
        requests: tries made upstream, those that found no server too, by every start of the job; `retries` of them
            were not the first of their call.
        failed: calls that the client was told a failure of, by the ledger's outcome in `failures`.
        undelivered: the client left before it had the answer.
        tokens_in, tokens_out: of the answers that the last start got, cached ones too; None where nobody counted.
        paid_tokens_in, paid_tokens_out: of what was asked upstream, by every start.
        uncounted: answers from upstream, in every start, whose tokens nobody counted: they are missing above.
        latency, ttft: of calls that went upstream, in every start; None where there were none.
        cost: by the task's prices, of what was paid; None without prices, and where nobody counted.
    """

    role: str
    calls: int = 0
    requests: int = 0
    retries: int = 0
    cached: int = 0
    failed: int = 0
    failures: dict[str, int] = Field(default_factory=dict)
    undelivered: int = 0
    tokens_in: int | None = None
    tokens_out: int | None = None
    paid_tokens_in: int | None = None
    paid_tokens_out: int | None = None
    uncounted: int = 0
    latency: Quantiles | None = None
    ttft: Quantiles | None = None
    cost: float | None = None
    currency: str = ""


class ServerReport(_Record):
    """A model server that a run started.

    Attributes:
        name: the server's name of the model, and of its folder in the run (servers/<name>).
        engine: kind of server: transformers, vllm, ...
        identity: whose weights, with their digest, and what of the settings changes numbers.
        starts: how often it was started.
        state: `lost` where it did not come up, or ended by itself once more after it was started again.
        loading_s: seconds until it answered, at its last start; None where it never did.
    """

    name: str
    engine: str
    identity: str
    environment: EnvironmentRecord | None = None
    devices: tuple[str, ...] = ()
    starts: int = 0
    state: Literal["up", "stopped", "lost"] = "up"
    reason: str = ""
    loading_s: float | None = None


class JobReport(_Record):
    """One evaluation's part of the report; `starts` counts its first start, and every one after it."""

    id: str
    model: str
    backend: str
    via: Literal["endpoint", "in_job"]
    state: JobState
    reason: str = ""
    isolation: Literal["container", "namespace", "none"] | None = None
    environment: EnvironmentRecord | None = None
    started_at: float | None = None
    ended_at: float | None = None
    starts: int = 1
    usage: tuple[Usage, ...] = ()
    results: tuple[Result, ...] = ()


class Stretch(_Record):
    """A time in which a run was at work; seconds since the epoch."""

    started_at: float
    ended_at: float


class Answered(_Record):
    """How one backend took one question: its sample, what it read out of the answer, and the score of that.

    Attributes:
        line: of the job's samples.jsonl, from 1.
        answer: what was extracted, else the end of what the model said.
    """

    id: str
    line: int
    answer: str
    right: bool


class Disagreement(_Record):
    """One question that one backend found answered rightly, and the other not."""

    question: str
    first: Answered
    second: Answered


class Measured(_Record):
    """One side of an agreement: a job's data set, and how many of its scored samples have no partner."""

    job: str
    dataset: str
    unmatched: int


class Agreement(_Record):
    """How far two backends agree on one benchmark and model, question by question.

    Attributes:
        subsets: those that both have; empty where they do not name them alike, and all were looked at.
        matched: questions that both asked and scored; the next four add up to it.
        both, only_first, only_second, neither: who found the answer right.
        same_answer: disagreements in which the model said the same to both: what differs is how it was read.
        p_value: of McNemar's exact test (1947), two-sided: how likely so uneven a split of the disagreements is by
            chance; None where there is none.
        disagreements: the first ones; all are in disagreements.jsonl.
    """

    benchmark: str
    model: str
    first: Measured
    second: Measured
    subsets: tuple[str, ...] = ()
    matched: int
    both: int
    only_first: int
    only_second: int
    neither: int
    same_answer: int
    p_value: float | None
    disagreements: tuple[Disagreement, ...] = ()


class Report(_Record):
    """The report of one run; report.json is this, and `evaldock schema report` its JSON Schema.

    Attributes:
        started_at, ended_at: when the run first began, and when its last start ended; pauses lie between them.
        stretches: when it was at work, one for each start, in order; empty in a report of an older version.
        servers: the model servers that it started.
        agreements: of every two backends that measured one benchmark on one model.
    """

    schema_version: int = SCHEMA_VERSION
    evaldock_version: str
    run_id: str
    task: str
    state: EndState
    started_at: float
    ended_at: float
    stretches: tuple[Stretch, ...] = ()
    engine: str
    engine_reason: str = ""
    hardware: dict[str, str] = Field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    servers: tuple[ServerReport, ...] = ()
    jobs: tuple[JobReport, ...] = ()
    agreements: tuple[Agreement, ...] = ()

    @property
    def worked_s(self) -> float:
        """Return how long the run was at work, in seconds: the pauses before its resumes are none."""
        known = self.stretches or (Stretch(started_at=self.started_at, ended_at=self.ended_at),)
        return sum(max(0.0, stretch.ended_at - stretch.started_at) for stretch in known)


class Sample(_Record):
    """One line of samples.jsonl.

    Attributes:
        id: stable within the data set and subset.
        prompt: what the model was given: text, or chat messages `{role, content}`. `content` is text, or a list of
            parts in their order: `{"type": "text", "text": ...}` and `{"type": "image", "path": ...}`, where `path`
            is a JPEG or PNG file below the job's output folder, relative to it, with `/`.
        prediction: what it answered, untouched.
        answer: what was extracted from it, None where nothing could be.
        scores: metric name -> this sample's score.
        error: why there is no score.
    """

    id: str
    dataset: str
    subset: str = ""
    state: SampleState
    prompt: str | tuple[dict[str, Any], ...] = ""
    prediction: str = ""
    answer: str | None = None
    gold: str = ""
    scores: dict[str, float] = Field(default_factory=dict)
    error: str = ""
    latency_s: float | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None


def job_state(results: tuple[Result, ...]) -> JobState:
    """Fold results into a job's state: all complete, something scored (its value shown or withheld), or nothing."""
    if results and all(result.counts.complete and result.metrics for result in results):
        return JobState.SUCCEEDED
    if any(result.counts.scored and (result.metrics or result.backend_value) for result in results):
        return JobState.PARTIAL
    return JobState.FAILED


def run_state(states: tuple[JobState, ...]) -> EndState:
    """Fold job states into the run's: cancelled wins, then all alike, else partial."""
    if JobState.CANCELLED in states:
        return "cancelled"
    if states and all(state is JobState.SUCCEEDED for state in states):
        return "succeeded"
    if any(state in {JobState.SUCCEEDED, JobState.PARTIAL} for state in states):
        return "partial"
    return "failed"
