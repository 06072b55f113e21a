"""Which file of a GGUF checkpoint llama.cpp is given."""

from __future__ import annotations

import re
from pathlib import Path

from adapters.runtime import job

_LATER_PART = re.compile(r"-(?!00001-)\d{5}-of-\d{5}\.gguf$")  # llama.cpp finds these itself by the first


def weights_in(place: str) -> Path:
    """Return the one model in a folder of the job, its first part where it is in several; a file is the model itself.

    Raises:
        ValueError: there is none, or there are several.
    """
    folder = job.path(place)
    if folder.is_file():
        return folder
    files = sorted(folder.glob("*.gguf"))
    models = [path for path in files if not _LATER_PART.search(path.name) and not path.name.startswith("mmproj")]
    if not models:
        raise ValueError(f"the checkpoint has no .gguf file, and llama.cpp loads no other ({place})")
    if len(models) > 1:
        names = ", ".join(path.name for path in models)
        raise ValueError(f"the checkpoint has several models ({names}): give the file of one, or a folder with one")
    return models[0]
