"""From changed identifiers to the customers whose rows are made again, and the note that this was done.

Every step may be repeated: what a killed run has noted stays noted until a run has answered it. Statements are not put
into one transaction, because of rows that it inserted itself DuckDB 2.0 loses some in a `distinct`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import duckdb

from orchestration.refresh.days import fingerprints
from orchestration.refresh.outcomes import touch_outcomes
from orchestration.warehouse import Warehouse
from orchestration.warehouse_migration import bring_up_to_date

PENDING: Final = ("rebuilt_day", "day_before", "order_before", "changed_identifier")
ANSWERED: Final = ("everybody", "day", "identifier", "customer", "outcome_event", "product_cost", "under_way")
EXISTS: Final = "select 1 from information_schema.tables where table_schema = 'intermediate' and table_name"
CHANGED: Final = "select identifier_key from refresh.changed_identifier"
CUSTOMERS: Final = "select customer_id from refresh.customer"
IDENTIFIERS: Final = "select identifier_key from refresh.identifier"
# Lines without a category of their own take the catalogue's. Prices and stock concern the whole shop: the daily run.
CATEGORIES: Final = """
    select product_id, max(last_category).seen as category from intermediate.int_product_daily
    where last_category is not null group by product_id
"""
CHANGED_PRODUCTS: Final = f"""
    select anchor_key, login_key from intermediate.int_order_lines
    where line_category is null and product_id in (
        select coalesce(before.product_id, today.product_id)
        from refresh.product_category as before
        full outer join ({CATEGORIES}) as today on before.product_id = today.product_id
        where before.category is distinct from today.category
    )
"""
CHANGED_ORDERS: Final = """
    select anchor_key, login_key from intermediate.int_order_milestone_daily
    where anchor_key is not null and order_id in (
        select coalesce(before.order_id, today.order_id)
        from refresh.order_before as before
        full outer join ({now}) as today on before.event_date = today.event_date and before.order_id = today.order_id
        where before.fingerprint is distinct from today.fingerprint
    )
"""
# Whose number an order has is decided among all who were seen with it.
SAME_ORDERS: Final = """
    select anchor_key, login_key from intermediate.int_order_milestone_daily
    where anchor_key is not null and order_id in (
        select order_id from intermediate.int_order_milestone_daily
        where anchor_key in ({identifiers}) or login_key in ({identifiers})
    )
"""
CHANGED_DAYS = """
    insert into refresh.changed_identifier
    select distinct coalesce(before.identifier_key, today.identifier_key)
    from refresh.day_before as before
    full outer join ({now}) as today
        on before.event_date = today.event_date and before.identifier_key = today.identifier_key
    where before.fingerprint is distinct from today.fingerprint
"""
# Whom the identifiers belonged to when the rows were made, and whom they have ever belonged to since.
BEFORE: Final = "select customer_id, identifier_key from intermediate.int_identifier_customers"
SINCE: Final = "select canonical_id as customer_id, identifier_key from identity.identity_assignment"
# A row with a login belongs to the login's customer: both ends are needed to say whose it is.
INSERT_DAYS: Final = """
    insert into refresh.day select event_date from refresh.rebuilt_day except select event_date from refresh.day
"""
LOGGED_IN: Final = """
    select login_key as identifier_key from intermediate.int_identifier_daily
    where login_key is not null and anchor_key in ({identifiers})
    union
    select anchor_key as identifier_key from intermediate.int_identifier_daily
    where login_key in ({identifiers})
