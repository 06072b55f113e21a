"""What a client may ask, as OpenAI's API and vLLM's additions define it: read strictly, unknown fields ignored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from adapters.native.server.errors import RefusedError

MAX_BODY = 256 << 20  # pictures come in the body
MAX_ANSWERS = 2048
_MAX_SHOWN = 300

Tokens = tuple[int, ...]
Count = Annotated[int, Field(ge=1, le=128)]
Alternatives = Annotated[int, Field(ge=0, le=100)]
NotNegative = Annotated[int, Field(ge=0)]
# Fields that other servers obey and this one does not, with the values that change nothing: to pass over another
# value in silence would be to answer another question.
_NOT_OBEYED: dict[str, tuple[Any, ...]] = {
    "best_of": (None, 1),
    "frequency_penalty": (None, 0),
    "guided_choice": (None,),
    "guided_json": (None,),
    "guided_regex": (None,),
    "logit_bias": (None, {}),
    "min_p": (None, 0),
    "min_tokens": (None, 0),
    "presence_penalty": (None, 0),
    "response_format": (None, {"type": "text"}),
    "stop_token_ids": (None, []),
    "structured_outputs": (None,),
    "suffix": (None, ""),
}


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


class ImageUrl(_Shape):
    """Where an image is."""

    url: str


class Part(_Shape):
    """A piece of a message."""

    type: str
    text: str | None = None
    image_url: ImageUrl | str | None = None


class CalledFunction(_Shape):
    """A function that the model called in an earlier turn; `arguments` is JSON."""

    name: str
    arguments: str | dict[str, Any] = "{}"


class ToolCall(_Shape):
    """A call in an earlier turn."""

    id: str | None = None
    function: CalledFunction


class Message(_Shape):
    """One turn of a conversation."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | tuple[Part, ...] | None = None
    name: str | None = None
    tool_calls: tuple[ToolCall, ...] | None = None
    tool_call_id: str | None = None
    function_call: CalledFunction | None = None


class Tool(_Shape):
    """A function that the model may call: the definition goes to the chat template as it is."""

    type: Literal["function"] = "function"
    function: dict[str, Any]


class ResponseFormat(_Shape):
    """The form of the answer; a schema, which other servers obey, is refused."""

    type: Literal["text", "json_object"]


class StreamOptions(_Shape):
    """What a stream holds beside the answer."""

    include_usage: bool | None = None


