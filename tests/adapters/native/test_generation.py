"""What can be known about generation without torch: a prompt that a chat template refuses."""

from __future__ import annotations

from jinja2 import TemplateError

from adapters.native.evaluator.models.checkpoint import Checkpoint
from adapters.native.evaluator.models.generation import Answering
from adapters.native.evaluator.request import Generation, Outcome


class Strict:
    """A tokenizer whose chat template knows no system role."""

    def apply_chat_template(self, *_: object, **__: object) -> str:
        raise TemplateError("System role not supported")


def test_a_prompt_that_the_chat_template_refuses_is_the_model_s_error() -> None:
    checkpoint = Checkpoint(
        model=None, tokenizer=Strict(), device="cpu", chat=True, bos=(), context=8, batch_tokens=8, batch_rows=8
    )
    prompt = ({"role": "system", "content": "s"}, {"role": "user", "content": "q"})
    outcomes: dict[int, Outcome] = {}

    Answering(checkpoint).generate([Generation("a", prompt, {}), Generation("b", prompt, {})], outcomes.__setitem__)

    assert [outcome.state for outcome in outcomes.values()] == ["model_error"] * 2
    assert outcomes[0].error.startswith("the model's chat template refuses the prompt: System role not supported")
