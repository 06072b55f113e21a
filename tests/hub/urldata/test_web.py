"""The way to a server: proxies, certificates, redirects."""

import pytest

from hub.urldata.failure import PassingError, TransferError
from hub.urldata.web import ask
from tests.fakes.file_server import TLS, FileServer

CERTIFICATE = str(TLS / "cert.pem")


@pytest.fixture(autouse=True)
def _own_network(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


def status(url: str) -> int:
    with ask(url, {}, 5.0) as answer:
        return answer.status


def test_an_untrusted_certificate_is_named_with_the_variable_that_mends_it() -> None:
    with FileServer(b"x", tls=True) as server, pytest.raises(TransferError) as caught:
        status(server.url())

    assert "the certificate of 127.0.0.1 is not trusted" in caught.value.reason
    assert "SSL_CERT_FILE" in caught.value.mend
    assert not isinstance(caught.value, PassingError)


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_the_bundle_that_the_environment_names_is_trusted(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, CERTIFICATE)
    with FileServer(b"x", tls=True) as server:
        assert status(server.url()) == 200


def test_a_redirect_out_of_tls_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", CERTIFICATE)
    with FileServer(b"x", tls=True, aim="http://127.0.0.1:9/x") as server, pytest.raises(TransferError) as caught:
        status(server.url("moved/1/data.zip"))

    assert "redirects from https to 127.0.0.1 without TLS" in caught.value.reason


def test_a_redirect_into_tls_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", CERTIFICATE)
    with FileServer(b"x", tls=True) as secured, FileServer(b"x", aim=secured.url()) as server:
        assert status(server.url("moved/1/data.zip")) == 200


def test_a_proxy_is_used_for_what_is_not_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    with FileServer(b"x") as proxy:
        monkeypatch.setenv("http_proxy", proxy.url(""))
        assert status("http://data.example.invalid/data.zip") == 200
        assert status(proxy.url("direct")) == 200

    assert [asked.path for asked in proxy.requests] == ["http://data.example.invalid/data.zip", "/direct"]


def test_every_hop_of_a_redirect_has_its_own_way(monkeypatch: pytest.MonkeyPatch) -> None:
    with FileServer(b"x") as server, FileServer(b"x", aim=server.url("direct")) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url(""))
        assert status("http://data.example.invalid/moved/1/x") == 200

    assert [asked.path for asked in proxy.requests] == ["http://data.example.invalid/moved/1/x"]
    assert [asked.path for asked in server.requests] == ["/direct"]


def test_a_name_that_cannot_be_resolved_may_be_so_later() -> None:
    with pytest.raises(PassingError, match=r"the name 'nowhere\.invalid' cannot be resolved"):
        status("http://nowhere.invalid/data.zip")


def test_letters_beyond_ascii_are_sent_as_addresses_have_them() -> None:
    with FileServer(b"x") as server:
        assert status(server.url("数据 1.zip?a=b&c=%20")) == 200

    assert server.requests[0].path == "/%E6%95%B0%E6%8D%AE%201.zip?a=b&c=%20"
