"""The judges of a month: what counts as found, and what does not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from intake.clock import SteppedClock
from intake.ops_store import OpsStore
from intake.paths import DataPaths, repository_root
from intake.project import Project
from orchestration.cli.app import app
from orchestration.experiments.reading import Reading
from orchestration.month import flow
from orchestration.month.crowd import Crowd
from orchestration.month.flow import MonthResult
from orchestration.month.folder import Month
from orchestration.month.hindsight import Judgement, compared
from orchestration.month.hour import Life
from orchestration.month.ledger import Entry, Ledger
from orchestration.month.owners import Decided, Owners
from orchestration.month.promises import Promise, promises
from orchestration.offpolicy.report import Interval, Report
from simulation.month.planted import BAD_BANNER, BANNER, BANNERS, DELIVERIES, DELIVERY, NOTE, NOTES, plant
from simulation.month.responses import Shown, respond
from simulation.month.shoppers import draw_shoppers

AT = datetime(2018, 1, 7, 20, tzinfo=UTC)
BAD = f"arm:{BANNER}/1/{BAD_BANNER}"
PLANTED = plant([-1], seed=3)
WINNER = Decided(DELIVERY, AT, "ship", DELIVERIES[1], "it earns more")
PROMISED = {
    "money": "the bandit earns more than the split",
    "bad": f"the bad banner {BAD_BANNER} is paused",
    "others": "nothing else is paused",
    "winner": "the winner of the delivery line is shipped",
    "null": "the note that changes nothing is not shipped",
    "lost": "nothing is lost on the way into the log",
}


def best_shown(seen: list[bool]) -> Entry:
    """Visits on a phone, each shown the banner that is best there."""
    n = len(seen)
    best = int(PLANTED.margin()[0, 0, 1:, 0].argmax()) + 1
    nothing = np.zeros(n, dtype=np.int64)
    shown = Shown(nothing, nothing, np.full(n, best), nothing)
    ids = [f"{at:032x}" for at in range(n)]
    out = np.zeros(len(BANNERS), dtype=np.bool_)
    return Entry(
        AT, ids, nothing, shown, np.array(seen), nothing, respond(PLANTED, shown, np.random.default_rng(1)), out
    )


@pytest.fixture
def life(tmp_path: Path) -> Life:
    """A month of four visits, three of them seen, in which all went well and nothing was paused yet."""
    paths = DataPaths(tmp_path / "data")
    clock = SteppedClock(AT)
    project = replace(Project.open(paths, repository_root() / "config"), clock=clock)
    shop: Any = SimpleNamespace(decisions_lost=0)
    crowd = Crowd(draw_shoppers([], 50, 0, 1), PLANTED)
    ledger = Ledger(PLANTED, [best_shown([True, True, False, True])])
    found = Life(Month(project, clock, tmp_path), crowd, shop, ["p1"], 1, ledger, visits=4, exposures=9, events=4)
    found.suppressed = 1
    found.waiting.told = Counter(content_clicked=3, order_completed=2)
    return found


def pause(life: Life, surface: str) -> None:
    OpsStore(life.month.project.paths).set_pause(surface, reason="it does harm", actor="a look", at=AT)


def reading(experiment: str, verdict: str = "keep running") -> Reading:
    told: Any = SimpleNamespace(experiment=experiment, verdict=verdict, words="so it is")
    found: Reading = told
    return found


def owners(*decided: Decided, read: tuple[str, ...] = (DELIVERY, NOTE)) -> Owners:
    return Owners({one.experiment: one for one in decided}, {name: reading(name) for name in read})


def told(life: Life, found: Owners) -> dict[str, Promise]:
    by_name = {promise.name: promise for promise in promises(life, found, [])}
    return {short: by_name[name] for short, name in PROMISED.items()}


def kept(life: Life, found: Owners) -> set[str]:
    return {short for short, promise in told(life, found).items() if promise.is_kept}


def test_all_is_true_of_a_month_that_went_well(life: Life) -> None:
    pause(life, BAD)
    assert kept(life, owners(WINNER)) == set(PROMISED)


def test_a_bandit_that_shows_the_worst_does_not_earn_more_than_a_split(life: Life) -> None:
    entry = life.ledger.entries[0]
    worst = replace(entry, shown=replace(entry.shown, banner=np.full(4, BANNERS.index(BAD_BANNER))))
    life.ledger.entries = [worst]
    assert not told(life, owners())["money"].is_kept


@pytest.mark.parametrize(
    ("surfaces", "expected", "words"),
    [
        ((), {"others"}, "nothing was"),
        ((BAD,), {"bad", "others"}, "nothing was"),
        ((BAD, "month_banner"), {"bad"}, "month_banner"),
        (("all",), set(), "all"),
        ((f"arm:{BANNER}/1/weekly_deals", f"arm:{BANNER}/2/{BAD_BANNER}"), set(), "weekly_deals, arm:"),
    ],
)
def test_the_bad_banner_is_paused_and_no_other(
    life: Life, surfaces: tuple[str, ...], expected: set[str], words: str
) -> None:
    for surface in surfaces:
        pause(life, surface)
    assert kept(life, owners()) & {"bad", "others"} == expected
    assert words in told(life, owners())["others"].words


@pytest.mark.parametrize(
    ("found", "is_kept", "words"),
    [
        (owners(WINNER), True, "ship tomorrow_line: it earns more"),
        (owners(replace(WINNER, arm=DELIVERIES[0])), False, "ship plain_line"),
        (owners(replace(WINNER, step="stop", arm="")), False, "stop"),
        (owners(replace(WINNER, experiment=NOTE)), False, "at the end: keep running. so it is"),
        (owners(read=()), False, "it was never read out"),
    ],
)
def test_the_winner_counts_when_it_was_shipped(life: Life, found: Owners, is_kept: bool, words: str) -> None:
    promise = told(life, found)["winner"]
    assert promise.is_kept is is_kept
    assert words in promise.words


@pytest.mark.parametrize(
    ("found", "is_kept", "words"),
    [
        (owners(), True, "keep running. so it is"),
        (owners(Decided(NOTE, AT, "stop", "", "no difference")), True, "no difference"),
        (owners(Decided(NOTE, AT, "ship", NOTES[1], "by bad luck")), False, "by bad luck"),
        (owners(Decided(NOTE, AT, "ship", NOTES[0], "by bad luck")), False, "by bad luck"),
        (owners(read=(DELIVERY,)), False, "it was never read out"),
    ],
)
def test_the_null_must_have_been_read_and_not_shipped(life: Life, found: Owners, is_kept: bool, words: str) -> None:
    promise = told(life, found)["null"]
    assert promise.is_kept is is_kept
    assert words in promise.words


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda life: setattr(life, "exposures", 8), "8 of 9 exposures acknowledged"),
        (lambda life: setattr(life, "exposures", 12), "12 of 9 exposures acknowledged"),
        (lambda life: setattr(life, "events", 3), "of 5 events 3 acknowledged and 1 left out"),
        (lambda life: setattr(life, "suppressed", 0), "of 5 events 4 acknowledged and 0 left out"),
        (lambda life: setattr(life.shop, "decisions_lost", 2), "2 decisions that the service could not log"),
    ],
)
def test_what_did_not_arrive_is_lost(life: Life, change: Callable[[Life], None], words: str) -> None:
    change(life)
    promise = told(life, owners())["lost"]
    assert not promise.is_kept
    assert words in promise.words


def report(said: Interval, difference: Interval) -> Report:
    found: Any = SimpleNamespace(estimates={"DR": said}, difference=difference, verdict="ok")
    as_report: Report = found
    return as_report


# What was shown is worth 1.00 in all of them; 99 % intervals reach 1.31 times as far as those of 95 %.
@pytest.mark.parametrize(
    ("said", "difference", "truth", "agrees"),
    [
        ((1.10, 1.00, 1.20), (0.10, 0.00, 0.20), 1.05, True),
        ((1.10, 1.00, 1.20), (0.10, 0.00, 0.20), 1.23, True),
        ((1.10, 1.00, 1.20), (0.10, 0.00, 0.20), 1.24, False),
        ((1.10, 1.00, 1.20), (0.30, 0.20, 0.40), 1.05, False),
        ((1.50, 1.40, 1.60), (0.10, 0.00, 0.20), 1.05, False),
        ((1.10, 0.98, 1.22), (0.10, 0.01, 0.19), 0.99, False),
        ((1.10, 0.98, 1.22), (0.10, -0.01, 0.21), 0.99, True),
        ((0.90, 0.78, 1.02), (-0.10, -0.19, -0.01), 1.01, False),
    ],
    ids=[
        "inside",
        "outside of 95 and inside of 99 %",
        "outside of both",
        "difference outside",
        "value outside",
        "told apart the wrong way round",
        "not told apart",
        "told apart the wrong way round, downwards",
    ],
)
def test_a_judgement_agrees_with_the_truth_or_not(
    said: tuple[float, float, float], difference: tuple[float, float, float], truth: float, agrees: bool
) -> None:
    found = compared("a candidate", report(Interval(*said), Interval(*difference)), 1.0, truth)
    assert found.agrees is agrees
    assert f"truth {truth:.3f}, {truth - 1.0:+.3f}" in found.words


def test_a_judgement_that_is_wrong_breaks_the_months_promise(life: Life) -> None:
    judged = [Judgement("an even split", agrees=False, words="far off"), Judgement("another", agrees=True, words="")]
    found = {promise.name: promise.is_kept for promise in promises(life, owners(), judged)}
    assert found["judged beforehand: an even split"] is False
    assert found["judged beforehand: another"] is True


@pytest.mark.parametrize(
    ("is_whole", "is_kept", "code"), [(True, True, 0), (True, False, 1), (False, True, 0), (False, False, 0)]
)
def test_a_whole_month_is_judged_and_a_look_is_not(
    life: Life, monkeypatch: pytest.MonkeyPatch, is_whole: bool, is_kept: bool, code: int
) -> None:
    lived = MonthResult(life, owners(), [Promise("the moon is full", is_kept, "it was looked at")], is_whole)
    monkeypatch.setattr(flow, "run_month", lambda *_: lived)
    monkeypatch.setenv("CONCIERGE_DATA", str(life.month.project.paths.root))
    result = CliRunner().invoke(app, ["month"])
    assert result.exit_code == code
    assert ("not true: the moon is full" in result.stderr) is (code == 1)
