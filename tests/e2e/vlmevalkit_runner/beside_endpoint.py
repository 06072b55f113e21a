"""Inside the VLMEvalKit environment: run the runner beside a stand-in for the gateway that tells what it was asked.

Arguments: a JSON object, {"answers": [[part of a prompt, answer], ...], "fails": part of a prompt}. The first answer
whose part stands in a prompt counts; without one it is "A". What was asked is in output/asked.json.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from adapters.runtime import job

TOLD = json.loads(sys.argv[1])
ASKED: list[dict[str, Any]] = []


class Gateway(BaseHTTPRequestHandler):
    """Answers as told."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        ASKED.append({"path": self.path, "sample": self.headers.get("X-Evaldock-Sample"), "body": body})
        status, content = self.answer(text_of(body))
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(content).encode())

    def answer(self, prompt: str) -> tuple[int, dict[str, Any]]:
        if TOLD["fails"] and TOLD["fails"] in prompt:
            return 502, {"error": {"message": "the model is down", "type": "server_error"}}
        said = [answer for part, answer in TOLD["answers"] if part in prompt]
        return 200, {"choices": [{"message": {"role": "assistant", "content": [*said, "A"][0]}}]}

    def log_message(self, *_: object) -> None:
        """Stay silent."""


def text_of(body: Any) -> str:
    """Return all texts of the last message."""
    content = body["messages"][-1]["content"]
    return content if isinstance(content, str) else " ".join(part.get("text", "") for part in content)


with ThreadingHTTPServer(("127.0.0.1", 0), Gateway) as gateway:
    threading.Thread(target=gateway.serve_forever).start()
    env = {**os.environ, "EVALDOCK_GATEWAY": f"http://127.0.0.1:{gateway.server_port}"}
    done = subprocess.run([sys.executable, "-m", "adapters.vlmevalkit.runner"], env=env, check=False)
    gateway.shutdown()
(job.path(job.OUTPUT) / "asked.json").write_text(json.dumps(ASKED))
sys.exit(done.returncode)
