"""A small shop with hand-made tables of exposures and outcomes, as dbt would have built them."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import yaml

from intake.paths import DataPaths
from intake.project import Project
from orchestration.warehouse_schema import create_source_tables

START = datetime(2026, 3, 1, 9, 0)  # noqa: DTZ001 - the warehouse keeps naive UTC
TABLES = {
    "fct_exposure": "placement VARCHAR, experiment VARCHAR, experiment_version INTEGER, unit_type VARCHAR,"
    " unit_id VARCHAR,"
    " customer_id VARCHAR, traffic VARCHAR, arm VARCHAR, shown_at TIMESTAMP, personalization_id VARCHAR,"
    " session_id VARCHAR, segment_id INTEGER, context_bucket VARCHAR, table_version VARCHAR,"
    " conditional_propensity DECIMAL(18,9), propensity DECIMAL(18,9), probabilities VARCHAR, is_refused BOOLEAN,"
    " is_bot BOOLEAN",
    "fct_outcome": "outcome_id VARCHAR, kind VARCHAR, customer_id VARCHAR, session_id VARCHAR, is_refused BOOLEAN,"
    " occurred_at TIMESTAMP, order_id VARCHAR, personalization_id VARCHAR, is_converted BOOLEAN,"
    " revenue_amount DECIMAL(18,4), margin_amount DECIMAL(18,4), ltv_change_amount DECIMAL(18,4),"
    " value DECIMAL(18,4), margin_basis VARCHAR, topic VARCHAR",
    "fct_decision": "personalization_id VARCHAR, placement VARCHAR, action VARCHAR, arm VARCHAR, shadow VARCHAR,"
    " decided_at TIMESTAMP, is_bot BOOLEAN, is_refused BOOLEAN",
    "fct_session": "session_id VARCHAR, customer_id VARCHAR, started_at TIMESTAMP, ended_at TIMESTAMP,"
    " duration_ms BIGINT, is_bounce BOOLEAN, is_bot BOOLEAN",
    "fct_order": "order_id VARCHAR, customer_id VARCHAR, ordered_at TIMESTAMP, order_amount DECIMAL(18,4)",
    "customer_sensitive": "customer_id VARCHAR, attribute VARCHAR, value VARCHAR",
}
PLACEMENT = """
name: home_hero
version: 1
description: The banner.
owner: merchandising
decision_right: content
channels: [web]
strategy: rules
plain: welcome
fallback: welcome
actions:
  - {name: welcome, type: banner, content: {headline: Welcome}, reason: Everybody sees this one.}
  - {name: specials, type: banner, content: {headline: Specials}, reason: Specials.}
