"""Logged exposures of a placement with what followed each of them, from the tables of a run or the published ones."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import duckdb
import pandas as pd

# Amounts stay decimals until they are summed, so that no thread changes a digit. An order that names no exposure counts
# for the last one of this placement that its customer saw before it; a refund for the exposure of its order, with its
# share of the order's margin where it states none. Where an exposure has a report of what followed it as a whole,
# that is its reward, and orders are not added to it; a refund is still taken off. Exposures whose window is still open
# take part in the credit, or else what followed them would be put down to the last one before them.
EXPOSURES: Final = """
    with shown as (
        select e.personalization_id, e.customer_id, e.shown_at, e.placement, e.action, e.segment_id, e.experiment,
            e.experiment_version, e.arm, e.unit_type, e.unit_id, e.context_bucket, e.probabilities, e.table_version,
            e.draw_u, coalesce(e.traffic, 'live') as traffic, e.shadow, e.rung, d.eligible, e.snapshot_version,
            cast(e.propensity as double) as propensity,
            cast(e.conditional_propensity as double) as conditional_propensity,
            e.shown_at + to_hours($hours) as until_at, false as is_offer
        from marts.fct_exposure as e
        left join marts.fct_decision as d on e.personalization_id = d.personalization_id
        where e.placement = $placement and not e.is_bot and not e.is_refused
            and e.shown_at >= $since and e.shown_at < $as_of
        union all
        select o.assignment_id, o.customer_id, o.assigned_at, o.placement, o.arm, null, null, null, o.arm, null, null,
            'any', null, null, null, 'live', null, 'offer', null, null,
            cast(o.propensity as double), null, o.assigned_at + to_hours($hours), true
        from marts.fct_offer as o
        where o.placement = $placement
            and o.assigned_at >= $since and o.assigned_at < $as_of
            and o.observed_at is not null
            and o.assignment_id not in (select personalization_id from marts.fct_exposure)
    ),
    money as (
        select outcome_id, kind, customer_id, occurred_at, order_id,
            coalesce(personalization_id, assignment_id) as named,
            cast(margin_amount as decimal(18, 4)) as margin, cast(revenue_amount as decimal(18, 4)) as revenue,
            kind in ('order', 'report') and coalesce(is_converted, true) as is_conversion
        from marts.fct_outcome
        where kind in ('order', 'refund', 'report')
    ),
    candidates as (
        select m.outcome_id, m.kind, m.order_id, m.margin, m.revenue, m.is_conversion, s.personalization_id,
            row_number() over (partition by m.outcome_id order by s.shown_at desc, s.personalization_id) as place
        from money as m inner join shown as s
            on m.named = s.personalization_id and m.occurred_at >= s.shown_at and m.occurred_at < s.until_at
        where m.kind <> 'refund'
        union all
        select m.outcome_id, m.kind, m.order_id, m.margin, m.revenue, m.is_conversion, s.personalization_id,
            row_number() over (partition by m.outcome_id order by s.shown_at desc, s.personalization_id)
        from money as m inner join shown as s
            on m.customer_id = s.customer_id and m.occurred_at >= s.shown_at and m.occurred_at < s.until_at
        where m.kind = 'order' and m.named is null and not s.is_offer
    ),
    credited as (select * from candidates where place = 1),
    reported as (select distinct personalization_id from credited where kind = 'report'),
    refunds as (
        select c.personalization_id,
            coalesce(m.margin, cast(m.revenue * c.margin / nullif(c.revenue, 0) as decimal(18, 4))) as margin
        from money as m
        inner join credited as c on m.order_id = c.order_id
        where m.kind = 'refund' and c.kind = 'order'
    ),
    earned as (
        select personalization_id, margin, is_conversion from credited
        where kind = 'report' or personalization_id not in (select personalization_id from reported)
        union all
        select personalization_id,
            case
                when personalization_id in (select personalization_id from reported) then least(margin, 0) else margin
            end,
            false
        from refunds
    ),
    sums as (
        select personalization_id, sum(coalesce(margin, 0)) as margin, max(cast(is_conversion as integer)) as converted
        from earned group by personalization_id
    )
    select shown.*, cast(coalesce(sums.margin, 0) as double) as margin,
        cast(coalesce(sums.converted, 0) as double) as converted
    from shown left join sums on shown.personalization_id = sums.personalization_id
    where shown.until_at <= $as_of
    order by shown.shown_at, shown.personalization_id
"""
PLACEMENTS: Final = """
    select distinct placement from marts.fct_exposure where placement is not null
    union select distinct placement from marts.fct_offer where placement is not null
    order by 1
"""
NEEDED: Final = ("fct_exposure", "fct_decision", "fct_offer", "fct_outcome")


class NothingLoggedError(ValueError):
    """There is no traffic to evaluate on; says what is missing and how to get it."""


def placements_logged(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Placements with exposures or offers on record.

    Raises:
        NothingLoggedError: the tables are not there.
    """
    _require_tables(connection)
    return [str(row[0]) for row in connection.execute(PLACEMENTS).fetchall()]


def exposures(
    connection: duckdb.DuckDBPyConnection, placement: str, as_of: datetime, days: int, window_hours: int
) -> pd.DataFrame:
    """Exposures whose window is over, with their reward; `margin` in the shop's currency, `converted` 0 or 1.

    Args:
        as_of: aware; exposures whose window ends later are left out, since their outcomes are still to come.
        days: how far back exposures reach.
        window_hours: how long an outcome counts for an exposure.

    Raises:
        NothingLoggedError: there is none.
    """
    _require_tables(connection)
    now = pd.Timestamp(as_of).tz_convert("UTC").tz_localize(None)
    told = {"placement": placement, "hours": window_hours, "as_of": now, "since": now - timedelta(days=days)}
    found: pd.DataFrame = connection.execute(EXPOSURES, told).df()
    if found.empty:
        raise NothingLoggedError(
            f"{placement}: no exposure of the last {days} days whose {window_hours} hours for outcomes are over is on "
            "record"
        )
    return found


def _require_tables(connection: duckdb.DuckDBPyConnection) -> None:
    rows = connection.execute(
        "select table_name from information_schema.tables where table_schema = 'marts'"
    ).fetchall()
    missing = sorted(set(NEEDED) - {str(row[0]) for row in rows})
    if missing:
        raise NothingLoggedError(f"marts.{missing[0]} is not there; run the pipeline first: concierge run")
