"""A model and data set hub on loopback that speaks what huggingface_hub and the ModelScope client ask for.

Paths, headers and JSON are those that huggingface_hub 2.4 and modelscope_hub 0.5 use for a snapshot; files kept by
Git LFS are answered, as by the real hubs, with a redirect to storage, which alone honours Range.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

_LFS = {".safetensors", ".parquet", ".bin"}
_DATE = 1700000000


@dataclass(frozen=True)
class Repository:
    """A folder shown as one repository, at one commit that its branch names."""

    kind: str
    name: str
    folder: Path
    gated: bool = False
    branches: tuple[str, ...] = ("main", "master")

    @cached_property
    def files(self) -> dict[str, bytes]:
        paths = sorted(path for path in self.folder.rglob("*") if path.is_file())
        return {path.relative_to(self.folder).as_posix(): path.read_bytes() for path in paths}

    @cached_property
    def commit(self) -> str:
        text = "".join(f"{name} {_blob(data)}\n" for name, data in self.files.items())
        return _blob(text.encode())

    def knows(self, revision: str) -> bool:
        return revision in {*self.branches, self.commit}


class Asked(NamedTuple):
    """One request."""

    method: str
    path: str
    headers: dict[str, str]

    @property
    def token(self) -> str:
        """Return the token it carried; empty for none."""
        return self.headers.get("authorization", "").removeprefix("Bearer ")


@dataclass
class HubServer:
    """Both hubs at one address, while entered.

    Attributes:
        token: what opens gated repositories.
        break_off: file name -> how many of its transfers end half way (-1 for all; none gets past the half).
        stall: names of files whose transfer stops half way, open, until the server closes.
        corrupt: names of files that arrive with their last byte changed.
        down: answer every request with 503.
    """

    repositories: list[Repository]
    token: str = ""
    break_off: dict[str, int] = field(default_factory=dict)
    stall: set[str] = field(default_factory=set)
    corrupt: set[str] = field(default_factory=set)
    down: bool = False
    requests: list[Asked] = field(default_factory=list)
    stalled: threading.Event = field(default_factory=threading.Event)
    closing: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> HubServer:  # noqa: PYI034 - Self needs Python 3.11
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.hub = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def storage(self) -> str:
        """Return the address of the storage: another host, to which clients carry no token."""
        return f"http://localhost:{self._server.server_address[1]}/storage"

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables that lead both clients here."""
        return {"HF_ENDPOINT": self.url, "MODELSCOPE_ENDPOINT": self.url, "NO_PROXY": "127.0.0.1,localhost"}

    def transfers(self) -> Counter[str]:
        """Return how often each file's content was asked for, by its name or, from storage, by its digest."""
        named = (asked for asked in self.requests if asked.method == "GET")
        found = (re.search(r"/resolve/[^/]+/(.+)|FilePath=([^&]+)", asked.path) for asked in named)
        return Counter(unquote((match[1] or match[2]).split("?")[0]) for match in found if match)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    hub: HubServer


