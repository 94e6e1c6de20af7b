"""The moment score: how ready a visitor is right now, from 0.1 (nothing says so) to 3.9 (everything does)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from serving.session.fields import SCALE
from serving.session.spec import Spec

LOWEST, RANGE = 1_000, 38_000
"""0.1 and 3.8 in parts of 1/10,000."""


def scorer(spec: Spec) -> Callable[[Mapping[str, Any]], int]:
    """The score of features that the reducer read, decimals in parts of 1/10,000; so is the score.

    0.1 + 3.8 x min(points, full) / full, in whole numbers throughout. Points are the features' capped shares, faded in
    proportion to the idle time.
    """
    rule = spec.moment_score
    full, fades = rule.full_points * 10, rule.fades_over_seconds
    parts = [
        (p.feature, p.tenths, p.at_most * 10, SCALE if spec.by_name[p.feature].type == "decimal" else 1)
        for p in rule.points
    ]

    def score(values: Mapping[str, Any]) -> int:
        tenths = 0
        for name, each, at_most, scale in parts:
            value = values[name]
            if value:
                tenths += min(value * each // scale, at_most)
        faded = tenths * max(0, fades - (values["idle_seconds"] or 0)) // fades
        return LOWEST + RANGE * min(faded, full) // full

    return score
