"""A refit is told: the matrix as scikit-learn and pandas count it, an alert beyond the bound, and its end."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from sklearn.metrics.cluster import contingency_matrix

from intake.clock import FixedClock
from intake.ops_store import OpsStore
from intake.paths import DataPaths
from intake.project import Project
from intake.settings import SegmentSettings, Settings
from ml.segments import SegmentModel, fit_segments
from orchestration.assets.training import NamedSegments
from orchestration.model_registry import ModelCard, StoredModel
from orchestration.segments.refit import TABLE, migration_rows, note_refit, refit_metadata
from orchestration.warehouse import Warehouse
from tests.ml.segments.shops import COLUMNS, shop

AT = datetime(2018, 2, 1, tzinfo=UTC)


def project(root: Path, bound: float) -> Project:
    settings = Settings(segments=SegmentSettings(moved_alert_share=bound))
    return Project(DataPaths(root), root, settings, FixedClock(AT))


def stored(model: SegmentModel, version: str) -> StoredModel:
    card = ModelCard("segments", version, AT.isoformat(), AT.isoformat(), [], [], None, {}, "", "", 1)
    return StoredModel(card, NamedSegments(model, {key: f"persona {key}" for key in model.ids}).files())


def quarter_later() -> pd.DataFrame:
    """A third of the frequent ones stopped coming."""
    features = shop(seed=2)
    features.loc[features.index % 9 == 0, ["recency_days", "orders_91d", "spend_91d"]] = [75.0, 1, 28.0]
    return features


@pytest.fixture(scope="module")
def versions() -> tuple[StoredModel, StoredModel]:
    first = fit_segments(shop(), COLUMNS, k_min=3, k_max=3, seed=7)
    crossed = SegmentModel(
        first.preprocessor, first.centroids[[1, 0, 2]], first.ids, first.next_id, first.chosen, first.candidates
    )
    second = fit_segments(quarter_later(), COLUMNS, k_min=3, k_max=3, seed=7, previous=crossed)
    return stored(crossed, "v1"), stored(second, "v2")


def test_the_matrix_is_the_contingency_of_both_models(versions: tuple[StoredModel, StoredModel]) -> None:
    before, after = (SegmentModel.from_files(one.files) for one in versions)
    features = quarter_later()
    expected = contingency_matrix(before.assign(features)["segment_id"], after.assign(features)["segment_id"])
    rows = migration_rows(versions[1], versions[0])
    found = rows.pivot_table(index="from_segment_id", columns="to_segment_id", values="customers", fill_value=0)
    assert found.to_numpy().tolist() == expected.tolist()
    assert rows["share"].sum() == pytest.approx(1.0)
    assert set(rows["from_segment_name"]) <= {f"persona {key}" for key in before.ids}
    assert migration_rows(versions[0], None).empty


def test_it_is_kept_once_a_version_and_alerts_beyond_the_bound(
    tmp_path: Path, versions: tuple[StoredModel, StoredModel]
) -> None:
    warehouse = Warehouse(tmp_path / "warehouse.duckdb")
    rows = migration_rows(versions[1], versions[0])
    loose, strict = project(tmp_path, 1.0), project(tmp_path, 1e-9)
    moved = rows["from_segment_id"] != rows["to_segment_id"]
    rest = rows.assign(to_segment_id=rows["to_segment_id"].where(~moved, rows["to_segment_id"]))
    for one in (loose, strict, strict):
        note_refit(one, warehouse, versions[1], versions[0])
    assert warehouse.count(TABLE) == len(rest)
    standing = OpsStore(strict.paths).standing_alerts("segments:")
    assert bool(standing) == bool(moved.any())
    note_refit(loose, warehouse, versions[1], versions[0])
    assert OpsStore(loose.paths).standing_alerts("segments:") == []


def test_an_alert_says_who_went_where(tmp_path: Path, versions: tuple[StoredModel, StoredModel]) -> None:
    from orchestration.segments.refit import settle_moved

    rows = migration_rows(versions[1], versions[0])
    swapped = rows.assign(to_segment_id=rows["to_segment_id"].map({0: 1, 1: 2, 2: 0}))
    (alert,) = settle_moved(project(tmp_path, 0.25), versions[1], swapped)
    assert "segments moved at the refit of 2018-02-01" in alert.title
    assert "segments.moved_alert_share is 25%" in alert.detail
    assert "ops.segment_migration" in alert.detail


def test_the_ui_shows_candidates_bounds_and_moves(versions: tuple[StoredModel, StoredModel]) -> None:
    shown = refit_metadata(versions[1], migration_rows(versions[1], versions[0]))
    assert "davies_bouldin" in str(shown["candidates"].value)
    assert shown["missed_bounds"].value == "none"
    assert "persona 0" in str(shown["migration"].value)
