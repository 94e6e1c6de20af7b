"""Looks at running experiments: their split, their identities, and arms that do harm."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from math import isnan, nan

import pandas as pd

from intake.pause_records import Look, Verdict
from orchestration.pausing.arm_looks import arm_looks
from orchestration.pausing.bench import Bench, finding_of
from orchestration.pausing.merging import Finding, merged
from orchestration.pausing.tables import Tables
from serving.experiments.definition import Experiment

RESULT, CONFLICTS = "ml.experiment_result", "ml.identity_conflict"
RESULT_SQL = f"""
    select experiment, experiment_version, arm, metric, role, state, p_value, estimate, low, high, n from {RESULT}
    where role in ('sample_ratio', 'guard_rail', 'primary')
"""
CONFLICT_SQL = f"select experiment, experiment_version, units, conflicts from {CONFLICTS}"
HOLDOUT = "holdout"


def experiment_looks(bench: Bench, tables: Tables, as_of: datetime) -> Iterator[Look]:
    """One look a surface and cause; nothing where nothing runs."""
    if not bench.running:
        return
    findings = [*_results(bench, tables), *_conflicts(bench, tables), *arm_looks(bench, tables, as_of)]
    yield from merged(findings)


def _results(bench: Bench, tables: Tables) -> Iterator[Finding]:
    if not tables.has_table(RESULT):
        return
    for row in tables.frame(RESULT_SQL).to_dict("records"):
        experiment = bench.running.get((str(row["experiment"]), int(row["experiment_version"])))
        if experiment is None:
            continue
        if row["role"] == "sample_ratio":
            yield from _split(bench, experiment, row)
        elif row["state"] and row["arm"] not in ("", HOLDOUT, experiment.plain_arm) and row["arm"] in experiment.arms:
            yield from _rail(bench, experiment, row)


def _split(bench: Bench, experiment: Experiment, row: Mapping[object, object]) -> Iterator[Finding]:
    bound, p = bench.settings.sample_ratio_p, _number(row["p_value"])
    if bound is None or p is None:
        return
    told = f"{experiment.key}: the units in its arms do not fit its split (p {p:.1e}, less than {bound:g} is a breach)"
    evidence = {"p_value": p, "bound": bound, "n": _number(row["n"])}
    verdict: Verdict = "breach" if p < bound else "healthy"
    yield Finding(
        Look(experiment.placement, "sample_ratio", verdict, told, {experiment.key: evidence}, (experiment.key,))
    )


def _rail(bench: Bench, experiment: Experiment, row: Mapping[object, object]) -> Iterator[Finding]:
    if bench.settings.harm is None:
        return
    arm, metric, low, high = str(row["arm"]), str(row["metric"]), _number(row["low"]), _number(row["high"])
    within = "" if high is None else f" (between {low or 0:+.1%} and {high:+.1%}, at every look)"
    told = f"{experiment.key}: arm {arm} and {metric}: {row['state']}{within}"
    evidence = {"estimate": _number(row["estimate"]), "low": low, "high": high, "n": _number(row["n"])}
    yield finding_of(bench, experiment, arm, metric, str(row["state"]), told, evidence)


def _conflicts(bench: Bench, tables: Tables) -> Iterator[Finding]:
    bound = bench.settings.identity_conflicts_above
    if bound is None or not tables.has_table(CONFLICTS):
        return
    for name, version, units, twice in tables.rows(CONFLICT_SQL):
        experiment, n, conflicts = bench.running.get((str(name), int(str(version)))), int(str(units)), int(str(twice))
        if experiment is None or n < bench.settings.identity_least_units:
            continue
        share = conflicts / n
        told = f"{experiment.key}: {conflicts:,} of {n:,} people saw two arms ({share:.2%}); at most {bound:.2%} may"
        verdict: Verdict = "breach" if share > bound else "healthy"
        evidence = {"share": round(share, 6), "units": n, "conflicts": conflicts, "bound": bound}
        yield Finding(
            Look(
                experiment.placement, "identity_conflicts", verdict, told, {experiment.key: evidence}, (experiment.key,)
            )
        )


def _number(value: object) -> float | None:
    """A figure of a row; None for null, whatever pandas made of it."""
    found = nan if value is None or value is pd.NA else float(str(value))
    return None if isnan(found) else found


def running_by_key(
    experiments: Sequence[Experiment], shares: Mapping[str, float], now: datetime
) -> dict[tuple[str, int], Experiment]:
    """Experiments with a share of their layer whose dates include `now` (aware)."""
    running = (one for one in experiments if shares.get(one.key, 0.0) > 0 and one.runs_at(now))
    return {(one.name, one.version): one for one in running}
