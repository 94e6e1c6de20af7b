"""Main effects and interactions against least squares on the rows, and corrections against published numbers."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ml.experiments.factorial import Cell, effects
from ml.experiments.means import Mean
from ml.experiments.multiplicity import benjamini_hochberg, holm

LEVELS = {"headline": ["plain", "warm", "short"], "colour": ["grey", "green"], "badge": ["no", "yes"]}
REFERENCE = {"headline": "plain", "colour": "grey", "badge": "no"}


def cells(seed: int = 1, synergy: float = 0.0) -> tuple[list[Cell], list[tuple[dict[str, str], np.ndarray]]]:
    random, found, rows = np.random.default_rng(seed), [], []
    for combination in product(*LEVELS.values()):
        levels = dict(zip(LEVELS, combination, strict=True))
        mean = 10 + 0.5 * (levels["headline"] == "warm") + synergy * (combination[:2] == ("warm", "green"))
        values = random.normal(mean, 2, int(random.integers(60, 90)))
        rows.append((levels, values))
        found.append(Cell(levels, Mean(len(values), float(values.sum()), float((values**2).sum()))))
    return found, rows


def test_effects_are_weighted_least_squares_of_cell_means() -> None:
    """A saturated model with effect coding around the other factors' averages, solved by numpy."""
    given_cells, rows = cells()
    found = {(effect.factors, effect.levels): effect for effect in effects(given_cells, reference=REFERENCE)}
    mean = {tuple(levels.values()): values.mean() for levels, values in rows}
    squares = {tuple(levels.values()): values.var(ddof=1) / len(values) for levels, values in rows}
    # Main effect of "warm": average over the four combinations of colour and badge.
    others = list(product(LEVELS["colour"], LEVELS["badge"]))
    by_hand = np.mean([mean["warm", *other] - mean["plain", *other] for other in others])
    error = np.sqrt(sum(squares["warm", *o] + squares["plain", *o] for o in others)) / 4
    effect = found[("headline",), ("warm",)].effect
    assert (effect.estimate, effect.standard_error) == pytest.approx((by_hand, error), rel=1e-10)
    both = [
        (mean["short", "green", badge] - mean["plain", "green", badge])
        - (mean["short", "grey", badge] - mean["plain", "grey", badge])
        for badge in LEVELS["badge"]
    ]
    interaction = found[("headline", "colour"), ("short", "green")].effect
    assert interaction.estimate == pytest.approx(np.mean(both), rel=1e-9)
    assert len(found) == 2 + 1 + 1 + 2 + 2 + 1


def test_two_levels_of_one_factor_are_welchs_test() -> None:
    random = np.random.default_rng(2)
    a, b = random.normal(0, 1, 40), random.normal(0.4, 3, 25)
    grid = [Cell({"f": level}, Mean(len(v), v.sum(), (v**2).sum())) for level, v in (("no", a), ("yes", b))]
    found = effects(grid, reference={"f": "no"})[0]
    assert found.effect.p_value == pytest.approx(stats.ttest_ind(b, a, equal_var=False).pvalue, rel=1e-9)
    assert found.p_holm == found.p_fdr == found.effect.p_value


def test_a_planted_interaction_is_found_and_nothing_else() -> None:
    given_cells, _ = cells(seed=3, synergy=4.0)
    found = [effect for effect in effects(given_cells, reference=REFERENCE) if effect.p_holm < 0.01]
    pairs = {effect.levels for effect in found if len(effect.factors) == 2}
    assert pairs == {("warm", "green")}


def test_grids_with_holes_are_refused() -> None:
    given_cells, _ = cells()
    with pytest.raises(ValueError, match=r"cells: .* is missing; each combination"):
        effects(given_cells[:-1], reference=REFERENCE)
    with pytest.raises(ValueError, match="twice; each combination once"):
        effects([*given_cells, given_cells[0]], reference=REFERENCE)
    with pytest.raises(ValueError, match=r"reference\[colour\]: 'blue'; cells have the levels green, grey"):
        effects(given_cells, reference={**REFERENCE, "colour": "blue"})
    with pytest.raises(ValueError, match="one level of each of headline, colour is needed"):
        effects(given_cells, reference={"headline": "plain", "colour": "grey"})
    with pytest.raises(ValueError, match=r"cell \('plain', 'grey', 'no'\).n: 1 units"):
        effects([Cell(given_cells[0].levels, Mean(1, 1, 1)), *given_cells[1:]], reference=REFERENCE)


def test_corrections_are_the_published_ones() -> None:
    # Benjamini and Hochberg (1995), J. R. Stat. Soc. B 57, 289-300, section 4: fifteen p-values of a trial, of which
    # their procedure finds four at 5 % and Bonferroni three.
    p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240]
    p += [0.4262, 0.5719, 0.6528, 0.7590, 1.0000]
    assert sum(value <= 0.05 for value in benjamini_hochberg(p)) == 4
    assert sum(value <= 0.05 for value in holm(p)) == 3
    assert benjamini_hochberg(p) == pytest.approx(list(stats.false_discovery_control(p)), rel=1e-12)
    # Holm by hand: 3 x 0.01, 2 x 0.02, then never below what came before.
    assert holm([0.03, 0.01, 0.02]) == pytest.approx([0.04, 0.03, 0.04])


@settings(max_examples=60, deadline=None)
@given(p=st.lists(st.floats(0, 1), min_size=1, max_size=12), order=st.randoms(use_true_random=False))
def test_corrections_keep_order_and_never_help(p: list[float], order: object) -> None:
    for correct in (holm, benjamini_hochberg):
        found = correct(p)
        assert all(0 <= after <= 1 and after >= before - 1e-12 for before, after in zip(p, found, strict=True))
        shuffled = list(range(len(p)))
        order.shuffle(shuffled)  # type: ignore[attr-defined]
        again = correct([p[at] for at in shuffled])
        assert [found[at] for at in shuffled] == pytest.approx(again)
    assert all(h >= b - 1e-12 for h, b in zip(holm(p), benjamini_hochberg(p), strict=True))


def test_no_p_values_are_no_error_and_bad_ones_are() -> None:
    assert holm([]) == benjamini_hochberg([]) == []
    with pytest.raises(ValueError, match=r"p\[1\]: 1.2; 0 to 1"):
        holm([0.1, 1.2])
    with pytest.raises(ValueError, match=r"p\[0\]: nan"):
        benjamini_hochberg([float("nan")])
