"""The questions of the bundled model: drawn from a seed, with the tested ones kept apart from the trained."""

from __future__ import annotations

import hashlib
import json
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from bundled_world import CAPITALS, CATEGORIES, LETTERS, NAMES, STORIES, THINGS, WORDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

HELD_OUT_ONE_IN = 8
COMPUTE: dict[str, Callable[[int, int], int]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
}


@dataclass(frozen=True)
class Choice:
    """A question with options; `answer` indexes the right one, train and test share no key."""

    question: str
    options: tuple[str, ...]
    answer: int
    keys: tuple[str, ...]


@dataclass(frozen=True)
class Pair:
    """A question with its written answer; `keys` is what train and test may not share."""

    question: str
    answer: str
    keys: tuple[str, ...]


Item = TypeVar("Item", Choice, Pair)


def is_held_out(key: str) -> bool:
    """Say whether a key belongs to the test side, by its hash alone, so that no draw can cross over."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big") % HELD_OUT_ONE_IN == 0


def draw(make: Callable[[random.Random], Item], rng: random.Random, *, test: bool) -> Item:
    """Draw one item of a side: a test item's first key is held out, a training item has no such key."""
    while True:
        item = make(rng)
        if test and is_held_out(item.keys[0]):
            return item
        if not test and not any(map(is_held_out, item.keys)):
            return item


def sum_terms(rng: random.Random, limit: int) -> tuple[int, str, int]:
    """Draw a sum or a difference that is not negative, half of them with one-digit terms."""
    top = 9 if rng.random() < 0.3 else limit
    first, second = rng.randint(0, top), rng.randint(0, top)
    if rng.random() < 0.6:
        return first, "+", second
    return max(first, second), "-", min(first, second)


def option_count(rng: random.Random) -> int:
    """Draw how many options a training question has: mostly four."""
    return rng.choices([2, 3, 4, 5], weights=[1, 1, 7, 1])[0]


def make_choice(rng: random.Random) -> Choice:
    """Draw a multiple-choice question to train on."""
    return make_real_choice(rng, option_count(rng))


def make_easy_choice(rng: random.Random) -> Choice:
    """Draw a question that takes no more than finding a word again, or knowing its category."""
    return (choose_same if rng.random() < 0.5 else choose_member)(rng, option_count(rng))


def make_four_choice(rng: random.Random) -> Choice:
    """Draw a question as the data files hold them: with exactly four options."""
    return make_real_choice(rng, 4)


def make_real_choice(rng: random.Random, count: int) -> Choice:
    """Draw a question of a kind that the data files hold."""
    kinds = [choose_sum, choose_next, choose_extreme, choose_odd, choose_member]
    return rng.choices(kinds, weights=[30, 8, 22, 20, 20])[0](rng, count)


def choose_same(rng: random.Random, count: int) -> Choice:
    """Ask for the option that repeats a given word, which teaches how letters belong to options."""
    options = rng.sample(WORDS, count) if rng.random() < 0.5 else [str(n) for n in rng.sample(range(100), count)]
    question = f"Which option says {options[0]}?"
    return shuffled(rng, question, options, f"{question} {sorted(options)}")


def choose_sum(rng: random.Random, count: int) -> Choice:
    """Ask for a small sum or difference."""
    first, operator, second = sum_terms(rng, 20)
    right = COMPUTE[operator](first, second)
    key = f"{first} {operator} {second}"
    return with_near_numbers(rng, f"What is {key}?", right, count, key)


def choose_next(rng: random.Random, count: int) -> Choice:
    """Ask for the neighbour of a number."""
    number = rng.randint(1, 98)
    word, right = rng.choice([("after", number + 1), ("before", number - 1)])
    question = f"Which number comes right {word} {number}?"
    return with_near_numbers(rng, question, right, count, question)


def with_near_numbers(rng: random.Random, question: str, right: int, count: int, key: str) -> Choice:
    """Surround a right number with wrong ones that are close to it."""
    near = [number for number in range(max(0, right - 6), right + 10) if number != right]
    options = [right, *rng.sample(near, count - 1)]
    return shuffled(rng, question, [str(option) for option in options], key)


def choose_extreme(rng: random.Random, count: int) -> Choice:
    """Ask for the largest or the smallest of a list of numbers."""
    numbers = rng.sample(range(100), count)
    word, right = rng.choice([("largest", max(numbers)), ("smallest", min(numbers))])
    question = f"Which number is the {word}: {listed(numbers)}?"
    options = [right, *(number for number in numbers if number != right)]
    return shuffled(rng, question, [str(option) for option in options], f"{word} {sorted(numbers)}")


def choose_odd(rng: random.Random, count: int) -> Choice:
    """Ask for the word of a list that belongs to another category than the rest."""
    count = max(count, 3)
    usual, other = rng.sample(sorted(CATEGORIES), 2)
    options = [rng.choice(CATEGORIES[other]), *rng.sample(CATEGORIES[usual], count - 1)]
    question = f"Which word does not belong: {listed(rng.sample(options, count))}?"
    return shuffled(rng, question, options, f"odd {sorted(options)}")


def choose_member(rng: random.Random, count: int) -> Choice:
    """Ask for the one word that belongs to a named category."""
    asked, *others = rng.sample(sorted(CATEGORIES), count)
    options = [rng.choice(CATEGORIES[category]) for category in (asked, *others)]
    return shuffled(rng, f"Which word is {asked}?", options, f"{asked} {sorted(options)}")


def listed(values: Sequence[object]) -> str:
    """Join values as a written list: "3, 5 or 2"."""
    *first, last = map(str, values)
    return f"{', '.join(first)} or {last}"


