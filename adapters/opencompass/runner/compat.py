"""Make OpenCompass work where it stands: its environment before the import, its defects after it."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

from adapters.opencompass.runner.literals import evaluate_nothing

_OFFLINE = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE", "HF_EVALUATE_OFFLINE")


def settle(scratch: Path) -> None:
    """Set what is read when OpenCompass and its libraries are imported; all that they cache goes to `scratch`.

    A folder per run: what `evaluate` leaves there (locks of a killed run) would stop the next one.
    """
    os.environ.update(dict.fromkeys(_OFFLINE, "1"))
    os.environ["HF_HOME"] = str(scratch / "huggingface")
    os.environ["XDG_CACHE_HOME"] = str(scratch / "cache")
    os.environ["MPLCONFIGDIR"] = str(scratch / "matplotlib")
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    for name in ("DATASET_SOURCE", "OPENAI_BASE_URL", "OPENAI_API_KEY"):
        os.environ.pop(name, None)


def mend() -> None:
    """Mend what is broken in OpenCompass 0.1.6 and in the mmengine that it uses."""
    _know_standard_library()
    _write_plain_configurations()
    _never_download()
    _evaluate_no_data()
    from opencompass.utils import get_logger  # noqa: PLC0415

    get_logger().addFilter(_no_details)


def _know_standard_library() -> None:
    """Tell mmengine which modules are Python's own.

    It looks where their files lie. `os` has none since 3.11 and a virtual environment's lie elsewhere, so that
    `import os` in a configuration (bbh, tydiqa) ended in a bare RuntimeError.
    """
    import mmengine.config.utils as found  # noqa: PLC0415

    asked = found._is_builtin_module  # noqa: SLF001
    found._is_builtin_module = lambda name: name.split(".")[0] in sys.stdlib_module_names or asked(name)  # noqa: SLF001


def _write_plain_configurations() -> None:
    """Leave out yapf, which takes half a minute for three hundred data sets.

    OpenCompass asks for that, and `Config.fromfile` forgets it.
    """
    from mmengine.config import config  # noqa: PLC0415

    config.FormatCode = lambda text, **_: (text, True)


def _never_download() -> None:
    """Say which data are missing, where OpenCompass would try its server and report that instead."""
    from opencompass.utils import datasets  # noqa: PLC0415

    def missing(path: str, *_: object, **__: object) -> str:
        raise FileNotFoundError(f"{path} is not among the data")

    datasets.download_dataset = missing


def _evaluate_no_data() -> None:
    """Read answers that are Python lists (nq, triviaqa, agieval of ModelScope) where OpenCompass would `eval` them.

    A data file is not a program that a task has allowed; docs/opencompass.md names every other place that runs one.
    """
    from opencompass.datasets import natural_question, triviaqa  # noqa: PLC0415
    from opencompass.datasets.agieval import agieval  # noqa: PLC0415

    evaluate_nothing(natural_question, triviaqa, agieval)


def _no_details(record: logging.LogRecord) -> bool:
    """Drop the warning that repeats every sample of a data set in one line of the log."""
    return not str(record.msg).startswith("result['details']")
