"""A model server that repeats what it is told, or misbehaves as told; for our own, or for SWIFT with its port."""

from __future__ import annotations

import argparse
import json
import os
import signal
import socketserver
import sys
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from adapters.runtime import job

_PASSED_OVER = (
    *("--infer_backend", "--verbose", "--log_interval", "--log_level", "--host"),
    *("--temperature", "--top_k", "--top_p", "--repetition_penalty"),
)


class Handler(BaseHTTPRequestHandler):
    """OpenAI's chat completions: the answer is the last message."""

    protocol_version = "HTTP/1.1"
    options: argparse.Namespace

    def address_string(self) -> str:
        return "socket"

    def do_GET(self) -> None:
        self.answer(200, {"object": "list", "data": [{"id": self.options.name, "object": "model"}]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        time.sleep(self.options.answer_s)
        print(f"asked for {body['model']}", flush=True)
        times = Path(job.path(job.OUTPUT)) / "asked"
        with times.open("a") as file:
            file.write("x")
        if times.stat().st_size in self.options.crash_at:
            print("CUDA error: an illegal memory access", flush=True)
            os._exit(7)
        if times.stat().st_size == self.options.cut_off_at:
            cut_off()
        message = {"role": "assistant", "content": body["messages"][-1]["content"]}
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        answer = {"id": "x", "object": "chat.completion", "created": 0, "model": body["model"]}
        self.answer(200, {**answer, "choices": [choice], "usage": usage})

    def answer(self, status: int, body: object) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


def cut_off() -> None:
    """Kill the process that forwards this server's socket to its port."""
    mark = f"adapters.runtime.listen\0{os.environ['EVALDOCK_LISTEN']}".encode()
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if mark in (place / "cmdline").read_bytes():
                os.kill(int(place.name), signal.SIGKILL)


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Requests at once."""

    daemon_threads = True
    request_queue_size = 64


class PortServer(ThreadingHTTPServer):
    """Requests at once, at a port."""

    request_queue_size = 64


def _server(options: argparse.Namespace) -> socketserver.BaseServer:
    if options.port is not None:
        return PortServer((options.host, options.port), Handler)
    return Server(os.environ["EVALDOCK_LISTEN"], Handler)


def main() -> int:
    """Serve at the port, or else at EVALDOCK_LISTEN, until stopped."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--weights", "--model", required=True)
    parser.add_argument("--name", "--served_model_name", required=True)
    for name in _PASSED_OVER:
        parser.add_argument(name)
    parser.add_argument("--port", type=int)
    parser.add_argument("--dtype", default="auto")
    parser.add_argument("--crash-at", type=int, nargs="*", default=[])
    parser.add_argument("--cut-off-at", type=int)
    parser.add_argument("--litter", action="store_true")
    parser.add_argument("--answer-s", type=float, default=0.0)
    parser.add_argument("--fail", action="store_true")
    parser.add_argument("--load-s", type=float, default=0.0)
    Handler.options = parser.parse_args()
    weights = job.path(Handler.options.weights) / "config.json"
    print(f"loading {weights.stat().st_size} bytes", flush=True)
    time.sleep(Handler.options.load_s)
    if Handler.options.fail:
        print("torch.OutOfMemoryError: tried to allocate 80 GiB", flush=True)
        return 1
    if Handler.options.litter:
        Path(os.environ["EVALDOCK_LISTEN"]).with_name("litter").write_bytes(bytes(1 << 20))
    with _server(Handler.options) as server:
        server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
