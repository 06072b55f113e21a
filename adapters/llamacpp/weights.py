"""Which file of a GGUF checkpoint llama.cpp is given."""

from __future__ import annotations

import re
from pathlib import Path

from adapters.runtime import job

_LATER_PART = re.compile(r"-(?!00001-)\d{5}-of-\d{5}\.gguf$")  # llama.cpp finds these itself by the first


def weights_in(folder: str) -> Path:
    """Return the one model in a folder of the job, its first part where it is in several.

    Raises:
        ValueError: there is none, or there are several.
    """
    files = sorted(job.path(folder).glob("*.gguf"))
    models = [path for path in files if not _LATER_PART.search(path.name) and not path.name.startswith("mmproj")]
    if not models:
        raise ValueError(f"the checkpoint has no .gguf file, and llama.cpp loads no other ({folder})")
    if len(models) > 1:
        names = ", ".join(path.name for path in models)
        raise ValueError(f"the checkpoint has several models ({names}): give a folder with one of them")
    return models[0]
