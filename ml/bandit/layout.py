"""Cells and arms of one experiment, and which effects they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class Cell(NamedTuple):
    """One segment in one context."""

    segment_id: int
    context_bucket: str


# Whom no other row speaks for.
EVERYONE = Cell(-1, "any")


@dataclass(frozen=True)
class Layout:
    """The grid of C cells and A arms; unit c * A + a is arm a in cell c.

    Attributes:
        cells: sorted, C of them.
        arms: sorted, A of them.
        design: which effects act on a unit, zeros and ones, shape (C * A, P).
        blocks: effect group of each column of `design`, shape (P,); -1 is the intercept.
        groups: how many groups there are.
    """

    cells: tuple[Cell, ...]
    arms: tuple[str, ...]
    design: Floats
    blocks: Ints
    groups: int

    @property
    def shape(self) -> tuple[int, int]:
        """Cells and arms."""
        return len(self.cells), len(self.arms)


def layout(cells: Sequence[Cell], arms: Sequence[str]) -> Layout:
    """Shared effects of segment, context, cell, arm, arm by segment and arm by context, where they differ.

    What an arm does in a cell of its own comes on top, see `effects`.
    """
    ordered, names = tuple(sorted(set(cells))), tuple(sorted(set(arms)))
    unit_cell = np.repeat(np.arange(len(ordered)), len(names))
    unit_arm = np.tile(np.arange(len(names)), len(ordered))
    segment = np.unique([cell.segment_id for cell in ordered], return_inverse=True)[1][unit_cell]
    context = np.unique([cell.context_bucket for cell in ordered], return_inverse=True)[1][unit_cell]
    factors = _factors(unit_cell, unit_arm, segment, context)
    columns = [np.ones((unit_cell.size, 1))] + [_indicators(factor) for factor in factors]
    blocks = np.concatenate([[-1], *[np.full(one.shape[1], k) for k, one in enumerate(columns[1:])]])
    return Layout(ordered, names, np.hstack(columns), blocks.astype(np.int64), len(factors))


def _factors(cell: Ints, arm: Ints, segment: Ints, context: Ints) -> list[Ints]:
    """Groupings that say something another one does not say already."""
    arms, segments, contexts, cells = (int(each.max()) + 1 for each in (arm, segment, context, cell))
    by_segment, by_context = segment * arms + arm, context * arms + arm
    wanted = [
        (segment, 1 < segments < cells),
        (context, 1 < contexts < cells),
        (cell, cells > 1),
        (arm, arms > 1 and cells > 1),
        (by_segment, arms > 1 and 1 < segments < cells),
        (by_context, arms > 1 and 1 < contexts < cells),
    ]
    return [factor for factor, is_wanted in wanted if is_wanted]


def _indicators(factor: Ints) -> Floats:
    levels, code = np.unique(factor, return_inverse=True)
    return np.asarray(np.eye(levels.size)[code], dtype=np.float64)
