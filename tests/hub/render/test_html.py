import re
import zlib
from base64 import b64decode
from html.parser import HTMLParser
from pathlib import Path

import pytest

from hub.errors import EvaldockError
from hub.render.html import page
from hub.render.html.page import render_html, write_html
from hub.render.html.visible import visible
from hub.report import Counts, JobState, Report, ServerReport, Usage
from tests.fakes.reports import ENVIRONMENT, job, metric, report, result, sample, write_run

HOSTILE = (
    "<script>hacked()</script></script></style></title><!--<img src=x onerror=hacked()>"
    "\"'><svg onload=hacked()>{{7*7}}\u202eevil\x1b[31m\x00"
)
ASSETS = sorted((Path(page.__file__).parent / "assets").iterdir())


class Parsed(HTMLParser):
    """Every tag with its attributes, and the texts of scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.raw: dict[str, list[str]] = {"script": [], "style": []}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] in self.raw and self.cdata_elem:
            self.raw[self.tags[-1][0]].append(data)


def hostile_report() -> Report:
    key = {
        "model": HOSTILE,
        "judge": HOSTILE,
        "simulator": HOSTILE,
        "split": HOSTILE,
        "generation": {HOSTILE: HOSTILE},
        "backend_version": HOSTILE,
        "gateway": ({HOSTILE: HOSTILE},),
    }
    counts = Counts(planned=9, scored=4, infra_error=2, unparsed=1)
    results = (
        result(HOSTILE, metric(name=HOSTILE), metric(0.2, "other"), counts=counts, **key),
        *(result(HOSTILE, metric(name=HOSTILE), subset=f"{HOSTILE}{number}", **key) for number in range(2)),
        result("absent", absent=HOSTILE, counts=counts),
    )
    usage = Usage(role=HOSTILE, calls=1, failed=1, failures={HOSTILE: 1}, cost=1.0, currency=HOSTILE)
    broken = {"state": JobState.PARTIAL, "reason": HOSTILE, "usage": (usage,)}
    first = job(1, *results, model=HOSTILE, backend=HOSTILE, **broken)
    second = first.model_copy(
        update={"id": f"2{HOSTILE}", "environment": ENVIRONMENT.model_copy(update={"base": HOSTILE})}
    )
    lost = job(3, model=HOSTILE, state=JobState.FAILED, reason=HOSTILE, environment=None)
    server = ServerReport(
        name=HOSTILE, engine=HOSTILE, identity=HOSTILE, devices=(HOSTILE,), state="lost", reason=HOSTILE
    )
    facts = {
        "engine_reason": HOSTILE,
        "hardware": {HOSTILE: HOSTILE},
        "warnings": (HOSTILE,),
        "servers": (server,),
    }
    return report(first, second, lost, task=HOSTILE, **facts)  # fmt: skip


def rendered(folder: Path, made: Report) -> str:
    write_run(folder, made, {})
    return render_html(folder, made)


def test_nothing_hostile_becomes_a_tag(tmp_path: Path) -> None:
    parsed = Parsed(rendered(tmp_path, hostile_report()))

    assert [tag for tag, _ in parsed.tags].count("script") == 2
    assert "img" not in {tag for tag, _ in parsed.tags}
    assert not [
        name for _, attributes in parsed.tags for name in attributes if name.startswith("on") or name == "style"
    ]


def test_no_expression_in_a_name_is_evaluated(tmp_path: Path) -> None:
    text = rendered(tmp_path, hostile_report())

    assert "{{7*7}}" in text
    assert "&gt;49" not in text


def test_what_is_not_seen_is_spelled_out(tmp_path: Path) -> None:
    text = rendered(tmp_path, hostile_report())

    assert "[U+202E]evil[U+001B][31m[U+0000]" in text
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00\x1b]", text)


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("line\n\ttab", "line\n\ttab"),
        ("\u202e", "[U+202E]"),
        ("a\u200bb\ufeff", "a[U+200B]b[U+FEFF]"),
        ("\U000e0041", "[U+E0041]"),
        ("\U0001f468\u200d\U0001f469", "\U0001f468\u200d\U0001f469"),
        ("\x9b\x7f\r", "[U+009B][U+007F][U+000D]"),
    ],
)
def test_a_character_is_shown_if_it_cannot_be_seen(text: str, seen: str) -> None:
    assert visible(text) == seen


def test_what_was_asked_is_a_table_and_no_table_where_nothing_was(tmp_path: Path) -> None:
    usage = Usage(role="judge", calls=120, failed=3, failures={"upstream_timeout": 3})
    asked = rendered(tmp_path / "a", report(job(1, result("arc", metric()), usage=(usage,), starts=2)))
    silent = rendered(tmp_path / "b", report(job(1, result("arc", metric()))))

    assert "Asked of the models" in asked
    assert "3 got no answer in time; answered in 2 starts" in asked
    assert "Asked of the models" not in silent


def test_judge_simulator_and_servers_are_named(tmp_path: Path) -> None:
    server = ServerReport(name="j", engine="transformers", identity="local:./j sha256:1", starts=1, loading_s=4.7)
    made = report(job(1, result("arc", metric(), judge="the judge", simulator="the simulator")), servers=(server,))

    text = rendered(tmp_path, made)

    assert '<dt>judge</dt><dd class="data code">the judge</dd>' in text
    assert '<dt>simulator</dt><dd class="data code">the simulator</dd>' in text
    assert "transformers, on the processors, started once, loaded in 4.7 s" in text


def test_a_report_without_a_judge_names_none(tmp_path: Path) -> None:
    assert "<dt>judge</dt>" not in rendered(tmp_path, report(job(1, result("arc", metric()))))


def test_the_price_is_a_column_only_where_there_are_prices(tmp_path: Path) -> None:
    free = Usage(role="candidate", calls=1)
    paid = free.model_copy(update={"cost": 1.5, "currency": "EUR"})

    texts = [
        rendered(tmp_path / usage.currency, report(job(1, result("arc", metric()), usage=(usage,))))
        for usage in (free, paid)
    ]

    assert [">cost<" in text for text in texts] == [False, True]
    assert "1.50 EUR" in texts[1]


def test_samples_cannot_end_their_block(tmp_path: Path) -> None:
    made = report(job(1, result("arc", metric())))
    write_run(tmp_path, made, {"1-m-native": [sample(prediction=HOSTILE, error="</script>")]})

    text = render_html(tmp_path, made)

    (packed,) = re.findall(r'id="packed">([^<]*)</script>', text)
    assert b"hacked" in zlib.decompress(b64decode(packed))
    assert "hacked" not in text


def test_the_page_names_nothing_to_load(tmp_path: Path) -> None:
    parsed = Parsed(rendered(tmp_path, report(job(1, result("arc", metric())))))

    links = {attributes["href"] for tag, attributes in parsed.tags if tag == "a"}
    assert not [link for link in links if not link or re.match(r"[a-z]+:|//", link)]
    assert not {tag for tag, attributes in parsed.tags if "src" in attributes or tag in {"link", "iframe", "base"}}


def test_the_policy_lets_in_exactly_the_pages_own_style_and_script(tmp_path: Path) -> None:
    parsed = Parsed(rendered(tmp_path, report(job(1, result("arc", metric())))))

    (policy,) = [
        fields["content"] for _, fields in parsed.tags if fields.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy is not None
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert page._hash("".join(parsed.raw["style"])) in policy
    assert page._hash(parsed.raw["script"][-1]) in policy


def test_the_same_report_makes_the_same_bytes(tmp_path: Path) -> None:
    made = report(job(1, result("arc", metric())))
    write_run(tmp_path, made, {"1-m-native": [sample(number) for number in range(50)]})

    assert write_html(tmp_path, made).read_bytes() == write_html(tmp_path, made).read_bytes()


@pytest.mark.parametrize("state", list(JobState)[4:])
def test_a_run_of_any_state_has_a_page(state: JobState, tmp_path: Path) -> None:
    made = report(job(1, state=state, isolation=None, environment=None))

    assert f'state-{made.state}">{made.state}' in rendered(tmp_path, made)


def test_a_run_without_jobs_has_a_page(tmp_path: Path) -> None:
    assert "There is no job in this run" in rendered(tmp_path, report())


def test_a_missing_score_is_never_a_zero(tmp_path: Path) -> None:
    made = report(job(1, result("arc", absent="endpoint down"), state=JobState.FAILED, reason="endpoint down"))

    text = rendered(tmp_path, made)

    assert "endpoint down" in text
    assert not re.search(r"\b0\.0 %", text)
    assert "<circle" not in text


def test_a_limited_page_says_where_all_samples_are(tmp_path: Path) -> None:
    made = report(job(1, result("arc", metric())))
    write_run(tmp_path, made, {"1-m-native": [sample(number) for number in range(50)]})

    text = render_html(tmp_path, made, page.Limits(samples=10))

    assert "10 of 50 samples are in this page" in text
    assert 'href="jobs/1-m-native/samples.jsonl"' in text


def test_a_page_that_cannot_be_written_says_what_is_still_there(tmp_path: Path) -> None:
    with pytest.raises(EvaldockError, match="cannot write") as caught:
        write_html(tmp_path / "absent", report())

    assert "report.json" in caught.value.hint


@pytest.mark.parametrize("file", [file for file in ASSETS if file.suffix == ".js"], ids=lambda file: file.name)
def test_no_script_writes_markup(file: Path) -> None:
    text = file.read_text()

    code = "\n".join(line.partition("//")[0] for line in text.splitlines())
    forbidden = (
        r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|new Function|DOMParser|fetch\(|XMLHttp|import\("
    )
    assert not re.search(forbidden, code)
    assert "</script" not in text.lower()


def test_python_and_script_agree_on_what_is_not_seen() -> None:
    script = next(file for file in ASSETS if file.name == "text.js").read_text()
    stated = re.search(r"const UNSEEN = /\[(.*)\]/gu;", script)
    assert stated
    python = re.sub(r"\\u\{(\w+)\}", lambda match: chr(int(match[1], 16)), stated[1])
    pattern = re.compile(f"[{python}]")

    shown = [code for code in range(0x110000) if bool(pattern.match(chr(code))) != (visible(chr(code)) != chr(code))]

    assert shown == []
