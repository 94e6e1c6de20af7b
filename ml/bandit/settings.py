"""What an experiment is to learn, and how carefully."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite

# Metrics that are counted, with the column of the hourly rows that holds the count.
COUNTS = {"conversion": "conversions", "click": "clicks", "complaint": "complaints", "return": "returns"}
# Metrics that are sums of money; the first two come with a conversion, the last with an exposure.
MONEY = ("margin", "revenue", "ltv_change")
METRICS = (*MONEY, *COUNTS)


@dataclass(frozen=True)
class BanditSettings:
    """How one experiment learns.

    Attributes:
        metric: what an arm is judged by, per impression: one of `METRICS`.
        lower_is_better: the arm with least of it is best.
        weights: several metrics at once instead of `metric`: money as factors, counts in currency units an event.
        floor: share that is divided evenly, whatever has been learned (0 to 1).
        least_units: exposures of each arm, over all cells, before shares leave uniform.
        least_conversions: events of the experiment before shares leave uniform.
        pooling: cells learn from each other; False only with one counted metric, which is then exact.
        detect_changes: look for arms that pay otherwise than before, and forget what was before.
        draws: Monte-Carlo draws of the pooled posterior; the standard error of a share is at most 0.5 / sqrt(draws).
        seed: of these draws, together with experiment, version and hour.
        history_hours: what is older than that is not looked at.
        value_hours: age in hours from which the change in lifetime value after an exposure is known.

    Raises:
        ValueError: a setting outside its bounds, with its name, value and bound.
    """

    metric: str = "margin"
    lower_is_better: bool = False
    weights: Mapping[str, float] | None = None
    floor: float = 0.10
    least_units: int = 200
    least_conversions: int = 20
    pooling: bool = True
    detect_changes: bool = True
    draws: int = 2048
    seed: int = 0
    history_hours: int = 2160
    value_hours: int = 0

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        _check_metrics(self.metric, self.weights)
        _check_range("floor", self.floor, 0.0, 1.0)
        _check_range("draws", self.draws, 100, 1_000_000)
        _check_range("history_hours", self.history_hours, 24, 24 * 3660)
        for name in ("least_units", "least_conversions", "value_hours"):
            _check_range(name, getattr(self, name), 0, 10**12)
        if not self.pooling and (self.weights is not None or self.metric not in COUNTS):
            raise ValueError(f"pooling is false, but metric {self.metric!r} is not one of {', '.join(COUNTS)} alone")

    @property
    def objective(self) -> dict[str, float]:
        """Weight of each metric that counts, negative where less is better."""
        sign = -1.0 if self.lower_is_better else 1.0
        weights = {self.metric: 1.0} if self.weights is None else self.weights
        return {name: sign * float(weight) for name, weight in sorted(weights.items()) if weight != 0}


def _check_metrics(metric: str, weights: Mapping[str, float] | None) -> None:
    if metric not in METRICS:
        raise ValueError(f"metric is {metric!r}, but must be one of {', '.join(METRICS)}")
    if weights is None:
        return
    for name, weight in weights.items():
        if name not in METRICS:
            raise ValueError(f"weights names {name!r}, but must name some of {', '.join(METRICS)}")
        if not isfinite(weight):
            raise ValueError(f"weights.{name} is {weight}, but must be finite")
    if not any(weights.values()):
        raise ValueError("weights are all zero, but at least one metric must count")


def _check_range(name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise ValueError(f"{name} is {value}, but must be between {least:g} and {most:g}")
