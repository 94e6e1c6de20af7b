"""What lists of products showed, counted in the lake: enough of it teaches what about an item draws the click."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import duckdb

ATTRIBUTES: Final = ("fit", "colour", "brand", "price_band", "category")
LEAST_CLICKS, LEAST_PEOPLE, LEAST_SHOWN = 200, 50, 200
"""Those of the click model (`ml/clicks`)."""

_LINES: Final = """[{"product_id": "VARCHAR", "sku": "VARCHAR", "category": "VARCHAR", "brand": "VARCHAR",
    "colour": "VARCHAR", "color": "VARCHAR", "variant": "VARCHAR", "fit": "VARCHAR", "price": "DOUBLE"}]"""
ITEMS: Final = f"""
    create or replace temp table list_item as
    with shown as (
        select event_id, category, unnest(from_json(json_extract(properties, '$.lines'), '{_LINES}')) as item
        from lake where event_type = 'product_list_viewed'
    ), items as (
        select event_id, coalesce(item.product_id, item.sku) as product_id,
            coalesce(item.category, category) as category, item.brand,
            coalesce(item.colour, item.color, item.variant) as colour, item.fit, item.price,
            row_number() over () as place
        from shown where coalesce(item.product_id, item.sku) is not null
    ), catalogue as (
        select product_id, max(category) as category, max(json_extract_string(properties, '$.brand')) as brand
        from lake where event_type = 'product_updated' group by product_id
    ), priced as (
        select place, ntile(3) over (partition by event_id order by price, place) as third,
            count(*) over (partition by event_id) as n_prices
        from items where price is not null
    )
    select items.fit, items.colour, coalesce(items.brand, catalogue.brand) as brand,
        case when priced.n_prices >= 3 then cast(priced.third as varchar) end as price_band,
        coalesce(items.category, catalogue.category) as category
    from items left join catalogue using (product_id) left join priced using (place)
"""
LEVELS: Final = f"""
    select count(*) as levels from (
        select "{{name}}" from list_item where "{{name}}" is not null group by 1 having count(*) >= {LEAST_SHOWN}
    ) as found
"""
CLICKS: Final = "select count(*) from lake where event_type = 'product_clicked' and product_id is not null"
PEOPLE: Final = "select count(distinct owner) from owned where event_type = 'product_list_viewed'"


@dataclass(frozen=True)
class ListMeasure:
    """Items that lists showed, those with any attribute, clicks on items, people who were shown a list, and attributes
    with at least two levels that were shown `LEAST_SHOWN` times."""

    items_shown: int = 0
    items_described: int = 0
    clicks: int = 0
    people: int = 0
    attributes: tuple[str, ...] = ()


def measure_lists(connection: duckdb.DuckDBPyConnection) -> ListMeasure:
    """Count over the views `lake` and `owned`; a first look, which leaves consent and bots to the run."""
    connection.execute(ITEMS).fetchall()
    described = " or ".join(f"{name} is not null" for name in ATTRIBUTES)
    return ListMeasure(
        _count(connection, "select count(*) from list_item"),
        _count(connection, f"select count(*) from list_item where {described}"),
        _count(connection, CLICKS),
        _count(connection, PEOPLE),
        tuple(name for name in ATTRIBUTES if _count(connection, LEVELS.format(name=name)) >= 2),
    )


def _count(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    return int(connection.execute(sql).fetchall()[0][0])
