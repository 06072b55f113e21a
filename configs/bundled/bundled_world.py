"""The words, names and sentence patterns of the small world that the bundled data speaks about."""

from __future__ import annotations

from typing import NamedTuple

LETTERS = "ABCDE"


def words(text: str) -> list[str]:
    """Part a text into its words."""
    return text.split()


CATEGORIES: dict[str, list[str]] = {
    "an animal": words("cat dog horse cow pig sheep goat lion tiger bear wolf fox rabbit mouse duck frog"),
    "a colour": words("red blue green yellow black white brown pink purple gray gold silver"),
    "a fruit": words("apple pear plum peach grape lemon lime mango melon cherry banana fig"),
    "a number": words("one two three four five six seven eight nine ten eleven twelve"),
    "a tool": words("hammer saw drill knife spoon fork brush rake axe needle broom ladder"),
    "a piece of clothing": words("shirt coat hat sock shoe scarf glove skirt belt dress vest boot"),
}
WORDS = [word for words in CATEGORIES.values() for word in words]
NAMES = words(
    "Ann Ben Carl Dana Emma Finn Grace Hugo Ida Jack Kate Leo Mia Nina Omar Paul Rosa Sam Tom Vera Will Zoe"
)
THINGS = words(
    "apples books cards coins cups eggs flowers keys marbles nuts pens pencils plates shells stamps stars "
    "stickers stones toys tickets"
)


class Story(NamedTuple):
    """One kind of word problem: its text, and its steps as operators between the numbers a, b and c."""

    text: str
    operators: str


STORIES = [
    Story("{N} has {a} {t}. {M} gives {N} {b} more. How many {t} does {N} have now?", "+"),
    Story("{N} has {a} {t} and buys {b} more. How many {t} does {N} have in total?", "+"),
    Story("{N} has {a} {t}. {M} has {b} {t}. How many {t} do they have together?", "+"),
    Story("There are {a} {t} in a box. {N} puts in {b} more. How many {t} are in the box?", "+"),
    Story("{N} has {a} {t}. {N} gives {b} of them to {M}. How many {t} does {N} have left?", "-"),
    Story("There are {a} {t} on a table. {N} takes {b} of them. How many {t} are left?", "-"),
    Story("{N} has {a} {t} and {M} has {b} {t}. How many more {t} does {N} have than {M}?", "-"),
    Story("{N} has {a} bags with {b} {t} in each bag. How many {t} does {N} have?", "*"),
    Story("{N} has {a} {t}. {N} buys {b} more and then gives {c} to {M}. How many {t} are left?", "+-"),
    Story("{N} has {a} {t}. {N} loses {b} of them and then finds {c}. How many {t} does {N} have now?", "-+"),
    Story("{N} has {a} {t}, {M} has {b} and {O} has {c}. How many {t} do they have together?", "++"),
    Story("{N} has {a} bags with {b} {t} in each bag and buys {c} more. How many {t} are there?", "*+"),
    Story("{N} has {a} boxes of {b} {t}. {N} gives {c} {t} to {M}. How many {t} are left?", "*-"),
]

CAPITALS = [
    "Write the word {word} in capital letters.",
    "Write {word} in capital letters.",
    "Put the word {word} into capital letters.",
]
