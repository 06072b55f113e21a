"""The models behind the gateway, as VLMEvalKit sees them: classes like its own that ask through a `Client`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any, ClassVar

from vlmeval.api import OpenAIWrapper

from adapters.vlmevalkit.contract import Model
from adapters.vlmevalkit.runner import rows
from adapters.vlmevalkit.runner.client import Client, Messages
from adapters.vlmevalkit.runner.decoding import paths_of
from adapters.vlmevalkit.runner.pictures import Shown
from adapters.vlmevalkit.runner.prompts import sample_of
from adapters.vlmevalkit.runner.reasons import StatedError

NO_KEY = "none"  # the gateway adds keys; VLMEvalKit prints the one it is given into its log


class JudgeError(StatedError):
    """The judge cannot judge."""


class _Wired(OpenAIWrapper):  # type: ignore[misc]  # it has no types
    """VLMEvalKit's client for OpenAI's protocol: it makes the messages, and we send them."""

    client: Client
    shown: Shown  # within it the pictures of a prompt can be opened

    def generate(self, message: Any, **parameters: Any) -> str:
        """Return the answer to one prompt; VLMEvalKit's own words for a failure where there is none."""
        parameters.pop("dataset", None)

        def compose() -> Messages:
            with self.shown(paths_of(message)):
                return self._composed(message)

        return self._answer(compose, sample_of(message), parameters)

    def chat(self, messages: Sequence[Mapping[str, Any]], **parameters: Any) -> str:
        """Return the answer to the last turn of a conversation."""
        parameters.pop("dataset", None)

        def compose() -> Messages:
            turns = [{"role": turn["role"], "content": self._parts(turn["content"])} for turn in messages]
            with self.shown(paths_of(list(messages))):
                composed: Messages = self.prepare_inputs(turns)
            return composed

        return self._answer(compose, sample_of(messages), parameters)

    def _answer(self, compose: Any, sample: str, parameters: Mapping[str, Any]) -> str:
        return (
            self.client.answer(compose, sample, {**self.default_kwargs, **parameters}) or str(self.fail_msg).strip()
        )

    def _composed(self, message: Any) -> Messages:
        parts = self._parts(message)
        # VLMEvalKit keeps what a prompt says of the system in the client, where it stays for all that follow.
        said = "".join(f"{part['value']}\n" for part in parts if part.get("role") == "system")
        composed: Messages = self.prepare_inputs([part for part in parts if part.get("role") != "system"])
        if not said:
            return composed
        if composed[0]["role"] == "system":
            composed[0]["content"] += f"\n{said}"
            return composed
        return [{"role": "system", "content": said}, *composed]

    def _parts(self, content: Any) -> list[Mapping[str, Any]]:
        """Return the parts of a prompt. Parts with a type are taken at their word.

        VLMEvalKit's own way looks whether a text is the name of a file or an address, and then reads that.
        """
        if self.check_content(content) == "listdict":
            return list(content)
        parts: list[Mapping[str, Any]] = self.preproc_content(content)
        return parts


class GatewayModel(_Wired):
    """The model that is evaluated."""

    def __init__(self, model: Model, client: Client, shown: Shown) -> None:
        """Keep how to ask; nothing is sent yet."""
        super().__init__(
            model=client.name,
            key=NO_KEY,
            api_base=client.line.url,
            system_prompt=model.system_prompt or None,
            img_size=model.image_size or -1,
            img_detail=model.image_detail,
        )
        self.client, self.shown = client, shown


class JudgeModel(_Wired):
    """The judge: VLMEvalKit makes one whenever a data set wants one, in place of its own class."""

    current: ClassVar[Client]  # the data set's that is being scored

    def __init__(self, model: str, **settings: Any) -> None:
        """Take the settings that VLMEvalKit gives to its own class."""
        super().__init__(model, **{**settings, "key": NO_KEY})
        self.client = self.current
        self.shown = lambda _paths: nullcontext()

    def working(self) -> bool:
        """Return whether the judge answers. Where not, VLMEvalKit matches texts and says nothing of it.

        Raises:
            JudgeError: it answers with nothing, which is no failure that anybody else would count.
        """
        failures = self.client.failures.count("judge")
        found = bool(super().working())
        if not found and self.client.failures.count("judge") == failures:
            raise JudgeError("the judge answers with nothing, even to a greeting, so nothing was judged")
        return found

    def _answer(self, compose: Any, sample: str, parameters: Mapping[str, Any]) -> str:
        own = {"temperature": self.temperature, "max_tokens": self.max_tokens}
        return super()._answer(compose, sample or rows.current(), {**own, **parameters})
