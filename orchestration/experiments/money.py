"""What an experiment is worth in money: its difference in profit, times the units that got it."""

from __future__ import annotations

from dataclasses import dataclass

from orchestration.experiments.comparisons import Compared
from orchestration.experiments.design import NORTH_STAR
from orchestration.experiments.reading import Reading


@dataclass(frozen=True)
class Worth:
    """Profit of an arm beyond what it is compared with: for a thousand units, and for all that got it so far."""

    arm: str
    against: str
    units: int
    a_thousand: float
    low: float
    high: float

    @property
    def so_far(self) -> float:
        """Shop currency, of the units compared."""
        return self.a_thousand / 1000 * self.units


def worths(reading: Reading) -> list[Worth]:
    """Each arm against the plain one, then all arms against the holdout; only what can be told."""
    compared = (*reading.comparisons.arms, *reading.comparisons.holdout)
    found = (_worth(one) for one in compared if one.estimate.metric.name == NORTH_STAR)
    return [one for one in found if one is not None]


def _worth(one: Compared) -> Worth | None:
    told = one.estimate.comparison
    if told is None:
        return None
    interval = told.absolute.interval
    return Worth(
        one.estimate.arm, one.plain, told.n_treatment, told.absolute.estimate * 1000, interval.low * 1000,
        interval.high * 1000,
    )  # fmt: skip
