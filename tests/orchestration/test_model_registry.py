"""Model versions are complete, named by what they are made from, and checked when read."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from orchestration.model_registry import ModelCard, ModelNotFoundError, ModelRegistry, frame_hash, version_name

AS_OF = datetime(2018, 1, 2, tzinfo=UTC)
FILES = {"weights.json": b"[1, 2]", "curve.json": b"{}"}


def card(version: str) -> ModelCard:
    return ModelCard(
        name="churn",
        version=version,
        as_of=AS_OF.isoformat(),
        trained_at=AS_OF.isoformat(),
        features=["recency_days"],
        cutoffs=["2017-07-04"],
        horizon_days=91,
        metrics={"model": {"roc_auc": 0.8}},
        data_hash="abc",
        code_version="def",
        rows=10,
    )


@pytest.fixture
def registry(tmp_path: Path) -> ModelRegistry:
    return ModelRegistry(tmp_path)


def test_what_is_saved_is_loaded(registry: ModelRegistry) -> None:
    assert registry.current_version("churn") is None
    registry.save(card("v1"), FILES)
    loaded = registry.load("churn")
    assert dict(loaded.files) == FILES
    assert (loaded.card.metrics, loaded.card.horizon_days) == ({"model": {"roc_auc": 0.8}}, 91)


def test_the_newest_saved_version_is_current_and_older_ones_stay(registry: ModelRegistry) -> None:
    registry.save(card("v1"), FILES)
    registry.save(card("v2"), {"weights.json": b"[3]"})
    assert registry.current_version("churn") == "v2"
    assert registry.versions("churn") == ["v1", "v2"]


def test_an_existing_version_is_not_rewritten(registry: ModelRegistry) -> None:
    registry.save(card("v1"), FILES)
    registry.save(card("v1"), {"weights.json": b"other"})
    assert dict(registry.load("churn").files) == FILES


def test_a_changed_file_is_refused(registry: ModelRegistry, tmp_path: Path) -> None:
    registry.save(card("v1"), FILES)
    (tmp_path / "churn" / "v1" / "weights.json").write_bytes(b"[1, 3]")
    with pytest.raises(ValueError, match=r"weights\.json: content differs"):
        registry.load("churn")


def test_an_untrained_model_is_named(registry: ModelRegistry) -> None:
    with pytest.raises(ModelNotFoundError, match="'value'"):
        registry.load("value")
    assert registry.card("value") is None


def test_the_card_is_json_with_checksums(registry: ModelRegistry) -> None:
    folder = registry.save(card("v1"), FILES)
    document = json.loads((folder / "model.json").read_text())
    assert sorted(document["checksums"]) == sorted(FILES)
    assert document["features"] == ["recency_days"]


def test_the_version_follows_data_and_code() -> None:
    assert version_name(AS_OF, "a", "b") == version_name(AS_OF, "a", "b")
    assert len({version_name(AS_OF, data, code) for data in "ab" for code in "cd"}) == 4
    assert version_name(AS_OF, "a", "b").startswith("20180102T000000-")


def test_the_frame_hash_sees_values_order_names_and_types() -> None:
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    others = [
        frame.assign(a=[1, 3]),
        frame.iloc[::-1],
        frame.rename(columns={"a": "c"}),
        frame.assign(a=frame["a"].astype("float64")),
    ]
    assert frame_hash(frame) == frame_hash(frame.copy())
    assert frame_hash(frame) not in {frame_hash(other) for other in others}
