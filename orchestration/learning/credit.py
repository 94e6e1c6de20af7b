"""Which exposure an outcome is credited to: the one it names, else the last of each experiment before it.

Refunds, returns and deliveries follow their order. A window is that of the exposure's experiment version, in hours;
both its ends belong to it.
"""

from __future__ import annotations

from typing import Final

import duckdb

DEFAULT_HOURS: Final = 168
# Only these tell of one exposure and of nothing else that the person saw.
ABOUT_ONE: Final = "('click', 'report', 'value')"
FOLLOWS_ORDER: Final = (
    "(kind in ('refund', 'return', 'delivery', 'delivery_late', 'delivery_on_time')"
    " or (kind not in ('order', 'report') and order_id is not null and personalization_id is null))"
)
_AMOUNTS: Final = "o.is_converted, o.revenue_micros, o.margin_micros, o.cost_micros, o.ltv_change_micros"
_WINDOWED: Final = f"""
    create or replace temporary table asked_window as
    select coalesce(max(greatest(hours, {DEFAULT_HOURS})), {DEFAULT_HOURS}) as longest from ml.attribution_window
"""
_NAMED: Final = f"""
    create or replace temporary table asked_named as
    select o.*, e.experiment, e.experiment_version, e.person as shown_to, e.shown_at,
        e.personalization_id is null as is_unknown, coalesce(e.is_creditable, false) as is_creditable,
        coalesce(w.hours, {DEFAULT_HOURS}) as hours
    from (select * from asked_outcome where not {FOLLOWS_ORDER}) as o
    left join ml.learned_exposure as e on o.personalization_id = e.personalization_id
    left join ml.attribution_window as w
        on e.experiment = w.experiment and e.experiment_version = w.experiment_version
"""
# What names an exposure of an experiment says all about that experiment: no other exposure of it takes the credit.
_NAMED_CREDIT: Final = f"""
    insert into credited
    select o.outcome_id, o.kind, case when rule = 'named' then o.experiment end,
        case when rule = 'named' then o.experiment_version end, o.personalization_id, rule, reason, o.occurred_at,
        o.shown_at, cast((epoch_us(o.occurred_at) - epoch_us(o.shown_at)) // 3600000000 as integer), {_AMOUNTS}
    from (
        select *, case
                when is_unknown then 'unknown_exposure'
                when experiment is null or not is_creditable then 'not_counted'
                when occurred_at < shown_at then 'before_exposure'
                when occurred_at > shown_at + to_hours(hours) then 'outside_window'
            end as reason,
            case when reason is null then 'named' else 'none' end as rule
        from asked_named where personalization_id is not null
    ) as o
    where reason is distinct from 'not_counted'
"""
_LAST: Final = f"""
    insert into credited
    select o.outcome_id, o.kind, o.experiment, o.last.version, o.last.personalization_id, 'last_exposure', null,
        o.occurred_at, o.last.shown_at,
        cast((epoch_us(o.occurred_at) - epoch_us(o.last.shown_at)) // 3600000000 as integer), {_AMOUNTS}
    from (
        select o.outcome_id, e.experiment, any_value(o.kind) as kind, any_value(o.occurred_at) as occurred_at,
            any_value(o.is_converted) as is_converted, any_value(o.revenue_micros) as revenue_micros,
            any_value(o.margin_micros) as margin_micros, any_value(o.cost_micros) as cost_micros,
            any_value(o.ltv_change_micros) as ltv_change_micros,
            max(struct_pack(
                shown_at := e.shown_at, personalization_id := e.personalization_id, version := e.experiment_version
            )) as last
        from (
            select *, coalesce(person, shown_to) as whose from asked_named
            where kind not in {ABOUT_ONE} and not (personalization_id is not null and is_unknown)
        ) as o
        cross join asked_window as longest
        inner join ml.learned_exposure as e
            on o.whose = e.person and e.shown_at <= o.occurred_at
            and e.shown_at >= o.occurred_at - to_hours(longest.longest)
        where e.is_creditable and e.experiment is distinct from o.experiment
        group by o.outcome_id, e.experiment
    ) as o
    left join ml.attribution_window as w on o.experiment = w.experiment and o.last.version = w.experiment_version
    where o.occurred_at <= o.last.shown_at + to_hours(coalesce(w.hours, {DEFAULT_HOURS}))
"""
# Of a refund without a margin of its own the order's margin goes in proportion, to the millionth.
_FOLLOWERS: Final = f"""
    insert into credited
    select o.outcome_id, o.kind, c.experiment, c.experiment_version, c.personalization_id, 'order', null,
        o.occurred_at, c.shown_at, cast((epoch_us(o.occurred_at) - epoch_us(c.shown_at)) // 3600000000 as integer),
        o.is_converted, o.revenue_micros,
        case
            when o.kind <> 'refund' or o.margin_micros is not null then o.margin_micros
            when coalesce(c.revenue_micros, 0) = 0 then o.revenue_micros
            else cast((cast(o.revenue_micros as hugeint) * coalesce(c.margin_micros, 0)) // c.revenue_micros as bigint)
        end,
        o.cost_micros, o.ltv_change_micros
    from (select * from asked_outcome where {FOLLOWS_ORDER}) as o
    inner join (
        select * from credited where kind = 'order' and rule <> 'none'
        union all
        select * from ml.attribution
        where kind = 'order' and rule <> 'none' and outcome_id not in (select outcome_id from asked_outcome)
            and outcome_id in (select outcome_id from ml.learned_outcome)
    ) as c on concat('order:', o.order_id) = c.outcome_id
"""


def credit(connection: duckdb.DuckDBPyConnection) -> None:
    """Fill the temporary table `credited` with the credit of the outcomes in the temporary table `asked_outcome`.

    `asked_outcome` has the columns of `ml.learned_outcome`. Where it holds an order, it holds what follows the order.
    """
    run(connection, "create or replace temporary table credited as from ml.attribution limit 0")
    for sql in (_WINDOWED, _NAMED, _NAMED_CREDIT, _LAST, _FOLLOWERS):
        run(connection, sql)


def run(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    """One statement to its end."""
    connection.execute(sql).fetchall()
