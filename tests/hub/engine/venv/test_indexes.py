"""An installer runs with the host's proxy, certificates and indexes, whichever tool they were written for."""

from __future__ import annotations

from pathlib import Path

from hub.engine.venv.indexes import build_environment

_NO_FILES = {"PIP_CONFIG_FILE": "/dev/null"}


def test_the_hosts_variables_are_inherited() -> None:
    env = build_environment({**_NO_FILES, "HTTPS_PROXY": "http://proxy", "PIP_INDEX_URL": "https://mirror"})

    assert env["HTTPS_PROXY"] == "http://proxy"
    assert env["PIP_INDEX_URL"] == "https://mirror"


def test_pips_variables_are_told_to_uv() -> None:
    env = build_environment(
        {**_NO_FILES, "PIP_INDEX_URL": "https://mirror", "PIP_FIND_LINKS": "/a /b", "PIP_CERT": "/ca.pem"}
    )

    assert env["UV_INDEX_URL"] == "https://mirror"
    assert env["UV_FIND_LINKS"] == "/a,/b"
    assert env["SSL_CERT_FILE"] == "/ca.pem"


def test_what_was_said_to_uv_wins() -> None:
    env = build_environment({**_NO_FILES, "PIP_INDEX_URL": "https://pip", "UV_INDEX_URL": "https://uv"})

    assert env["UV_INDEX_URL"] == "https://uv"


def test_pips_files_are_told_to_uv(tmp_path: Path) -> None:
    stated = tmp_path / "pip.conf"
    stated.write_text("[global]\nextra-index-url = https://a\n    https://b\n[install]\ntimeout = 99\n")

    env = build_environment({"PIP_CONFIG_FILE": str(stated)})

    assert env["UV_EXTRA_INDEX_URL"] == "https://a https://b"
    assert env["UV_HTTP_TIMEOUT"] == "99"


def test_variables_win_over_files(tmp_path: Path) -> None:
    stated = tmp_path / "pip.conf"
    stated.write_text("[global]\nindex-url = https://file\n")

    env = build_environment({"PIP_CONFIG_FILE": str(stated), "PIP_INDEX_URL": "https://variable"})

    assert env["UV_INDEX_URL"] == "https://variable"


def test_without_a_bundle_the_systems_certificates_are_used() -> None:
    assert build_environment(_NO_FILES)["UV_SYSTEM_CERTS"] == "1"
    assert "UV_SYSTEM_CERTS" not in build_environment({**_NO_FILES, "REQUESTS_CA_BUNDLE": "/ca.pem"})


def test_what_would_lead_an_installer_astray_is_left_out() -> None:
    env = build_environment({**_NO_FILES, "PYTHONPATH": "/x", "PIP_TARGET": "/y", "VIRTUAL_ENV": "/z"})

    assert not {"PYTHONPATH", "PIP_TARGET", "VIRTUAL_ENV"} & set(env)
