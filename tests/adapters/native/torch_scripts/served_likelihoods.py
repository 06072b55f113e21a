"""Print the log-likelihoods that a server computes from a checkpoint, asked as an endpoint, beside the local ones.

The server is in this process and answers in the shape of vLLM, one plain forward pass a request; `ways`: what it
serves, of echo and logprobs.
"""

import asyncio
import json
import os
import sys
import threading
from pathlib import Path

import torch
from aiohttp import web
from transformers import AutoModelForCausalLM, AutoTokenizer

from adapters.native.contract import NativeModel
from adapters.native.evaluator.models.endpoint import EndpointModel
from adapters.native.evaluator.models.local import load
from adapters.native.evaluator.request import Likelihood
from adapters.native.evaluator.termination import Termination

CHOICES = tuple(f" {letter}" for letter in "ABCD")
REQUESTS = {
    "texts": [
        *[(f"What is {n} + {n}?\nAnswer:", (f" {2 * n}", f" {3 * n} of them", " none at all")) for n in range(8)],
        ("A context that ends with a blank: ", ("Paris", "gold and stone")),
        ("Ünïcode, 你好: which?", (" 你好吗", " é", "!")),
    ],
    "labels": [(f"Which is {n}?\nA. melon\nB. horse {n}\nC. stone\nD. gold\nAnswer:", CHOICES) for n in range(8)],
}


class Server:
    """The checkpoint behind /v1/completions."""

    def __init__(self, folder, ways):
        self.model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.ways = ways
        self.asked = 0

    async def answer(self, request):
        body = await request.json()
        self.asked += 1
        tokens = self.tokenizer(body["prompt"])["input_ids"]
        with torch.inference_mode():
            scores = torch.log_softmax(self.model(torch.tensor([tokens])).logits[0], dim=-1)
        choice = {"text": "", "finish_reason": "length"}
        if body.get("logprobs") and "logprobs" in self.ways:
            best = scores[-1].topk(body["logprobs"])
            names = self.tokenizer.batch_decode([[token] for token in best.indices.tolist()])
            values = [float(best.values[0])]
            if body.get("echo") and "echo" in self.ways:
                own = [float(scores[place - 1, tokens[place]]) for place in range(1, len(tokens))]
                values = [None, *own, *values]
            choice["logprobs"] = {
                "token_logprobs": values,
                "top_logprobs": [dict(zip(names, best.values.tolist(), strict=True))],
            }
        return web.json_response(
            {"choices": [choice], "usage": {"prompt_tokens": len(tokens), "completion_tokens": 1}}
        )


def serve(server):
    loop, started = asyncio.new_event_loop(), threading.Event()

    async def start():
        app = web.Application()
        app.router.add_post("/{path:.*}", server.answer)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        os.environ["EVALDOCK_GATEWAY"] = f"http://127.0.0.1:{runner.addresses[0][1]}"
        started.set()

    loop.create_task(start())
    threading.Thread(target=loop.run_forever, daemon=True).start()
    started.wait()


def main(folder, kind, *ways):
    requests = [Likelihood(str(n), prompt, options) for n, (prompt, options) in enumerate(REQUESTS[kind])]
    server, ours, local = Server(folder, ways), {}, {}
    serve(server)
    endpoint = EndpointModel(
        NativeModel("endpoint", "m", "", "auto", None), Termination(), concurrency=4, timeout_s=60
    )
    endpoint.answer("d", requests, ours.__setitem__)
    checkpoint = load(NativeModel("transformers", "m", folder, "auto", None), Path(folder), batch_tokens=None)
    checkpoint.answer("d", requests, local.__setitem__)
    found = [list(ours[n].likelihoods) for n in range(len(requests))]
    expected = [list(local[n].likelihoods) for n in range(len(requests))]
    facts = endpoint.facts["likelihoods"]
    sys.stdout.write(json.dumps({"found": found, "expected": expected, "way": facts, "asked": server.asked}))


main(*sys.argv[1:])
