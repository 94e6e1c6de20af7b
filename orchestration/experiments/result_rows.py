"""A reading as rows of `ml.experiment_result`: the same figures as on its page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite

import pandas as pd

from intake.ops_experiments import TakenLook
from ml.experiments.factorial import FactorEffect
from orchestration.experiments.comparisons import Compared
from orchestration.experiments.estimates import Estimate
from orchestration.experiments.exploring import BEST, Aftermath
from orchestration.experiments.metric_registry import metric_of
from orchestration.experiments.reading import Reading
from orchestration.experiments.shadowing import Agreement
from orchestration.warehouse_schema import source_table

RESULT = "ml.experiment_result"
SAMPLE_RATIO = "sample_ratio"
Row = dict[str, object]


def result_frame(readings: Sequence[Reading]) -> pd.DataFrame:
    """All readings as one frame with the columns of the table."""
    names = list(source_table(RESULT).column_names)
    rows = [{**dict.fromkeys(names), **row} for reading in readings for row in result_rows(reading)]
    return pd.DataFrame(rows, columns=names)


def result_rows(reading: Reading) -> Iterator[Row]:
    """Rows of one reading; the sample ratio is always there, so that every version has a row."""
    about = _about(reading)
    looks = _last_looks(reading.looks)
    compared = reading.comparisons
    for one in (*compared.arms, *compared.holdout, *compared.slices):
        yield about | _compared(one, looks)
    for effect in compared.factors:
        yield about | _factor(effect, reading)
    for agreement in reading.shadow:
        yield about | _agreement(agreement)
    for later in reading.aftermath:
        yield about | _aftermath(later)
    units = sum(reading.counts.by_arm.values())
    yield about | {
        "arm": "", "metric": SAMPLE_RATIO, "role": SAMPLE_RATIO, "p_value": reading.ratio_p, "n": units,
        "state": _split_state(reading), "method": "sequential test by propensity",
    }  # fmt: skip


def _split_state(reading: Reading) -> str:
    found = [check for check in reading.checks if check.name == "sample ratio"]
    return "" if not found else "safe" if found[0].is_ok else "harm"


def _about(reading: Reading) -> Row:
    design = reading.design
    return {
        "experiment": design.name, "experiment_version": design.version, "as_of": reading.as_of,
        "placement": design.placement, "kind": design.kind, "plain": design.plain_arm, "verdict": reading.verdict,
        "words": reading.words, "health": reading.health, "notes": "; ".join(reading.notes), "state": "",
    }  # fmt: skip


def _last_looks(looks: Sequence[TakenLook]) -> Mapping[tuple[str, str], TakenLook]:
    return {(look.metric, look.arm): look for look in looks}


def _compared(one: Compared, looks: Mapping[tuple[str, str], TakenLook]) -> Row:
    estimate = one.estimate
    row: Row = {
        "arm": estimate.arm, "plain": one.plain, "metric": estimate.metric.name, "role": one.role,
        "method": estimate.method, "p_adjusted": one.p_adjusted, "estimate": one.watch.change,
        "low": _finite(one.watch.low), "high": _finite(one.watch.high), "state": one.watch.state,
    }  # fmt: skip
    if estimate.refused:
        row["notes"] = estimate.refused
    row |= _difference(estimate)
    look = looks.get((estimate.metric.name, estimate.arm)) if one.role == "primary" else None
    if look is not None:
        row |= {"look": look.look, "information": look.information, "z": look.z, "bound": _finite(look.bound)}
    return row


def _difference(estimate: Estimate) -> Row:
    told = estimate.comparison
    if told is None:
        return {}
    row: Row = {
        "n_arm": told.n_treatment, "n_plain": told.n_control, "n": told.absolute.n, "mean_arm": told.treatment,
        "mean_plain": told.control, "difference": told.absolute.estimate,
        "difference_low": told.absolute.interval.low, "difference_high": told.absolute.interval.high,
        "p_value": told.absolute.p_value,
    }  # fmt: skip
    if told.relative is not None:
        interval = told.relative.interval
        row |= {"lift": told.relative.estimate, "lift_low": interval.low, "lift_high": interval.high}
    return row


def _factor(effect: FactorEffect, reading: Reading) -> Row:
    return {
        "arm": factor_name(effect), "plain": "reference levels",
        "metric": metric_of(reading.design.metrics.primary).name, "role": "factor", "n": effect.effect.n,
        "difference": effect.effect.estimate,
        "difference_low": effect.effect.interval.low, "difference_high": effect.effect.interval.high,
        "p_value": effect.effect.p_value, "p_adjusted": effect.p_holm, "method": "factorial, Holm over all effects",
    }  # fmt: skip


def factor_name(effect: FactorEffect) -> str:
    """`size: big`, or `size: big x colour: red` for an interaction."""
    return " x ".join(f"{factor}: {level}" for factor, level in zip(effect.factors, effect.levels, strict=True))


def _agreement(found: Agreement) -> Row:
    return {
        "arm": found.arm, "metric": "agreement", "role": "shadow", "n": found.decisions, "n_arm": found.decisions,
        "mean_arm": found.share, "difference_low": found.interval.low, "difference_high": found.interval.high,
        "method": "share of decisions with the same action (Wilson interval)",
    }  # fmt: skip


def _aftermath(later: Aftermath) -> Row:
    estimate = later.estimate
    row: Row = {
        "arm": estimate.arm, "plain": BEST, "metric": estimate.metric.name, "role": "exploration",
        "method": estimate.method, "p_adjusted": later.p_adjusted,
    }  # fmt: skip
    if estimate.refused:
        row["notes"] = estimate.refused
    return row | _difference(estimate)


def _finite(value: float | None) -> float | None:
    return value if value is not None and isfinite(value) else None
