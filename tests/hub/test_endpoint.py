import socket
import threading
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.endpoint import Reply, ask, is_loopback, normalize_base_url, probe, proxy_for
from tests.fakes.file_server import TLS, FileServer
from tests.fakes.upstream import FakeUpstream

KEY = "sk-very-secret"


@pytest.mark.parametrize(
    ("text", "base_url"),
    [
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/v1"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000/v1"),
        ("http://127.0.0.1:8000/v1", "http://127.0.0.1:8000/v1"),
        ("http://127.0.0.1:8000/v1/", "http://127.0.0.1:8000/v1"),
        ("http://127.0.0.1:8000/v1/chat/completions", "http://127.0.0.1:8000/v1"),
        ("http://127.0.0.1:8000/chat/completions/", "http://127.0.0.1:8000/v1"),
        ("http://127.0.0.1:8000/v1/models", "http://127.0.0.1:8000/v1"),
        (" HTTPS://API.Example.com/openai/ \n", "https://api.example.com/openai/v1"),
        ("https://dashscope.aliyuncs.com/compatible-mode/v1", "https://dashscope.aliyuncs.com/compatible-mode/v1"),
        ("https://open.bigmodel.cn/api/paas/v4/", "https://open.bigmodel.cn/api/paas/v4"),
        ("http://[::1]:8000", "http://[::1]:8000/v1"),
        ("http://bücher.example//x", "http://xn--bcher-kva.example/x/v1"),
        ("http://model_server:80/v1", "http://model_server:80/v1"),
    ],
)
def test_every_spelling_becomes_one(text, base_url):
    assert normalize_base_url(text) == base_url


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "http"),
        ("127.0.0.1:8000", "does not start with http"),
        ("ftp://host/v1", "does not start with http"),
        ("http://", "host"),
        ("http:///v1", "host"),
        ("http://host:port", "[Pp]ort"),
        ("http://host:99999", "[Pp]ort"),
        ("http://ho st/v1", "space"),
        ("http://ho\nst/v1", "space or control"),
        ("http://-/v1", "host"),
        ("http://[::x]/v1", "no address"),
        ("http://host/v1?key=x", "query"),
        ("http://host/v1#top", "fragment"),
    ],
)
def test_what_is_no_address_is_told(text, reason):
    with pytest.raises(ValueError, match=reason):
        normalize_base_url(text)


@pytest.mark.parametrize("text", ["http://user:pa55@host/v1", "user:pa55@host", "http://pa55@host:x/?a"])
def test_credentials_are_refused_and_not_repeated(text):
    with pytest.raises(ValueError, match=r".") as caught:
        normalize_base_url(text)
    assert "pa55" not in str(caught.value)


PATHS = st.lists(
    st.sampled_from(["v1", "v4", "chat", "completions", "models", "a b", "é", "%2F", "x", ""]), max_size=5
)


@given(
    scheme=st.sampled_from(["http", "https", "HTTP"]),
    host=st.sampled_from(["localhost", "Api.Example", "10.0.0.1", "[::1]"]),
    port=st.none() | st.integers(0, 65535),
    path=PATHS.map("/".join),
)
def test_a_normal_form_is_normal_and_keeps_the_server(scheme, host, port, path):
    text = f"{scheme}://{host}{'' if port is None else f':{port}'}/{path.replace(' ', '')}"

    once = normalize_base_url(text)

    assert normalize_base_url(once) == once
    assert normalize_base_url(once + "/chat/completions") == once
    assert urlsplit(once).hostname == host.lower().strip("[]")
    assert urlsplit(once).port == port
    assert once.isascii()
    assert not once.endswith("/")


@given(st.text())
def test_any_text_is_an_address_or_a_value_error(text):
    with suppress(ValueError):
        assert normalize_base_url(text).startswith(("http://", "https://"))


@pytest.mark.parametrize(
    ("url", "ours"),
    [
        ("http://127.0.0.1:1/v1", True),
        ("http://127.8.9.1/v1", True),
        ("http://[::1]/v1", True),
        ("http://localhost/v1", True),
        ("http://a.localhost/v1", True),
        ("http://0.0.0.0:8000/v1", True),
        ("http://10.0.0.1/v1", False),
        ("http://localhost.example/v1", False),
    ],
)
def test_loopback_is_known(url, ours):
    assert is_loopback(url) is ours


