"""Training stores what scoring uses; scoring never trains and refuses nobody."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from intake.clock import FixedClock
from intake.paths import DataPaths
from intake.project import Project
from intake.settings import Settings
from ml.errors import NotTrainable
from ml.segments import SEGMENT_COLUMNS, fit_segments, persona_cards
from orchestration.assets.training import NamedSegments, metrics_table
from orchestration.model_registry import ModelRegistry, StoredModel
from orchestration.scoring import empty, segmented, segmented_among, unsegmented
from orchestration.training import Facts, Trained, train_and_store
from orchestration.warehouse_schema import source_table

AS_OF = datetime(2018, 1, 2, tzinfo=UTC)
CUSTOMERS = 240


@pytest.fixture(scope="module")
def features() -> pd.DataFrame:
    """Three clear groups of customers, and ten who never ordered."""
    rng = np.random.default_rng(7)
    group = np.repeat([0, 1, 2], CUSTOMERS // 3)
    ordered = pd.DataFrame(
        {
            "customer_id": [f"c{number:015x}" for number in range(CUSTOMERS)],
            "recency_days": np.array([2.0, 20, 80])[group] + rng.random(CUSTOMERS),
            "orders_91d": np.array([30.0, 8, 1])[group] + rng.random(CUSTOMERS),
            "spend_91d": np.array([900.0, 200, 20])[group] * (1 + rng.random(CUSTOMERS) / 10),
            "orders_365d": np.array([120.0, 32, 4])[group] + rng.random(CUSTOMERS),
            "spend_365d": np.array([3600.0, 800, 80])[group] * (1 + rng.random(CUSTOMERS) / 10),
            "average_order_amount": np.array([30.0, 25, 20])[group] + rng.random(CUSTOMERS),
            "orders_lifetime": 5,
        }
    )
    strangers = pd.DataFrame({"customer_id": [f"d{number}" for number in range(10)], "orders_lifetime": 0})
    return pd.concat([ordered, strangers], ignore_index=True).assign(as_of=pd.Timestamp("2018-01-02"))


@pytest.fixture(scope="module")
def stored(features: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> StoredModel:
    root = tmp_path_factory.mktemp("data")
    project = Project(DataPaths(root), root / "config", Settings(), FixedClock(AS_OF))
    buyers = features.loc[features["orders_lifetime"] > 0]

    def fit() -> tuple[Trained, Facts]:
        model = fit_segments(buyers, SEGMENT_COLUMNS, k_min=3, k_max=3, seed=1)
        names = {card.segment_id: card.name for card in persona_cards(model, buyers, no_categories())}
        return NamedSegments(model, names), Facts(model.columns, [], None, {"k": model.k})

    done = train_and_store(project, "segments", features, AS_OF, fit)
    assert done.card is not None
    return ModelRegistry(root / "models").load("segments")


def no_categories() -> pd.DataFrame:
    return pd.DataFrame({"customer_id": [], "category": [], "amount": []})


def test_every_customer_stands_on_a_rung(features: pd.DataFrame, stored: StoredModel) -> None:
    found = segmented(stored, features, no_categories(), floor=20)
    assert sorted(found.assignment["customer_id"]) == sorted(features["customer_id"])
    strangers = found.assignment.loc[found.assignment["customer_id"].str.startswith("d")]
    assert set(strangers["rung"]) == {"everyone"}
    assert set(strangers["segment_id"]) == {-1}
    assert found.profile["customers"].sum() == CUSTOMERS
    assert found.profile["share"].sum() == pytest.approx(1.0)


def test_a_floor_above_every_segment_sends_all_to_everyone(features: pd.DataFrame, stored: StoredModel) -> None:
    found = segmented(stored, features, no_categories(), floor=CUSTOMERS)
    assert set(found.assignment["segment_name"]) == {"everyone"}


def test_rows_have_the_columns_of_their_tables(features: pd.DataFrame, stored: StoredModel) -> None:
    found = segmented(stored, features, no_categories(), floor=20)
    assert set(source_table("ml.segment_assignment").column_names) <= set(found.assignment.columns)
    assert list(found.profile.columns) == list(source_table("ml.segment_profile").column_names)
    assert set(found.assignment["model_version"]) == {stored.card.version}


def test_names_last_as_long_as_the_model(features: pd.DataFrame, stored: StoredModel) -> None:
    tomorrow = features.assign(spend_91d=features["spend_91d"] * 3, recency_days=features["recency_days"] + 1)
    before = dict(segmented(stored, features, no_categories(), 20).profile[["segment_id", "segment_name"]].to_numpy())
    after = dict(segmented(stored, tomorrow, no_categories(), 20).profile[["segment_id", "segment_name"]].to_numpy())
    assert all(after[key] == before[key] for key in after)


def test_a_verdict_of_the_data_is_told_and_stores_nothing(tmp_path: Path, features: pd.DataFrame) -> None:
    project = Project(DataPaths(tmp_path), tmp_path, Settings(), FixedClock(AS_OF))

    def fit() -> tuple[Trained, Facts]:
        raise NotTrainable("12 customers; 60 are needed")

    done = train_and_store(project, "segments", features, AS_OF, fit)
    assert (done.card, done.reason) == (None, "12 customers; 60 are needed")
    assert ModelRegistry(project.paths.models).current_version("segments") is None


def test_an_empty_table_has_its_columns() -> None:
    assert list(empty("ml.churn_score").columns) == list(source_table("ml.churn_score").column_names)


def test_metrics_show_competitors_side_by_side() -> None:
    table = metrics_table({"model": {"roc_auc": 0.81}, "recency": {"roc_auc": 0.7, "brier": 0.2}})
    assert table.splitlines()[0] == "|  | roc_auc | brier |"
    assert table.splitlines()[2:] == ["| model | 0.81 |  |", "| recency | 0.7 | 0.2 |"]
    assert metrics_table({"k": 4}).endswith("| k | 4 |")


def test_touched_customers_are_segmented_as_everybody_was(stored: StoredModel, features: pd.DataFrame) -> None:
    everybody = segmented(stored, features, no_categories(), floor=1).assignment
    large = everybody.loc[everybody["rung"] == "persona"]
    personas = dict(zip(large["segment_id"], large["segment_name"], strict=True))
    some = features.iloc[[0, 100, 200, CUSTOMERS + 3]]
    found = segmented_among(stored, some, personas)
    compared = ["customer_id", "segment_id", "segment_name", "rung", "model_version"]
    expected = everybody.set_index("customer_id").loc[some["customer_id"]].reset_index()
    pd.testing.assert_frame_equal(found[compared].reset_index(drop=True), expected[compared], check_dtype=False)


def test_a_persona_too_small_to_act_on_stays_everyone(stored: StoredModel, features: pd.DataFrame) -> None:
    found = segmented_among(stored, features.head(3), {})
    assert set(found["rung"]) == {"everyone"}
    assert segmented_among(stored, features.head(0), {}).empty


def test_stages_of_life_stand_between_personas_and_everyone(stored: StoredModel, features: pd.DataFrame) -> None:
    told = features.assign(lifecycle=np.where(features["orders_lifetime"] > 0, "active", "prospect"))
    found = segmented(stored, told, no_categories(), floor=10).assignment
    strangers = found.loc[found["customer_id"].str.startswith("d")]
    assert set(strangers["segment_name"]) == {"Prospects"}
    assert set(strangers["rung"]) == {"lifecycle"}
    groups = found.loc[found["rung"] != "everyone", ["segment_id", "segment_name"]].drop_duplicates()
    names = dict(zip(groups["segment_id"], groups["segment_name"], strict=True))
    again = segmented_among(stored, told, names)
    pd.testing.assert_frame_equal(again[list(found.columns)], found, check_dtype=False)


def test_before_a_model_everybody_stands_on_a_stage_of_life(features: pd.DataFrame) -> None:
    told = features.assign(lifecycle=np.where(features["orders_lifetime"] > 0, "active", "prospect"))
    found = unsegmented(told, floor=20)
    assert found["segment_name"].value_counts().to_dict() == {"Active customers": CUSTOMERS, "everyone": 10}
    assert set(source_table("ml.segment_assignment").column_names) <= set(found.columns)
    assert set(unsegmented(features, floor=1)["rung"]) == {"everyone"}
