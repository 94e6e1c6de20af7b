"""Views over the lake's files: events, their identifiers, and to whom a first look ascribes them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import duckdb

from intake.event import IDENTIFIER_TYPES


def lake_view(
    connection: duckdb.DuckDBPyConnection,
    files: Sequence[str],
    as_of: datetime,
    person_types: Sequence[str],
    hint_types: Sequence[str],
) -> None:
    """Make the views `events`, `people`, `identified`, `owned`, `consent`, `traits` and `order_products`.

    An event without a product or category of its own has the first of its lines.

    `owned` is a first look, not the identity ledger: an event belongs to the strongest identifier on it that names a
    person, else to the first person seen with its browser, else to the browser.
    """
    strength = "list_position(" + _list(IDENTIFIER_TYPES) + ", identifier.type)"
    moment = as_of.strftime("timestamptz '%Y-%m-%d %H:%M:%S+00'")
    for statement in (
        f"""
        create temp view lake as select * from read_parquet({_list(files)}, hive_partitioning = false)
        where occurred_at < {moment} and received_at < {moment}
        """,
        f"""
        create temp table events as
        select event_type, occurred_at, source, session_id, {_own_or_of_lines("product_id")},
            {_own_or_of_lines("category")}, query, order_id, amount, device_type, campaign, region, store_id, dwell_ms,
            identifiers,
            len(list_filter(identifiers, lambda i: list_contains({_list(person_types)}, i.type))) > 0 as names_person,
            row_number() over () as place
        from lake
        """,
        """
        create temp view people as select * from events
        where event_type not in ('product_updated', 'price_updated', 'stock_updated', 'weather_observed')
        """,
        f"""
        create temp table identified as
        select place, identifier.type as type, identifier.value as value, {strength} as strength
        from (select place, unnest(identifiers) as identifier from people)
        where not list_contains({_list(hint_types)}, identifier.type)
        """,
        f"""
        create temp table person_of_event as
        select place, arg_min(value, strength) as owner from identified
        where list_contains({_list(person_types)}, type) group by place
        """,
        f"""
        create temp table person_of_browser as
        select identified.value, min(person_of_event.owner) as owner
        from identified inner join person_of_event using (place)
        where not list_contains({_list(person_types)}, identified.type) group by identified.value
        """,
        f"""
        create temp table owned as
        select people.event_type, people.occurred_at,
            coalesce(named.owner, seen.owner, browser.value) as owner,
            coalesce(named.owner, seen.owner) is not null as owner_known
        from people
        left join person_of_event as named using (place)
        left join (
            select place, arg_min(value, strength) as value from identified
            where not list_contains({_list(person_types)}, type) group by place
        ) as browser using (place)
        left join person_of_browser as seen on seen.value = browser.value
        where coalesce(named.owner, seen.owner, browser.value) is not null
        """,
        """
        create temp view consent as
        select json_extract_string(properties, '$.purpose') as purpose from lake
        where event_type = 'consent_updated' and json_extract_string(properties, '$.purpose') is not null
        """,
        """
        create temp view traits as
        select unnest(json_keys(properties, '$.traits')) as trait from lake where event_type = 'profile_updated'
        """,
        """
        create temp view order_products as
        select unnest(json_extract_string(properties, '$.lines[*].product_id')) as product_id from lake
        where event_type = 'order_completed'
        """,
    ):
        connection.execute(statement).fetchall()


def _own_or_of_lines(field: str) -> str:
    named = f"list_filter(json_extract_string(properties, '$.lines[*].{field}'), lambda named: named is not null)"
    return f"coalesce({field}, case when properties like '%\"lines\"%' then {named}[1] end) as {field}"


def _list(values: Sequence[str]) -> str:
    return "[" + ", ".join("'" + value.replace("'", "''") + "'" for value in values) + "]"
