"""From one experiment's history to the posterior of everything that its objective is made of."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ml.bandit.amounts import fit_amounts, variances_of
from ml.bandit.change import Change, Scopes, forget, latest_change, scopes, widened
from ml.bandit.effects import Posterior
from ml.bandit.panel import Panel
from ml.bandit.rates import fit_rates
from ml.bandit.rows import SQUARES
from ml.bandit.seasons import block_factors
from ml.bandit.settings import COUNTS
from ml.bandit.signal import Signal, advantages, amounts, counted

Floats = npt.NDArray[np.float64]

# So many changes are looked for one after the other; the next hour finds the rest.
MOST_CHANGES = 6
# Conversions of one cell that its own cost a conversion must have to count as much as that of its arm everywhere.
COST_CONVERSIONS = 25.0


@dataclass(frozen=True)
class Learned:
    """Posteriors of one experiment.

    Attributes:
        rates: logarithm of the rate an impression, by metric.
        gross: margin before incentives a conversion; None if nothing asks for it, as are the next two.
        revenue: revenue a conversion.
        lifetime: change of lifetime value an impression.
        cost: incentive cost a conversion, taken as known, shape (U,).
        changes: what was found to have changed.
        keep: weight of each block of hours and unit, shape (B, U).
    """

    rates: dict[str, Posterior]
    gross: Posterior | None
    revenue: Posterior | None
    lifetime: Posterior | None
    cost: Floats
    changes: tuple[Change, ...]
    keep: Floats


def learn(history: Panel, objective: dict[str, float], is_watched: bool) -> Learned:
    """Fit what the objective needs, after forgetting what was before a change.

    Args:
        objective: weight by metric, see `BanditSettings.objective`.
        is_watched: look for changes.
    """
    wanted = [metric for metric in COUNTS if metric in objective]
    if {"margin", "revenue"} & objective.keys() and "conversion" not in wanted:
        wanted.insert(0, "conversion")
    keep = np.ones_like(history.sums["exposures"])
    fitted = {metric: _fit_rate(history, metric, keep, None) for metric in wanted}
    changes: list[Change] = []
    among = scopes(history.units)
    for _ in range(MOST_CHANGES if is_watched else 0):
        found = _likeliest(among, history, fitted, keep, "margin" in objective)
        if found is None:
            break
        changes, keep = [*changes, found], forget(keep, found)
        fitted = {metric: _fit_rate(history, metric, keep, rate) for metric, rate in fitted.items()}
    rates = {metric: rate.posterior for metric, rate in fitted.items()}
    return _with_money(
        Learned(rates, None, None, None, np.zeros(keep.shape[1]), tuple(changes), keep), history, objective
    )


@dataclass(frozen=True)
class _Rate:
    posterior: Posterior
    events: Floats
    expected: Floats


def _due(history: Panel, metric: str) -> Floats:
    """Exposures that can have answered: clicks come with the page, everything else as conversions do."""
    return history.sums["exposures" if metric == "click" else "arrived"]


def _fit_rate(history: Panel, metric: str, keep: Floats, start: _Rate | None) -> _Rate:
    """Rates and the factors of blocks, in turn; events and expectations are weighted by `keep`."""
    events, due = history.sums[COUNTS[metric]] * keep, _due(history, metric) * keep
    seen = events.sum(axis=0)
    first = fit_rates(history.units, seen, np.ones(history.blocks) @ due) if start is None else start.posterior
    posterior = fit_rates(history.units, seen, _of_blocks(events, due, first) @ due, first)
    expected = due * np.exp(posterior.mean) * _of_blocks(events, due, posterior)[:, None]
    return _Rate(posterior, events, expected)


def _of_blocks(events: Floats, due: Floats, fit: Posterior) -> Floats:
    """The factor of each block under a fit."""
    return block_factors(events.sum(axis=1), (due * np.exp(fit.mean)).sum(axis=1))


def _likeliest(
    among: Scopes, history: Panel, fitted: dict[str, _Rate], keep: Floats, has_margin: bool
) -> Change | None:
    watched: list[tuple[Scopes, Signal]] = []
    for rate in fitted.values():
        watched.append((among, counted(rate.events, rate.expected)))
        watched.append((among.places, _advantages(rate, history.units.shape)))
    if has_margin:
        watched.append((among, _margin_signal(history, keep)))
    found = [change for scope, signal in watched if (change := latest_change(scope, signal)) is not None]
    if not found:
        return None
    counts = [counted(rate.events, rate.expected) for rate in fitted.values()]
    return widened(min(found, key=lambda change: change.p_value), among, counts)


def _advantages(rate: _Rate, shape: tuple[int, int]) -> Signal:
    level = rate.posterior.mean.reshape(shape)
    return advantages(rate.events, rate.expected, (level - level.mean(axis=1, keepdims=True)).ravel())


def _margin_signal(history: Panel, keep: Floats) -> Signal:
    totals, counts = history.sums["margin_micros"] * keep, history.sums["conversions"] * keep
    whole, number = totals.sum(axis=0), counts.sum(axis=0)
    variances = variances_of(whole, history.total(SQUARES, keep), number)
    mean = np.divide(whole, number, out=np.zeros(whole.size), where=number > 0)
    return amounts(totals - counts * mean, counts, variances)


def _with_money(learned: Learned, history: Panel, objective: dict[str, float]) -> Learned:
    """Amounts that the objective asks for."""
    units, keep = history.units, learned.keep
    conversions = history.total("conversions", keep)
    if "margin" in objective:
        net, cost = history.total("margin_micros", keep), history.total("cost_micros", keep)
        variances = variances_of(net, history.total(SQUARES, keep), conversions)
        gross = fit_amounts(units, net + cost, conversions, variances)
        learned = replace(learned, gross=gross, cost=_cost(cost, conversions, units.shape))
    if "revenue" in objective:
        spread = np.full(conversions.size, history.row_variance["revenue_micros"])
        learned = replace(
            learned, revenue=fit_amounts(units, history.total("revenue_micros", keep), conversions, spread)
        )
    if "ltv_change" in objective:
        valued = history.total("valued", keep)
        spread = np.full(valued.size, history.row_variance["ltv_change_micros"])
        total = history.total("ltv_change_micros", keep)
        learned = replace(learned, lifetime=fit_amounts(units, total, valued, spread))
    return learned


def _cost(cost: Floats, conversions: Floats, shape: tuple[int, int]) -> Floats:
    """Incentive cost a conversion: the arm's, moved towards the cell's own."""
    cost, conversions = cost.reshape(shape), conversions.reshape(shape)
    arm = cost.sum(axis=0) / np.maximum(conversions.sum(axis=0), 1.0)
    return np.asarray((cost + COST_CONVERSIONS * arm) / (conversions + COST_CONVERSIONS), dtype=np.float64).ravel()
