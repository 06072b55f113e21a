"""export: a report and its samples in the formats of others; each format one module, each a pure function."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping

from hub.report import Report, Sample

# A job's samples, by its id; may be asked several times.
ReadSamples = Callable[[str], Iterable[Sample]]
# Relative path -> lines, each with its end of line; made as they are read.
Files = Mapping[str, Iterable[str]]
FORMATS = {
    "csv": "a table of results (--samples: of samples), for spreadsheets and pandas",
    "lm-eval": "results_*.json and samples_*.jsonl as lm-eval 0.4 writes them",
    "eee": "Every Eval Ever: one JSON per job and its samples as JSONL, schema 0.3.0",
}
_MODULES = {"csv": "table", "lm-eval": "lm_eval", "eee": "eee"}


def export(format_name: str, report: Report, read: ReadSamples, *, samples: bool = True) -> Files:
    """Return the files of a report in `format_name`, one of FORMATS; with or without the samples."""
    module = importlib.import_module(f"hub.export.{_MODULES[format_name]}")
    files: Files = module.export(report, read, samples=samples)
    return files
