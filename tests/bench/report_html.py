"""What report.html costs: time to write it, its size, and the time until its samples can be browsed in Chromium.

    python tests/bench/report_html.py [SAMPLES[+PICTURES] ...]

Default: 10,000 samples of about 1.7 kB; `10000+2000` has 2,000 pictures of 12 kB among them. `open` is from the
start of the navigation to the list being filled, the best and the worst of several; `search` from a key press to the
list of what was found, of which 150 ms are a wait.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Page, sync_playwright  # noqa: E402

from hub.render.html.page import write_html  # noqa: E402
from tests.browser.chromium import browser_path  # noqa: E402
from tests.fakes.reports import large_run  # noqa: E402

ROUNDS = 5
READY = "() => document.documentElement.dataset.samples === 'ready'"


def opened_s(page: Page, path: Path) -> float:
    started = time.perf_counter()
    page.goto(path.as_uri(), wait_until="commit")
    page.wait_for_function(READY)
    return time.perf_counter() - started


def searched_s(page: Page) -> float:
    before = page.locator("#found").inner_text()
    started = time.perf_counter()
    page.locator("#search").fill("word17 ")
    page.wait_for_function("text => document.getElementById('found').textContent !== text", arg=before)
    return time.perf_counter() - started


def measure(count: int, pictures: int) -> None:
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name) / "run"
        report = large_run(folder, count, pictures=pictures)
        samples = (folder / "jobs" / "1-m-native" / "samples.jsonl").stat().st_size
        started = time.perf_counter()
        path = write_html(folder, report)
        written = time.perf_counter() - started
        browser = playwright.chromium.launch(executable_path=browser_path())
        times, searches = [], []
        for _ in range(ROUNDS):
            page = browser.new_page()
            times.append(opened_s(page, path))
            searches.append(searched_s(page))
            page.close()
        browser.close()
        size = path.stat().st_size
        print(
            f"{count:>9,} samples ({samples / 1e6:.1f} MB), {pictures:,} pictures: "
            f"write {written:.1f} s, file {size / 1e6:.1f} MB, "
            f"open {min(times):.2f} to {max(times):.2f} s, search {min(searches):.2f} to {max(searches):.2f} s"
        )


if __name__ == "__main__":
    for argument in sys.argv[1:] or ["10000"]:
        samples, _, pictured = argument.replace(",", "").partition("+")
        measure(int(samples), int(pictured or 0))
