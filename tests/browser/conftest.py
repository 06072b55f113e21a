"""A Chromium for the tests; where there is none they skip, unless EVALDOCK_REQUIRE_BROWSER says they must run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.browser.chromium import browser_path

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def _absent(reason: str) -> None:
    if os.environ.get("EVALDOCK_REQUIRE_BROWSER"):
        pytest.fail(f"EVALDOCK_REQUIRE_BROWSER is set, but {reason}", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return a Chromium of this machine. Of the module: its event loop must not outlast it into asyncio's tests."""
    path = browser_path()
    if path is None:
        _absent("there is no Chromium here (apt-get install chromium, or set EVALDOCK_TEST_BROWSER)")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        _absent("playwright is not installed (pip install -e '.[dev]')")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path)
        yield opened
        opened.close()
