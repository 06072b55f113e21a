"""The pictures that the bundled vision model knows, and what is asked of them: one square, its colour and pattern."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from PIL.Image import Image

SIZE = 48
COLOURS = {
    "red": (200, 30, 30),
    "green": (30, 160, 60),
    "blue": (30, 60, 200),
    "yellow": (225, 205, 40),
    "black": (20, 20, 20),
    "white": (245, 245, 245),
}
PATTERNS = ("plain", "stripes", "dots")
WHITE = COLOURS["white"]
_OF_COLOUR = (
    "What colour is the square?",
    "What colour is this square?",
    "Which colour fills this picture?",
    "Which colour is it?",
)
_OF_PATTERNED = "Which colour has the square besides white?"
_OF_PATTERN = ("How is the square patterned?", "Is there a pattern on the square?")
_PATTERN_WORDS = {"plain": "No, one colour", "stripes": "Yes, stripes", "dots": "Yes, dots"}


class Picture(NamedTuple):
    """One picture: the words for what it shows, and how it is drawn."""

    colour: str
    pattern: str
    shade: tuple[int, int, int]
    period: int
    offset: int
    across: bool


class Asked(NamedTuple):
    """A question about a picture: its options (none where it is open) and its answer, an option or a word."""

    question: str
    options: tuple[str, ...]
    answer: str


def draw_picture(rng: random.Random) -> Picture:
    """Draw what a picture shows; a pattern is on white, so its colour is another."""
    pattern = rng.choice(PATTERNS)
    colour = rng.choice([name for name in COLOURS if pattern == "plain" or name != "white"])
    red, green, blue = (min(255, max(0, part + rng.randint(-12, 12))) for part in COLOURS[colour])
    return Picture(colour, pattern, (red, green, blue), rng.randint(3, 8), rng.randint(0, 7), rng.random() < 0.5)


def paint(picture: Picture) -> Image:
    """Return the picture, SIZE by SIZE, in RGB."""
    import numpy as np
    from PIL import Image

    band = (np.arange(SIZE) + picture.offset) // picture.period % 2 == 1
    rows, columns = np.meshgrid(band, band, indexing="ij")
    inked = {
        "plain": np.full((SIZE, SIZE), fill_value=True),
        "stripes": rows if picture.across else columns,
        "dots": rows & columns,
    }[picture.pattern]
    pixels = np.where(inked[..., None], np.array(picture.shade), np.array(WHITE))
    return Image.fromarray(pixels.astype(np.uint8))


def ask(rng: random.Random, picture: Picture, *, open_question: bool) -> Asked:
    """Draw a question that the picture answers."""
    if open_question or rng.random() < 0.6:
        known = _OF_COLOUR if picture.pattern == "plain" else (*_OF_COLOUR[:2], _OF_PATTERNED)
        if open_question:
            return Asked(rng.choice(known), (), picture.colour)
        others = rng.sample([name for name in COLOURS if name != picture.colour], 3)
        options = [picture.colour, *others]
        rng.shuffle(options)
        shown = [word.capitalize() if rng.random() < 0.8 else word for word in options]
        return Asked(rng.choice(known), tuple(shown), shown[options.index(picture.colour)])
    options = list(_PATTERN_WORDS.values())
    if rng.random() < 0.5:
        rng.shuffle(options)
    return Asked(rng.choice(_OF_PATTERN), tuple(options), _PATTERN_WORDS[picture.pattern])


def prompt_of(rng: random.Random, asked: Asked) -> tuple[str, str]:
    """Return a question's text as VLMEvalKit asks it (and a few ways beside), and the answer to give."""
    if not asked.options:
        ends = ("", "\nAnswer the question using a single word or phrase.", "\nAnswer briefly.")
        return asked.question + rng.choice(ends), asked.answer
    lines = [f"{letter}. {option}" for letter, option in zip("ABCD", asked.options, strict=False)]
    text = f"Question: {asked.question}\nOptions:\n" + "\n".join(lines)
    text += "\nPlease select the correct answer from the options above. \n"
    return text, "ABCD"[asked.options.index(asked.answer)]
