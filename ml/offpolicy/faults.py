"""Why propensities cannot be trusted, in sentences with figures."""

from __future__ import annotations

import numpy as np

from ml.offpolicy.calibration import Cell, miscalibrated, slices_compared, sound_rows
from ml.offpolicy.draws import draw_faults
from ml.offpolicy.traffic import ROW_SUM_TOLERANCE, Draws, LoggedTraffic

_TOLD = 3


def propensity_faults(traffic: LoggedTraffic, draws: Draws | None = None) -> list[str]:
    """Every fault found; empty when nothing speaks against the propensities."""
    found = [*_values(traffic), *_rows(traffic)]
    sound = sound_rows(traffic)
    if sound.any():
        found += [_said(cell) for cell in miscalibrated(slices_compared(traffic.only(sound)))[:_TOLD]]
    return found + ([] if draws is None else draw_faults(draws))


def _values(traffic: LoggedTraffic) -> list[str]:
    missing = ~np.isfinite(traffic.propensity)
    found = []
    if missing.any():
        found.append(f"propensity: missing in {int(missing.sum())} of {len(traffic)} exposures")
    for name, wrong in (
        ("above 0 is needed", np.where(missing, 1.0, traffic.propensity) <= 0),
        ("at most 1 is needed", np.where(missing, 1.0, traffic.propensity) > 1),
    ):
        if wrong.any():
            value = traffic.propensity[wrong][0]
            found.append(f"propensity: {value:g} in {int(wrong.sum())} of {len(traffic)} exposures; {name}")
    return found


def _rows(traffic: LoggedTraffic) -> list[str]:
    told = traffic.told
    if not told.any():
        return []
    rows, found = traffic.logged[told], []
    sums = rows.sum(axis=1)
    off = np.abs(sums - 1.0) > ROW_SUM_TOLERANCE
    if off.any():
        found.append(
            f"probabilities: {int(off.sum())} of {len(rows)} rows do not add up to 1, one to {sums[off][0]:.4f}"
        )
    own = rows[np.arange(len(rows)), traffic.action[told]]
    differs = np.abs(own - traffic.propensity[told]) > ROW_SUM_TOLERANCE
    if differs.any():
        first = int(np.flatnonzero(differs)[0])
        found.append(
            f"propensity: {traffic.propensity[told][first]:.4f} is not the {own[first]:.4f} of its row of "
            f"probabilities in {int(differs.sum())} of {len(rows)} exposures"
        )
    return found


def _said(cell: Cell) -> str:
    where = cell.attribute if not cell.label else f"{cell.attribute} {cell.label}"
    kind = "more" if cell.ratio > 1 else "less"
    return (
        f"{where}: {cell.action!r} was shown {abs(cell.ratio - 1):.0%} {kind} often than its propensities say "
        f"({cell.shown:,.0f} against {cell.expected:,.0f} of {cell.exposures:,} exposures, z {cell.z:.1f})"
    )
