"""The adapter protocol: what one backend must say, so that the hub can plan, run and read it.

An adapter is stateless and pure. `translate` and `command` turn an Evaluation into texts (same input, same bytes);
`normalize` turns the backend's own files into Results and Samples, and reads nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol, runtime_checkable

from pydantic import BaseModel, ValidationError

from hub.job import Via
from hub.report import Result, Sample
from hub.text import did_you_mean

Hub = Literal["modelscope", "huggingface", "url", "local"]
Unpack = Literal["", "zip", "zips", "tar"]


@dataclass(frozen=True)
class Reader:
    """What of a shared asset one data set reads, and what a user can do where that is missing."""

    name: str
    patterns: tuple[str, ...]
    hint: str = ""


@dataclass(frozen=True)
class Asset:
    """What a job reads, shown read-only at `target` inside it: a model, a LoRA adapter of one, or a data set.

    Attributes:
        kind: what it is.
        name: the user's name for it.
        target: absolute POSIX path inside the job.
        hub: where it comes from; `url` means `location` is the address of one file or archive, which evaldock itself
            downloads; `local` that it is a path on the host.
        location: hub id, URL, or absolute host path.
        revision: branch, tag or commit at the hub; else empty.
        patterns: which of its files are needed, as paths or globs; empty for all. A hub's other files are not
            fetched; of a folder or an archive, a job starts only where each is there.
        sha256, md5: what the publisher of a URL says of the file, in hex; empty where that is nothing.
        unpack: what a URL holds: a `zip`, a zip with `zips` in it, each unpacked where it lies, or a `tar`,
            compressed or not; empty for a file, which is kept under its name in a folder of its own.
        inside: the folder of the archive that is the asset; empty for its root.
        unpacked_bytes: what the archive takes on disk, unpacked; None where that is not known.
        hint: what a user can do where files of it are missing; empty for the hub's own words.
        readers: the data sets that share it, each with its part of `patterns`: what is missing is said of each.
    """

    kind: Literal["model", "adapter", "dataset"]
    name: str
    target: str
    hub: Hub
    location: str
    revision: str = ""
    patterns: tuple[str, ...] = ()
    sha256: str = ""
    md5: str = ""
    unpack: Unpack = ""
    inside: str = ""
    unpacked_bytes: int | None = None
    hint: str = ""
    readers: tuple[Reader, ...] = ()

    @property
    def origin(self) -> str:
        """Return where it comes from, for a person."""
        return self.location if self.hub in {"url", "local"} else f"{self.location} at {self.hub}"


@dataclass(frozen=True)
class ModelTarget:
    """The model of an evaluation, as the job sees it.

    Attributes:
        name: the task's name for it.
        via: `in_job`: weights at `path`; `endpoint`: through the gateway, where the model name does not matter.
        path: folder inside the job with the weights; empty for an endpoint.
        remote_model: the upstream's name of the model; empty for weights.
        revision: as in the task.
        chat: whether prompts go through a chat template; None = decided by what the model has.
        identity: identity of the weights or of the endpoint, for ResultKey.model.
    """

    name: str
    via: Via
    path: str = ""
    remote_model: str = ""
    revision: str = ""
    dtype: str = "auto"
    chat: bool | None = None
    modality: Literal["text", "vision"] = "text"
    identity: str = ""


@dataclass(frozen=True)
class DatasetRequest:
    """One data set as the user asked for it, defaults merged in; None = the benchmark's own default.

    Attributes:
        label: unique in the evaluation; `name` unless the task gives an alias.
        path: absolute host path of the user's own data; None for the benchmark's published data.
        limit: first N rows per subset.
        limit_by_default: whether the limit is not its own, so that it may be left out where it would break a metric.
    """

    name: str
    label: str
    path: Path | None = None
    subsets: tuple[str, ...] | None = None
    few_shot: int | None = None
    limit: int | None = None
    limit_by_default: bool = False
    scoring: str | None = None
    generation: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Evaluation:
    """One backend x one model x its data sets, fully resolved: all that an adapter sees.

    Attributes:
        simulator: identity of the task's simulator; empty where it has none.
        deadline_s: the gateway answers every request within so many seconds; a client's time-out must be longer.
        network: as the task has it; `none` is the rule.
        gpus: how many the job has, by task and machine: for complaints alone, since a translation knows no machine.
    """

    backend: str
    model: ModelTarget
    datasets: tuple[DatasetRequest, ...]
    seed: int
    judge: bool = False
    simulator: str = ""
    concurrency: int = 8
    deadline_s: float = 600.0
    network: Literal["none", "bridge", "host"] = "none"
    options: Mapping[str, Any] = field(default_factory=dict)
    gpus: int = 0


@dataclass(frozen=True)
class Complaint:
    """Something in the user's part of an evaluation that the backend cannot take.

    `path` is relative to the evaluation in the task file, e.g. ("datasets", 0, "few_shot"). Where it does not refuse,
    the plan goes on, and the message is shown with it, when the run begins and in the report.
    """

    path: tuple[str | int, ...]
    message: str
    refuses: bool = True


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'x'?`, or what there is to choose from, in the adapter's order, where that is little."""
    return did_you_mean(word, known, in_order=True)


