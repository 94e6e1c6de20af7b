"""Looks at running experiments: their split, their identities, and arms that do harm."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pandas as pd

from intake.pause_records import Look, Verdict, arm_scope
from intake.settings_pausing import PausingSettings
from ml.experiments.guard_rail import GuardRail, guard_rail
from ml.experiments.means import Mean
from ml.experiments.proportions import Proportion
from orchestration.pausing.merging import Finding, merged
from orchestration.pausing.tables import Tables
from serving.experiments.definition import Experiment

RESULT, STATS, CONFLICTS = "ml.experiment_result", "ml.arm_stats", "ml.identity_conflict"
RESULT_SQL = f"""
    select experiment, experiment_version, arm, metric, role, state, p_value, estimate, low, high, n from {RESULT}
    where role in ('sample_ratio', 'guard_rail', 'primary')
"""
STATS_SQL = f"""
    select experiment, experiment_version, arm, cast(sum(exposures) as bigint) as exposures,
        cast(sum(complaints) as bigint) as complaints, cast(sum(returns) as bigint) as returns,
        cast(sum(margin_micros) as double) / 10000 as margin_cents,
        cast(sum(margin_cents_squared) as double) as margin_cents_squared
    from {STATS} where hour < ? group by experiment, experiment_version, arm
"""
CONFLICT_SQL = f"select experiment, experiment_version, units, conflicts from {CONFLICTS}"
HOLDOUT = "holdout"
# Complaints, returns and margin share the error of five in a hundred.
ALPHA = 0.05 / 3


@dataclass(frozen=True)
class Bench:
    """Running experiments by name and version, the arms that are paused, and the settings."""

    running: Mapping[tuple[str, int], Experiment]
    paused: frozenset[tuple[str, int, str]]
    settings: PausingSettings

    def stopped_by(self, experiment: Experiment, arm: str) -> str:
        """What harm of one arm pauses: the arm where others go on beside the plain one, else the placement."""
        others = [
            name
            for name, one in experiment.arms.items()
            if not one.is_plain and not one.is_paused and (experiment.name, experiment.version, name) not in self.paused
        ]
        if experiment.kind != "shadow" and any(name != arm for name in others):
            return arm_scope(experiment.name, experiment.version, arm)
        own = arm_scope(experiment.name, experiment.version, arm)
        return own if (experiment.name, experiment.version, arm) in self.paused else experiment.placement


def experiment_looks(bench: Bench, tables: Tables, as_of: datetime) -> Iterator[Look]:
    """One look a surface and cause; nothing where nothing runs."""
    if not bench.running:
        return
    findings = [*_results(bench, tables), *_conflicts(bench, tables), *_arms(bench, tables, as_of)]
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
    bound, p_value = bench.settings.sample_ratio_p, row["p_value"]
    if bound is None or p_value is None or pd.isna(p_value):  # type: ignore[call-overload]
        return
    p = float(str(p_value))
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
    yield _finding(bench, experiment, arm, metric, str(row["state"]), told, evidence)


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


def _arms(bench: Bench, tables: Tables, as_of: datetime) -> Iterator[Finding]:
    """Complaints, returns and margin of every arm against the plain one, hour by hour, without waiting for results."""
    if bench.settings.harm is None or not tables.has_table(STATS):
        return
    until = as_of.replace(tzinfo=None) - timedelta(hours=bench.settings.conversion_wait_hours)
    found = tables.frame(STATS_SQL, [until])
    for name, version in sorted(set(zip(found["experiment"], found["experiment_version"], strict=True))):
        experiment = bench.running.get((str(name), int(version)))
        rows = found[(found["experiment"] == name) & (found["experiment_version"] == version)]
        by_arm = {str(row["arm"]): row for row in rows.to_dict("records")}
        plain = None if experiment is None else by_arm.get(experiment.plain_arm)
        if experiment is None or plain is None:
            continue
        for arm, row in by_arm.items():
            if arm in experiment.arms and arm != experiment.plain_arm:
                yield from _against_plain(bench, experiment, arm, row, plain)


def _against_plain(
    bench: Bench, experiment: Experiment, arm: str, row: Mapping[object, object], plain: Mapping[object, object]
) -> Iterator[Finding]:
    n = [int(str(one["exposures"])) for one in (plain, row)]
    if min(n) < 2:
        return
    for metric in ("complaints", "returns", "margin"):
        found = _judged(metric, plain, row, bench.settings.harm or -0.02)
        told = f"{experiment.key}: arm {arm} and its {metric} by exposure: {found.said}"
        evidence = {
            "estimate": found.change, "p_harm": found.p_harm, "exposures": n[1], "plain_exposures": n[0],
            "low": found.interval.low if found.interval else None,
            "high": found.interval.high if found.interval else None,
        }  # fmt: skip
        yield _finding(bench, experiment, arm, metric, found.state, told, evidence)


def _judged(metric: str, plain: Mapping[object, object], row: Mapping[object, object], harm: float) -> GuardRail:
    if metric == "margin":
        sums = [_margin(one) for one in (plain, row)]
        return guard_rail(sums[0], sums[1], harm=harm, alpha=ALPHA)
    counts = [_count(one, metric) for one in (plain, row)]
    return guard_rail(counts[0], counts[1], harm=harm, alpha=ALPHA, lower_is_better=True)


def _margin(row: Mapping[object, object]) -> Mean:
    return Mean(int(str(row["exposures"])), float(str(row["margin_cents"])), float(str(row["margin_cents_squared"])))


def _count(row: Mapping[object, object], metric: str) -> Proportion:
    exposures = int(str(row["exposures"]))
    # Two complaints about one exposure count once: what is judged is how many exposures lead to some.
    return Proportion(exposures, min(exposures, max(0, int(str(row[metric])))))


def _finding(
    bench: Bench, experiment: Experiment, arm: str, metric: str, state: str, told: str, evidence: Mapping[str, object]
) -> Finding:
    surface = bench.stopped_by(experiment, arm)
    verdict: Verdict = "breach" if state == "harm" else "healthy" if state == "safe" else "silent"
    subject = f"{experiment.key}/{arm}/{metric}"
    return Finding(Look(surface, "guard_rail", verdict, told, {subject: evidence}, (subject,)))


def _number(value: object) -> float | None:
    return None if value is None or pd.isna(value) else float(str(value))  # type: ignore[call-overload]


def running_by_key(experiments: Sequence[Experiment], shares: Mapping[str, float]) -> dict[tuple[str, int], Experiment]:
    """Experiments with a share of their layer now."""
    return {(one.name, one.version): one for one in experiments if shares.get(one.key, 0.0) > 0}
