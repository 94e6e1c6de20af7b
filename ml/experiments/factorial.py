"""What each factor of a multivariate experiment does, and which two do something together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations, product
from math import prod, sqrt
from typing import NamedTuple

from ml.experiments.arms import Arm, Statistic, arm_of
from ml.experiments.effect import Effect, effect_of
from ml.experiments.multiplicity import benjamini_hochberg, holm


class Cell(NamedTuple):
    """One arm of a full grid.

    Attributes:
        levels: the level of each factor.
        statistic: of the cell's units.
    """

    levels: Mapping[str, str]
    statistic: Statistic


class FactorEffect(NamedTuple):
    """A main effect or an interaction of two factors.

    Attributes:
        factors: one or two.
        levels: the level of each, against the reference.
        effect: main: mean difference from the reference level, every combination of the others weighing the same;
            interaction: what both levels do beyond the sum of what each does.
        p_holm: chance of any false finding among all effects at most this.
        p_fdr: share of false findings at most this.
    """

    factors: tuple[str, ...]
    levels: tuple[str, ...]
    effect: Effect
    p_holm: float
    p_fdr: float


Grid = dict[tuple[str, ...], Arm]


def effects(cells: Sequence[Cell], *, reference: Mapping[str, str], alpha: float = 0.05) -> list[FactorEffect]:
    """All main effects and two-way interactions against the reference levels.

    Args:
        cells: each combination of levels once.
        reference: the plain level of each factor.
        alpha: 1 - level of each interval (not corrected for their number).

    Raises:
        ValueError: a factor or combination that is missing or given twice, a level that is not there, or a cell with
            fewer than 2 units.
    """
    factors = list(reference)
    levels = _levels(cells, reference)
    grid = _grid(cells, factors, levels)
    found = [
        (asked, chosen, _contrast(grid, factors, levels, reference, dict(zip(asked, chosen, strict=True)), alpha))
        for size in (1, 2)
        for asked in combinations(factors, size)
        for chosen in product(*([level for level in levels[f] if level != reference[f]] for f in asked))
    ]
    p = [effect.p_value for _, _, effect in found]
    return [
        FactorEffect(asked, chosen, effect, first, second)
        for (asked, chosen, effect), first, second in zip(found, holm(p), benjamini_hochberg(p), strict=True)
    ]


def _levels(cells: Sequence[Cell], reference: Mapping[str, str]) -> dict[str, list[str]]:
    """Levels of each factor, the reference first."""
    if not reference:
        raise ValueError("reference: no factors; at least 1 is needed")
    for cell in cells:
        if set(cell.levels) != set(reference):
            raise ValueError(f"levels: {dict(cell.levels)}; one level of each of {', '.join(reference)} is needed")
    levels = {}
    for factor, plain in reference.items():
        seen = sorted({cell.levels[factor] for cell in cells})
        if plain not in seen or len(seen) < 2:
            raise ValueError(f"reference[{factor}]: {plain!r}; cells have the levels {', '.join(seen) or 'none'}")
        levels[factor] = [plain, *(level for level in seen if level != plain)]
    return levels


def _grid(cells: Sequence[Cell], factors: list[str], levels: dict[str, list[str]]) -> Grid:
    grid: Grid = {}
    for cell in cells:
        key = tuple(cell.levels[factor] for factor in factors)
        if key in grid:
            raise ValueError(f"cells: {key} twice; each combination once is needed")
        grid[key] = arm_of(f"cell {key}", cell.statistic)
    for key in product(*levels.values()):
        if key not in grid:
            raise ValueError(f"cells: {key} is missing; each combination of levels is needed")
    return grid


def _contrast(
    grid: Grid,
    factors: list[str],
    levels: dict[str, list[str]],
    reference: Mapping[str, str],
    asked: Mapping[str, str],
    alpha: float,
) -> Effect:
    """Differences along the factors asked, averaged over the levels of the others."""
    rest = prod(len(levels[factor]) for factor in factors if factor not in asked)
    weights = {}
    for key in grid:
        signs = [_sign(level, asked[f], reference[f]) for f, level in zip(factors, key, strict=True) if f in asked]
        if all(signs):
            weights[key] = prod(signs) / rest
    estimate = sum(weight * grid[key].mean for key, weight in weights.items())
    parts = [(weight**2 * grid[key].variance / grid[key].n, grid[key].n) for key, weight in weights.items()]
    squares, below = sum(part for part, _ in parts), sum(part**2 / (n - 1) for part, n in parts)
    if squares == 0:
        raise ValueError(f"variance: 0 in all cells of {dict(asked)}; without scatter there is no interval")
    n = sum(grid[key].n for key in weights)
    return effect_of(estimate, sqrt(squares), n, alpha=alpha, side="two", degrees_of_freedom=squares**2 / below)


def _sign(level: str, asked: str, plain: str) -> int:
    return 1 if level == asked else -1 if level == plain else 0
