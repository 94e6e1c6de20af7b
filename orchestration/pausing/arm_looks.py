"""Looks at complaints, returns and margin of each arm's exposures, without waiting for results.

An arm is held against the plain one hour by hour, a bandit's also cell by cell: its shares follow the results, so that
sums of all cells would compare those who get an arm with those who do not. Where few come, hours seldom have both arms,
and harm would go unseen for want of a comparison: then days are compared, in which shares move little. Returns are
counted by order, as the read-out does: an arm that sells more sees more of them come back, and is no worse for it.
Exposures of one person are alike, so that a few who come often and complain often would look like many: the variance
is widened by as much as what people brought scatters further than what exposures did (`ml.experiments.clusters`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from ml.experiments.clusters import People, inflation
from ml.experiments.guard_rail import guard_rail
from ml.experiments.stratified import Stratified, Sums, side_by_side
from orchestration.pausing.arm_people import PEOPLE, people, people_with
from orchestration.pausing.bench import Bench, finding_of
from orchestration.pausing.merging import Finding
from orchestration.pausing.tables import Tables
from serving.experiments.definition import Experiment

STATS = "ml.arm_stats"
STATS_SQL = f"""
    select arm, segment_id, context_bucket, hour, cast(sum(exposures) as double) as exposures,
        cast(sum(conversions) as double) as orders,
        cast(sum(complaints) as double) as complaints, cast(sum(returns) as double) as returns,
        cast(sum(margin_micros) as double) / 10000 as margin,
        cast(sum(margin_cents_squared) as double) as margin_squared
    from {STATS} where experiment = ? and experiment_version = ? and hour < ?
    group by all
