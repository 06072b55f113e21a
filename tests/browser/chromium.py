"""Where a Chromium is: EVALDOCK_TEST_BROWSER, or the first on PATH."""

from __future__ import annotations

import os
import shutil

_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


def browser_path() -> str | None:
    """Return the path of a Chromium or Chrome, None where there is none."""
    stated = os.environ.get("EVALDOCK_TEST_BROWSER")
    return stated or next((path for name in _NAMES if (path := shutil.which(name))), None)