def option_complaints(
    backend: str, model: type[BaseModel], given: Mapping[str, Any], key: str
) -> Iterator[Complaint]:
    """Yield what is wrong with the options under `key`; `model` says which ones `backend` knows."""
    try:
        model.model_validate(dict(given))
    except ValidationError as error:
        for problem in error.errors(include_url=False):
            place = problem["loc"]
            message = f"{key}.{'.'.join(map(str, place))}: {problem['msg']}"
            if problem["type"] == "extra_forbidden":
                unknown = str(place[-1])
                message = f"{backend} does not know {key}.{unknown}{suggestion(unknown, model.model_fields)}"
            yield Complaint((key, *place), message)


@dataclass(frozen=True)
class DatasetInfo:
    """One line of `evaldock list datasets`.

    Attributes:
        subsets: all of them, where they are known.
        rows: how many the published data have, about.
        paper: the address of the paper, or of what takes its place.
        files: those that are read, `{}` standing for a subset.
        runs_code: whether scoring executes what the model wrote; outside containers only where the task allows it.
        configs: names of the backend's own configurations of it, where a task may choose one.
        alias_of: the name under which it is listed.
        needs: what else the data set reads, that neither its data nor the image holds and that nobody fetches (what
            can be fetched is an asset). Where a job without a network cannot do without, `complain` refuses it.
        unavailable: why the backend's data set does not run here at all; `complain` refuses it then.
    """

    name: str
    summary: str
    scoring: tuple[str, ...]
    metric: str
    few_shot: int
    source: str
    own_data: bool = False
    subsets: tuple[str, ...] = ()
    rows: int | None = None
    licence: str = ""
    files: tuple[str, ...] = ()
    runs_code: bool = False
    configs: tuple[str, ...] = ()
    alias_of: str = ""
    needs: tuple[str, ...] = ()
    unavailable: str = ""
    paper: str = ""


@dataclass(frozen=True)
class Normalized:
    """What `normalize` found."""

    results: tuple[Result, ...]
    samples: Iterable[Sample] = ()


@dataclass(frozen=True)
class Estimate:
    """What one role will be asked for one data set, about; None where nobody knows.

    Attributes:
        calls, tokens: of the whole data set; `most_calls` is a bound.
        basis: where the figures come from.
    """

    dataset: str
    role: str
    calls: int | None
    tokens: int | None
    most_calls: int | None
    basis: str


class ExpectedRows(NamedTuple):
    """How many rows are asked of a data set, about; None where nobody has counted them. `basis` says which."""

    number: int | None
    basis: str


def expected_rows(request: DatasetRequest, info: DatasetInfo) -> ExpectedRows:
    """Return how many rows are asked of a data set; the user's own and those of chosen subsets nobody has counted."""
    if request.path is not None:
        return ExpectedRows(None, "of your data, which nobody has counted")
    basis = "of the published data"
    if info.rows is None:
        return ExpectedRows(None, f"{basis}, which nobody has counted")
    if request.limit is None and request.subsets is not None:
        return ExpectedRows(None, "of the subsets, each of which nobody has counted")
    if request.limit is None:
        return ExpectedRows(info.rows, basis)
    subsets = len(request.subsets or info.subsets or ("",))
    return ExpectedRows(min(info.rows, request.limit * subsets), basis)


