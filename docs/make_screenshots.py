"""Take the picture of report.html that the README shows, from a run of the quickstart.

    evaldock run quickstart && python docs/make_screenshots.py [RUN]

RUN is a run's folder, an id, or `latest` (the default). Needs Chromium and the `dev` extra.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from playwright.sync_api import sync_playwright  # noqa: E402

from hub.render.html.page import write_html  # noqa: E402
from hub.runs import find_run, read_report  # noqa: E402
from hub.settings import load_settings  # noqa: E402
from tests.browser.chromium import browser_path  # noqa: E402

PICTURE = ROOT / "docs" / "images" / "report.png"
SIZE_LIMIT = 300_000
READY = "() => document.documentElement.dataset.samples === 'ready'"


def main(name: str) -> None:
    """Write the report of a run anew and take its picture."""
    run = find_run(load_settings().runs_dir, name)
    page_file = write_html(run.path, read_report(run))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path())
        page = browser.new_page(viewport={"width": 1180, "height": 1880}, reduced_motion="reduce")
        page.goto(f"{page_file.as_uri()}#show=wrong")
        page.wait_for_function(READY)
        page.evaluate("scrollTo(0, 0)")
        page.screenshot(path=PICTURE)
        browser.close()
    size = PICTURE.stat().st_size
    print(f"{PICTURE.relative_to(ROOT)}: {size / 1000:.0f} kB")
    if size > SIZE_LIMIT:
        sys.exit(f"the picture is larger than {SIZE_LIMIT / 1000:.0f} kB: make it smaller")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "latest")
