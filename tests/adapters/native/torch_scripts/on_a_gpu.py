"""Print what a checkpoint is loaded with on a GPU; the GPU is made up, and the weights lie on the processor."""

import json
import sys
from functools import partial
from pathlib import Path

import torch

from adapters.native.contract import NativeModel
from adapters.native.evaluator.models import local

FREE = 1 << 20


def on_cpu(load, *argv, device, **named):
    assert device == "cuda"
    return load(*argv, device="cpu", **named)


def main(folder: str) -> None:
    torch.cuda.is_available = lambda: True
    torch.cuda.device_count = lambda: 1
    torch.cuda.get_device_name = lambda: "made up"
    torch.cuda.mem_get_info = lambda _: (FREE, 2 * FREE)
    local.load_pretrained = partial(on_cpu, local.load_pretrained)
    target = NativeModel("transformers", "m", folder, "auto", None)
    said = {}
    for batch_tokens in (None, 512):
        checkpoint, facts = local.load_checkpoint(target, Path(folder), batch_tokens=batch_tokens)
        said[str(batch_tokens)] = checkpoint.room
    config = checkpoint.model.config
    said["facts"] = dict(facts)
    heads, layer = config.num_key_value_heads, checkpoint.model.model.layers[0]
    said["token"] = 2 * config.num_hidden_layers * heads * layer.self_attn.head_dim * 2  # keys and values in float16
    said["free"], said["cudnn"] = FREE, torch.backends.cuda.cudnn_sdp_enabled()
    sys.stdout.write(json.dumps(said))


main(sys.argv[1])
