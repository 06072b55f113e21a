"""Take one tensor out of a checkpoint."""

import sys

from safetensors.torch import load_file, save_file

tensors = load_file(sys.argv[1])
del tensors["model.layers.1.mlp.up_proj.weight"]
save_file(tensors, sys.argv[1], metadata={"format": "pt"})