class Generation(_Shape):
    """What both operations share."""

    model_config = ConfigDict(extra="allow")  # to see what is asked for in vain

    model: str | None = None
    n: Count | None = None
    temperature: Annotated[float, Field(ge=0, le=2, allow_inf_nan=False)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    top_k: Annotated[int, Field(ge=-1)] | None = None
    repetition_penalty: Annotated[float, Field(gt=0, le=10)] | None = None
    seed: int | None = None
    stop: str | tuple[str, ...] | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    prompt_logprobs: Alternatives | None = None

    @model_validator(mode="after")
    def _obeyed(self) -> Generation:
        given = self.model_extra or {}
        for name, harmless in _NOT_OBEYED.items():
            if given.get(name) not in harmless:
                raise ValueError(f"this server does not know {name!r}: leave it out")
        return self

    @property
    def stops(self) -> tuple[str, ...]:
        """Return the texts that end an answer."""
        given = (self.stop,) if isinstance(self.stop, str) else self.stop or ()
        return tuple(text for text in given if text)

    @property
    def with_usage(self) -> bool:
        """Return whether a stream ends with the usage."""
        return bool(self.stream_options and self.stream_options.include_usage)


class ChatRequest(Generation):
    """POST /v1/chat/completions."""

    messages: Annotated[tuple[Message, ...], Field(min_length=1)]
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    logprobs: bool | None = None
    top_logprobs: Alternatives | None = None
    tools: tuple[Tool, ...] | None = None
    functions: tuple[dict[str, Any], ...] | None = None
    tool_choice: str | dict[str, Any] | None = None
    function_call: str | dict[str, Any] | None = None
    response_format: ResponseFormat | None = None
    chat_template_kwargs: dict[str, Any] | None = None

    @property
    def offered(self) -> tuple[dict[str, Any], ...]:
        """Return the tools that the model is told of, in the form of chat templates."""
        if (self.tool_choice if self.tools else self.function_call) == "none":
            return ()
        return tuple({"type": "function", "function": function} for function in self._functions)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the functions that there are."""
        return tuple(str(function.get("name")) for function in self._functions)

    @property
    def forced(self) -> str | None:
        """Return which function must be called, empty for any; None where none must."""
        choice = self.tool_choice if self.tools else self.function_call
        if isinstance(choice, dict):
            named = choice.get("function", {}) if self.tools else choice
            return str(named.get("name")) if isinstance(named, dict) else ""
        if choice != "required":
            return None
        return self.names[0] if len(self.names) == 1 else ""

    @property
    def wants_json(self) -> bool:
        """Return whether the answer must be a JSON object."""
        return self.response_format is not None and self.response_format.type == "json_object"

    @property
    def _functions(self) -> Sequence[dict[str, Any]]:
        return [tool.function for tool in self.tools or ()] or self.functions or ()

    @property
    def legacy(self) -> bool:
        """Return whether calls are written as `function_call`, as before there were tools."""
        return bool(self.functions) and not self.tools

    @model_validator(mode="after")
    def _choice_can_be_had(self) -> ChatRequest:
        for name, words in (("tool_choice", ("none", "auto", "required")), ("function_call", ("none", "auto"))):
            choice = getattr(self, name)
            if isinstance(choice, str) and choice not in words:
                raise ValueError(f"{name} is one of {', '.join(words)}, or names a function")
        if self.tool_choice not in (None, "none", "auto") and not self.tools:
            raise ValueError("tool_choice needs 'tools'")
        if self.forced not in (None, "", *self.names) or (self.forced == "" and not self.names):
            raise ValueError(f"there is no function {self.forced!r} to call")
        if self.wants_json and self.forced is None and self.offered:
            raise ValueError("response_format: no JSON where the model may call functions; say tool_choice 'none'")
        return self


class CompletionRequest(Generation):
    """POST /v1/completions; 16 tokens unless asked otherwise, as OpenAI and vLLM have it."""

    prompt: str | tuple[str, ...] | Tokens | tuple[Tokens, ...]
    max_tokens: NotNegative | None = None
    echo: bool | None = None
    logprobs: Alternatives | None = None

    @property
    def prompts(self) -> tuple[str | Tokens, ...]:
        """Return every prompt, a text or token ids."""
        if isinstance(self.prompt, str):
            return (self.prompt,)
        if self.prompt and isinstance(self.prompt[0], int):
            return (self.prompt,)
        return self.prompt  # type: ignore[return-value]

    @model_validator(mode="after")
    def _some_prompts(self) -> CompletionRequest:
        if not 0 < len(self.prompts) * (self.n or 1) <= MAX_ANSWERS:
            raise ValueError(f"prompt must hold 1 to {MAX_ANSWERS} prompts, `n` answers to each counted")
        return self


_Request = TypeVar("_Request", ChatRequest, CompletionRequest)


def read_request(kind: type[_Request], body: bytes) -> _Request:
    """Return the request in `body`.

    Raises:
        RefusedError: it is not JSON, or not what the API takes; names the field.
    """
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    if first["type"] == "json_invalid":
        raise RefusedError(f"the request's body is not JSON: {first['msg']}"[:_MAX_SHOWN])
    param = ".".join(str(part) for part in first["loc"]) or None
    words = first["msg"].removeprefix("Value error, ")
    raise RefusedError((f"{param}: {words}" if param else words)[:_MAX_SHOWN], param=param)
