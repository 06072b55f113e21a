"""Whatever is killed whenever: after resume every sample is scored once, by the answer first delivered for it.

EVALDOCK_KILLS says how many kills (default 3, one in each phase), EVALDOCK_KILL_SEED which. The model never repeats
itself and its last digit is the score, so an answer that was asked for again, or given to another sample, shows.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from tests.e2e.kills import CONCURRENCY, ROWS, Chronicle, Kills, Model
from tests.fakes.upstream import FakeUpstream

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200)]
KILLS = int(os.environ.get("EVALDOCK_KILLS") or 3)
SEED = int(os.environ.get("EVALDOCK_KILL_SEED") or 1)
LEAST = max(1, KILLS // 6)  # in each phase


def test_kills_cost_nothing_but_time(tmp_path: Path) -> None:
    kills, lived = Kills(SEED, KILLS, LEAST), list[Chronicle]()
    while kills.left:
        lived.append(live_through(tmp_path / f"run-{len(lived)}", kills, SEED + len(lived)))
    print(f"seed {SEED}: {dict(kills.done)} in {len(lived)} runs")  # noqa: T201 - shown where it fails
    for chronicle in lived:
        account_for(chronicle)


def live_through(folder: Path, kills: Kills, seed: int) -> Chronicle:
    """Start a run, kill and resume it until it comes to its end or no kill is left; then let it end."""
    model, failed = Model(seed), 0
    with FakeUpstream(answer=model) as upstream:
        chronicle = Chronicle(folder, model, upstream)
        while failed < 3:
            hub = chronicle.start()
            if kills.left and (struck := chronicle.kill(hub, kills.draw())):
                kills.done[struck] += 1
            elif hub.wait() == 0:
                return chronicle
            else:
                failed += 1
    raise AssertionError(f"it does not end well: {chronicle.killed}\n{chronicle.said[-5000:]}")


def account_for(chronicle: Chronicle) -> None:
    """Hold what the run says against what the model said."""
    print("\n".join(chronicle.killed))  # noqa: T201 - shown where it fails
    samples = chronicle.samples()
    final = {(sample["dataset"], sample["id"]): sample for sample in samples}

    assert len(samples) == len(final) == sum(ROWS.values())
    assert Counter(sample["state"] for sample in samples) == {"scored": len(samples)}
    for sample in samples:
        right = sample["prediction"].rpartition(" ")[2] == sample["gold"].rpartition(" ")[2]
        assert sample["scores"] == {"accuracy": float(right)}
    predictions = [sample["prediction"] for sample in samples]
    assert len(set(predictions)) == len(predictions)
    assert set(predictions) <= set(chronicle.model.said)
    changed = {key for key, prediction in chronicle.first.items() if final[key]["prediction"] != prediction}
    assert changed == set()
    answered, asked = chronicle.answered(), len(chronicle.model.said)
    assert [sample for sample, times in answered.items() if times > 1] == [], "asked again, though it was answered"
    assert asked - len(samples) <= CONCURRENCY * chronicle.struck_while_asking, "more is lost than was in flight"
    assert chronicle.containers() == []
    assert "Traceback" not in chronicle.said
    facts = f"{len(samples)} samples, {asked} requests, {len(chronicle.first)} known before the end"
    print(facts)  # noqa: T201 - shown where it fails
