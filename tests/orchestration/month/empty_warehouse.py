"""A warehouse as dbt leaves it before anything was shown: the tables that learning and pausing read, with no row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import yaml

from intake.paths import repository_root
from orchestration.warehouse_schema import create_source_tables, source_table

MODELS = repository_root() / "dbt_project" / "models" / "marts"
FACTS = ("fct_decision", "fct_exposure", "fct_outcome", "fct_offer")


def make(path: Path) -> None:
    """Create it; facts have the columns that their contracts promise."""
    columns = ", ".join(f'"{name}" {kind}' for name, kind in source_table("ml.fresh_event").columns)
    with duckdb.connect(str(path)) as connection:
        create_source_tables(connection)
        for statement in (
            "create schema if not exists intermediate",
            "create schema if not exists marts",
            "create table marts.dim_product (product_id varchar, cost decimal(18, 4))",
            "create table intermediate.int_identifier_customers (identifier_key bigint, customer_id varchar,"
            " valid_from_date date, valid_to_date date, is_known boolean, is_tracked boolean)",
            f"create table intermediate.int_events ({columns})",
            "create table intermediate.int_lake_in_facts (path varchar, as_of timestamp)",
            *(_fact(model) for model in _models() if model["name"] in FACTS),
        ):
            connection.execute(statement)


def _models() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load((MODELS / "decisions.yml").read_text(encoding="utf-8"))["models"]
    return found


def _fact(model: dict[str, Any]) -> str:
    columns = ", ".join(f'"{column["name"]}" {column["data_type"]}' for column in model["columns"])
    return f"create table marts.{model['name']} ({columns})"
