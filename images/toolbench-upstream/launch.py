"""Run a program of StableToolBench as it is, with stand-ins for packages that it imports and does not use.

python launch.py PROGRAM ARGUMENT...     an argument `env:NAME` is the value of that variable: a key is in no `ps`
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import os
import runpy
import sys
from types import ModuleType

# Models that are loaded in the process, and what retrieves tools by likeness: no part of a comparison by endpoints.
_UNUSED = frozenset(
    {"accelerate", "bitsandbytes", "deepspeed", "fastchat", "peft", "sentence_transformers", "torch", "transformers"}
)


class _Kind(type):
    """The type of stand-ins: each of their attributes is another one."""

    def __getattr__(cls, name: str) -> _Kind:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Kind(name, (), {})

    def __call__(cls, *given: object, **_: object) -> object:
        """Stand for a decorator too: what it is given comes back."""
        return given[0] if len(given) == 1 and callable(given[0]) else cls


class _StandIn(ModuleType):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__path__: list[str] = []

    def __getattr__(self, name: str) -> _Kind:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Kind(name, (), {})


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name: str, *_: object) -> importlib.machinery.ModuleSpec | None:
        unused = name.partition(".")[0] in _UNUSED
        return importlib.machinery.ModuleSpec(name, self, is_package=True) if unused else None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        return _StandIn(spec.name)

    def exec_module(self, _: ModuleType) -> None:
        pass


def main() -> None:
    """Run the program that the arguments name."""
    program, *arguments = sys.argv[1:]
    sys.meta_path.insert(0, _Finder())
    folder = os.path.dirname(os.path.abspath(program))  # noqa: PTH100, PTH120 - as Python itself says it
    sys.path[0] = folder
    given = [os.environ[one[4:]] if one.startswith("env:") else one for one in arguments]
    sys.argv = [program, *given]
    runpy.run_path(program, run_name="__main__")


if __name__ == "__main__":
    main()
