"""Pictures in report.html: which of them are in the page, in whose order, and what is said of the others."""

from __future__ import annotations

import base64
import json
import zlib
from pathlib import Path
from typing import Any

from hub.render.html.carried import Carried, carry
from hub.render.html.page import render_html
from hub.render.html.samples import Limits, take_census
from hub.report import Report
from tests.fakes.pictures import noise, png
from tests.fakes.reports import job, metric, report, result, sample, write_run

JOB = "1-m-native"


def made() -> Report:
    return report(job(1, result("arc", metric())))


def shown(number: int, *paths: str, **fields: Any) -> dict[str, Any]:
    """Return a sample whose prompt has these pictures before its question."""
    parts = [{"type": "image", "path": path} for path in paths]
    content = [*parts, {"type": "text", "text": f"What is in picture {number}?"}]
    return sample(number, **{"prompt": [{"role": "user", "content": content}], **fields})


def write(folder: Path, lines: list[dict[str, Any]], pictures: dict[str, bytes]) -> Path:
    write_run(folder, made(), {JOB: lines})
    for path, data in pictures.items():
        file = folder / "jobs" / JOB / "output" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return folder


def carried(folder: Path, limits: Limits = Limits()) -> Carried:  # noqa: B008 - an immutable one
    return carry(made(), folder, take_census(made(), folder, limits), limits)


def contents(found: Carried) -> list[Any]:
    """Return what the only message of each sample holds."""
    data = json.loads(zlib.decompress(base64.b64decode(found.packed)))
    return [row[data["fields"].index("prompt")][0][1] for row in data["rows"]]


def test_a_picture_is_in_the_page_where_the_prompt_has_it(tmp_path: Path) -> None:
    between = [
        {"type": "text", "text": "Is "},
        {"type": "image", "path": "images/a.png"},
        {"type": "text", "text": "red?"},
    ]
    line = sample(prompt=[{"role": "user", "content": between}])
    found = carried(write(tmp_path, [line], {"images/a.png": png()}))

    assert contents(found) == [["Is ", ["images/a.png", 0], "red?"]]
    assert found.pictures == ["png;base64," + base64.b64encode(png()).decode()]
    assert found.notes == []


def test_the_same_picture_of_many_samples_is_there_once(tmp_path: Path) -> None:
    lines = [shown(number, f"images/{number}.png") for number in range(3)]
    found = carried(write(tmp_path, lines, {f"images/{number}.png": png() for number in range(3)}))

    assert len(found.pictures) == 1
    assert [content[0] for content in contents(found)] == [[f"images/{number}.png", 0] for number in range(3)]


def test_beyond_a_size_failed_and_wrong_samples_keep_theirs_and_the_page_says_how_many_it_lacks(
    tmp_path: Path,
) -> None:
    fates: dict[int, dict[str, Any]] = {
        7: {"scores": {"accuracy": 0.0}},
        13: {"state": "infra_error", "scores": {}},
        19: {"scores": {"accuracy": 0.5}},
    }
    lines = [shown(number, f"{number}.png", **fates.get(number, {})) for number in range(20)]
    pictures = {f"{number}.png": noise(10_000, number) for number in range(20)}
    size = len(pictures["0.png"])
    found = carried(write(tmp_path, lines, pictures), Limits(pictures=3 * size))

    places = {path: place for (path, place), _ in contents(found)}
    assert {path: place for path, place in places.items() if isinstance(place, int)} == {
        "13.png": 0, "7.png": 1, "19.png": 2,
    }  # fmt: skip
    assert set(places.values()) == {0, 1, 2, "not in this page"}
    (note,) = found.notes
    assert note.startswith(
        "17 pictures not embedded, see the run folder: this page holds 30 kB of them, those of failed"
    )


def test_what_cannot_be_shown_is_said_where_it_would_stand_and_above(tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(png())
    lines = [shown(0, "../../../../secret.png"), shown(1, "images/link.png"), shown(2, "images/a.svg")]
    run = write(tmp_path / "run", lines, {"images/a.svg": b"<svg onload=alert(1)>"})
    (run / "jobs" / JOB / "output" / "images" / "link.png").symlink_to(secret)

    found = carried(run)

    assert found.pictures == []
    assert [content[0][1] for content in contents(found)] == [
        "it is no path inside the job's output",
        "a link leads to it",
        "it is neither JPEG nor PNG",
    ]
    assert found.notes[0].startswith("3 pictures cannot be shown; the most frequent reason: ")


def test_a_part_that_is_called_an_image_and_names_no_file_is_text(tmp_path: Path) -> None:
    line = sample(prompt=[{"role": "user", "content": [{"type": "image", "path": 5}]}])

    assert contents(carried(write(tmp_path, [line], {}))) == ['{"type": "image", "path": 5}']


def test_only_a_page_with_pictures_lets_pictures_in_and_only_its_own(tmp_path: Path) -> None:
    without = render_html(write(tmp_path / "a", [shown(0, "images/a.png")], {}), made())
    with_one = render_html(write(tmp_path / "b", [shown(0, "images/a.png")], {"images/a.png": png()}), made())

    assert "img-src" not in without
    assert "img-src data:; base-uri" in with_one


def test_a_picture_of_a_sample_that_is_not_in_the_page_is_not_either(tmp_path: Path) -> None:
    lines = [shown(number, f"{number}.png") for number in range(9)]
    found = carried(
        write(tmp_path, lines, {f"{number}.png": noise(1000, number) for number in range(9)}), Limits(samples=4)
    )

    assert len(found.pictures) == len(contents(found)) == 4
