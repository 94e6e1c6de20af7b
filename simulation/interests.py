"""Which product a visitor looks at: the basket to come, past purchases, or the departments they buy from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulation.arrays import I64, SECOND_US, group_starts
from simulation.orders import Orders
from simulation.sessions import Sessions

COMING_BASKET_SHARE = 0.40
PAST_SHARE = 0.40
# Seconds per person in the combined key: above 776 days a larger power is needed.
_KEY_SPAN = 1 << 26


@dataclass(frozen=True)
class ProductSource:
    """Draws products for page views without looking past the visit, except at the one basket it leads to."""

    orders: Orders
    sessions: Sessions
    bought_before: I64
    department_lines: I64
    department_first: I64

    def draw(self, session: I64, rng: np.random.Generator) -> I64:
        """A product for each view of the given sessions."""
        order = self.sessions.order[session]
        roll = rng.random(len(session))
        coming = (order >= 0) & (roll < COMING_BASKET_SHARE)
        past_count = self.bought_before[session]
        has_past = past_count > 0
        mine = has_past & ~coming & (roll < COMING_BASKET_SHARE + PAST_SHARE)
        product = self._like(self._past_line(session, rng), rng)
        product[mine] = self.orders.line_product[self._past_line(session, rng)[mine]]
        product[coming] = self.orders.line_product[self._coming_line(order[coming], rng)]
        return product

    def _past_line(self, session: I64, rng: np.random.Generator) -> I64:
        """A line the visitor bought before the visit; any line where there is none."""
        person = np.maximum(self.sessions.person[session], 0)
        count = self.bought_before[session]
        chance = rng.random(len(session))
        own = self.orders.person_first[person] + (chance * count).astype(np.int64)
        anyone = (chance * len(self.orders.line_product)).astype(np.int64)
        return np.where(count > 0, own, anyone)

    def _coming_line(self, order: I64, rng: np.random.Generator) -> I64:
        first, last = self.orders.order_first[order], self.orders.order_first[order + 1]
        return first + (rng.random(len(order)) * (last - first)).astype(np.int64)

    def _like(self, line: I64, rng: np.random.Generator) -> I64:
        """A product that sells in the department of the given line, more often a popular one."""
        return self.like(self.orders.line_product[line], rng)

    def like(self, product: I64, rng: np.random.Generator) -> I64:
        """A product that sells in the department of each given one, more often a popular one."""
        department = self.orders.product_department[product]
        first, last = self.department_first[department], self.department_first[department + 1]
        picked = first + (rng.random(len(product)) * (last - first)).astype(np.int64)
        return self.orders.line_product[self.department_lines[picked]]


def product_source(orders: Orders, sessions: Sessions) -> ProductSource:
    """Index past purchases by session and lines by department.

    Raises:
        ValueError: the orders span more than 776 days.
    """
    if orders.days * 86_400 >= _KEY_SPAN:
        raise ValueError(f"days: {orders.days} is above 776, the longest span that can be simulated")
    lines = orders.line_person * _KEY_SPAN + orders.line_seconds
    person = np.maximum(sessions.person, 0)
    visit = person * _KEY_SPAN + (sessions.start_us - orders.start_us) // SECOND_US
    before = np.searchsorted(lines, visit) - orders.person_first[person]
    department = orders.product_department[orders.line_product]
    by = np.argsort(department, kind="stable")
    return ProductSource(
        orders=orders,
        sessions=sessions,
        bought_before=np.where(sessions.is_bot, 0, before).astype(np.int64),
        department_lines=by.astype(np.int64),
        department_first=group_starts(department[by], len(orders.departments)),
    )
