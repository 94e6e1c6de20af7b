"""The language of session features: what is wrong is said with line, field, value and what is allowed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from serving.session.spec import load_spec, shipped_spec
from serving.yaml_file import ConfigError

VIEWS = {"name": "views", "reduce": "count", "meaning": "m", "unit": "u"}
SCORE = {"full_points": 10, "fades_over_seconds": 60, "points": [{"feature": "views", "each": 1, "at_most": 5}]}


def write(folder: Path, *features: dict[str, Any], **changes: Any) -> Path:
    file = folder / "features.yml"
    named = [{"meaning": "m", "unit": "u", **feature} for feature in features]
    file.write_text(yaml.safe_dump({"features": [VIEWS, *named], "moment_score": SCORE | changes}, sort_keys=False))
    return file


def test_the_shipped_specification_has_at_least_25_described_features() -> None:
    spec = shipped_spec()
    assert len(spec.features) >= 25
    assert all(feature.meaning and feature.unit for feature in spec.features)


@pytest.mark.parametrize(
    ("feature", "complaint"),
    [
        ({"name": "x"}, "exactly one of reduce, derive"),
        ({"name": "x", "reduce": "median"}, "'count', 'any', 'sum'"),
        ({"name": "X y", "reduce": "count"}, "should match pattern"),
        ({"name": "views", "reduce": "count"}, "'views' is taken"),
        ({"name": "x", "reduce": "sum"}, "value: needed by sum"),
        ({"name": "x", "reduce": "count", "value": "dwell_ms"}, "value: not used by count (got 'dwell_ms')"),
        ({"name": "x", "reduce": "sum", "value": "category"}, "sum needs a number (got the text 'category')"),
        ({"name": "x", "reduce": "top", "value": "amount"}, "top needs a text (got the number 'amount')"),
        ({"name": "x", "reduce": "sum", "value": "dwel_ms"}, "'dwel_ms' is no event field; allowed: event_type"),
        ({"name": "x", "reduce": "count", "when": {"colour": "red"}}, "'colour' is no event field"),
        ({"name": "x", "reduce": "count", "when": {"category": {"at_least": 2}}}, "category: is text"),
        ({"name": "x", "reduce": "count", "when": {"dwell_ms": 7}}, "dwell_ms: is a number"),
        ({"name": "x", "reduce": "count", "when": {"dwell_ms": {"at_least": 1, "more_than": 2}}}, "2 tests given"),
        ({"name": "x", "reduce": "count", "when": {"category": "it's"}}, "letters, digits, blanks"),
        ({"name": "x", "reduce": "decayed_count"}, "half_life_seconds: for decayed_count"),
        ({"name": "x", "derive": "ratio", "of": ["views"]}, "ratio needs 2 feature(s) (got 1)"),
        ({"name": "x", "derive": "difference", "of": ["views", "later"]}, "'later' is no number among the features"),
        ({"name": "x", "derive": "all", "of": [{"feature": "views"}]}, "exactly one of at_least, at_most"),
        ({"name": "x", "derive": "band", "of": ["views"], "bounds": [2, 1], "names": ["a", "b", "c"]}, "rising"),
        ({"name": "x", "reduce": "seconds_since_last", "only_while": {"feature": "views", "is": "a"}}, "is no text"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, feature: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_spec(write(tmp_path, feature))
    assert complaint in str(caught.value)
    assert "features.yml:" in str(caught.value)


def test_the_score_counts_known_features_only(tmp_path: Path) -> None:
    points = [{"feature": "clicks", "each": 1, "at_most": 5}]
    with pytest.raises(ConfigError, match=r"moment_score.points.0.feature: 'clicks' is no number"):
        load_spec(write(tmp_path, points=points))
