"""Rows of the facts as learning keeps them: whom they concern, whether they count, money in millionths."""

from __future__ import annotations

from typing import Final

# Traffic that an outcome may be credited to; a shadow is never seen, a test is the shop's own.
CREDITABLE: Final = "('live', 'canary', 'holdout')"
# In the shop's currency: what is beyond is a mistake, and must not break a sum.
MOST: Final = 1_000_000_000
_PERSON: Final = """
    case when not is_refused
        then coalesce(customer_id, case when session_id is not null then concat('session:', session_id) end)
    end as person,
    case when customer_id like 'key:%' then cast(substr(customer_id, 5) as bigint) end as anchor_key
"""
_EXPOSURES: Final = f"""
    select personalization_id, experiment,
        case when experiment is not null then coalesce(experiment_version, 0) end as experiment_version,
        coalesce(segment_id, -1) as segment_id, coalesce(nullif(context_bucket, ''), 'any') as context_bucket,
        arm, traffic, {_PERSON}, shown_at, received_at,
        experiment is not null and not is_refused and not is_bot
            and coalesce(traffic, 'live') in {CREDITABLE} as is_creditable,
        experiment is not null and not is_refused and not is_bot
            and coalesce(traffic, 'live') = 'live' and arm is not null as is_counted
    from {{facts}}
"""
# Offers drawn elsewhere; one that the service decided and showed is an exposure like others.
_OUTCOMES: Final = f"""
    with offer as (
        select assignment_id from {{offers}} as o
        where not exists (select 1 from {{exposures}} as e where e.personalization_id = o.assignment_id)
    )
    select outcome_id, kind, {_PERSON}, order_id,
        case when personalization_id not in (from offer) then personalization_id end as personalization_id,
        occurred_at, received_at, is_converted,
        {{revenue}} as revenue_micros, {{margin}} as margin_micros, {{cost}} as cost_micros,
        {{ltv_change}} as ltv_change_micros
    from {{facts}} where not is_refused and kind <> 'delivery'
        and (assignment_id is null or assignment_id not in (from offer))
"""


def exposure_rows(facts: str) -> str:
    """A query for rows of `ml.learned_exposure` out of a relation like `marts.fct_exposure`."""
    return _EXPOSURES.format(facts=facts)


def outcome_rows(facts: str, offers: str, exposures: str) -> str:
    """A query for rows of `ml.learned_outcome` out of a relation like `marts.fct_outcome`.

    Args:
        facts: the relation.
        offers: a relation with assignment_id. Offers drawn elsewhere are nobody's exposure: their reports are left
            out (`marts.fct_offer` has them), and an order that names one is credited like one that names nothing.
        exposures: a relation with the personalization_id of everything that was shown.
    """
    money = {name: _micros(f"{name}_amount") for name in ("revenue", "margin", "cost", "ltv_change")}
    return _OUTCOMES.format(facts=facts, offers=offers, exposures=exposures, **money)


def _micros(column: str) -> str:
    # Of null and a number `least` takes the number. Bounded first: 18 digits do not hold millionths of any amount.
    bounded = f"least(greatest({column}, -{MOST}), {MOST}) * cast(1000000 as decimal(38, 0))"
    return f"case when {column} is not null then cast({bounded} as bigint) end"
