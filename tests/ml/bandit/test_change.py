"""Changes that were planted are found where they were planted, and noise is left alone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ml.bandit.change import KEPT, Change, forget, latest_change, scopes
from ml.bandit.layout import Cell, layout
from ml.bandit.seasons import block_factors
from ml.bandit.signal import amounts, counted

UNITS = layout([Cell(s, c) for s in range(2) for c in ("app", "web")], ["a", "b", "c"])
AMONG = scopes(UNITS)
BLOCKS, EXPECTED = 40, 8.0


def _events(factor: npt.NDArray[np.float64], seed: int) -> npt.NDArray[np.float64]:
    return np.random.default_rng(seed).poisson(EXPECTED * factor).astype(np.float64)


def test_one_arm_that_collapses_in_one_segment_is_found_with_its_block() -> None:
    factor = np.ones((BLOCKS, 12))
    gone = np.array([cell.segment_id == 1 and arm == "b" for cell in UNITS.cells for arm in UNITS.arms])
    factor[:8, gone] = 0.4
    found = latest_change(AMONG, counted(_events(factor, 1), np.full(factor.shape, EXPECTED)))
    assert found is not None
    assert (found.units == gone).all()
    assert abs(found.blocks - 8) <= 1


def test_noise_is_left_alone() -> None:
    expected = np.full((BLOCKS, 12), EXPECTED)
    alarms = sum(
        latest_change(AMONG, counted(_events(np.ones(expected.shape), seed), expected)) is not None
        for seed in range(60)
    )
    assert alarms <= 1


def test_amounts_that_halve_are_found() -> None:
    draw = np.random.default_rng(2)
    counts = np.full((BLOCKS, 12), 20.0)
    means = np.where(np.arange(BLOCKS)[:, None] < 10, 5.0, 10.0) * np.ones((1, 12))
    totals = counts * means + draw.normal(0, 5 * np.sqrt(counts))
    residuals = totals - counts * totals.sum(axis=0) / counts.sum(axis=0)
    found = latest_change(AMONG, amounts(residuals, counts, np.full(12, 25.0)))
    assert found is not None
    assert abs(found.blocks - 10) <= 1


def test_forgetting_touches_what_changed_and_was_before() -> None:
    mask = np.array([True, False])
    kept = forget(np.ones((3, 2)), Change(mask, 1, 0.0))
    assert kept.tolist() == [[1.0, 1.0], [KEPT, 1.0], [KEPT, 1.0]]


def test_busy_blocks_are_told_from_chance() -> None:
    draw = np.random.default_rng(3)
    expected = np.full(200, 50.0)
    assert np.abs(block_factors(draw.poisson(expected).astype(float), expected) - 1).max() < 0.2
    busy = np.where(np.arange(200) % 2 == 0, 1.5, 0.5)
    assert np.abs(block_factors(draw.poisson(expected * busy).astype(float), expected) / busy - 1).mean() < 0.15
