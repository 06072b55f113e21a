"""Pictures that are files only while they are looked at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from adapters.vlmevalkit.runner.decoding import Decoding, paths_of


class Writer:
    """Writes what it is given, and counts."""

    def __init__(self) -> None:
        self.written: list[str] = []

    def __call__(self, encoded: str, path: str) -> None:
        self.written.append(path)
        Path(path).write_text(encoded)


@pytest.fixture
def writer() -> Writer:
    return Writer()


def test_a_picture_is_a_file_while_it_is_looked_at(tmp_path: Path, writer: Writer) -> None:
    decoding, path = Decoding(writer), tmp_path / "1.png"
    decoding.keep("picture", str(path))
    assert not path.exists()

    with decoding.shown([str(path), str(path), str(tmp_path / "other.png")]):
        assert path.read_text() == "picture"

    assert not path.exists()
    assert writer.written == [str(path)]


def test_it_stays_until_the_last_one_has_looked(tmp_path: Path, writer: Writer) -> None:
    decoding, path = Decoding(writer), tmp_path / "1.png"
    decoding.keep("picture", str(path))

    with decoding.shown([str(path)]):
        with decoding.shown([str(path)]):
            pass
        assert path.exists()

    assert not path.exists()
    assert len(writer.written) == 1


def test_it_goes_where_looking_fails(tmp_path: Path, writer: Writer) -> None:
    decoding, path = Decoding(writer), tmp_path / "1.png"
    decoding.keep("picture", str(path))

    with pytest.raises(OSError, match="broken"), decoding.shown([str(path)]):
        raise OSError("broken")

    assert not path.exists()


def test_a_file_that_was_there_before_is_left_alone(tmp_path: Path, writer: Writer) -> None:
    path = tmp_path / "1.png"
    path.write_text("a user's")

    with Decoding(writer).shown([str(path)]):
        pass

    assert path.read_text() == "a user's"


def test_a_model_s_own_prompt_may_open_it_at_once(tmp_path: Path, writer: Writer) -> None:
    decoding, path = Decoding(writer, at_once=True), tmp_path / "1.png"
    decoding.keep("picture", str(path))
    assert path.exists()

    with decoding.shown([str(path)]):
        assert path.exists()

    assert not path.exists()
    with decoding.shown([str(path)]):
        assert path.read_text() == "picture"


@pytest.mark.parametrize(
    ("prompt", "paths"),
    [
        ([{"type": "image", "value": "a.png"}, {"type": "text", "value": "b.png"}], ["a.png"]),
        (
            [{"role": "user", "content": [{"type": "image", "value": "a.png"}]}, {"role": "user", "content": "c"}],
            ["a.png"],
        ),
        ("a.png", []),
        ([], []),
    ],
)
def test_pictures_of_prompts_are_found(prompt: Any, paths: list[str]) -> None:
    assert paths_of(prompt) == paths
