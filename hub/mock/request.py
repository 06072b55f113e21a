"""What a client may ask, as OpenAI's API defines it: read strictly where it matters, unknown fields ignored."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

MAX_BODY = 64 << 20
MAX_COUNT = 128
_MAX_SHOWN = 300

Tokens = tuple[int, ...]
# One text, several, one text as token ids, several of these.
Texts = str | tuple[str, ...] | Tokens | tuple[Tokens, ...]
Count = Annotated[int, Field(ge=1, le=MAX_COUNT)]
Alternatives = Annotated[int, Field(ge=0, le=20)]
NotNegative = Annotated[int, Field(ge=0)]


class BadRequestError(Exception):
    """A request that a real server would refuse too; `param` names the field."""

    def __init__(self, message: str, param: str | None = None) -> None:
        """Keep the message for the client."""
        super().__init__(message)
        self.message = message
        self.param = param


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


class ImageUrl(_Shape):
    """Where an image is: a data URL, or an address."""

    url: str


class Part(_Shape):
    """A piece of a message."""

    type: str
    text: str | None = None
    image_url: ImageUrl | str | None = None


class Message(_Shape):
    """One turn of a conversation."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | tuple[Part, ...] | None = None


class Function(_Shape):
    """What a model may call."""

    name: Annotated[str, Field(min_length=1)]
    parameters: dict[str, Any] | None = None


class Tool(_Shape):
    """A tool; kinds other than `function` are accepted and never called."""

    type: str
    function: Function | None = None


class NamedFunction(_Shape):
    """A function by its name."""

    name: str


class ToolChoice(_Shape):
    """The one tool that is to be called."""

    function: NamedFunction


class JsonSchema(_Shape):
    """The schema that an answer is to have."""

    schema_: Annotated[dict[str, Any] | None, Field(alias="schema")] = None


class ResponseFormat(_Shape):
    """The form of an answer."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchema | None = None


class StreamOptions(_Shape):
    """What a stream holds beside the answer."""

    include_usage: bool | None = None


class _Generation(_Shape):
    model: str
    n: Count | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    stop: str | tuple[str, ...] | None = None
    seed: int | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None

    @property
    def stops(self) -> tuple[str, ...]:
        """Return the texts that end an answer."""
        given = (self.stop,) if isinstance(self.stop, str) else self.stop or ()
        return tuple(text for text in given if text)

    @property
    def with_usage(self) -> bool:
        """Return whether a stream ends with the usage."""
        return bool(self.stream_options and self.stream_options.include_usage)


class ChatRequest(_Generation):
    """POST /v1/chat/completions."""

    messages: Annotated[tuple[Message, ...], Field(min_length=1)]
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    logprobs: bool | None = None
    top_logprobs: Alternatives | None = None
    response_format: ResponseFormat | None = None
    tools: tuple[Tool, ...] | None = None
    tool_choice: Literal["none", "auto", "required"] | ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    functions: tuple[Function, ...] | None = None
    function_call: Literal["none", "auto"] | NamedFunction | None = None

    @model_validator(mode="after")
    def _tool_exists(self) -> ChatRequest:
        known = {tool.function.name for tool in self.tools or () if tool.function}
        if self.tool_choice == "required" and not known:
            raise ValueError("'tool_choice' is only allowed when 'tools' are specified")
        if isinstance(self.tool_choice, ToolChoice) and self.tool_choice.function.name not in known:
            raise ValueError(f"tool_choice names {self.tool_choice.function.name!r}, which is none of the tools")
        functions = {function.name for function in self.functions or ()}
        if isinstance(self.function_call, NamedFunction) and self.function_call.name not in functions:
            raise ValueError(f"function_call names {self.function_call.name!r}, which is none of the functions")
        return self


class CompletionRequest(_Generation):
    """POST /v1/completions; 16 tokens unless asked otherwise, as OpenAI and vLLM have it."""

    prompt: Texts
    max_tokens: NotNegative | None = None
    echo: bool | None = None
    logprobs: Alternatives | None = None
    suffix: str | None = None

    @property
    def prompts(self) -> tuple[str, ...]:
        """Return the prompts as texts."""
        return texts_of(self.prompt)

    @model_validator(mode="after")
    def _some_prompt(self) -> CompletionRequest:
        if not 0 < len(self.prompts) <= MAX_COUNT * 16:
            raise ValueError(f"prompt must hold 1 to {MAX_COUNT * 16} prompts")
        return self


class EmbeddingRequest(_Shape):
    """POST /v1/embeddings."""

    model: str
    input: Texts
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: Annotated[int, Field(ge=1, le=8192)] | None = None

    @property
    def inputs(self) -> tuple[str, ...]:
        """Return the inputs as texts."""
        return texts_of(self.input)

    @model_validator(mode="after")
    def _some_input(self) -> EmbeddingRequest:
        if not all(self.inputs) or not 0 < len(self.inputs) <= 2048:
            raise ValueError("input must hold 1 to 2048 texts, none of them empty")
        return self


_Request = TypeVar("_Request", ChatRequest, CompletionRequest, EmbeddingRequest)


def read_request(kind: type[_Request], body: bytes) -> _Request:
    """Return the request in `body`.

    Raises:
        BadRequestError: it is not JSON, or not what the API takes; names the field.
    """
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    if first["type"] == "json_invalid":
        raise BadRequestError(f"the request's body is not JSON: {first['msg']}"[:_MAX_SHOWN])
    param = ".".join(str(part) for part in first["loc"]) or None
    words = first["msg"].removeprefix("Value error, ")
    raise BadRequestError(f"{param}: {words}"[:_MAX_SHOWN] if param else words[:_MAX_SHOWN], param)


def texts_of(given: Texts) -> tuple[str, ...]:
    """Return texts; token ids, whose vocabulary nobody knows, are shown as `<id>`."""
    if isinstance(given, str):
        return (given,)
    if given and isinstance(given[0], int):
        return ("".join(f"<{token}>" for token in given),)
    return tuple(part if isinstance(part, str) else "".join(f"<{token}>" for token in part) for part in given)  # type: ignore[union-attr]
