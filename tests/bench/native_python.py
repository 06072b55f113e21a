"""Find the Python of Native's own environment, which evaldock builds."""

from __future__ import annotations


def native_python() -> str:
    """Return the interpreter of the environment that `evaldock build native --engine venv` makes."""
    from hub.engine.venv.build import environment_folder
    from hub.images import load_image
    from hub.settings import load_settings

    settings = load_settings()
    return str(environment_folder(load_image("native", settings), settings) / "bin" / "python")
