"""What an exposure did to a customer's predicted lifetime value: an outcome out of our own scores, `ml.value_outcome`.

The newest score whose cut-off lies at or before the exposure, against the first one at or after the end of its window.
Where the person is shown the experiment again before that, against the newest score up to then, so that what their
value gained or lost is credited once, to the last exposure before the score, as orders are.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import duckdb

from orchestration.experiments.design import learns_values
from orchestration.experiments.values import SCORE_DAYS, note_values
from orchestration.learning.credit import DEFAULT_HOURS, run
from orchestration.learning.moments import utc
from orchestration.learning.registry import Registry

KIND: Final = "value"
# Rows of `ml.learned_outcome`.
VALUE_ROWS: Final = f"""
    select concat('{KIND}:', personalization_id) as outcome_id, '{KIND}' as kind, customer_id as person,
        cast(null as bigint) as anchor_key, cast(null as varchar) as order_id, personalization_id, occurred_at,
        received_at, cast(null as boolean) as is_converted, cast(null as bigint) as revenue_micros,
        cast(null as bigint) as margin_micros, cast(null as bigint) as cost_micros, ltv_change_micros
    from ml.value_outcome
"""
_SHOWN: Final = f"""
    create or replace temporary table valued_exposure as
    select e.personalization_id, e.experiment, e.person as customer_id, e.shown_at,
        e.shown_at + to_hours(coalesce(w.hours, {DEFAULT_HOURS})) as ends_at,
        lead(e.shown_at) over (partition by e.experiment, e.person order by e.shown_at, e.personalization_id) as next_at
    from ml.learned_exposure as e
    left join ml.attribution_window as w
        on e.experiment = w.experiment and e.experiment_version = w.experiment_version
    where e.is_creditable and e.person is not null and e.experiment in (select unnest($experiments))
        and e.shown_at >= $since and e.shown_at < $as_of
"""
# Of exposures in one moment the last takes the change, and so do those between which nothing was scored.
_CHANGED: Final = f"""
    create or replace temporary table value_now as
    with known as (select * from ml.value_known where as_of <= $as_of),
    before as (
        select e.*, k.as_of as before_as_of, k.ltv_amount as ltv_before
        from valued_exposure as e asof join known as k on e.customer_id = k.customer_id and e.shown_at >= k.as_of
    ),
    ended as (
        select b.*, k.as_of as end_as_of, k.ltv_amount as ltv_end
        from before as b asof left join known as k on b.customer_id = k.customer_id and b.ends_at <= k.as_of
    ),
    followed as (
        select e.*, k.as_of as next_as_of, k.ltv_amount as ltv_next,
            e.next_at is not null and (e.end_as_of is null or e.next_at < e.end_as_of) as is_shown_again
        from ended as e asof left join known as k on e.customer_id = k.customer_id and e.next_at >= k.as_of
    ),
    told as (
        select *,
            case when is_shown_again then least(next_at, ends_at) else ends_at end as occurred_at,
            case when is_shown_again then next_as_of else end_as_of end as after_as_of,
            case when is_shown_again then ltv_next else ltv_end end as ltv_after
        from followed
    )
    select personalization_id, experiment, customer_id, shown_at, occurred_at,
        greatest(occurred_at, after_as_of) as received_at, before_as_of, after_as_of, ltv_before, ltv_after,
        cast(round((ltv_after - ltv_before) * 1000000) as bigint) as ltv_change_micros
    from told
    where after_as_of > shown_at and before_as_of >= shown_at - to_days({SCORE_DAYS})
        and after_as_of <= occurred_at + to_days({SCORE_DAYS})
"""
_WRITE: Final = (
    "delete from ml.value_outcome where shown_at >= $since and experiment in (select unnest($experiments))",
    "insert into ml.value_outcome by name from value_now",
    "delete from ml.value_outcome where personalization_id not in (select personalization_id from ml.learned_exposure)",
)


def renew_values(connection: duckdb.DuckDBPyConnection, registry: Registry, as_of: datetime) -> int:
    """Note today's scores, and write the changes of all exposures whose scores are still kept; how many those are.

    Bandits that learn by `ltv_change` alone have such outcomes. The same scores and exposures make the same rows.

    Args:
        connection: of a warehouse whose tables are up to date.
        registry: the experiments as their files stand.
        as_of: aware; neither scores nor exposures after it are looked at.
    """
    names = [item.name for item in registry.bandits if learns_values(item)]
    if not names:
        return 0
    note_values(connection)
    now = utc(as_of)
    longest = max(hours for (name, _), hours in registry.windows.items() if name in names)
    held = connection.execute(
        "select coalesce(max(hours), 0) from ml.attribution_window where experiment in (select unnest(?))", [names]
    ).fetchall()
    # A day more: the run that notes the last score that may tell of an exposure may stand a few hours after it.
    reach = max(longest, int(held[0][0])) + 24 * (SCORE_DAYS + 1)
    since = connection.execute("select cast(? as timestamp) - to_hours(?)", [now, reach]).fetchall()[0][0]
    asked = {"experiments": names, "since": since, "as_of": now}
    for sql in (_SHOWN, _CHANGED):
        _run(connection, sql, asked)
    run(connection, "begin")
    for sql in _WRITE:
        _run(connection, sql, asked)
    run(connection, "commit")
    return int(connection.execute("select count(*) from value_now").fetchall()[0][0])


def _run(connection: duckdb.DuckDBPyConnection, sql: str, asked: dict[str, object]) -> None:
    connection.execute(sql, {name: value for name, value in asked.items() if f"${name}" in sql}).fetchall()