class GoldCall(NamedTuple):
    """A call of a function; `arguments` is JSON."""

    name: str
    arguments: str


@dataclass(frozen=True)
class Gold:
    """One form of one question and what answers it: what the mock server rehearses with.

    Attributes:
        group: data set and subset; the mock's share of errors is exact in each.
        id: of the question in its group; several forms of a question share it.
        prompt: how a request about it ends: the text of the last chat turn, or the end of a raw prompt.
        question: the question alone, as it would stand in a prompt of any other form.
        right: an answer that the backend scores in full.
        wrong: plausible answers that it scores as wrong.
        conversation: the texts of all turns, where the last one alone does not tell the question from others.
        answered_by: the function that is called with the answer: `right` and `wrong` are its arguments, as JSON, and
            `prompt` is the whole turn of the user that begins the conversation; empty where an answer is a text.
        calls: what is called first, one after another, each after the result of the one before.
    """

    group: str
    id: str
    prompt: str
    question: str
    right: str
    wrong: tuple[str, ...]
    conversation: tuple[str, ...] = ()
    answered_by: str = ""
    calls: tuple[GoldCall, ...] = ()


class GoldReader(Protocol):
    """Optional: found as `read_gold` in adapters/<name>/gold.py."""

    def __call__(self, evaluation: Evaluation, data: Mapping[str, Path]) -> Iterable[Gold]:
        """Return every question of an evaluation; `data` says where each asset's target lies on the host.

        Raises:
            PrerequisiteError: the data cannot be read.
        """


@runtime_checkable
class Estimator(Protocol):
    """Optional: an adapter that knows beforehand what its evaluations will ask, about."""

    def estimate(self, evaluation: Evaluation) -> tuple[Estimate, ...]:
        """Return what is expected, by data set and role."""


@runtime_checkable
class SimulatorUser(Protocol):
    """Optional: an adapter some of whose evaluations ask the task's simulator."""

    def uses_simulator(self, evaluation: Evaluation) -> bool:
        """Return whether this one does; only then has the job one, and it must answer."""


@runtime_checkable
class ModelNamer(Protocol):
    """Optional: an adapter whose backend has names of its own for the models whose weights it loads."""

    def own_models(self) -> Mapping[str, str]:
        """Return why each of its models does not run here, by name; empty where it does."""


class Adapter(Protocol):
    """One backend's translator; found as `ADAPTER` in adapters/<name>/adapter.py."""

    @property
    def name(self) -> str:
        """Return the backend's name: that of the folder."""

    @property
    def version(self) -> str:
        """Return the adapter's version; rises when translate or normalize changes results."""

    @property
    def modalities(self) -> tuple[str, ...]:
        """Return which kinds of model it can evaluate: `text`, `vision`."""

    @property
    def excludes_failures(self) -> bool:
        """Return whether the backend leaves a sample whose request failed out of its scores, and counts it.

        Where it does not, the hub withholds the score of a data set that met a failure.
        """

    @property
    def path_options(self) -> tuple[str, ...]:
        """Return which options of an evaluation are paths; the plan makes them absolute."""

    def uses_judge(self, evaluation: Evaluation) -> bool:
        """Return whether the evaluation asks the task's judge; only then has the job one, and it must answer."""

    def datasets(self) -> Mapping[str, DatasetInfo]:
        """Return every data set by the user's name."""

    def complain(self, evaluation: Evaluation) -> tuple[Complaint, ...]:
        """Return what this backend cannot take: options, limits, scoring ways; empty when all is well."""

    def assets(self, evaluation: Evaluation) -> tuple[Asset, ...]:
        """Return the data that the job reads (the model is the plan's business)."""

    def translate(self, evaluation: Evaluation) -> Mapping[str, str]:
        """Return relative path -> text for /job/input."""

    def command(self, evaluation: Evaluation) -> tuple[str, ...]:
        """Return the runner's argv inside the job."""

    def normalize(self, evaluation: Evaluation, output: Path) -> Normalized:
        """Read what the backend wrote under `output`.

        Raises:
            NormalizeError: a file is missing or is not what the backend writes.
        """
