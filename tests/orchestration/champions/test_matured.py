"""Scores are written down weekly for champion and challenger, go with whoever refuses, and are judged when due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ml.evaluation import roc_auc
from orchestration.champions import shadow
from orchestration.champions.matured import kept, matured
from orchestration.champions.shadow import TABLE, write_down
from orchestration.model_registry import ModelCard, ModelRegistry, StoredModel
from orchestration.warehouse import Warehouse

START = datetime(2018, 1, 2, tzinfo=UTC)
PEOPLE = 400
RANDOM = np.random.default_rng(2)
CHANCE = RANDOM.random(PEOPLE)
LEFT = RANDOM.random(PEOPLE) < CHANCE
NAMES = [f"c{place:03d}" for place in range(PEOPLE)]


def card(version: str) -> ModelCard:
    return ModelCard("churn", version, START.isoformat(), START.isoformat(), [], [], 30, {}, "d", "c", 1)


def answer(stored: StoredModel, rows: pd.DataFrame) -> pd.DataFrame:
    """The champion knows the chance, the challenger its opposite; the broken one nothing."""
    if stored.card.version == "broken":
        raise ValueError("features.gone: the column is missing")
    score = rows["chance"] if stored.card.version == "v1" else 1 - rows["chance"]
    return pd.DataFrame({"score": score, "low": None, "high": None, "horizon_days": 30})


@pytest.fixture
def warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    monkeypatch.setattr(shadow, "ANSWERS", {"churn": answer})
    house = Warehouse(tmp_path / "warehouse.duckdb")
    people = pd.DataFrame({"customer_id": NAMES, "chance": CHANCE, "orders_lifetime": 1, "is_profiled": True})
    stayed = [name for name, gone in zip(NAMES, LEFT, strict=True) if not gone]
    orders = pd.DataFrame({"customer_id": stayed, "order_id": stayed, "order_amount": 5.0})
    orders["ordered_at"] = START.replace(tzinfo=None) + timedelta(days=10)
    # An order a day late is no order within the horizon.
    late = orders.iloc[:0].copy()
    late.loc[0] = [NAMES[int(np.flatnonzero(LEFT)[0])], "late", 5.0, START.replace(tzinfo=None) + timedelta(days=30)]
    with house.connect() as db:
        db.execute("create schema marts").fetchall()
        db.register("people", people)
        db.register("orders", pd.concat([orders, late]))
        for name in ("customer_features", "customer_consent", "dim_customer"):
            db.execute(f"create table marts.{name} as select * from people").fetchall()
        db.execute("create table marts.fct_order as select * from orders").fetchall()
    return house


@pytest.fixture
def registry(tmp_path: Path) -> ModelRegistry:
    found = ModelRegistry(tmp_path / "models")
    found.save(card("v1"), {})
    found.store(card("v2"), {})
    found.shadow("churn", "v2")
    return found


def test_both_versions_are_written_down_once_a_week(warehouse: Warehouse, registry: ModelRegistry) -> None:
    assert write_down(warehouse, registry, START) == (2 * PEOPLE, [])
    assert write_down(warehouse, registry, START + timedelta(days=6)) == (0, [])
    assert write_down(warehouse, registry, START + timedelta(days=7)) == (2 * PEOPLE, [])
    roles = warehouse.rows(f"select distinct role, model_version from {TABLE} order by role")
    assert roles == [("challenger", "v2"), ("champion", "v1")]


def test_a_challenger_that_cannot_answer_is_told(warehouse: Warehouse, registry: ModelRegistry) -> None:
    registry.store(card("broken"), {})
    registry.shadow("churn", "broken")
    assert write_down(warehouse, registry, START) == (PEOPLE, ["churn/broken: features.gone: the column is missing"])


def test_labels_judge_both_versions_on_the_day_they_are_known(warehouse: Warehouse, registry: ModelRegistry) -> None:
    write_down(warehouse, registry, START)
    assert matured(warehouse, START + timedelta(days=29)) == {}
    found = matured(warehouse, START + timedelta(days=30))
    expected = roc_auc(LEFT, CHANCE)
    assert found["churn", "v1"]["roc_auc"] == pytest.approx(expected)
    assert found["churn", "v2"]["roc_auc"] == pytest.approx(1 - expected)
    assert ("matured", "churn@v1:customers", float(PEOPLE)) in kept(found)


def test_who_refuses_or_is_merged_away_is_neither_kept_nor_counted(
    warehouse: Warehouse, registry: ModelRegistry
) -> None:
    write_down(warehouse, registry, START)
    with warehouse.connect() as db:
        db.execute("update marts.customer_consent set is_profiled = false where customer_id = 'c000'").fetchall()
        db.execute("delete from marts.dim_customer where customer_id = 'c001'").fetchall()
    write_down(warehouse, registry, START + timedelta(days=1))
    assert warehouse.rows(f"select count(*) from {TABLE} where customer_id = 'c000'") == [(0,)]
    found = matured(warehouse, START + timedelta(days=30))
    assert found["churn", "v1"]["customers"] == PEOPLE - 2
