"""Log-likelihoods on endpoints: exact where they are served, refused with what to do where they are not."""

from __future__ import annotations

import pytest
from aiohttp import web

from adapters.native.contract import NativeModel
from adapters.native.evaluator.errors import ModelError, UnreachableError
from adapters.native.evaluator.models.endpoint import EndpointModel
from adapters.native.evaluator.request import Likelihood, Outcome
from adapters.native.evaluator.termination import Termination
from tests.adapters.native.fake_completions import FakeCompletions, likelihood
from tests.adapters.native.fake_server import Handler, serving

TEXTS = [
    Likelihood(f"t{n}", f"Question: What is {n}?\nAnswer:", (f" {n}", " a stone, or two", ".")) for n in range(6)
]
LABELS = [Likelihood(f"l{n}", f"{n} of what?\nAnswer:", (" A", " B", " C", " D")) for n in range(6)]


def ask(
    monkeypatch: pytest.MonkeyPatch, server: FakeCompletions | Handler, requests: list[Likelihood]
) -> tuple[list[Outcome], dict[str, str]]:
    found: dict[int, Outcome] = {}
    target = NativeModel("endpoint", "m", "", "auto", None)
    model = EndpointModel(target, Termination(), concurrency=3, timeout_s=10, waits_s=())
    with serving(server.handle if isinstance(server, FakeCompletions) else server) as url:
        monkeypatch.setenv("EVALDOCK_GATEWAY", url)
        model.answer("d", requests, found.__setitem__)
    return [found[index] for index in range(len(requests))], dict(model.facts)


def right(requests: list[Likelihood]) -> list[tuple[float, ...]]:
    return [tuple(pytest.approx(likelihood(r.prompt, text)) for text in r.continuations) for r in requests]


@pytest.mark.parametrize("serves", [("echo", "logprobs"), ("prompt_logprobs",), ("prompt_logprobs", "logprobs")])
@pytest.mark.parametrize("requests", [TEXTS, LABELS], ids=["texts", "labels"])
@pytest.mark.parametrize("generates", [True, False])
def test_likelihoods_are_those_of_the_model(
    monkeypatch: pytest.MonkeyPatch, serves: tuple[str, ...], requests: list[Likelihood], generates: bool
) -> None:
    outcomes, facts = ask(monkeypatch, FakeCompletions(serves=serves, generates=generates), requests)

    assert [outcome.likelihoods for outcome in outcomes] == right(requests)
    assert {outcome.state for outcome in outcomes} == {"scored"}
    assert serves[0] in facts["likelihoods"]


def test_a_text_takes_a_request_for_the_prompt_and_one_for_each_option(monkeypatch: pytest.MonkeyPatch) -> None:
    server = FakeCompletions()

    ask(monkeypatch, server, TEXTS)

    assert len(server.asked) == 2 + len(TEXTS) * (1 + 3)


def test_labels_that_the_server_lists_take_one_request_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    server = FakeCompletions()

    _, facts = ask(monkeypatch, server, LABELS)

    assert len(server.asked) == 2 + len(LABELS)
    assert facts["likelihoods"] == "top_logprobs 20, echo"


def test_a_label_that_is_not_listed_is_asked_for_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes, facts = ask(monkeypatch, FakeCompletions(limit=5), LABELS)

    assert [outcome.likelihoods for outcome in outcomes] == right(LABELS)
    assert facts["likelihoods"] == "top_logprobs 5, echo"


def test_a_list_with_other_numbers_than_the_text_s_own_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes, facts = ask(monkeypatch, FakeCompletions(wrong_list=True), LABELS)

    assert [outcome.likelihoods for outcome in outcomes] == right(LABELS)
    assert facts["likelihoods"] == "echo"


def test_the_list_alone_is_enough_for_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    server = FakeCompletions(serves=("logprobs",), refuses=True)

    outcomes, facts = ask(monkeypatch, server, LABELS)

    assert [outcome.likelihoods for outcome in outcomes] == right(LABELS)
    assert facts["likelihoods"] == "top_logprobs 20"


def test_a_label_outside_the_only_list_gets_a_bound_that_no_listed_one_is_below(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    outcomes, _ = ask(monkeypatch, FakeCompletions(serves=("logprobs",), limit=5), LABELS)

    for outcome, request in zip(outcomes, LABELS, strict=True):
        exact = [likelihood(request.prompt, text) for text in request.continuations]
        assert all(bound >= value - 1e-9 for bound, value in zip(outcome.likelihoods, exact, strict=True))
        best = max(range(4), key=exact.__getitem__)
        assert outcome.likelihoods[best] == pytest.approx(exact[best])


def test_texts_need_more_than_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModelError, match="echo: not in its answers") as caught:
        ask(monkeypatch, FakeCompletions(serves=("logprobs",)), TEXTS)

    assert "scoring: generate" in caught.value.hint
    assert "vLLM" in caught.value.hint


