"""What the customers of a persona are worth and how they shop, in figures read from the warehouse."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

from orchestration.warehouse import Warehouse

WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
VALUE_SQL: Final = """
    select assigned.persona_id, cast(avg(features.spend_365d) as double), avg(worth.ltv_amount),
        avg(churn.churn_probability)
    from ml.segment_assignment as assigned
    inner join marts.customer_features as features on assigned.customer_id = features.customer_id
    left join ml.value_score as worth on assigned.customer_id = worth.customer_id
    left join ml.churn_score as churn on assigned.customer_id = churn.customer_id
    where assigned.persona_id >= 0 group by assigned.persona_id
"""
# Weekdays by the shop's clock; a year of orders, so that season does not pose as habit.
ORDERS_SQL: Final = """
    select assigned.persona_id, isodow(timezone(?, timezone('UTC', orders.ordered_at))) as weekday,
        coalesce(orders.channel, 'unknown') as channel, count(*) as orders
    from marts.fct_order as orders
    inner join ml.segment_assignment as assigned on orders.customer_id = assigned.customer_id
    where assigned.persona_id >= 0
        and orders.ordered_at >= (select max(as_of) from ops.run_context) - interval 365 day
    group by 1, 2, 3 order by 1, 2, 3
"""


@dataclass(frozen=True)
class Habits:
    """Figures of one persona.

    Attributes:
        spend: mean spend of a customer in 365 days, shop currency.
        expected_spend: mean of the value model over its horizon; None before it is trained.
        leaving: mean probability of leaving; None before the churn model is trained.
        week: share of orders by weekday, Monday first; seven zeros without orders.
        channels: channel and its share of orders, largest first.
    """

    spend: float | None
    expected_spend: float | None
    leaving: float | None
    week: tuple[float, ...]
    channels: tuple[tuple[str, float], ...]

    @property
    def busiest(self) -> str | None:
        """The weekday with most orders."""
        return WEEKDAYS[self.week.index(max(self.week))] if any(self.week) else None


def habits(warehouse: Warehouse, time_zone: str) -> dict[int, Habits]:
    """Habits by persona id."""
    week: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    channels: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for persona, day, channel, count in warehouse.rows(ORDERS_SQL, [time_zone]):
        week[int(str(persona))][int(str(day)) - 1] += int(str(count))
        channels[int(str(persona))][str(channel)] += int(str(count))
    return {
        int(str(persona)): Habits(
            _number(spend),
            _number(expected),
            _number(leaving),
            _week(week[int(str(persona))]),
            _channels(channels[int(str(persona))]),
        )
        for persona, spend, expected, leaving in warehouse.rows(VALUE_SQL)
    }


def _week(counts: dict[int, int]) -> tuple[float, ...]:
    total = sum(counts.values()) or 1
    return tuple(counts.get(day, 0) / total for day in range(7))


def _channels(counts: dict[str, int]) -> tuple[tuple[str, float], ...]:
    total = sum(counts.values())
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple((name, count / total) for name, count in ranked)


def _number(value: object) -> float | None:
    return None if value is None else float(str(value))
