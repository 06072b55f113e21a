"""A LoRA adapter for the bundled checkpoint, as peft saves one, made without torch: noise that changes answers."""

from __future__ import annotations

import json
import random
import struct
from pathlib import Path

RANK = 2
_LAYERS = 5
_HIDDEN = 128
_OUTPUTS = {"q_proj": 128, "v_proj": 64}
_CONFIG = {
    "peft_type": "LORA",
    "task_type": "CAUSAL_LM",
    "base_model_name_or_path": "",
    "r": RANK,
    "lora_alpha": 2 * RANK,
    "lora_dropout": 0.0,
    "bias": "none",
    "target_modules": sorted(_OUTPUTS),
}


def make_lora(folder: Path, seed: int = 1, size: float = 0.1) -> Path:
    """Write the adapter; `size` is the standard deviation of its numbers."""
    drawn = random.Random(seed)
    header: dict[str, object] = {}
    body = b""
    for layer in range(_LAYERS):
        for module, outputs in _OUTPUTS.items():
            name = f"base_model.model.model.layers.{layer}.self_attn.{module}"
            for half, shape in (("lora_A", (RANK, _HIDDEN)), ("lora_B", (outputs, RANK))):
                count = shape[0] * shape[1]
                numbers = struct.pack(f"<{count}f", *(drawn.gauss(0, size) for _ in range(count)))
                place = [len(body), len(body) + len(numbers)]
                header[f"{name}.{half}.weight"] = {"dtype": "F32", "shape": shape, "data_offsets": place}
                body += numbers
    head = json.dumps(header).encode()
    folder.mkdir(parents=True)
    (folder / "adapter_config.json").write_text(json.dumps(_CONFIG))
    (folder / "adapter_model.safetensors").write_bytes(struct.pack("<Q", len(head)) + head + body)
    return folder
