"""Looks at complaints, returns and margin of each arm's exposures, without waiting for results.

An arm is held against the plain one hour by hour, a bandit's also cell by cell: its shares follow the results, so that
sums of all cells would compare those who get an arm with those who do not. Where few come, hours seldom have both arms,
and harm would go unseen for want of a comparison: then days are compared, in which shares move little.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from ml.experiments.guard_rail import guard_rail
from ml.experiments.stratified import Sums, side_by_side
from orchestration.pausing.bench import Bench, finding_of
from orchestration.pausing.merging import Finding
from orchestration.pausing.tables import Tables
from serving.experiments.definition import Experiment

STATS = "ml.arm_stats"
STATS_SQL = f"""
    select arm, segment_id, context_bucket, hour, cast(sum(exposures) as double) as exposures,
        cast(sum(complaints) as double) as complaints, cast(sum(returns) as double) as returns,
        cast(sum(margin_micros) as double) / 10000 as margin,
        cast(sum(margin_cents_squared) as double) as margin_squared
    from {STATS} where experiment = ? and experiment_version = ? and hour < ?
    group by all
"""
METRICS = ("complaints", "returns", "margin")
# They share the error of five in a hundred.
ALPHA = 0.05 / len(METRICS)
# Of each arm where both were shown: below it a sequence of normal intervals is not to be believed.
LEAST_EXPOSURES = 30
CELL = ["segment_id", "context_bucket"]
# Hours are compared as long as they keep so much of what days could tell.
LEAST_KEPT = 0.8
Rows = tuple[pd.DataFrame, pd.DataFrame]
COLUMNS = ["exposures", *METRICS, "margin_squared"]


def arm_looks(bench: Bench, tables: Tables, as_of: datetime) -> Iterator[Finding]:
    """Every metric of each arm but the plain one; exposures too young to have brought anything are left out."""
    harm = bench.settings.harm
    if harm is None or not tables.has_table(STATS):
        return
    until = as_of.replace(tzinfo=None) - timedelta(hours=bench.settings.conversion_wait_hours)
    for (name, version), experiment in sorted(bench.running.items()):
        stats = tables.frame(STATS_SQL, [name, version, until])
        cell = CELL if experiment.kind == "bandit" else []
        by_arm = {str(arm): rows.groupby([*cell, "hour"])[COLUMNS].sum() for arm, rows in stats.groupby("arm")}
        plain = by_arm.pop(experiment.plain_arm, None)
        for arm, own in by_arm.items():
            if plain is not None and arm in experiment.arms:
                yield from _against_plain(bench, experiment, arm, _beside(plain, own), harm)


def _beside(plain: pd.DataFrame, own: pd.DataFrame) -> Rows:
    """Sums of both arms in the strata that have both: by hour, by day where hours would lose too much."""
    by_hour, by_day = _shared(plain, own), _shared(_of_days(plain), _of_days(own))
    return by_hour if _weight(by_hour) >= LEAST_KEPT * _weight(by_day) else by_day


def _shared(plain: pd.DataFrame, own: pd.DataFrame) -> Rows:
    both = plain.index.intersection(own.index)
    return plain.loc[both], own.loc[both]


def _of_days(rows: pd.DataFrame) -> pd.DataFrame:
    keys, flat = [str(name) for name in rows.index.names], rows.reset_index()
    return flat.assign(hour=flat["hour"].dt.floor("D")).groupby(keys)[COLUMNS].sum()


def _weight(rows: Rows) -> float:
    """Of the difference: exposures of both arms, as far as they stand beside each other."""
    n, m = (one["exposures"].to_numpy(dtype=np.float64) for one in rows)
    return float((n * m / (n + m)).sum())


def _against_plain(bench: Bench, experiment: Experiment, arm: str, rows: Rows, harm: float) -> Iterator[Finding]:
    for metric in METRICS:
        pair = side_by_side(*(_sums(one, metric) for one in rows))
        if pair is None or min(one.n for one in pair) < LEAST_EXPOSURES:
            continue
        found = guard_rail(*pair, harm=harm, alpha=ALPHA, lower_is_better=metric != "margin")
        told = f"{experiment.key}: arm {arm} and its {metric} by exposure, where both were shown: {found.said}"
        evidence = {
            "estimate": found.change, "p_harm": found.p_harm, "exposures": pair[1].n, "plain_exposures": pair[0].n,
            "low": found.interval.low if found.interval else None,
            "high": found.interval.high if found.interval else None,
        }  # fmt: skip
        yield finding_of(bench, experiment, arm, metric, found.state, told, evidence)


def _sums(rows: pd.DataFrame, metric: str) -> Sums:
    n, value = (rows[name].to_numpy(dtype=np.float64) for name in ("exposures", metric))
    if metric == "margin":
        return Sums(n, value, rows["margin_squared"].to_numpy(dtype=np.float64))
    # Two complaints about one exposure count once: what is judged is how many exposures lead to some.
    value = np.minimum(np.maximum(value, 0.0), n)
    return Sums(n, value, value)
