"""Names of the seed: its backends, its benchmarks, its 48 chat templates, its types of weights."""

from __future__ import annotations

from typing import Literal, NamedTuple

TemplateKind = Literal["chat", "raw", "framed", "vision", "audio"]

BACKENDS = {"native": "native", "opencompass": "opencompass", "vlmevalkit": "vlmevalkit"}
BENCHMARKS = (
    "arc", "bbh", "ceval", "cmmlu", "competition_math", "general_qa", "gsm8k", "hellaswag", "humaneval", "mmlu",
    "race", "trivia_qa", "truthful_qa",
)  # fmt: skip
_DTYPES = {
    "auto": "auto",
    "float16": "float16", "half": "float16", "fp16": "float16",
    "bfloat16": "bfloat16", "bf16": "bfloat16",
    "float32": "float32", "float": "float32", "fp32": "float32",
}  # fmt: skip
_NOT_CHAT: dict[str, TemplateKind] = {
    "default-generation": "raw",
    "default-generation-bos": "raw",
    "chatglm-generation": "raw",
    "default": "framed",
    "qwen-audio": "audio",
    "qwen-audio-generation": "audio",
    "llava-mistral-instruct": "vision",
    "llava-yi-instruct": "vision",
    "internlm-xcomposer2": "vision",
    "yi-vl": "vision",
    "deepseek-vl": "vision",
    "cogvlm-instruct": "vision",
    "cogagent-chat": "vision",
    "cogagent-instruct": "vision",
    "minicpm-v": "vision",
    "mplug-owl2": "vision",
}
_CHAT = (
    "qwen", "baichuan", "chatglm2", "chatglm3", "llama", "llama3", "openbuddy", "internlm", "internlm2", "yi", "yuan",
    "xverse", "ziya", "skywork", "bluelm", "zephyr", "sus", "deepseek", "deepseek-coder", "codefuse-codellama",
    "codefuse", "orion", "minicpm", "gemma", "wizardlm2-awq", "wizardlm2", "atom", "chatml", "telechat", "dbrx",
    "mengzi", "c4ai",
)  # fmt: skip
_WHAT: dict[TemplateKind, str] = {
    "chat": "chat: true; the tokenizer's own chat template is used",
    "raw": "chat: false; prompts are raw text",
    "framed": "refused: nothing is framed in '### Human:' here; leave it out, or write the frame into options.prompt",
    "vision": "refused by native; serve the model, and evaluate its endpoint with vlmevalkit and modality: vision",
    "audio": "refused: no backend here evaluates models that hear",
}


class TemplateInfo(NamedTuple):
    """One template type of the seed: its name, its kind, and what evaldock does in its place."""

    name: str
    kind: TemplateKind
    what: str


def templates() -> tuple[TemplateInfo, ...]:
    """Return all 48 template types, sorted by name."""
    kinds: dict[str, TemplateKind] = {**dict.fromkeys(_CHAT, "chat"), **_NOT_CHAT}
    return tuple(TemplateInfo(name, kind, _WHAT[kind]) for name, kind in sorted(kinds.items()))


def dtype_of(value: object) -> str | None:
    """Return evaldock's name of a type of weights (`torch.float16`, `half`, the torch object itself), or None."""
    return _DTYPES.get(str(value).strip().lower().removeprefix("torch."))
