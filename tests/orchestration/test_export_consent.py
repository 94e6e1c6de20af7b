"""Which published parquet files are written again for the sake of consent."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from orchestration.export_consent import outdated

PEOPLE = "marts.dim_customer"
REFUSES = "update marts.customer_consent set is_profiled = false where customer_id = 'c3'"


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([f"update {PEOPLE} set spend = 7"], False),
        ([f"update {PEOPLE} set consent_marketing_sms = true"], False),
        ([f"delete from {PEOPLE} where customer_id = 'c3'"], False),
        ([f"delete from {PEOPLE} where customer_id = 'c5'", REFUSES], False),
        ([REFUSES], False),
        ([f"delete from {PEOPLE} where customer_id = 'c3'", REFUSES], True),
        ([f"delete from {PEOPLE} where customer_id = 'c1'", REFUSES], True),
        ([f"update {PEOPLE} set consent_marketing_email = false where customer_id = 'c3'"], True),
        (["drop table marts.customer_consent"], False),
    ],
    ids=[
        "new value",
        "says yes",
        "merged",
        "another",
        "still there",
        "refuses",
        "by former id",
        "channel",
        "no consent",
    ],
)
def test_a_file_that_says_more_than_consent_allows_is_outdated(
    tmp_path: Path, statements: list[str], expected: bool
) -> None:
    file = tmp_path / "people.parquet"
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        for statement in (
            "create schema marts",
            "create schema identity",
            "create table identity.canonical as select * from (values ('c1', 'c2'), ('c2', 'c3'), ('c3', null))"
            " as rows(canonical_id, redirect_to)",
            f"create table {PEOPLE} as select 'c' || n as customer_id, n as spend, n > 3 as consent_marketing_sms,"
            " true as consent_marketing_email from range(9) as numbers(n)",
            f"create table marts.customer_consent as select customer_id, true as is_tracked, true as is_profiled"
            f" from {PEOPLE}",
            f"copy {PEOPLE} to '{file}' (format parquet)",
            *statements,
        ):
            connection.execute(statement).fetchall()
        assert outdated(connection, PEOPLE, file) == expected


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([REFUSES], False),
        ([f"delete from {PEOPLE} where customer_id = 'c3'", REFUSES], True),
        ([f"delete from {PEOPLE} where customer_id = 'c1'", REFUSES], True),
        ([f"delete from {PEOPLE} where customer_id = 'c5'"], False),
        ([f"update {PEOPLE} set consent_marketing_email = false where customer_id = 'c3'"], True),
        ([f"update {PEOPLE} set consent_marketing_email = false, spend = 9 where customer_id = 'c8'"], True),
        ([f"update {PEOPLE} set consent_marketing_sms = true, spend = 9 where customer_id = 'c3'"], False),
        ([f"insert into {PEOPLE} values ('c20', 1, false, false)"], False),
    ],
    ids=["still there", "refuses", "by former id", "merged", "channel", "came back", "says yes", "new"],
)
def test_of_touched_customers_it_is_found_as_of_all(tmp_path: Path, statements: list[str], expected: bool) -> None:
    """`c8` left the table in an hour before, for no refusal: the file still has them."""
    file = tmp_path / "people.parquet"
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        for statement in (
            "create schema marts",
            "create schema identity",
            "create schema refresh",
            "create table refresh.customer as select 'c' || n as customer_id from range(30) as numbers(n)",
            "create table identity.canonical as select * from (values ('c1', 'c2'), ('c2', 'c3'), ('c3', null))"
            " as rows(canonical_id, redirect_to)",
            f"create table {PEOPLE} as select 'c' || n as customer_id, n as spend, n > 3 as consent_marketing_sms,"
            " true as consent_marketing_email from range(9) as numbers(n)",
            f"create table marts.customer_consent as select customer_id, true as is_tracked, true as is_profiled"
            f" from {PEOPLE}",
            f"copy {PEOPLE} to '{file}' (format parquet)",
            f"create table earlier as from {PEOPLE} where customer_id <> 'c8'",
            *statements,
        ):
            connection.execute(statement).fetchall()
        assert outdated(connection, PEOPLE, file, earlier="earlier") == expected
        assert outdated(connection, PEOPLE, file) == expected


def test_a_table_without_people_is_never_outdated(tmp_path: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute("create schema marts").fetchall()
        connection.execute("create table marts.product_pair as select 1 as pairs").fetchall()
        assert not outdated(connection, "marts.product_pair", tmp_path / "none.parquet")