def test_a_proxy_is_used_but_never_for_loopback(monkeypatch):
    for name in ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("https_proxy", "proxy.example:3128")
    monkeypatch.setenv("http_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", "inner.example")

    assert proxy_for("https://api.example/v1") == "http://proxy.example:3128"
    assert proxy_for("http://10.0.0.1:8000/v1") == "http://proxy.example:3128"
    assert proxy_for("http://127.0.0.1:8000/v1") is None
    assert proxy_for("https://inner.example/v1") is None


def look(url, *, model="m", key=None, deadline_s=2.0):
    finding = probe("endpoint 'm'", url, model, key, deadline_s=deadline_s)
    assert KEY not in str(finding)
    return finding


def test_a_server_that_lists_the_model_is_fine():
    with FakeUpstream(models=("m",)) as up:
        finding = look(up.base_url.removesuffix("/v1"), key=KEY)

    assert (finding.level, finding.subject, finding.mend) == ("ok", "endpoint 'm'", "")
    assert up.requests[0].headers["authorization"] == f"Bearer {KEY}"
    assert up.requests[0].path == "/v1/models"


def test_a_server_that_lists_other_models_is_a_warning_that_names_them():
    with FakeUpstream(models=("x", "y")) as up:
        finding = look(up.base_url)

    assert finding.level == "warning"
    assert finding.mend == "it lists: x, y"


@pytest.mark.parametrize(
    ("fault", "key", "level", "said", "mend"),
    [
        ("refuse", None, "missing", "refused the connection", "start the server"),
        ("401", KEY, "missing", "refused the key", "api_key_env"),
        ("401", None, "missing", "wants a key", "set api_key_env"),
        ("429", None, "warning", "429", "later"),
        ("500", None, "warning", "500", "later"),
        ("html", None, "missing", "other than JSON", "base address"),
        ("redirect", KEY, "missing", "redirects to 127.0.0.1:9", "never sent along"),
        ("hang", None, "missing", "no answer", "start the server"),
        ("trickle", None, "missing", "no answer", "start the server"),
        ("drop", None, "missing", "", ""),
    ],
)
def test_every_kind_of_trouble_has_its_own_mend(fault, key, level, said, mend):
    with FakeUpstream(fault=fault) as up:
        finding = look(up.base_url, key=key, deadline_s=0.5)

    assert finding.level == level
    assert said in finding.message
    assert mend in finding.mend


def test_a_name_that_does_not_resolve_is_told(monkeypatch):
    def fail(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)

    finding = look("http://no-such-host.invalid/v1")

    assert "cannot be resolved" in finding.message
    assert "host" in finding.mend


def test_plain_http_on_a_tls_address_is_told():
    with FakeUpstream() as up:
        finding = look(up.base_url.replace("http:", "https:"))

    assert "TLS" in finding.message
    assert "http://" in finding.mend


@contextmanager
def raw_server(reply: bytes):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(reply)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/v1"
        thread.join()


def test_a_server_without_a_list_of_models_is_a_warning_that_says_so():
    body = b'{"error": "no such route"}'
    head = f"HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    with raw_server(head.encode() + body) as url:
        finding = look(url)

    assert finding.level == "warning"
    assert "answers, but has no /models list (404)" in finding.message


@pytest.mark.parametrize("reply", [b"", b"SSH-2.0-OpenSSH_9\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"])
def test_what_is_no_http_is_missing(reply):
    with raw_server(reply) as url:
        assert look(url).level == "missing"


def test_a_server_that_repeats_the_key_does_so_in_vain():
    with FakeUpstream(parrot=True) as up:
        reply = ask(f"{up.base_url}/models", KEY, 2.0)
        finding = look(up.base_url, key=KEY)

    assert isinstance(reply, Reply)
    assert KEY.encode() not in reply.body
    assert b"[key]" in reply.body
    assert KEY not in finding.message + finding.mend


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_the_bundle_that_the_environment_names_is_trusted(monkeypatch, variable):
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, str(TLS / "cert.pem"))
    with FileServer(b"{}", tls=True) as server:
        reply = ask(server.url("v1/models"), None, 5.0)

    assert isinstance(reply, Reply)
    assert reply.status == 200
