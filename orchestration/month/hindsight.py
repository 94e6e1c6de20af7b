"""Policies that nobody was shown, judged on the logged traffic, and each judgement beside the simulated truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from orchestration.month.hour import Life
from orchestration.offpolicy.candidate import Table, read_candidate, read_table
from orchestration.offpolicy.evaluating import Span, evaluate_candidate, published, registry_of
from orchestration.offpolicy.report import Interval, Report
from orchestration.offpolicy.rewards import exposures
from orchestration.warehouse import Warehouse
from serving.experiments.definition import Experiment
from serving.experiments.rows import learned_row
from simulation.arrays import F64, Bool
from simulation.month import worth
from simulation.month.planted import BAD_BANNER, BANNER, BANNERS, CONTEXTS, PLAIN_BANNER

VERSION = f"{BANNER}/1"
# A 95 % interval made one of 99 %: among few judgements one in a hundred may miss the truth.
_WIDER = 2.576 / 1.960
# By then orders have come and gone back: fresher visits would look better than they were.
EVERYTHING_FOLLOWED_HOURS = 168
Cells = Mapping[tuple[int, str], Mapping[str, float]]


@dataclass(frozen=True)
class Judgement:
    """What was said of a candidate beforehand, and whether the truth agrees."""

    candidate: str
    agrees: bool
    words: str


def even_split() -> Cells:
    """Every banner but the plain and the bad one as often as the others, for everybody."""
    good = [name for name in BANNERS if name not in (PLAIN_BANNER, BAD_BANNER)]
    return {(-1, "any"): dict.fromkeys(good, 1.0 / len(good))}


def learned_so_far(life: Life) -> Cells:
    """The probabilities as they stand now, to be asked later: what if learning had ended here?"""
    rows = Warehouse(life.month.project.paths.warehouse).rows(
        "select segment_id, context_bucket, arm, probability from ml.arm_probability where experiment = ?", [BANNER]
    )
    cells: dict[tuple[int, str], dict[str, float]] = {}
    for segment, bucket, arm, probability in rows:
        cells.setdefault((int(str(segment)), str(bucket)), {})[str(arm)] = float(str(probability))
    return cells


def judge(life: Life, name: str, cells: Cells, now: datetime, days: int) -> Judgement:
    """Have a table of probabilities judged on the banner's log, and look up what the truth says.

    Raises:
        NothingLoggedError, OffPolicyError: the log holds nothing to judge on.
    """
    project = life.month.project
    experiment = registry_of(project)[VERSION]
    file = life.month.root / "candidates" / f"{name.replace(' ', '_')}.csv"
    file.parent.mkdir(exist_ok=True)
    _frame(cells).to_csv(file, index=False)
    hours = EVERYTHING_FOLLOWED_HOURS
    with published(project) as connection:
        report = evaluate_candidate(
            project, read_candidate(project, str(file)), BANNER, connection, now, Span(days, hours)
        )
        frame = exposures(connection, BANNER, now, days, hours)
    asked = frame[(frame["traffic"] == "live") & frame["arm"].notna()]
    logged, wanted = _truth(life, experiment, read_table(file), set(asked["personalization_id"]))
    return compared(name, report, logged, wanted)


def _truth(life: Life, experiment: Experiment, table: Table, ids: set[str]) -> tuple[float, float]:
    """Expected margin a visit of what was shown and of the candidate, over those visits."""
    shown, wanted = [], []
    planted = life.crowd.planted
    for entry in life.ledger.entries:
        asked = np.array([one in ids for one in entry.personalization_ids], dtype=np.bool_)
        by_banner = worth.margin_by_banner(planted, entry.shown)
        rows = _candidate_rows(experiment, table, entry.paused, planted.segments)
        shown.append(worth.chosen(by_banner, entry.shown.banner)[asked])
        wanted.append(worth.under_policy(by_banner, rows[entry.shown.segment, entry.shown.context])[asked])
    return float(np.concatenate(shown).mean()), float(np.concatenate(wanted).mean())


def _candidate_rows(experiment: Experiment, table: Table, paused: Bool, segments: tuple[int, ...]) -> F64:
    """Probabilities of the banners by place of segment and context (S, C, A)."""
    arms = [name for name, out in zip(BANNERS, paused.tolist(), strict=True) if not out]
    rows = np.zeros((len(segments), len(CONTEXTS), len(BANNERS)))
    for at, context in np.ndindex(rows.shape[:2]):
        cell = table.cell(BANNER, segments[at], CONTEXTS[context]) or {}
        row = learned_row(experiment, cell, arms)
        rows[at, context] = [row.get(name, 0.0) for name in BANNERS]
    return rows


def _frame(cells: Cells) -> pd.DataFrame:
    rows = [
        {"experiment": BANNER, "segment_id": segment, "context_bucket": bucket, "arm": arm, "probability": p}
        for (segment, bucket), row in cells.items()
        for arm, p in row.items()
    ]
    return pd.DataFrame(rows)


def compared(name: str, report: Report, logged: float, candidate: float) -> Judgement:
    """What was said of a candidate beside the true margin a visit of what was shown and of the candidate, USD."""
    said, gain = report.estimates["DR"], candidate - logged
    difference = report.difference
    # A judgement that tells the two apart must tell them apart the right way round.
    is_wrong_way = difference.low * difference.high > 0 and difference.value * gain < 0
    agrees = _holds(said, candidate) and _holds(difference, gain) and not is_wrong_way
    words = (
        f"judged {said.value:.3f} USD a visit ({said.low:.3f} to {said.high:.3f}), {difference.value:+.3f} against "
        f"what was shown, verdict {report.verdict!r}; truth {candidate:.3f}, {gain:+.3f}"
    )
    return Judgement(name, agrees, words)


def _holds(interval: Interval, truth: float) -> bool:
    low, high = (interval.value + _WIDER * (end - interval.value) for end in (interval.low, interval.high))
    return low <= truth <= high
