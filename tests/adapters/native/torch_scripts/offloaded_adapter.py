"""Print what is said of an adapter on weights that are not in memory, as where accelerate puts them on the disk."""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

from adapters.native.evaluator.errors import ModelError
from adapters.native.evaluator.models.lora import merge

folder = Path(sys.argv[1])
model = torch.nn.ModuleDict({"proj": torch.nn.Linear(6, 4, device="meta")})
tensors = {"lora_A": torch.ones(2, 6), "lora_B": torch.ones(4, 2)}
save_file(
    {f"base_model.model.proj.{half}.weight": tensor for half, tensor in tensors.items()},
    folder / "adapter_model.safetensors",
)
(folder / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA", "lora_alpha": 2}))
try:
    merge(model, folder)
    said = ""
except ModelError as error:
    said = error.advice
sys.stdout.write(json.dumps(said))
