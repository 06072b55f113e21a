"""What the Tab key offers for the words of a command: tasks, runs, backends, data sets."""

from __future__ import annotations

from pathlib import Path

import click
from click.shell_completion import CompletionItem


def complete_task(_ctx: click.Context, _param: click.Parameter, begun: str) -> list[CompletionItem]:
    """Offer the tasks that ship with evaldock, and task files and folders from here."""
    return [CompletionItem(word) for word in task_words(begun) if word.startswith(begun)]


def task_words(begun: str) -> list[str]:
    """Return task files and folders in the folder that `begun` names, and all tasks that ship with evaldock."""
    from hub.resources import shared_folder

    top = shared_folder("configs")
    shipped = (path.relative_to(top) for path in top.rglob("*.yaml") if "bundled" not in path.parts)
    names = sorted(str(path.with_suffix("")) for path in shipped)
    return [*_files(begun), *names]


def complete_run(ctx: click.Context, _param: click.Parameter, begun: str) -> list[CompletionItem]:
    """Offer the ids of runs, newest first, and `latest`."""
    from hub.cli.options import settings_with
    from hub.runs import list_runs

    runs = list_runs(settings_with(ctx.params.get("runs")).runs_dir)
    ids = ["latest", *(run.record.run_id for run in reversed(runs))] if runs else []
    return [CompletionItem(word) for word in ids if word.startswith(begun)]


def complete_kept(_ctx: click.Context, _param: click.Parameter, begun: str) -> list[CompletionItem]:
    """Offer the ids of runs whose answers are kept, newest first."""
    from hub import answers
    from hub.settings import load_settings

    state_dir = load_settings().state_dir
    files = answers.folder(state_dir).glob("*.sqlite")
    names = {file.name.removesuffix(".sqlite") for file in files if file != answers.shared_file(state_dir)}
    return [CompletionItem(name) for name in sorted(names, reverse=True) if name.startswith(begun)]


def complete_backend(_ctx: click.Context, _param: click.Parameter, begun: str) -> list[CompletionItem]:
    """Offer the backends."""
    from hub.registry import adapter_names

    return [CompletionItem(name) for name in adapter_names() if name.startswith(begun)]


def complete_dataset(ctx: click.Context, _param: click.Parameter, begun: str) -> list[CompletionItem]:
    """Offer the data sets of the backend that the line names (else of native), each with what it is."""
    from hub.registry import adapter_names, load_adapter

    backend = str(ctx.params.get("eval_backend") or ctx.params.get("backend") or "native").lower()
    known = load_adapter(backend).datasets() if backend in adapter_names() else {}
    return [CompletionItem(name, help=info.summary) for name, info in sorted(known.items()) if name.startswith(begun)]


def _files(begun: str) -> list[str]:
    folder, _, start = begun.rpartition("/")
    place = Path(f"{folder}/" if folder or begun.startswith("/") else ".").expanduser()
    lead = f"{folder}/" if "/" in begun else ""
    try:
        found = sorted(path for path in place.iterdir() if path.name.startswith(start) and path.name[0] != ".")
    except OSError:
        return []
    return [
        f"{lead}{path.name}{'/' * path.is_dir()}"
        for path in found
        if path.is_dir() or path.suffix in {".yaml", ".yml"}
    ]
