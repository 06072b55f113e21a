from pathlib import Path

import pytest

from hub.doctor.network import network_findings, without_password

SECRET = "canary"


def test_passwords_of_proxies_and_tokens_of_hubs_are_not_shown() -> None:
    env = {
        "HTTPS_PROXY": f"http://me:{SECRET}@proxy.example:3128",
        "HF_TOKEN": SECRET,
        "HF_ENDPOINT": "https://m.example",
    }

    text = repr(network_findings(env))

    assert SECRET not in text
    assert "http://***@proxy.example:3128" in text
    assert "HF_TOKEN is set" in text
    assert "MODELSCOPE_API_TOKEN is not set" in text
    assert "https://m.example" in text


def test_a_bundle_of_certificates_that_is_not_there_is_a_note_with_its_variable(tmp_path: Path) -> None:
    notes = [finding for finding in network_findings({"SSL_CERT_FILE": str(tmp_path / "no")}) if finding.mend]

    assert [finding.level for finding in notes] == ["warning"]
    assert "unset SSL_CERT_FILE" in notes[0].mend


@pytest.mark.parametrize(
    ("url", "shown"),
    [("http://p:1", "http://p:1"), ("http://u:x@p:1", "http://***@p:1"), ("u:x@p:1", "***"), ("a,b", "a,b")],
)
def test_what_stands_before_an_at_sign_is_hidden(url: str, shown: str) -> None:
    assert without_password(url) == shown
