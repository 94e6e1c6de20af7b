"""Names of the metrics an experiment may be judged by.

The definitions (kind, unit, direction, columns) are in `orchestration.experiments.metric_registry`; the names stand
here because the service must be able to refuse one that does not exist. A test holds the two together.
"""

from __future__ import annotations

import difflib

NORTH_STARS = ("incremental_profit", "ltv_uplift")
BUILT_IN = (
    "click_rate",
    "conversion",
    "order_value",
    "revenue_per_unit",
    "orders_per_unit",
    "sessions_per_unit",
    "bounce_rate",
    "session_duration",
)
GUARD_RAILS = ("complaint_rate", "return_rate", "refund_share", "delivery_accuracy", "perceived_fairness")
METRIC_NAMES = NORTH_STARS + BUILT_IN + GUARD_RAILS
# Words that people write for the same thing.
ALIASES = {
    "margin": "incremental_profit",
    "profit": "incremental_profit",
    "profit_per_visitor": "incremental_profit",
    "ltv": "ltv_uplift",
    "ltv_change": "ltv_uplift",
    "click": "click_rate",
    "clicks": "click_rate",
    "ctr": "click_rate",
    "conversion_rate": "conversion",
    "average_order_value": "order_value",
    "aov": "order_value",
    "revenue": "revenue_per_unit",
    "orders": "orders_per_unit",
    "bounce": "bounce_rate",
    "complaints": "complaint_rate",
    "returns": "return_rate",
    "refunds": "refund_share",
    "delivery": "delivery_accuracy",
    "fairness": "perceived_fairness",
}
# Metrics of which less is better.
LOWER_IS_BETTER = frozenset({"bounce_rate", "complaint_rate", "return_rate", "refund_share"})


def metric_name(name: str) -> str:
    """The name as the tables have it.

    Raises:
        ValueError: no such metric; the message has the nearest name and the list.
    """
    found = ALIASES.get(name, name)
    if found in METRIC_NAMES:
        return found
    near = difflib.get_close_matches(name, [*METRIC_NAMES, *ALIASES], n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"metric {name!r} does not exist{hint} (known: {', '.join(METRIC_NAMES)})")
