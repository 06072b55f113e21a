"""The prompt shapes that the bundled model is trained and tested on, and the training texts made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bundled_data import Choice, Pair, draw, make_choice, make_easy_choice, make_pair, make_problem
from bundled_drills import drill
from bundled_world import LETTERS

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator, Sequence

END = "<|im_end|>"
EASY_UNTIL = 0.1
MARKS = ["\n", *(f" {letter}" for letter in LETTERS)]
SYSTEM = "You are a helpful assistant."
CHOICE_ORDER = (
    "Answer the following multiple choice question. The last line of your response should be of the form "
    "'ANSWER: X', where X is one of the option letters."
)
PROBLEM_ORDER = (
    "Solve the problem step by step. Write the final answer as a plain number on the last line, after '#### '."
)
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


class Piece(NamedTuple):
    """A stretch of training text, whether the model is taught to write it, and what it is to think after it.

    `mark` is a token that is taught as the next one after the piece although the text goes on otherwise. After
    every option the model is so asked for the letter if the option is right, and for the line end if it is not:
    four lessons a question where the answer alone gives one.
    """

    text: str
    taught: bool
    mark: str = ""


class Turn(NamedTuple):
    """What is asked, in pieces, and what is to be answered."""

    asked: list[Piece]
    answer: str


def options_block(item: Choice) -> str:
    """Write the options one a line, after their letters."""
    return "\n".join(f"{letter}. {option}" for letter, option in zip(LETTERS, item.options, strict=False))


def letter_prompt(item: Choice) -> str:
    """Write the raw prompt whose next token is the letter of the answer."""
    return f"{item.question}\n{options_block(item)}\nAnswer:"


def text_prompt(item: Choice) -> str:
    """Write the raw prompt whose continuation is the text of the answer."""
    return f"Question: {item.question}\nAnswer:"


def choice_request(item: Choice) -> str:
    """Write the chat message that asks for the letter of the answer."""
    return f"{CHOICE_ORDER}\n\n{item.question}\n\n{options_block(item)}"


def problem_request(question: str) -> str:
    """Write the chat message that asks for a worked word problem."""
    return f"{question}\n\n{PROBLEM_ORDER}"


def marked(item: Choice, prompt: str) -> list[Piece]:
    """Part a prompt after every option, and mark whether the option is right."""
    block = options_block(item)
    before, after = prompt.split(block)
    pieces = [Piece(before, taught=False)]
    for index, line in enumerate(block.splitlines()):
        mark = f" {LETTERS[index]}" if index == item.answer else "\n"
        pieces.append(Piece(("\n" if index else "") + line, taught=False, mark=mark))
    return [*pieces, Piece(after, taught=False)] if after else pieces


def letter_turn(rng: random.Random, make: Callable[[random.Random], Choice] = make_choice) -> Turn:
    """Draw a question and the letter of its answer, raw."""
    item = draw(make, rng, test=False)
    return Turn(marked(item, letter_prompt(item)), f" {LETTERS[item.answer]}")


def easy_turn(rng: random.Random) -> Turn:
    """Draw an easy question and the letter of its answer, raw."""
    return letter_turn(rng, make_easy_choice)


def text_turn(rng: random.Random) -> Turn:
    """Draw a question and the text of its answer, raw."""
    item = draw(make_choice, rng, test=False)
    return Turn([Piece(text_prompt(item), taught=False)], f" {item.options[item.answer]}")


def choice_turn(rng: random.Random) -> Turn:
    """Draw a chat turn that answers a multiple-choice question."""
    item = draw(make_choice, rng, test=False)
    return Turn(marked(item, choice_request(item)), f"ANSWER: {LETTERS[item.answer]}")


def pair_turn(rng: random.Random) -> Turn:
    """Draw a chat turn that answers a question in a few words."""
    item: Pair = draw(make_pair, rng, test=False)
    return Turn([Piece(item.question, taught=False)], item.answer)


def problem_turn(rng: random.Random) -> Turn:
    """Draw a chat turn that works out a word problem."""
    item: Pair = draw(make_problem, rng, test=False)
    return Turn([Piece(problem_request(item.question), taught=False)], item.answer)


def raw_text(turns: Sequence[Turn]) -> Iterator[Piece]:
    """Lay turns out as blocks with an empty line between them, as few-shot prompts are."""
    for index, turn in enumerate(turns):
        if index:
            yield Piece("\n\n", taught=False)
        yield from turn.asked
        yield Piece(turn.answer, taught=True)
    yield Piece(END, taught=True)


def chat_text(turns: Sequence[Turn], system: str = "") -> Iterator[Piece]:
    """Lay turns out as a ChatML conversation, exactly as the chat template does."""
    lead = f"<|im_start|>system\n{system}{END}\n" if system else ""
    for turn in turns:
        yield Piece(f"{lead}<|im_start|>user\n", taught=False)
        yield from turn.asked
        yield Piece(f"{END}\n<|im_start|>assistant\n", taught=False)
        yield Piece(turn.answer + END, taught=True)
        lead = "\n"


def drill_text(rng: random.Random) -> list[Piece]:
    """Lay a drill out as training text."""
    return [Piece(text, taught) for line in drill(rng) for text, taught in zip(line, (False, True), strict=True)]


def full_text(rng: random.Random) -> list[Piece]:
    """Draw a training text of any shape: mostly one turn, some with earlier turns of the same shape."""
    shapes = [letter_turn, text_turn, choice_turn, pair_turn, problem_turn]
    shape = rng.choices(shapes, weights=[34, 8, 12, 26, 20])[0]
    count = rng.choices([1, 2, 3, 6], weights=[76, 12, 8, 4])[0]
    turns = [shape(rng) for _ in range(count)]
    if shape in (letter_turn, text_turn):
        return list(raw_text(turns))
    return list(chat_text(turns, SYSTEM if rng.random() < 0.05 else ""))


def training_text(rng: random.Random, progress: float) -> list[Piece]:
    """Draw a training text for a point of the training between 0 and 1.

    Easy questions alone come first: among other texts, the model does not find out for very long how a letter
    belongs to its option. Then drills prevail, and then the shapes that are tested.
    """
    if progress < EASY_UNTIL:
        return list(raw_text([easy_turn(rng)]))
    if rng.random() < max(0.9 - 2.0 * progress, 0.1):
        return drill_text(rng)
    return full_text(rng)