"""


class Shop:
    """One project folder: configuration, warehouse, ops."""

    def __init__(self, root: Path) -> None:
        """Make empty tables and the configuration."""
        self.root = root
        config = root / "config"
        (config / "placements").mkdir(parents=True)
        (config / "experiments").mkdir()
        (config / "placements" / "home_hero.yml").write_text(PLACEMENT)
        (config / "settings.yml").write_text("project: shop\ntime_zone: Europe/Berlin\ncurrency: EUR\nseed: 1\n")
        self.project = Project.open(DataPaths(root / "data"), config)
        self.project.paths.root.mkdir()
        with self.connect() as connection:
            create_source_tables(connection)
            connection.execute("create schema if not exists marts")
            for name, columns in TABLES.items():
                connection.execute(f"create table marts.{name} ({columns})")

    def connect(self) -> duckdb.DuckDBPyConnection:
        """The warehouse."""
        return duckdb.connect(str(self.project.paths.warehouse))

    def add(self, table: str, rows: pd.DataFrame) -> None:
        """Append rows; columns that are left out are null."""
        with self.connect() as connection:
            connection.register("more", rows)
            connection.execute(f"insert into marts.{table} by name select * from more")

    def execute(self, sql: str) -> list[tuple[Any, ...]]:
        """Run one statement."""
        with self.connect() as connection:
            return connection.execute(sql).fetchall()

    def frame(self, sql: str) -> pd.DataFrame:
        """The result of one query."""
        with self.connect() as connection:
            return connection.execute(sql).df()

    def define(self, name: str, **fields: Any) -> None:
        """Write `config/experiments/NAME.yml`: plain against treat, half and half, unless told otherwise."""
        base: dict[str, Any] = {
            "name": name,
            "hypothesis": f"{name} earns more",
            "kind": "ab",
            "placement": "home_hero",
            "traffic": 0.2,
            "arms": {"plain": {"action": "welcome", "is_plain": True}, "treat": {"action": "specials"}},
            "metrics": {"primary": "incremental_profit", "guard_rails": [{"metric": "complaint_rate"}]},
            "planned_size": 2000,
            "attribution_hours": 72,
            "owner": "anna",
            "status": "running",
        }
        file = self.project.config / "experiments" / f"{name}.yml"
        file.write_text(yaml.safe_dump({**base, **fields}, sort_keys=False))

    def play(
        self,
        name: str,
        *,
        units: int = 2000,
        lift: float = 0.0,
        rate: float = 0.3,
        days: int = 20,
        seed: int = 0,
        split: float = 0.5,
        first: datetime = START,
        complaints: dict[str, float] | None = None,
    ) -> pd.DataFrame:
        """Simulate people who see an arm once and may buy; the treatment raises their margin by `lift`."""
        draw = np.random.default_rng(seed)
        arm = np.where(draw.random(units) < split, "treat", "plain")
        shown = [first + timedelta(hours=float(h)) for h in np.sort(draw.random(units)) * 24 * days]
        who = [f"{name}-{n}" for n in range(units)]
        probabilities = json.dumps({"plain": 0.5, "treat": 0.5})
        exposures = pd.DataFrame(
            {
                "experiment": name, "experiment_version": 1, "unit_type": "person", "unit_id": who,
                "customer_id": who, "traffic": "live", "arm": arm, "shown_at": shown,
                "personalization_id": [f"p-{one}" for one in who], "propensity": 0.5,
                "probabilities": probabilities,
            }
        )  # fmt: skip
        self.add("fct_exposure", exposures)
        taste = draw.gamma(4.0, 10.0, units)
        self.add(
            "fct_order",
            pd.DataFrame({
                "order_id": [f"before-{one}" for one in who], "customer_id": who,
                "ordered_at": [moment - timedelta(days=5) for moment in shown], "order_amount": taste.round(2),
            }),
        )  # fmt: skip
        bought = draw.random(units) < rate
        amount = (taste * draw.uniform(0.8, 1.2, units) * np.where(arm == "treat", 1 + lift, 1.0)).round(2)
        orders = pd.DataFrame({
            "outcome_id": [f"order:{one}" for one in who], "kind": "order", "customer_id": who,
            "order_id": [f"o-{one}" for one in who],
            "occurred_at": [moment + timedelta(hours=5) for moment in shown], "is_converted": True,
            "revenue_amount": amount, "margin_amount": (amount * 0.4).round(2), "margin_basis": "stated",
        })  # fmt: skip
        self.add("fct_outcome", orders[bought])
        self._complain(who, arm, shown, complaints or {}, draw)
        return exposures.assign(bought=bought, amount=amount, taste=taste.round(2))

    def _complain(self, who: list[str], arm: Any, shown: list[datetime], rates: dict[str, float], draw: Any) -> None:
        rate = np.array([rates.get(one, 0.01) for one in arm])
        does = draw.random(len(who)) < rate
        rows = pd.DataFrame({
            "outcome_id": [f"complaint:{one}" for one in who], "kind": "complaint", "customer_id": who,
            "occurred_at": [moment + timedelta(hours=6) for moment in shown],
        })  # fmt: skip
        self.add("fct_outcome", rows[does])
