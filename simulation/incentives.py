"""A randomised log of checkout incentives with known propensities, drawn from known potential outcomes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from simulation.arrays import DAY_US, F64, HOUR_US, I64, SECOND_US, Bool, labels, numbers, timestamps
from simulation.names import Names
from simulation.pages import CART_ADD, CHECKOUT, PageEvents
from simulation.people import People
from simulation.randomness import opaque, stream
from simulation.sessions import Sessions

EXPERIMENT = "incentive_2017"
WINDOW_US = 7 * DAY_US
MARGIN_RATE = 0.28
_AMOUNT_NOISE = 0.25


class Arm(NamedTuple):
    """An incentive: its probability, its cost as a share of the amount and its fixed cost in currency units."""

    name: str
    propensity: float
    cost_share: float
    fixed_cost: float


ARMS = (
    Arm("none", 0.50, 0.00, 0.00),
    Arm("free_shipping", 0.25, 0.00, 1.50),
    Arm("ten_percent_off", 0.25, 0.10, 0.00),
)


@dataclass(frozen=True)
class PotentialOutcomes:
    """By person and arm: the chance to convert within 7 days and the expected margin in currency units.

    `basket_value` is the person's mean online basket before any discount.
    """

    p_convert: F64
    margin_amount: F64
    basket_value: F64


class IncentiveLog(NamedTuple):
    """One entry an assignment, in order of time. `converted` is -1 where the window had not closed at the end."""

    session: I64
    person: I64
    at_us: I64
    arm: I64
    converted: I64
    outcome_us: I64
    amount: F64


def potential_outcomes(people: People, seed: int) -> PotentialOutcomes:
    """What each person would do under each arm.

    Ten per cent off moves price-sensitive people and hardly anybody else; free shipping moves people of small baskets
    who are not price-sensitive. So the best arm by margin differs by segment, and none is best where nothing moves.
    """
    rng = stream(seed, "potential_outcomes")
    sensitive = 1.0 / (1.0 + np.exp(-12.0 * (people.price_sensitivity - 0.60)))
    small = 1.0 / (1.0 + np.exp(10.0 * (people.basket_rank - 0.45)))
    base = -1.15 + 0.8 * people.affinity + rng.normal(0.0, 0.25, len(sensitive))
    lift = np.column_stack([np.zeros(len(base)), 0.02 + 1.00 * small * (1 - sensitive), 0.02 + 1.75 * sensitive])
    p_convert = 1.0 / (1.0 + np.exp(-(base[:, None] + lift)))
    value = np.clip(1.3 * people.mean_order_amount, 12.0, 160.0)
    rate = np.array([MARGIN_RATE - arm.cost_share for arm in ARMS])
    fixed = np.array([arm.fixed_cost for arm in ARMS])
    return PotentialOutcomes(p_convert, p_convert * (value[:, None] * rate - fixed), value)


def draw_incentives(
    events: PageEvents, sessions: Sessions, outcomes: PotentialOutcomes, end_us: int, seed: int
) -> IncentiveLog:
    """Randomise at the cart of logged-in visits, once a person and 7 days, independently of everything else."""
    rng = stream(seed, "incentives")
    at_cart = np.flatnonzero(((events.kind == CART_ADD) | (events.kind == CHECKOUT)) & events.is_known)
    session, first = np.unique(events.session[at_cart], return_index=True)
    at = events.at_us[at_cart[first]] + SECOND_US
    by = np.lexsort((session, at))
    session, at = session[by], at[by]
    kept = _spaced(sessions.person[session], at) & (at < end_us - 60 * SECOND_US)
    session, at = session[kept].astype(np.int64), at[kept]
    person, count = sessions.person[session], len(at)
    arm = rng.choice(len(ARMS), count, p=[item.propensity for item in ARMS]).astype(np.int64)
    converted = (rng.random(count) < outcomes.p_convert[person, arm]).astype(np.int64)
    delay = np.minimum(rng.exponential(20 * HOUR_US, count), WINDOW_US - HOUR_US).astype(np.int64) + 120 * SECOND_US
    outcome_at = at + np.where(converted == 1, delay, WINDOW_US)
    noise = np.exp(rng.normal(-(_AMOUNT_NOISE**2) / 2, _AMOUNT_NOISE, count))
    amount = np.where(converted == 1, np.round(outcomes.basket_value[person] * noise, 2), 0.0)
    closed = outcome_at + SECOND_US < end_us
    return IncentiveLog(session, person, at, arm, np.where(closed, converted, -1), outcome_at, amount)


def incentive_table(log: IncentiveLog, people: People, names: Names, seed: int) -> pa.Table:
    """Assignments and outcomes as rows in order of time.

    `revenue_amount` is what was paid after the discount, `margin_amount` margin after the discount's cost.
    """
    count = len(log.person)
    done = np.flatnonzero(log.converted >= 0)
    row = np.r_[np.arange(count), done]
    is_outcome = np.r_[np.zeros(count, dtype=np.bool_), np.ones(len(done), dtype=np.bool_)]
    at = np.where(is_outcome, log.outcome_us[row], log.at_us[row])
    by = np.lexsort((is_outcome, row, at))
    row, is_outcome, at = row[by], is_outcome[by], at[by]
    session = log.session[row]
    assignment = labels(opaque(seed, "assignment", np.arange(count), "as-"), row)
    return pa.table(
        {
            "event_id": opaque(seed, "incentive", row + is_outcome * count, "in-"),
            "event_type": labels(["offer_assigned", "outcome_observed"], is_outcome.astype(np.int64)),
            "occurred_at": timestamps(at),
            "received_at": timestamps(at + SECOND_US),
            "session_id": labels(names.session_ids, np.where(is_outcome | ~names.is_tagged[session], -1, session)),
            "login": labels(people.logins, log.person[row]),
            "experiment_id": pa.array([EXPERIMENT] * len(row)),
            "personalization_id": assignment,
            "placement": labels(["checkout_incentive"], np.where(is_outcome, -1, 0)),
            **_arm_columns(log, row, is_outcome),
            **_outcome_columns(log, row, is_outcome, assignment),
            "is_simulated": pa.array(np.ones(len(row), dtype=np.bool_)),
        }
    )


def _arm_columns(log: IncentiveLog, row: I64, is_outcome: Bool) -> dict[str, pa.Array]:
    propensity = np.array([arm.propensity for arm in ARMS])
    return {
        "arm": labels([arm.name for arm in ARMS], np.where(is_outcome, -1, log.arm[row])),
        "propensity": numbers(propensity[log.arm[row]], ~is_outcome),
    }


def _outcome_columns(log: IncentiveLog, row: I64, is_outcome: Bool, assignment: pa.Array) -> dict[str, pa.Array]:
    cost_share, fixed = (
        np.array([getattr(arm, name) for arm in ARMS])[log.arm[row]] for name in ("cost_share", "fixed_cost")
    )
    amount, bought = log.amount[row], log.converted[row] == 1
    margin = np.where(bought, np.round(amount * (MARGIN_RATE - cost_share) - fixed, 4), 0.0)
    return {
        "assignment_id": pa.array(assignment.to_pylist(), mask=~is_outcome),
        "converted": pa.array(bought, mask=~is_outcome),
        "revenue_amount": numbers(np.round(amount * (1 - cost_share), 4), is_outcome),
        "margin_amount": numbers(margin, is_outcome),
    }


def _spaced(person: I64, at_us: I64) -> Bool:
    free_from: dict[int, int] = {}
    kept = np.zeros(len(person), dtype=np.bool_)
    for row, (who, when) in enumerate(zip(person.tolist(), at_us.tolist(), strict=True)):
        if when >= free_from.get(who, 0):
            kept[row] = True
            free_from[who] = when + WINDOW_US
    return kept