@pytest.mark.parametrize("requests", [TEXTS, LABELS], ids=["texts", "labels"])
def test_a_server_without_log_probabilities_is_refused_after_a_few_requests(
    monkeypatch: pytest.MonkeyPatch, requests: list[Likelihood]
) -> None:
    server = FakeCompletions(serves=(), refuses=True)

    with pytest.raises(ModelError, match=r"gives no log-likelihoods: .*HTTP 400: echo is not supported"):
        ask(monkeypatch, server, requests)

    assert len(server.asked) <= 4


def test_a_chat_server_says_that_it_has_no_completions(monkeypatch: pytest.MonkeyPatch) -> None:
    async def chat_only(_: web.Request) -> web.Response:
        return web.json_response({"error": {"message": "no such path"}}, status=404)

    with pytest.raises(ModelError, match="gives no log-likelihoods: logprobs: HTTP 404: no such path"):
        ask(monkeypatch, chat_only, TEXTS)


@pytest.mark.parametrize("status", [401, 429, 500, 503])
def test_a_server_that_does_not_answer_is_no_server_without_likelihoods(
    monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    async def away(_: web.Request) -> web.Response:
        return web.Response(status=status, text="not now")

    with pytest.raises(UnreachableError, match=f"HTTP {status}: not now"):
        ask(monkeypatch, away, TEXTS)


def test_a_prompt_that_is_too_long_is_a_model_error_and_never_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    long = Likelihood("long", "many words " * 50, (" A", " B"))

    outcomes, _ = ask(monkeypatch, FakeCompletions(context=40), [LABELS[0], long])

    assert [outcome.state for outcome in outcomes] == ["scored", "model_error"]
    assert outcomes[1].error == "HTTP 400: the prompt is too long"


def test_blanks_at_the_end_of_a_prompt_belong_to_the_option(monkeypatch: pytest.MonkeyPatch) -> None:
    request = Likelihood("b", "The capital is ", ("Paris now", "stone"))

    (outcome,), _ = ask(monkeypatch, FakeCompletions(), [request])

    expected = [likelihood("The capital is", f" {text}") for text in request.continuations]
    assert outcome.likelihoods == pytest.approx(expected)


def test_without_a_prompt_a_first_token_has_no_likelihood(monkeypatch: pytest.MonkeyPatch) -> None:
    (outcome,), _ = ask(monkeypatch, FakeCompletions(), [Likelihood("e", "", ("Paris is here", "no stone"))])

    assert (outcome.state, outcome.likelihoods) == ("model_error", ())
    assert "nothing precedes the first token" in outcome.error


def test_a_failure_in_the_middle_is_that_sample_s_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeCompletions()

    async def stumbling(request: web.Request) -> web.StreamResponse:
        if (await request.json())["prompt"].startswith("Question: What is 3?\nAnswer: a stone"):
            return web.Response(status=502, text="oops")
        return await fake.handle(request)

    outcomes, _ = ask(monkeypatch, stumbling, TEXTS)

    assert [outcome.state for outcome in outcomes] == [*["scored"] * 3, "infra_error", *["scored"] * 2]
    assert outcomes[3].error == "HTTP 502: oops"


def test_answers_that_lose_their_numbers_are_no_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeCompletions(serves=("echo", "logprobs"))

    async def forgetful(request: web.Request) -> web.StreamResponse:
        if len(fake.asked) > 20:
            fake.serves = ()
        return await fake.handle(request)

    outcomes, _ = ask(monkeypatch, forgetful, TEXTS)

    assert (outcomes[0].state, outcomes[-1].state) == ("scored", "infra_error")
    assert outcomes[-1].error == "the answer has no log-probabilities of the prompt"


def test_a_list_that_leaves_out_a_counted_token_is_not_read_one_place_off(monkeypatch: pytest.MonkeyPatch) -> None:
    server = FakeCompletions(serves=("echo", "logprobs"), counts_bos=True)

    with pytest.raises(ModelError, match="echo: not in its answers, or not for each token"):
        ask(monkeypatch, server, TEXTS)


def test_a_first_prompt_that_is_too_long_does_not_speak_for_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    long = Likelihood("long", "many words " * 50, (" A", " B"))

    outcomes, facts = ask(monkeypatch, FakeCompletions(context=40), [long, LABELS[0]])

    assert [outcome.state for outcome in outcomes] == ["model_error", "scored"]
    assert facts["likelihoods"] == "top_logprobs 20, echo"
