import pytest

from hub.render.markdown import render_markdown
from hub.render.servers import show_server
from hub.report import ServerReport
from tests.fakes.reports import job, metric, report, result

JUDGE = ServerReport(name="judge", engine="transformers", identity="local:./j sha256:1", starts=1)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, "transformers, on the processors, started once"),
        ({"devices": ("0",), "loading_s": 4.7}, "transformers, GPU 0, started once, loaded in 4.7 s"),
        ({"devices": ("0", "1"), "starts": 2}, "transformers, GPUs 0, 1, started 2 times"),
        ({"state": "lost", "reason": "it ended"}, "transformers, on the processors, started once, lost: it ended"),
    ],
)
def test_a_server_is_a_line(changes: dict[str, object], told: str) -> None:
    assert show_server(JUDGE.model_copy(update=changes)) == told


def test_markdown_names_who_judged_and_the_servers() -> None:
    made = report(job(1, result("simple_qa", metric(), judge="the judge")), servers=(JUDGE,))

    text = render_markdown(made)

    assert "  - judge: `the judge`\n" in text
    assert "- server judge: transformers, on the processors, started once; `local:./j sha256:1`\n" in text
    assert "simulator" not in text
