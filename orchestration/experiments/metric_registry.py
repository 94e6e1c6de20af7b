"""What each metric of an experiment is made of: the one place where definitions stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from serving.experiments.metrics import LOWER_IS_BETTER, metric_name

Kind = Literal["mean", "proportion", "ratio"]


@dataclass(frozen=True)
class Metric:
    """One metric on the rows of `ml.experiment_unit`.

    Attributes:
        name: as tables and definition files have it.
        label: as a marketer reads it.
        kind: `mean` of a value per unit, `proportion` of units, or `ratio` of two sums (delta method).
        numerator: column of units; for a proportion, counted where it is above 0.
        denominator: the other sum of a ratio; empty otherwise. Units without any of it say nothing about the ratio.
        covariate: column known before the first exposure that makes the estimate sharper (CUPED); empty without one.
        is_winsorised: whether the largest values are pulled in before they count.
        unit: `money`, `share`, `seconds`, `count` or `points`.
        needs: column that must be known; units where it is null are left out.
    """

    name: str
    label: str
    kind: Kind
    numerator: str
    denominator: str = ""
    covariate: str = ""
    is_winsorised: bool = False
    unit: str = "share"
    needs: str = ""

    @property
    def lower_is_better(self) -> bool:
        """Whether less of it is good."""
        return self.name in LOWER_IS_BETTER

    @property
    def direction(self) -> int:
        """1 where more is good, -1 where less is."""
        return -1 if self.lower_is_better else 1


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric(
            "incremental_profit",
            "profit per visitor",
            "mean",
            "margin",
            covariate="pre_revenue",
            unit="money",
            is_winsorised=True,
            needs="margin",
        ),
        Metric(
            "ltv_uplift",
            "change of lifetime value per visitor",
            "mean",
            "ltv_change",
            covariate="ltv_before",
            unit="money",
            is_winsorised=True,
            needs="ltv_change",
        ),
        Metric("click_rate", "click rate", "ratio", "clicks", "exposures"),
        Metric("conversion", "conversion", "proportion", "orders", covariate="pre_orders"),
        Metric("order_value", "value of an order", "ratio", "revenue", "orders", unit="money", is_winsorised=True),
        Metric(
            "revenue_per_unit",
            "revenue per visitor",
            "mean",
            "revenue",
            covariate="pre_revenue",
            unit="money",
            is_winsorised=True,
        ),
        Metric("orders_per_unit", "orders per visitor", "mean", "orders", covariate="pre_orders", unit="count"),
        Metric("sessions_per_unit", "visits per visitor", "mean", "sessions", covariate="pre_sessions", unit="count"),
        Metric("bounce_rate", "bounces", "ratio", "bounces", "sessions"),
        Metric(
            "session_duration",
            "length of a visit",
            "ratio",
            "session_seconds",
            "sessions",
            unit="seconds",
            is_winsorised=True,
        ),
        Metric("complaint_rate", "visitors who complain", "proportion", "complaints"),
        Metric("return_rate", "returns per order", "ratio", "returns", "orders"),
        Metric("refund_share", "refunded share of revenue", "ratio", "refunds", "revenue", is_winsorised=True),
        Metric("delivery_accuracy", "deliveries on time", "ratio", "deliveries_on_time", "deliveries"),
        Metric(
            "perceived_fairness", "perceived fairness", "ratio", "fairness_points", "fairness_answers", unit="points"
        ),
    )
}


def metric_of(name: str) -> Metric:
    """The definition of a metric by its name or an alias of it.

    Raises:
        ValueError: no such metric.
    """
    return METRICS[metric_name(name)]
