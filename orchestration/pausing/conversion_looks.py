"""Looks at what came of exposures, by placement: none where some were due; and the usual rate for the service."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta

from intake.ops_store import OpsStore
from intake.pause_records import Look, Verdict
from intake.settings_pausing import PausingSettings
from orchestration.pausing.tables import Tables
from serving.pausing import none_came
from serving.pausing.watch import USUAL_CONVERSIONS, USUAL_EXPOSURES

EXPOSURES, OUTCOMES, CREDITED = "marts.fct_exposure", "marts.fct_outcome", "ml.attribution"
EVENTS = "intermediate.int_events"
COLUMNS = "select column_name from information_schema.columns where table_schema = ? and table_name = ?"
NAMED = f"select personalization_id from {OUTCOMES} where is_converted and personalization_id is not null"
BY_CREDIT = f"select personalization_id from {CREDITED} where is_converted"
# Exposures since the last that brought something, and what came before it.
SINCE_SQL = """
    with converted as ({converted}),
    shown as (
        select e.placement, e.shown_at, c.personalization_id is not null as is_converted, {is_served} as is_served
        from {exposures} as e
        left join (select distinct personalization_id from converted) as c using (personalization_id)
        where e.shown_at >= $since and e.shown_at < $until and e.placement is not null
            and not coalesce(e.is_bot, false) and not coalesce(e.is_refused, false)
    ),
    latest as (select placement, max(case when is_converted then shown_at end) as last_at from shown group by placement)
    select placement,
        count(case when is_served and (last_at is null or shown_at > last_at) then 1 end) as barren,
        count(case when shown_at <= last_at then 1 end) as usual,
        count(case when is_converted then 1 end) as conversions
    from shown inner join latest using (placement) group by placement order by placement
"""
# What an experiment shows no more brought nothing for reasons of its own: it is no fault of what is shown now.
IS_SERVED = """
    (e.experiment is not null and list_contains($served, concat_ws('/', e.experiment, e.experiment_version,
        case when e.traffic = 'holdout' or e.arm is null then '' else e.arm end)))
"""
_WORST_FIRST = ("breach", "healthy", "silent")
THROUGH_SQL = f"""
    select count(case when event_type = 'exposure_shown' then 1 end),
        count(case when event_type = 'order_completed' then 1 end)
    from {EVENTS}
    where event_date >= ? and event_date < ? and not is_bot
        and source in ('service_exposures', 'service_events', 'segment_events')
"""


def conversion_looks(
    tables: Tables, settings: PausingSettings, as_of: datetime, served: Collection[str] | None = None
) -> Iterator[Look]:
    """`zero_conversions` of each placement: exposures old enough to have brought something, and none did.

    An experiment's exposures are credited with orders that name nothing; others bring only what names them, and are
    held against what named exposures before. The worse of both counts.

    Args:
        tables: as they stand.
        settings: bounds and days.
        as_of: the moment that the tables are of.
        served: `Bench.served`, what experiments show now: only that counts beside what no experiment drew. None: all.
    """
    least, sources = settings.conversions_due, converted_sources(tables)
    if least is None or not sources:
        return
    until = as_of.replace(tzinfo=None) - timedelta(hours=settings.conversion_wait_hours)
    times: dict[str, object] = {"since": until - timedelta(days=settings.conversion_days), "until": until}
    told = times if served is None else times | {"served": sorted(served)}
    drawn = "e.experiment is not null" if served is None else IS_SERVED
    looks: dict[str, list[Look]] = {}
    for converted, counted in ((sources, drawn), ([NAMED], "e.experiment is null")):
        sql = SINCE_SQL.format(converted=" union all ".join(converted), exposures=EXPOSURES, is_served=counted)
        for placement, *counts in tables.rows(sql, told if "$served" in sql else times):
            none, usual, conversions = (int(str(count)) for count in counts)
            looks.setdefault(str(placement), []).append(none_look(str(placement), none, conversions, usual, least))
    yield from (min(own, key=lambda look: _WORST_FIRST.index(look.verdict)) for own in looks.values())


def none_look(placement: str, exposures: int, conversions: int, usual: int, least: float) -> Look:
    """The look at one placement.

    Args:
        placement: its name.
        exposures: since the last that brought something.
        conversions: until then, of `usual` exposures.
        usual: exposures until then.
        least: conversions due without any that are too many.
    """
    expected, chance = (one(exposures, conversions, usual) for one in (none_came.due, none_came.chance_of_none))
    told = (
        f"none of the last {exposures:,} exposures of {placement} brought anything, {expected:.1f} conversions were due"
        f" (by chance: {chance:.1e}); {least:g} are too many"
    )
    is_missing = none_came.is_missing(exposures, conversions, usual, least)
    verdict: Verdict = "breach" if is_missing else "healthy" if conversions else "silent"
    evidence = {
        "exposures": exposures, "due": round(expected, 3), "chance": chance, "usual_conversions": conversions,
        "usual_exposures": usual, "bound": least,
    }  # fmt: skip
    return Look(placement, "zero_conversions", verdict, told, evidence)


def converted_sources(tables: Tables) -> Sequence[str]:
    """Queries of exposures that brought something, over the tables that there are."""
    columns = {str(row[0]) for row in tables.rows(COLUMNS, OUTCOMES.split("."))} if tables.has_table(EXPOSURES) else ()
    found = [NAMED] if "personalization_id" in columns else []
    return [*found, BY_CREDIT] if found and tables.has_table(CREDITED) else found


def keep_usual(ops: OpsStore, tables: Tables, settings: PausingSettings, as_of: datetime) -> None:
    """Once a day, exposures and orders of the last weeks that went through the service, for its own look."""
    today = as_of.date()
    if not tables.has_table(EVENTS) or any(item.metric_date >= today for item in ops.metrics(USUAL_EXPOSURES)):
        return
    since = today - timedelta(days=settings.conversion_days)
    exposures, orders = (float(str(count)) for count in tables.rows(THROUGH_SQL, [since, today])[0])
    for name, value in ((USUAL_EXPOSURES, exposures), (USUAL_CONVERSIONS, orders)):
        ops.record_metric(today, name, value, at=as_of)
