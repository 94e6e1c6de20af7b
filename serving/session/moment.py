"""The moment score: how ready a visitor is right now, from 0.1 (nothing says so) to 3.9 (everything does)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from serving.session.fields import SCALE
from serving.session.spec import Points, Spec

LOWEST, RANGE = 1_000, 38_000
"""0.1 and 3.8 in parts of 1/10,000."""


def score(spec: Spec, values: Mapping[str, Any]) -> int:
    """0.1 + 3.8 x min(points, full) / full, in parts of 1/10,000, in whole numbers throughout.

    Points are the features' capped shares, faded in proportion to the idle time.

    Args:
        spec: the specification.
        values: features that the reducer read; decimals in parts of 1/10,000.
    """
    rule = spec.moment_score
    tenths = sum(min(_tenths(spec, part, values[part.feature]), part.at_most * 10) for part in rule.points)
    left = max(0, rule.fades_over_seconds - (values["idle_seconds"] or 0))
    faded = tenths * left // rule.fades_over_seconds
    full = rule.full_points * 10
    return LOWEST + RANGE * min(faded, full) // full


def _tenths(spec: Spec, part: Points, value: Any) -> int:
    if value is None:
        return 0
    return int(value) * part.tenths // (SCALE if spec.by_name[part.feature].type == "decimal" else 1)
