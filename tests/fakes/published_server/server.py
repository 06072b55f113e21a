#!/usr/bin/env python3
"""Stands for `vllm serve`, `sglang.launch_server` and `llama-server`: repeats what it is told."""

from __future__ import annotations

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_NAMED = ("--served-model-name", "--alias")


def given(flag: str) -> list[str]:
    """Return what follows a flag, up to the next one."""
    found: list[str] = []
    for argument in sys.argv[sys.argv.index(flag) + 1 :] if flag in sys.argv else ():
        if argument.startswith("--"):
            break
        found.append(argument)
    return found


class Handler(BaseHTTPRequestHandler):
    """OpenAI's chat completions: the answer is the last message."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Say that all is well."""
        self.answer(200, {})

    def do_POST(self) -> None:
        """Answer, where the model is one that is served."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if body["model"] not in names():
            self.answer(404, {"error": {"message": f"The model `{body['model']}` does not exist."}})
            return
        message = {"role": "assistant", "content": body["messages"][-1]["content"]}
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        answer = {"id": "x", "object": "chat.completion", "created": 0, "model": body["model"], "usage": usage}
        self.answer(200, {**answer, "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})

    def answer(self, status: int, body: object) -> None:
        """Send JSON."""
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def names() -> set[str]:
    """Return the names that requests may have."""
    adapters = (module.partition("=")[0] for module in given("--lora-modules"))
    return {*(name for flag in _NAMED for name in given(flag)), *adapters}


if __name__ == "__main__":
    facts = {"argv": sys.argv[1:], "environment": dict(os.environ), "user": os.getuid()}
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()
    with ThreadingHTTPServer(("127.0.0.1", int(given("--port")[0])), Handler) as server:
        server.serve_forever()
