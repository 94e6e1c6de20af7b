"""Whether the numbers that chance drew are uniform, independent between experiments, and blind to the outcome.

Two experiments with one salt give a person the same number in both, so the arms of one pose as the effect of the other.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
from scipy.stats import chi2, kstest

from ml.offpolicy.traffic import Draws, Floats, Ints

FALSE_ALARMS = 0.001
_GRID = 8
# Fewer shared persons than this fill no grid of 64 cells.
_LEAST_SHARED = 640
_LEAST = 100
# Rounding of logged numbers, and lines of an older program.
_HAIR, _MOST_ELSEWHERE = 1e-9, 0.01


def draw_faults(draws: Draws) -> list[str]:
    """What is wrong with the draws, in sentences; empty when nothing is."""
    table = pd.DataFrame({"stream": draws.stream, "unit": draws.unit, "u": draws.u, "within": draws.within})
    table = table.assign(action=draws.action, outcome=draws.outcome)
    table = table[np.isfinite(table["u"])]
    outside = table[(table["u"] < 0) | (table["u"] >= 1)]
    if len(outside):
        return [f"draw u: {outside['u'].iloc[0]:g} in {len(outside)} exposures; 0 to below 1 is needed"]
    streams = {str(name): own for name, own in table.groupby("stream", sort=True)}
    tests = max(2 * len(streams) + len(streams) * (len(streams) - 1) // 2, 1)
    bound = FALSE_ALARMS / tests
    found = [fault for name, own in streams.items() for fault in _own_faults(name, own, bound)]
    pairs = combinations(streams.items(), 2)
    return found + [fault for one, other in pairs if (fault := _shared(one, other, bound))]


def _own_faults(name: str, own: pd.DataFrame, bound: float) -> list[str]:
    found = []
    once = own.drop_duplicates(["unit", "u"])
    if len(once) >= _LEAST:
        p = float(kstest(once["u"].to_numpy(), "uniform").pvalue)
        if p < bound:
            found.append(f"{name}: its {len(once)} draws are not uniform (Kolmogorov-Smirnov p {p:.1e})")
    known = own[np.isfinite(own["within"])]
    inside = known[(known["within"] >= -_HAIR) & (known["within"] < 1 + _HAIR)]
    if len(known) - len(inside) > _MOST_ELSEWHERE * len(known):
        found.append(
            f"{name}: in {len(known) - len(inside)} of {len(known)} draws the number drawn does not give the "
            "action shown under the logged probabilities"
        )
    p, people = _outcome_p(inside)
    if p < bound:
        found.append(
            f"{name}: whatever the action, the outcome goes with the number drawn (p {p:.1e}, {people} people): "
            "assignment and outcome come from one hash or salt"
        )
    return found


def _outcome_p(inside: pd.DataFrame) -> tuple[float, int]:
    """Kruskal-Wallis over eighths of the action's interval, ranks within actions, one row a person."""
    known = inside[np.isfinite(inside["outcome"])]
    people = known.groupby(["action", "unit"], sort=True).agg(within=("within", "first"), outcome=("outcome", "mean"))
    if len(people) < _LEAST:
        return 1.0, len(people)
    ranks = people.groupby("action")["outcome"].rank(pct=True, method="average")
    centred = ranks - ranks.groupby("action").transform("mean")
    place = np.clip(people["within"].to_numpy() * _GRID, 0, _GRID - 1).astype(np.int64)
    return _between(centred.to_numpy(), np.asarray(place)), len(people)


def _between(values: Floats, place: Ints) -> float:
    variance = float(values.var())
    if variance == 0:
        return 1.0
    counts = np.bincount(place, minlength=_GRID)
    sums = np.bincount(place, weights=values, minlength=_GRID)
    full = counts > 0
    return float(chi2.sf((sums[full] ** 2 / counts[full]).sum() / variance, int(full.sum()) - 1))


def _shared(one: tuple[str, pd.DataFrame], other: tuple[str, pd.DataFrame], bound: float) -> str | None:
    """Why two experiments do not draw independently, or None."""
    first = one[1].drop_duplicates("unit").set_index("unit")["u"]
    both = first.to_frame("a").join(other[1].drop_duplicates("unit").set_index("unit")["u"].rename("b"), how="inner")
    same = int((both["a"] == both["b"]).sum())
    if same >= 2 and same >= 0.01 * len(both):
        return f"{one[0]} and {other[0]}: {same} of {len(both)} people have the same number in both; they share a salt"
    if len(both) < _LEAST_SHARED:
        return None
    grid = np.zeros((_GRID, _GRID))
    np.add.at(grid, tuple((both[name].to_numpy() * _GRID).astype(np.int64) for name in ("a", "b")), 1.0)
    expected = len(both) / _GRID**2
    # Both margins are known to be uniform where nothing is wrong.
    p = float(chi2.sf(((grid - expected) ** 2 / expected).sum(), _GRID**2 - 1))
    if p >= bound:
        return None
    return f"{one[0]} and {other[0]}: the draws of {len(both)} people in both are not independent (p {p:.1e})"
