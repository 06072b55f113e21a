import re
from collections import Counter

from adapters.native.evaluator.thoughts import without_thoughts
from hub.adapter import Gold
from hub.mock.answers import UNKNOWN, Asked, Belief, parse_answers
from hub.mock.compose import Answerer, chat
from hub.mock.gold import GoldAnswers
from hub.mock.request import ChatRequest, Message
from hub.mock.unique import UniqueAnswers

GOLD = Gold("g", "1", "What is 1 + 1?\nAnswer:", "What is 1 + 1?", " 2", (" 3", " 4"))


def unique(answers: Answerer, *, error_rate: float = 0.0, seed: int = 0) -> UniqueAnswers:
    return UniqueAnswers(answers, error_rate=error_rate, seed=seed)


def gold() -> GoldAnswers:
    return GoldAnswers([GOLD], error_rate=0.0, seed=0)


def test_every_answer_is_another_and_its_mark_is_a_thought() -> None:
    answers = unique(parse_answers("fixed:42"))

    texts = [answers.say(Asked("x")).text for _ in range(100)]

    assert len(set(texts)) == 100
    assert {without_thoughts(text).strip() for text in texts} == {"42"}


def test_another_server_s_answers_are_others() -> None:
    one, other = unique(parse_answers("echo")), unique(parse_answers("echo"))

    assert one.say(Asked("x")) != other.say(Asked("x"))


def test_the_same_question_is_answered_now_right_now_wrong() -> None:
    answers = unique(gold(), error_rate=0.25)

    said = [answers.say(Asked(GOLD.prompt)) for _ in range(1000)]

    notes = Counter(entry.note for entry in said)
    assert 200 < notes["wrong"] < 300
    assert {without_thoughts(entry.text).strip() for entry in said if entry.note == "wrong"} == {"3", "4"}
    assert {without_thoughts(entry.text).strip() for entry in said if entry.note == "right"} == {"2"}


def test_the_seed_decides_which_answer_in_turn_is_wrong() -> None:
    def notes(seed: int) -> list[str]:
        answers = unique(gold(), error_rate=0.5, seed=seed)
        return [answers.say(Asked(GOLD.prompt)).note for _ in range(50)]

    assert notes(1) == notes(1) != notes(2)


def test_where_nothing_else_is_known_a_wrong_answer_knows_nothing() -> None:
    text = unique(parse_answers("echo"), error_rate=1.0).say(Asked("x")).text

    assert without_thoughts(text).strip() == UNKNOWN


def test_random_words_are_drawn_anew() -> None:
    answers = unique(parse_answers("random:7"))

    assert len({without_thoughts(answers.say(Asked("x")).text) for _ in range(20)}) == 20


def test_a_judgement_is_that_of_the_answers_behind() -> None:
    assert unique(gold()).judge("What is 1 + 1?\nAnswer: 2") == Belief(22, True)


def test_each_reply_has_an_id_of_its_own() -> None:
    request = ChatRequest(model="m", messages=(Message(role="user", content="x"),))
    answers = unique(parse_answers("echo"))

    ids = {chat(request, answers).id for _ in range(10)}

    assert len(ids) == 10
    assert all(re.fullmatch(r"chatcmpl-[0-9a-f]{24}", name) for name in ids)
