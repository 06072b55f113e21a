"""Fill in the templates: an item and its few-shot examples become what a model is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from adapters.native.catalog import Way
from adapters.native.contract import NativeDataset
from adapters.native.evaluator.errors import PromptError
from adapters.native.evaluator.items import Item
from adapters.native.evaluator.request import Generation, Likelihood, Messages, Request

SEPARATOR = "\n\n"


class Prompter:
    """Writes the requests of one data set; `chat`: generation by chat turns, else by raw text."""

    def __init__(self, dataset: NativeDataset, *, chat: bool) -> None:
        """Compile the templates of the data set's way of scoring.

        Raises:
            PromptError: a template is not valid Jinja.
        """
        # Sandboxed, for the text may be a user's, and not escaped, for it is no HTML.
        environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True)
        self._dataset = dataset
        self._chat = chat and dataset.scoring == "generate" and bool(dataset.way.user)
        way: Way = dataset.way
        asked, answered = (way.user, way.assistant) if self._chat else (way.question, way.answer)
        try:
            self._asked, self._answered, self._lead, self._rest = map(
                environment.from_string, (asked, answered, way.lead, way.rest)
            )
        except TemplateError as error:
            raise PromptError(f"the prompt is not a valid Jinja template: {error}") from error

    def request(self, item: Item, shots: Sequence[Item], name: str) -> Request:
        """Return what the model is asked about `item` after the examples.

        Raises:
            PromptError: the template uses a name that the item does not have.
        """
        if self._chat:
            return Generation(name, self._messages(item, shots), self._parameters())
        blocks = [self._ask(shot) + self._answer(shot) for shot in shots]
        lead = [text for text in (self._dataset.system, self._fill(self._lead, item)) if text]
        prompt = SEPARATOR.join([*lead, *blocks, self._ask(item)])
        if self._dataset.scoring == "generate":
            return Generation(name, prompt, self._parameters())
        return Likelihood(name, prompt, self._continuations(item))

    def example(self, item: Item) -> tuple[str, str]:
        """Return a question and its answer, as a few-shot example shows them.

        Raises:
            PromptError: as `request`.
        """
        return self._ask(item), self._answer(item)

    def _messages(self, item: Item, shots: Sequence[Item]) -> Messages:
        lead = [_turn("system", self._dataset.system)] if self._dataset.system else []
        turns = [turn for shot in shots for turn in self._example(shot)]
        return (*lead, *turns, _turn("user", self._ask(item)))

    def _example(self, shot: Item) -> tuple[Mapping[str, str], Mapping[str, str]]:
        return _turn("user", self._ask(shot)), _turn("assistant", self._answer(shot))

    def _continuations(self, item: Item) -> tuple[str, ...]:
        """Return each option's text and, where its rest is what counts, each option alone and with its rest."""
        found = []
        for option in (*item.options, *item.further):
            names = {"label": option.label, "solution": option.text}
            found.append(self._fill(self._answered, item, **names))
            if self._dataset.way.rest:
                found.append(found[-1] + self._fill(self._rest, item, **names))
        return tuple(found)

    def _ask(self, item: Item) -> str:
        return self._fill(self._asked, item, lead=self._fill(self._lead, item) if self._chat else "")

    def _answer(self, item: Item) -> str:
        names = {"label": item.gold, "solution": item.solution}
        rest = self._fill(self._rest, item, **names) if self._dataset.way.rest else ""
        return self._fill(self._answered, item, reasoning=item.reasoning, **names) + rest

    def _fill(self, template: Any, item: Item, **names: str) -> str:
        known = {"question": item.question, "options": item.options, "row": item.row, "topic": item.topic}
        try:
            return str(template.render(**known, **names))
        except TemplateError as error:
            raise PromptError(f"the prompt cannot be filled in for sample {item.id!r}: {error}") from error

    def _parameters(self) -> Mapping[str, Any]:
        stop = self._dataset.generation.get("stop", () if self._chat else self._dataset.way.stop)
        return {**self._dataset.generation, "stop": list(stop)} if stop else self._dataset.generation


def _turn(role: str, content: str) -> Mapping[str, str]:
    return {"role": role, "content": content}
