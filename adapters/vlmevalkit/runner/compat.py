"""Make VLMEvalKit work where it stands: its environment before the import, its defects after it."""

from __future__ import annotations

import os
import ssl
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

from adapters.runtime.operators import import_torchvision
from adapters.vlmevalkit.runner import pages, rows
from adapters.vlmevalkit.runner.answers import Saving
from adapters.vlmevalkit.runner.decoding import never_all_at_once
from adapters.vlmevalkit.runner.imports import CellReading
from adapters.vlmevalkit.runner.lmudata import aside

_OFFLINE = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE", "HF_EVALUATE_OFFLINE")
# Each would send requests, or results, somewhere else than we say.
_UNWANTED = (
    "BOYUE",
    "EVAL_PROXY",
    "FORCE_LOCAL",
    "FWD_API",
    "LOCAL_LLM",
    "MMEVAL_ROOT",
    "RANK",
    "SPLIT_THINK",
    "USE_LMDEPLOY",
    "VLMEVAL_MAX_IMAGE_SIZE",
    "VLMEVAL_MIN_IMAGE_EDGE",
    "WORLD_SIZE",
)
_SAVED_EVERY_S = 2.0


def settle(scratch: Path) -> None:
    """Set what is read when VLMEvalKit and its libraries are imported; all that they cache goes to `scratch`."""
    os.environ.update(dict.fromkeys(_OFFLINE, "1"))
    (scratch / "nothing").mkdir()
    os.environ.update(
        {
            "LMUData": str(scratch / "nothing"),  # the import makes a folder in the home where this is unset
            "PRED_FORMAT": "tsv",  # its default, xlsx, computes cells that begin with "=", and cuts long ones
            "EVAL_FORMAT": "csv",
            "VLMEVALKIT_USE_MODELSCOPE": "False",
            "HF_HOME": str(scratch / "huggingface"),
            "XDG_CACHE_HOME": str(scratch / "cache"),
            "TORCHINDUCTOR_CACHE_DIR": str(scratch / "inductor"),
            "TOKENIZERS_PARALLELISM": "false",
            "TQDM_MININTERVAL": "10",
        }
    )
    for name in _UNWANTED:
        os.environ.pop(name, None)


def prepare() -> None:
    """Give VLMEvalKit's imports what they miss: names that numpy 2 dropped, operators that torchvision looks for."""
    import numpy as np  # noqa: PLC0415

    known: Any = np
    # Without them every JSON file of VLMEvalKit that holds a numpy number is cut off at it.
    known.float_, known.complex_ = np.float64, np.complex128
    import_torchvision()
    sys.meta_path.insert(0, CellReading())
    pages.stand_in()


def mend() -> None:
    """Mend what is broken or open in VLMEvalKit 0.0.20, all of which is imported by now."""
    # VLMEvalKit switches the verification of TLS off for the whole process.
    ssl._create_default_https_context = ssl.create_default_context  # noqa: SLF001
    _repair_names()
    _never_download()
    _forget_checksums()
    _save_whole()
    _tell_rows()
    never_all_at_once()


def _repair_names() -> None:
    """Let LLaVABench find the log: it looks for it one folder too low."""
    import vlmeval.smp.log  # noqa: PLC0415

    sys.modules.setdefault("vlmeval.dataset.smp", vlmeval.smp)
    sys.modules.setdefault("vlmeval.dataset.smp.log", vlmeval.smp.log)


def _never_download() -> None:
    """Say which data are missing, where VLMEvalKit would try its servers, and write over what is there."""

    def missing(address: str, file: str | None = None) -> NoReturn:
        name = Path(file or address).name
        raise FileNotFoundError(f"{name} is not among the data of this job (VLMEvalKit would download {address})")

    for module in _modules("vlmeval"):
        if hasattr(module, "download_file"):
            setattr(module, "download_file", missing)  # noqa: B010 - modules have no such attribute to a type checker


def _forget_checksums() -> None:
    """Take tables as they are: evaldock has compared what it fetched, and a user's own table has no checksum."""
    import vlmeval.dataset  # noqa: PLC0415

    for kind in vlmeval.dataset.DATASET_CLASSES:
        kind.DATASET_MD5 = {}


def _save_whole() -> None:
    """Have answers saved whole, where nobody else writes, and not too often."""
    import vlmeval.dataset.utils.multiple_choice  # noqa: PLC0415
    import vlmeval.inference  # noqa: PLC0415
    import vlmeval.inference_mt  # noqa: PLC0415
    import vlmeval.run  # noqa: PLC0415
    import vlmeval.utils.mp_util  # noqa: PLC0415

    for module in (vlmeval.inference, vlmeval.inference_mt):
        module.dump = Saving(module.dump)
    vlmeval.utils.mp_util.dump = Saving(vlmeval.utils.mp_util.dump, _SAVED_EVERY_S)
    vlmeval.dataset.utils.multiple_choice.timestr = aside
    vlmeval.run.githash = lambda **_: ""  # it is no checkout, and git says so in the log each time


def _tell_rows() -> None:
    """Know which row is being judged."""
    import vlmeval.utils.mp_util  # noqa: PLC0415

    vlmeval.utils.mp_util.new_func = rows.watched(vlmeval.utils.mp_util.new_func)


def _modules(root: str) -> Iterator[ModuleType]:
    for name, module in sorted(sys.modules.items()):
        if (name == root or name.startswith(f"{root}.")) and module is not None:
            yield module