"""
# What each is counted by.
METRICS = {"complaints": "exposures", "returns": "orders", "margin": "exposures"}
# They share the error of five in a hundred.
ALPHA = 0.05 / len(METRICS)
# Exposures or orders of each arm where both have some, and people worth as many: below it a sequence of normal
# intervals is not to be believed.
LEAST_UNITS = 30
CELL = ["segment_id", "context_bucket"]
# Hours are compared as long as they keep so much of what days could tell; of orders days, as long as all of them.
LEAST_KEPT = 0.8
Rows = tuple[pd.DataFrame, pd.DataFrame]
Persons = dict[tuple[str, str], tuple[float, ...]]
Pair = tuple[Stratified, Stratified]
COLUMNS = ["exposures", "orders", *METRICS, "margin_squared"]


def arm_looks(bench: Bench, tables: Tables, as_of: datetime) -> Iterator[Finding]:
    """Every metric of each arm but the plain one; exposures too young to have brought anything are left out."""
    harm = bench.settings.harm
    if harm is None or not (tables.has_table(STATS) and tables.has_table(PEOPLE)):
        return
    until = as_of.replace(tzinfo=None) - timedelta(hours=bench.settings.conversion_wait_hours)
    for (name, version), experiment in sorted(bench.running.items()):
        stats = tables.frame(STATS_SQL, [name, version, until])
        persons = people(tables, (name, version), _whole_hour(until), METRICS)
        cell = CELL if experiment.kind == "bandit" else []
        by_arm = {str(arm): rows.groupby([*cell, "hour"])[COLUMNS].sum() for arm, rows in stats.groupby("arm")}
        plain = by_arm.pop(experiment.plain_arm, None)
        for arm, own in by_arm.items():
            if plain is not None and arm in experiment.arms:
                yield from _against_plain(bench, experiment, arm, (plain, own), harm, persons)


def _whole_hour(until: datetime) -> datetime:
    """The end of the last hour that the sums by hour take in."""
    hour = until.replace(minute=0, second=0, microsecond=0)
    return hour if hour == until else hour + timedelta(hours=1)


def _beside(arms: Rows, unit: str) -> Rows:
    """Sums of both arms in the strata that have both: the finer ones, unless they would lose too much."""
    finer, coarser = ("h", "D") if unit == "exposures" else ("D", None)
    fine, coarse = (_shared(_of_spans(arms[0], span), _of_spans(arms[1], span), unit) for span in (finer, coarser))
    return fine if _weight(fine, unit) >= LEAST_KEPT * _weight(coarse, unit) else coarse


def _shared(plain: pd.DataFrame, own: pd.DataFrame, unit: str) -> Rows:
    plain, own = plain[plain[unit] > 0], own[own[unit] > 0]
    both = plain.index.intersection(own.index)
    return plain.loc[both], own.loc[both]


def _of_spans(rows: pd.DataFrame, span: str | None) -> pd.DataFrame:
    keys, flat = [str(name) for name in rows.index.names], rows.reset_index()
    hour = flat["hour"].dt.floor(span) if span else pd.Timestamp(0)
    return flat.assign(hour=hour).groupby(keys)[COLUMNS].sum()


def _weight(rows: Rows, unit: str) -> float:
    """Of the difference: units of both arms, as far as they stand beside each other."""
    n, m = (one[unit].to_numpy(dtype=np.float64) for one in rows)
    return float((n * m / (n + m)).sum())


def _against_plain(
    bench: Bench, experiment: Experiment, arm: str, arms: Rows, harm: float, persons: Persons
) -> Iterator[Finding]:
    for metric, unit in METRICS.items():
        rows = _beside(arms, unit)
        pair = side_by_side(*(_sums(one, metric, unit) for one in rows))
        known = [persons.get((name, metric)) for name in (experiment.plain_arm, arm)]
        if pair is None or min(one.n for one in pair) < LEAST_UNITS:
            continue
        one, other = (_people(sums, whole, metric, unit) for sums, whole in zip(known, arms, strict=True))
        if min(one.effective, other.effective) < LEAST_UNITS:
            continue
        pair = pair if metric == "margin" else _scattered(pair, rows, unit)
        factors = inflation(one, other)
        wider = [replace(side, variance=side.variance * by) for side, by in zip(pair, factors, strict=True)]
        found = guard_rail(*wider, harm=harm, alpha=ALPHA, lower_is_better=metric != "margin")
        counted = f"by {unit.removesuffix('s')}, where both had some"
        told = f"{experiment.key}: arm {arm} and its {metric} {counted}: {found.said}"
        evidence = {
            "estimate": found.change, "p_harm": found.p_harm, unit: pair[1].n, f"plain_{unit}": pair[0].n,
            "low": found.interval.low if found.interval else None,
            "high": found.interval.high if found.interval else None,
            "people": round(other.effective), "plain_people": round(one.effective),
            "widened": round(factors[1], 3), "plain_widened": round(factors[0], 3),
        }  # fmt: skip
        yield finding_of(bench, experiment, arm, metric, found.state, told, evidence)


def _people(sums: tuple[float, ...] | None, rows: pd.DataFrame, metric: str, unit: str) -> People:
    """Of all hours, with or without the other arm: how alike a person's exposures are does not hang on that."""
    squares = float(_sums(rows, metric, unit).squares.sum())
    return people_with(sums, squares) if sums else People(0, 0, 0, 0, 0, 0)


def _sums(rows: pd.DataFrame, metric: str, unit: str) -> Sums:
    n, value = (rows[name].to_numpy(dtype=np.float64) for name in (unit, metric))
    if metric == "margin":
        return Sums(n, value, rows["margin_squared"].to_numpy(dtype=np.float64))
    # Two complaints about one exposure count once: what is judged is how many exposures lead to some.
    value = np.minimum(np.maximum(value, 0.0), n)
    return Sums(n, value, value)


def _scattered(pair: Pair, rows: Rows, unit: str) -> Pair:
    """Rates whose scatter is at least that of equal rates, as in a score test.

    One or no return among a hundred orders says little of how many there will be; by its own scatter it would look
    certain.
    """
    rate = sum(one.n * one.mean for one in pair) / sum(one.n for one in pair)
    counts = [one[unit].to_numpy(dtype=np.float64) for one in rows]
    alike = side_by_side(*(Sums(n, n * rate, n * rate) for n in counts))
    if alike is None:
        return pair
    first, second = (replace(a, variance=max(a.variance, b.variance)) for a, b in zip(pair, alike, strict=True))
    return first, second