class _Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes = b""
    file: str = ""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_HEAD(self) -> None:
        self._respond()

    def do_GET(self) -> None:
        self._respond()

    def log_message(self, *_: object) -> None:
        """Stay silent."""

    def _respond(self) -> None:
        hub = self.server.hub
        asked = Asked(self.command, self.path, {name.lower(): value for name, value in self.headers.items()})
        hub.requests.append(asked)
        answer = _Answer(503, {}) if hub.down else _answer(hub, asked)
        body, status, headers = answer.body, answer.status, dict(answer.headers)
        if answer.file in hub.corrupt:
            body = body[:-1] + bytes([body[-1] ^ 1])
        start = _range(asked) if "/storage/" in asked.path else 0
        if start and start < len(body):
            headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
            status = 206
        elif start:
            status, headers, body, start = 416, {"Content-Range": f"bytes */{len(body)}"}, b"", 0
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body) - start), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self._send(body, start, answer.file)

    def _send(self, body: bytes, start: int, file: str) -> None:
        hub = self.server.hub
        breaks = hub.break_off.get(file, 0)
        if not breaks and file not in hub.stall:
            self.wfile.write(body[start:])
            return
        hub.break_off[file] = breaks - 1 if breaks > 0 else breaks
        self.wfile.write(body[start : max(start, len(body) // 2)])
        self.wfile.flush()
        self.close_connection = True
        if file in hub.stall:
            hub.stalled.set()
            hub.closing.wait()


def _range(asked: Asked) -> int:
    match = re.fullmatch(r"bytes=(\d+)-\d*", asked.headers.get("range", ""))
    return int(match[1]) if match else 0


def _answer(hub: HubServer, asked: Asked) -> _Answer:
    url = urlsplit(asked.path)
    path, query = unquote(url.path), {name: values[0] for name, values in parse_qs(url.query).items()}
    if path.startswith("/storage/"):
        return _stored(hub, path.removeprefix("/storage/"))
    if path.startswith("/api/v1/repos/internalAccelerationInfo"):
        return _json(200, {"Code": 200, "Data": {"InternalRegionQueryAddress": ""}, "Success": True})
    if path.startswith("/api/v1/"):
        return _modelscope(hub, asked, path.removeprefix("/api/v1/"), query)
    return _huggingface(hub, asked, path)


def _stored(hub: HubServer, digest: str) -> _Answer:
    files = (pair for repository in hub.repositories for pair in repository.files.items())
    name, data = next((name, data) for name, data in files if hashlib.sha256(data).hexdigest() == digest)
    return _Answer(200, {"ETag": f'"{digest}"', "Accept-Ranges": "bytes"}, data, name)


def _find(hub: HubServer, kind: str, name: str) -> Repository | None:
    return next((found for found in hub.repositories if (found.kind, found.name) == (kind, name)), None)


def _may_read(hub: HubServer, repository: Repository, asked: Asked) -> bool:
    return not repository.gated or (bool(hub.token) and asked.token == hub.token)


def _json(status: int, body: Any, headers: dict[str, str] | None = None) -> _Answer:
    data = json.dumps(body).encode()
    return _Answer(status, {"Content-Type": "application/json", **(headers or {})}, data)


# Hugging Face


def _huggingface(hub: HubServer, asked: Asked, path: str) -> _Answer:
    api = re.fullmatch(r"/api/(model|dataset)s/([^/]+/[^/]+)/(revision|tree)/([^/]+)()", path)
    file = re.fullmatch(r"/(datasets/)?([^/]+/[^/]+)/(resolve)/([^/]+)/(.+)", path)
    match = api or file
    if not match:
        return _refuse(404, "", f"no {path}")
    kind = match[1] if api else "dataset" if match[1] else "model"
    repository = _find(hub, kind, match[2])
    if repository is None:  # as the real one, which does not tell strangers what does not exist
        return _refuse(404, "RepoNotFound", "Not found") if asked.token else _refuse(401, "", "Invalid username")
    if not repository.knows(match[4]):
        return _refuse(404, "RevisionNotFound", f"Invalid rev id: {match[4]}")
    if match[3] == "resolve" and not _may_read(hub, repository, asked):
        return _refuse(401, "GatedRepo", f"Access to {kind} {repository.name} is restricted.")
    return _answered(hub, repository, match[3], match[5])


def _answered(hub: HubServer, repository: Repository, what: str, path: str) -> _Answer:
    if what == "revision":
        return _json(200, _info(repository))
    if what == "tree":
        return _json(200, [_entry(name, data) for name, data in repository.files.items()])
    return _resolve(repository, path, hub.storage)


def _refuse(status: int, code: str, message: str) -> _Answer:
    headers = {"X-Error-Message": message, **({"X-Error-Code": code} if code else {})}
    return _json(status, {"error": message}, headers)


def _info(repository: Repository) -> dict[str, Any]:
    siblings = []
    for path, data in repository.files.items():
        entry = _entry(path, data)
        sibling: dict[str, Any] = {"rfilename": path, "size": len(data), "blobId": entry["oid"]}
        if "lfs" in entry:
            sibling["lfs"] = {"sha256": entry["lfs"]["oid"], "size": len(data), "pointerSize": 130}
        siblings.append(sibling)
    return {"id": repository.name, "sha": repository.commit, "gated": repository.gated, "siblings": siblings}


def _entry(path: str, data: bytes) -> dict[str, Any]:
    entry: dict[str, Any] = {"type": "file", "path": path, "size": len(data), "oid": _blob(data)}
    if Path(path).suffix in _LFS:
        entry["lfs"] = {"oid": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 130}
    return entry


def _blob(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _resolve(repository: Repository, path: str, storage: str) -> _Answer:
    if path not in repository.files:
        return _refuse(404, "EntryNotFound", "Entry not found")
    data = repository.files[path]
    headers = {"X-Repo-Commit": repository.commit}
    if Path(path).suffix not in _LFS:
        return _Answer(200, {**headers, "ETag": f'"{_blob(data)}"'}, data, path)
    digest = hashlib.sha256(data).hexdigest()
    headers |= {"X-Linked-Etag": f'"{digest}"', "X-Linked-Size": str(len(data)), "ETag": f'"{_blob(data)}"'}
    return _Answer(302, {**headers, "Location": f"{storage}/{digest}"})


# ModelScope


def _modelscope(hub: HubServer, asked: Asked, path: str, query: dict[str, str]) -> _Answer:
    match = re.fullmatch(r"(model|dataset)s/([^/]+/[^/]+)(?:/(repo|repo/files|repo/tree))?", path)
    repository = _find(hub, match[1], match[2]) if match else None
    if not match or repository is None or not repository.knows(query.get("Revision", "master")):
        return _complain(404, 10010205001, f"{path}: record not found")
    if not _may_read(hub, repository, asked):
        return _complain(403, 10010205031, "no permission to access this repository")
    if match[3] == "repo":
        return _content(repository, query["FilePath"], hub.storage)
    if match[3]:
        paged = match[3] == "repo/tree" and int(query.get("PageNumber", 1)) > 1
        files = [] if paged else [_record(repository, name) for name in repository.files]
        folders = [] if paged else [{"Path": name, "Type": "tree", "Size": 0} for name in _folders(repository)]
        return _json(200, {"Code": 200, "Success": True, "Data": {"Files": [*folders, *files]}})
    return _json(200, {"Code": 200, "Success": True, "Data": {"Id": 1, "Type": 1, "Path": repository.name}})


def _complain(status: int, code: int, message: str) -> _Answer:
    return _json(status, {"Code": code, "Message": message, "RequestId": "fake", "Success": False})


def _record(repository: Repository, path: str) -> dict[str, Any]:
    data = repository.files[path]
    return {
        "Name": Path(path).name,
        "Path": path,
        "Type": "blob",
        "Size": len(data),
        "Sha256": hashlib.sha256(data).hexdigest(),
        "IsLFS": Path(path).suffix in _LFS,
        "Revision": repository.commit,
        "CommittedDate": _DATE,
    }


def _folders(repository: Repository) -> list[str]:
    return sorted({parent.as_posix() for name in repository.files for parent in Path(name).parents} - {"."})


def _content(repository: Repository, path: str, storage: str) -> _Answer:
    if path not in repository.files:
        return _complain(404, 10010205001, "file not found")
    data = repository.files[path]
    if Path(path).suffix not in _LFS:
        return _Answer(200, {"Content-Type": "application/octet-stream"}, data, path)
    digest = hashlib.sha256(data).hexdigest()
    return _Answer(302, {"Location": f"{storage}/{digest}", "X-Linked-ETag": f'"{digest}"'})