"""


@dataclass(frozen=True)
class Touched:
    """Whose rows a run makes again: counts, and the reason where it is everybody."""

    customers: int
    identifiers: int
    days: int
    everybody: str | None


def touch_customers(warehouse: Warehouse, definition: str, run_id: str) -> Touched:
    """Fill `refresh.customer`, `refresh.identifier` and `refresh.day` with what changed since they were last answered.

    Args:
        warehouse: with daily tables and ledger as they are now.
        definition: hash of all that defines the customers' rows; another one than last time concerns everybody.
        run_id: the run that is going to answer.
    """
    with warehouse.connect() as connection:
        bring_up_to_date(connection)
        _run(connection, "delete from refresh.under_way")
        connection.execute("insert into refresh.under_way values (?)", [run_id]).fetchall()
        _note_definition(connection, definition)
        _run(connection, INSERT_DAYS)
        if everybody_of(connection) is None:
            _collect(connection)
            touch_outcomes(connection)
        _remember_categories(connection)
        for table in PENDING:
            _run(connection, f"delete from refresh.{table}")
        customers, identifiers, days = (
            _count(connection, f"refresh.{table}") for table in ("customer", "identifier", "day")
        )
        return Touched(customers, identifiers, days, everybody_of(connection))


def settle(warehouse: Warehouse, definition: str, run_id: str) -> bool:
    """Note that a run has made all rows again that it was asked for; not when another run has been asked since."""
    with warehouse.connect() as connection:
        bring_up_to_date(connection)
        if connection.execute("from refresh.under_way").fetchall() != [(run_id,)]:
            return False
        _run(connection, "begin")
        for table in (*ANSWERED, "settled"):
            _run(connection, f"delete from refresh.{table}")
        connection.execute("insert into refresh.settled values (?)", [definition]).fetchall()
        _run(connection, "commit")
    return True


def is_everybody(warehouse: Warehouse) -> bool:
    """Whether everybody's rows are to be made again."""
    return warehouse.count("refresh.everybody") > 0


def everybody_of(connection: duckdb.DuckDBPyConnection) -> str | None:
    """Why everybody's rows are to be made again; None when only some are."""
    found = connection.execute("select min(reason) from refresh.everybody").fetchall()
    return None if found[0][0] is None else str(found[0][0])


def _note_definition(connection: duckdb.DuckDBPyConnection, definition: str) -> None:
    settled = connection.execute("from refresh.settled").fetchall()
    if settled != [(definition,)]:
        reason = "first run" if not settled else "code or configuration changed"
        _run(connection, f"insert into refresh.everybody values ('{reason}')")


def _collect(connection: duckdb.DuckDBPyConnection) -> None:
    now = fingerprints(connection, "refresh.rebuilt_day")
    _run(connection, CHANGED_DAYS.format(now=now["day"]))
    for sides in (CHANGED_PRODUCTS, CHANGED_ORDERS.format(now=now["order"])):
        _run(connection, f"insert into refresh.changed_identifier select identifier_key from ({_ends(sides)}) as ends")
    for owners in (BEFORE, SINCE):
        _run(
            connection,
            f"insert into refresh.customer select customer_id from ({owners}) as owned"
            f" where identifier_key in ({CHANGED}) except {CUSTOMERS}",
        )
    held = f"select identifier_key from ({BEFORE} union all {SINCE}) as owned where customer_id in ({CUSTOMERS})"
    orders = _ends(SAME_ORDERS.format(identifiers=IDENTIFIERS))
    for keys in (f"{held} union {CHANGED}", orders, LOGGED_IN.format(identifiers=IDENTIFIERS)):
        _run(
            connection,
            f"insert into refresh.identifier select identifier_key from ({keys}) as found except {IDENTIFIERS}",
        )


def _ends(sides: str) -> str:
    """Both keys of rows with anchor_key and login_key, as identifier_key."""
    return (
        f"select anchor_key as identifier_key from ({sides}) as sides"
        f" union select login_key from ({sides}) as sides where login_key is not null"
    )


def _remember_categories(connection: duckdb.DuckDBPyConnection) -> None:
    if connection.execute(f"{EXISTS} = 'int_product_daily'").fetchall():
        _run(connection, "delete from refresh.product_category")
        _run(connection, f"insert into refresh.product_category {CATEGORIES}")


def _count(connection: duckdb.DuckDBPyConnection, address: str) -> int:
    return int(connection.execute(f"select count(*) from {address}").fetchall()[0][0])


def _run(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    connection.execute(sql).fetchall()
