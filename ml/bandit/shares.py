"""Weights of the arms of one experiment in each of its cells."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

from ml.bandit.layout import EVERYONE, Cell, layout
from ml.bandit.learn import Learned, learn
from ml.bandit.panel import BLOCK_HOURS, Panel, panel
from ml.bandit.roster import Roster
from ml.bandit.rows import Rows
from ml.bandit.settings import COUNTS, BanditSettings
from ml.bandit.weights import everyone, exact_shares, shares_of_best, value_draws

Floats = npt.NDArray[np.float64]
Key = tuple[str, int]


@dataclass(frozen=True)
class Shares:
    """Weights by cell and learned arm, shape (C, K), with the exposures used and what they rest on."""

    cells: tuple[Cell, ...]
    weights: Floats
    used: dict[tuple[Cell, str], int]
    basis: str


def shares_of(
    key: Key,
    roster: Roster,
    history: Rows,
    arrived: Floats,
    wanted: list[Cell],
    settings: BanditSettings,
    as_of: datetime,
) -> Shares:
    """Weights of one experiment's learned arms; the last cell but the wanted ones is everybody.

    Args:
        arrived: share of conversions due by age in hours.
        wanted: cells that need shares though they have no exposures.
    """
    known = tuple(sorted({*history.cells, *wanted})) or (EVERYONE,)
    places = known if EVERYONE in known else (*known, EVERYONE)
    if len(roster.learned) < 2:
        return Shares(places, np.ones((len(places), len(roster.learned))), {}, "single arm")
    units = layout(known, sorted({*roster.learned, *history.arms}))
    summed = panel(history, units, arrived, settings.history_hours, settings.value_hours)
    if lack := _lack(summed, roster, settings):
        even = np.full((len(places), len(roster.learned)), 1.0 / len(roster.learned))
        return Shares(places, even, _used(summed, np.ones_like(summed.sums["exposures"])), f"uniform: {lack}")
    fitted = _pooled(key, roster, summed, settings, as_of) if settings.pooling else _exact(roster, summed, settings)
    return _with_newcomers(fitted, summed, roster, settings)


def _pooled(key: Key, roster: Roster, summed: Panel, settings: BanditSettings, as_of: datetime) -> Shares:
    learned = learn(summed, settings.objective, settings.detect_changes)
    cells, arms = summed.units.shape
    cost = np.tile([roster.exposure_cost.get(name, 0.0) for name in summed.units.arms], cells)
    values = value_draws(learned, settings.objective, cost, settings.draws, _generator(key, settings.seed, as_of))
    at = [summed.units.arms.index(name) for name in roster.learned]
    by_cell = values.reshape(settings.draws, cells, arms)[:, :, at]
    weights, places = shares_of_best(by_cell), summed.units.cells
    if EVERYONE not in places:
        traffic = summed.sums["exposures"].sum(axis=0).reshape(cells, arms).sum(axis=1)
        places = (*places, EVERYONE)
        weights = np.vstack([weights, shares_of_best(everyone(by_cell, traffic))])
    basis = f"pooled, {settings.draws} draws, s.e. {0.5 / settings.draws**0.5:.3f}{_changed(learned, as_of)}"
    return Shares(places, weights, _used(summed, learned.keep), basis)


def _exact(roster: Roster, summed: Panel, settings: BanditSettings) -> Shares:
    """Each cell by itself; everybody is the sum of all."""
    shape, at = summed.units.shape, [summed.units.arms.index(name) for name in roster.learned]
    due = summed.sums["exposures" if settings.metric == "click" else "arrived"]
    events, exposures = (
        values.sum(axis=0).reshape(shape)[:, at] for values in (summed.sums[COUNTS[settings.metric]], due)
    )
    places = summed.units.cells
    if EVERYONE not in places:
        places = (*places, EVERYONE)
        events, exposures = (np.vstack([each, each.sum(axis=0)]) for each in (events, exposures))
    weights = exact_shares(events, exposures, settings.lower_is_better)
    return Shares(places, weights, _used(summed, np.ones_like(due)), "beta, exact")


def _lack(summed: Panel, roster: Roster, settings: BanditSettings) -> str:
    """Why shares cannot leave uniform yet, or an empty string. New arms do not hold up two that are known."""
    shown = _exposures_by_arm(summed, roster, settings)
    known = sorted(shown.values(), reverse=True)[:2]
    if known[-1] < settings.least_units:
        arm = sorted(shown, key=lambda name: (-shown[name], name))[min(1, len(shown) - 1)]
        return f"arm {arm} has {shown[arm]:.0f} of {settings.least_units} exposures"
    # Money comes with conversions, whatever else is weighed beside it: complaints are rare where all is well.
    asks = {"margin", "revenue"} & settings.objective.keys()
    column = "conversions" if asks else next((COUNTS[n] for n in settings.objective if n in COUNTS), "conversions")
    if set(settings.objective) == {"ltv_change"}:
        return ""
    events = summed.sums[column].sum()
    return "" if events >= settings.least_conversions else f"{events:.0f} of {settings.least_conversions} {column}"


def _with_newcomers(shares: Shares, summed: Panel, roster: Roster, settings: BanditSettings) -> Shares:
    """An arm with too little evidence keeps its even share; the others divide the rest."""
    shown = _exposures_by_arm(summed, roster, settings)
    is_new = np.array([shown[name] < settings.least_units for name in roster.learned])
    if not is_new.any():
        return shares
    rest = np.where(is_new, 0.0, shares.weights)
    total = rest.sum(axis=1, keepdims=True)
    even = np.where(is_new, 0.0, 1.0 / (~is_new).sum())
    rest = np.where(total > 0, rest / np.where(total > 0, total, 1.0), even)
    weights = np.where(is_new, 1.0 / is_new.size, rest * (1.0 - is_new.mean()))
    names = ", ".join(name for name, new in zip(roster.learned, is_new, strict=True) if new)
    return replace(shares, weights=weights, basis=f"{shares.basis}; new: {names}")


def _exposures_by_arm(summed: Panel, roster: Roster, settings: BanditSettings) -> dict[str, float]:
    """Exposures that tell what is asked for: of those too young for a change in lifetime value nothing is known."""
    by_arm = (
        summed.sums["valued" if "ltv_change" in settings.objective else "exposures"]
        .sum(axis=0)
        .reshape(summed.units.shape)
        .sum(axis=0)
    )
    return {name: float(by_arm[summed.units.arms.index(name)]) for name in roster.learned}


def _used(summed: Panel, keep: Floats) -> dict[tuple[Cell, str], int]:
    """Exposures that count, by cell and arm and for everybody; what was forgotten does not."""
    shown = (summed.sums["exposures"] * (keep >= 1.0)).sum(axis=0).reshape(summed.units.shape)
    used = {
        (cell, arm): round(float(shown[row, column]))
        for row, cell in enumerate(summed.units.cells)
        for column, arm in enumerate(summed.units.arms)
    }
    everybody = {(EVERYONE, arm): round(float(shown[:, column].sum())) for column, arm in enumerate(summed.units.arms)}
    return {**everybody, **used}


def _changed(learned: Learned, as_of: datetime) -> str:
    back = (timedelta(hours=BLOCK_HOURS * change.blocks) for change in learned.changes)
    days = sorted({(as_of - each).date().isoformat() for each in back})
    return f"; changed {', '.join(days)}" if days else ""


def _generator(key: Key, seed: int, as_of: datetime) -> np.random.Generator:
    """Draws that depend on experiment, version and hour alone, so that a repeated run publishes the same shares."""
    hour = as_of.timestamp() // 3600
    digest = blake2b("\x1f".join(map(str, (*key, seed, hour))).encode(), digest_size=8).digest()
    return np.random.Generator(np.random.SFC64(int.from_bytes(digest)))
