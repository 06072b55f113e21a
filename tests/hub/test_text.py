import pytest

from hub.text import (
    count_of,
    did_you_mean,
    is_secret,
    parse_duration,
    parse_size,
    show_duration,
    show_memory,
    show_rate,
    show_size,
    slug,
)


@pytest.mark.parametrize(
    ("text", "count"), [("32g", 32 << 30), ("512m", 512 << 20), ("1.5 GiB", 3 << 29), ("1024", 1024), ("2KB", 2048)]
)
def test_parse_size_reads_binary_units(text: str, count: int) -> None:
    assert parse_size(text) == count


@pytest.mark.parametrize("text", ["", "g", "12x", "-1g", "1 2g"])
def test_parse_size_refuses_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match="not a size"):
        parse_size(text)


@pytest.mark.parametrize(
    ("text", "seconds"), [("2h", 7200), ("90m", 5400), ("1h30m", 5400), ("45s", 45), ("30", 30), ("1d", 86400)]
)
def test_parse_duration_reads_what_people_write(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "-3s", "1m2h"])
def test_parse_duration_refuses_the_rest(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        parse_duration(text)


def test_did_you_mean_finds_the_near_word_whatever_its_case() -> None:
    assert did_you_mean("GSM8k", ["gsm8k", "arc"]) == "; did you mean 'gsm8k'?"


def test_did_you_mean_lists_a_few_when_nothing_is_near() -> None:
    assert did_you_mean("zzz", ["b", "a"]) == "; known: a, b"


def test_did_you_mean_is_silent_about_long_lists() -> None:
    assert did_you_mean("zzz", [f"name{i}" for i in range(50)]) == ""


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.85, "850 ms"), (12.34, "12.3 s"), (245, "4 min 05 s"), (7620, "2 h 07 min")]
)
def test_show_duration(seconds: float, text: str) -> None:
    assert show_duration(seconds) == text


@pytest.mark.parametrize(("count", "text"), [(5, "5 B"), (3400, "3.4 kB"), (1.2e9, "1.2 GB"), (5e12, "5.0 TB")])
def test_show_size(count: float, text: str) -> None:
    assert show_size(count) == text


def test_slug_is_safe_as_a_file_name_and_never_empty() -> None:
    assert slug("../a b/模型") == "a-b"
    assert slug("///") == "x"


@pytest.mark.parametrize(
    ("count", "text"),
    [(5, "5 B"), (1 << 19, "512 KiB"), (64 << 20, "64 MiB"), (3 << 29, "1.5 GiB"), (1 << 41, "2 TiB")],
)
def test_show_memory(count: float, text: str) -> None:
    assert show_memory(count) == text


@pytest.mark.parametrize(("count", "text"), [(0, "0 jobs"), (1, "1 job"), (2, "2 jobs")])
def test_one_is_singular(count: int, text: str) -> None:
    assert count_of(count, "job") == text


@pytest.mark.parametrize(
    ("count", "seconds", "text"),
    [
        (0, 10, ""),
        (200, 0.2, ""),  # one look at two hundred samples is no measurement
        (20_000, 20, "1000/s"),
        (34, 10, "3.4/s"),
        (1, 30, "2.0/min"),
        (30, 60, "30/min"),
    ],
)
def test_a_rate_has_no_digits_that_mean_nothing(count: int, seconds: float, text: str) -> None:
    assert show_rate(count, seconds) == text


@pytest.mark.parametrize("text", ["9" * 400, "9" * 400 + "g"])
def test_a_number_beyond_all_measure_is_no_size_and_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="is not a size"):
        parse_size(text)
    with pytest.raises(ValueError, match="is not a duration"):
        parse_duration(text)


@pytest.mark.parametrize("word", ["x", "1", "none", "EMPTY", "password"])
def test_what_stands_in_for_a_key_where_none_is_wanted_is_no_secret(word: str) -> None:
    assert not is_secret(word)


@pytest.mark.parametrize("key", ["sk-proj-0123456789", "canary-4711-never-on-disk", "0f8fad5b-d9cb"])
def test_a_key_is_one(key: str) -> None:
    assert is_secret(key)