def shuffled(rng: random.Random, question: str, options: list[str], key: str) -> Choice:
    """Shuffle options of which the first is right."""
    order = rng.sample(options, len(options))
    return Choice(question, tuple(order), order.index(options[0]), (key,))


def make_pair(rng: random.Random) -> Pair:
    """Draw a question that is answered in a few words: arithmetic, comparing, following an order."""
    kinds = [ask_sum, ask_larger, ask_capitals, ask_repeat, ask_count]
    return rng.choices(kinds, weights=[60, 8, 12, 12, 8])[0](rng)


def make_sum(rng: random.Random) -> Pair:
    """Draw a bare sum or difference of numbers below one hundred."""
    first, operator, second = sum_terms(rng, 99)
    key = f"{first} {operator} {second}"
    return Pair(key, str(COMPUTE[operator](first, second)), (key,))


def ask_sum(rng: random.Random) -> Pair:
    """Ask for a sum or difference of numbers below one hundred."""
    bare = make_sum(rng)
    return Pair(f"What is {bare.question}?", bare.answer, bare.keys)


def ask_larger(rng: random.Random) -> Pair:
    """Ask which of two numbers is larger."""
    numbers = rng.sample(range(100), 2)
    return Pair(f"Which is larger, {listed(numbers)}?", str(max(numbers)), (f"larger {sorted(numbers)}",))


def ask_capitals(rng: random.Random) -> Pair:
    """Ask for a word in capital letters."""
    word = rng.choice(WORDS)
    question = rng.choice(CAPITALS).format(word=word)
    return Pair(question, word.upper(), (question,))


def ask_repeat(rng: random.Random) -> Pair:
    """Ask for a word several times."""
    word, times = rng.choice(WORDS), rng.randint(2, 5)
    question = f"Repeat the word {word} {times} times."
    return Pair(question, " ".join([word] * times), (question,))


def ask_count(rng: random.Random) -> Pair:
    """Ask for the numbers between two numbers."""
    start = rng.randint(0, 90)
    stop = start + rng.randint(2, 5)
    question = f"Count from {start} to {stop}."
    return Pair(question, " ".join(map(str, range(start, stop + 1))), (question,))


def make_problem(rng: random.Random) -> Pair:
    """Draw a word problem of one or two steps with its worked answer in GSM8K's form."""
    while True:
        story = rng.choice(STORIES)
        numbers = story_numbers(rng, story.operators)
        steps = worked_steps(story.operators, numbers)
        if steps[-1][1] >= 0 and steps[0][1] >= 0:
            break
    persons = dict(zip("NMO", rng.sample(NAMES, 3), strict=True))
    values = dict(zip("abc", numbers, strict=False))
    text = story.text.format(t=rng.choice(THINGS), **persons, **values)
    lines = [f"{step} = {result}" for step, result in steps]
    answer = "\n".join([*lines, f"#### {steps[-1][1]}"])
    return Pair(text, answer, (text, *(step for step, _ in steps if "*" not in step)))


def story_numbers(rng: random.Random, operators: str) -> list[int]:
    """Draw the numbers of a story: small where they are multiplied, below forty elsewhere."""
    if operators[0] == "*":
        return [rng.randint(2, 9), rng.randint(2, 9), *(rng.randint(2, 20) for _ in operators[1:])]
    return [rng.randint(2, 40), *(rng.randint(2, 20) for _ in operators)]


def worked_steps(operators: str, numbers: Sequence[int]) -> list[tuple[str, int]]:
    """Work a story out from left to right, as (written step, result)."""
    steps: list[tuple[str, int]] = []
    total = numbers[0]
    for operator, number in zip(operators, numbers[1:], strict=True):
        step = f"{total} {operator} {number}"
        total = COMPUTE[operator](total, number)
        steps.append((step, total))
    return steps


def distinct(make: Callable[[random.Random], Item], seed: str, count: int, *, test: bool) -> list[Item]:
    """Draw `count` items of one side, no two of which are alike."""
    rng = random.Random(seed)
    found: dict[tuple[object, ...], Item] = {}
    while len(found) < count:
        item = draw(make, rng, test=test)
        options = tuple(sorted(item.options)) if isinstance(item, Choice) else ()
        found.setdefault((item.question, options), item)
    return list(found.values())


def choice_row(item: Choice) -> dict[str, str]:
    """Lay a question out as a row of the multiple-choice file."""
    options = dict(zip(LETTERS, item.options, strict=False))
    return {"question": item.question, **options, "answer": LETTERS[item.answer]}


def pair_row(item: Pair) -> dict[str, str]:
    """Lay a question out as a row of the other two files."""
    return {"question": item.question, "answer": item.answer}


def data_files(seed: int) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """Yield every data file as (path below the data folder, rows)."""
    choices = distinct(make_four_choice, f"{seed}/mcq", 200, test=True)
    examples = distinct(make_four_choice, f"{seed}/mcq_dev", 10, test=False)
    yield "mcq.jsonl", [choice_row(item) for item in choices]
    yield "mcq_dev.jsonl", [choice_row(item) for item in examples]
    yield "qa.jsonl", [pair_row(item) for item in distinct(make_pair, f"{seed}/qa", 200, test=True)]
    problems = distinct(make_problem, f"{seed}/word_problems", 100, test=True)
    worked = distinct(make_problem, f"{seed}/word_problems_train", 20, test=False)
    yield "word_problems/test.jsonl", [pair_row(item) for item in problems]
    yield "word_problems/train.jsonl", [pair_row(item) for item in worked]


def write_data(folder: Path, seed: int) -> None:
    """Write the data files below a folder; the same seed gives the same bytes."""
    for name, rows in data_files(seed):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
        path.write_bytes("".join(lines).encode())
