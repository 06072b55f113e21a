"""Which kinds of model servers there are: the environment of each, its command line, what it can do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from hub.spec import JudgeSpec, ModelSpec

Part = ModelSpec | JudgeSpec

_PLACES = ("--host", "--port", "--model", "--served-model-name")


@dataclass(frozen=True)
class Served:
    """What a command line is made from.

    Attributes:
        name: of the model in requests.
        weights: folder of the checkpoint inside the job.
        adapters: folders of LoRA adapters inside the job.
        gpus: how many devices it gets.
    """

    name: str
    weights: str
    dtype: str
    adapters: tuple[str, ...] = ()
    gpus: int = 0


@dataclass(frozen=True)
class Kind:
    """One kind of server.

    Attributes:
        image: name of the folder in images/ that it runs in.
        command: what is run there, before the user's own arguments; `{port}` is a port that the entry finds.
        health: path that is answered with 200 once the model is loaded.
        adapters: how many LoRA adapters it takes.
        dtypes: whether it can load weights as another type than the stored one.
        gguf: whether it loads weights in that format, and no other.
        fetcher: image whose hub clients download its checkpoints; empty for its own.
        telling: what a line of its log has that says why it ended, where that is not the last one.
        raw: the arguments without which it puts a text completion, too, into a chat template.
        ours: the options that evaldock itself gives: what is served, under which name, and where it listens. With
            others nobody would find the server.
    """

    image: str
    command: Callable[[Served], Iterator[str]]
    health: str = "/health"
    adapters: int = 0
    dtypes: bool = True
    gguf: bool = False
    fetcher: str = ""
    telling: str = ""
    raw: tuple[str, ...] = ()
    ours: tuple[str, ...] = _PLACES


def _transformers(served: Served) -> Iterator[str]:
    """Yield the command of our own server; it listens where EVALDOCK_LISTEN says."""
    yield from ("python", "-m", "adapters.native.server")
    yield from ("--weights", served.weights, "--name", served.name, "--dtype", served.dtype)
    for adapter in served.adapters:
        yield from ("--adapter", adapter)


def _swift(served: Served) -> Iterator[str]:
    """Yield the command of SWIFT; its log would else hold every prompt, and what it counts every 20 seconds.

    How a checkpoint recommends to sample would else count, its repetition penalty with temperature 0, too. Of
    `--top_k` it takes none below 1, but the checkpoint's.
    """
    yield from ("python", "-m", "adapters.swift", "--infer_backend", "transformers")
    yield from ("--temperature", "1", "--top_k", "1000000", "--top_p", "1", "--repetition_penalty", "1")
    yield from ("--verbose", "false", "--log_interval", "-1", "--log_level", "warning")
    yield from ("--host", "127.0.0.1", "--port", "{port}")
    yield from ("--model", served.weights, "--served_model_name", served.name)
    if served.dtype != "auto":
        yield from ("--torch_dtype", served.dtype)
    if served.adapters:
        yield from ("--adapters", *served.adapters)


def _vllm(served: Served) -> Iterator[str]:
    """Yield the command of vLLM, which serves an adapter as one more model: that one gets the name then.

    How a checkpoint recommends to sample (generation_config.json) does not count, at no server of ours.
    """
    name = f"{served.name}-base" if served.adapters else served.name
    yield from ("python", "-m", "adapters.vllm", served.weights, "--served-model-name", name)
    yield from ("--host", "127.0.0.1", "--port", "{port}", "--dtype", served.dtype)
    yield from ("--generation-config", "vllm", "--disable-uvicorn-access-log")
    if served.gpus > 1:
        yield from ("--tensor-parallel-size", str(served.gpus))
    for adapter in served.adapters:
        yield from ("--enable-lora", "--lora-modules", f"{served.name}={adapter}")


def _sglang(served: Served) -> Iterator[str]:
    yield from ("python", "-m", "sglang.launch_server")
    yield from ("--model-path", served.weights, "--served-model-name", served.name)
    yield from ("--host", "127.0.0.1", "--port", "{port}", "--dtype", served.dtype)
    yield from ("--sampling-defaults", "openai", "--log-level-http", "warning")
    if served.gpus > 1:
        yield from ("--tp-size", str(served.gpus))


def _llamacpp(served: Served) -> Iterator[str]:
    """Yield the command of llama.cpp; `dtype` is not in it, for the numbers are those of the file.

    One answer at a time has the whole context, and several have parts of their own: else those under way share one,
    and all fail once it is full. Sampling is OpenAI's, not llama.cpp's nor what a file recommends; no answer goes on
    after forgetting what it began with; and 8 GiB of old prompts would count as the server's memory.
    It has few threads for connections, and each is kept for 5 s: of many at once the last would wait so long.
    """
    yield from ("python", "-m", "adapters.llamacpp", served.weights, "--alias", served.name, "--jinja")
    yield from ("--host", "127.0.0.1", "--port", "{port}")
    yield from ("--parallel", "1", "--no-kv-unified", "--no-context-shift", "--cache-ram", "0")
    yield from ("--threads-http", "256")
    yield from ("--temp", "1", "--top-k", "0", "--top-p", "1", "--min-p", "0", "--repeat-penalty", "1")
    if served.gpus:
        yield from ("--n-gpu-layers", "999")


# Those of vLLM's other processes end with: see the log of this one.
_VLLM_ERROR = r"\] (?:\w+\.)*\w*(?:Error|Exception): (?!.*\bSee )"
_LLAMACPP_ERROR = r"error loading model|failed to initialize the context|out of memory|GGML_ASSERT"

KINDS: Mapping[str, Kind] = {
    "transformers": Kind(
        "native", _transformers, adapters=1, ours=("--weights", "--model", "--name", "--socket", "--port")
    ),
    "swift": Kind("swift", _swift, adapters=1, raw=("--use_chat_template", "false")),
    "vllm": Kind("vllm", _vllm, adapters=1, fetcher="native", telling=_VLLM_ERROR, ours=(*_PLACES, "--uds")),
    "sglang": Kind("sglang", _sglang, fetcher="native", ours=(*_PLACES, "--model-path")),
    "llamacpp": Kind(
        "llamacpp",
        _llamacpp,
        dtypes=False,
        gguf=True,
        fetcher="native",
        telling=_LLAMACPP_ERROR,
        ours=("--host", "--port", "--model", "-m", "--alias", "-a"),
    ),
}
