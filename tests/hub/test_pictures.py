"""A picture that a job left is shown only where it is one, is small, and is really there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hub.pictures import MAX_BYTES, read_picture, size_of
from tests.fakes.pictures import jpeg_head, noise, png


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """Return a job's output, beside a file that is not the job's."""
    (tmp_path / "secret.png").write_bytes(png())
    (tmp_path / "output" / "images").mkdir(parents=True)
    return tmp_path / "output"


def refused(output: Path, path: str) -> str:
    with pytest.raises(ValueError) as caught:
        read_picture(output, path)
    return str(caught.value)


@pytest.mark.parametrize(("kind", "data"), [("png", png(300, 200)), ("jpeg", jpeg_head(256, 192))])
def test_a_picture_is_known_by_its_bytes_whatever_its_name(output: Path, kind: str, data: bytes) -> None:
    (output / "images" / "1").write_bytes(data)

    assert read_picture(output, "images/1") == (kind, data)


@pytest.mark.parametrize("path", ["../secret.png", "images/../../secret.png", "/etc/passwd", "images//1", "", "a\0b"])
def test_a_path_that_leads_out_is_refused(output: Path, path: str) -> None:
    assert refused(output, path) == "it is no path inside the job's output"


def test_an_absolute_path_is_refused_even_to_a_picture(output: Path) -> None:
    assert refused(output, str(output.parent / "secret.png")) == "it is no path inside the job's output"


def test_a_link_is_not_followed(output: Path) -> None:
    (output / "images" / "1.png").symlink_to(output.parent / "secret.png")

    assert refused(output, "images/1.png") == "a link leads to it"


def test_a_folder_that_is_a_link_is_not_followed(output: Path) -> None:
    (output / "linked").symlink_to(output.parent)

    assert refused(output, "linked/secret.png") == "a link leads to it"


def test_a_pipe_does_not_block(output: Path) -> None:
    os.mkfifo(output / "images" / "1.png")

    assert refused(output, "images/1.png") == "it is no plain file"


def test_a_folder_is_no_picture(output: Path) -> None:
    assert refused(output, "images") == "it is no plain file"


def test_a_file_that_is_absent_is_said_to_be(output: Path) -> None:
    assert refused(output, "images/1.png") == "there is no such file"


@pytest.mark.parametrize("data", [b"", b"<svg onload=alert(1)>", b"GIF89a\1\0\1\0", b"<script>", b"\x89PNG"])
def test_whatever_else_a_file_holds_is_no_picture(output: Path, data: bytes) -> None:
    (output / "images" / "1.png").write_bytes(data)

    assert refused(output, "images/1.png") == "it is neither JPEG nor PNG"


@pytest.mark.parametrize("data", [png()[:20], jpeg_head(8, 8)[:25], b"\xff\xd8\xff" + bytes(100)])
def test_half_a_picture_is_none(output: Path, data: bytes) -> None:
    (output / "images" / "1.png").write_bytes(data)

    assert refused(output, "images/1.png").startswith("it is no whole ")


def test_a_file_above_the_size_is_refused(output: Path) -> None:
    (output / "images" / "1.png").write_bytes(noise(1000) + bytes(MAX_BYTES))

    assert refused(output, "images/1.png") == "it is larger than 1.0 MB"


@pytest.mark.parametrize(
    "data", [jpeg_head(60_000, 60_000), png(1, 1).replace(b"\0\0\0\1\0\0\0\1", b"\0\0\x10\1\0\0\0\1")]
)
def test_a_few_bytes_that_would_be_gigabytes_of_pixels_are_refused(output: Path, data: bytes) -> None:
    (output / "images" / "1.png").write_bytes(data)

    assert "and at most 4096 a side are shown" in refused(output, "images/1.png")


@pytest.mark.parametrize(
    ("data", "size"),
    [(png(640, 480), (640, 480)), (jpeg_head(7, 9), (7, 9)), (b"GIF89a\2\0\3\0", (2, 3)), (b"BM", None)],
)
def test_the_size_is_in_the_first_bytes(data: bytes, size: tuple[int, int] | None) -> None:
    assert size_of(data) == size
