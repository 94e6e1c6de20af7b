"""Chances of the visit under way: points that the batch learned, carried by the snapshot and added up at a question."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite
from typing import Any

import msgspec

from ml.online import VisitScore
from serving.expression import variables_in
from serving.placement import Placement, expressions_of
from serving.policy import Policy
from serving.session.spec import Spec, shipped_spec

INTENT, BOUNCE = "purchase_intent", "bounce_probability"
NAMES = (INTENT, BOUNCE)
VISITS = b"visits"
"""Key of the model among a snapshot's contents."""
# Session features that tell whether a goal has been reached; an order is more than a checkout.
GOALS: Mapping[str, tuple[str, ...]] = {"order_completed": ("orders",), "checkout_started": ("checkouts", "orders")}
EVENTS = "events"


class VisitModelError(ValueError):
    """A model of visits cannot be used; one sentence with the value found and what is allowed."""


@dataclass(frozen=True)
class VisitModel:
    """Points by variable, the event that intent looks for, and the version they are of."""

    version: str
    goal: str
    scores: Mapping[str, VisitScore]

    def encoded(self) -> bytes:
        """As a snapshot holds it."""
        scores = {name: score.document() for name, score in sorted(self.scores.items())}
        return msgspec.json.encode({"version": self.version, "goal": self.goal, "scores": scores})

    @classmethod
    def decoded(cls, content: bytes) -> VisitModel:
        """What `encoded` gave, checked.

        Raises:
            VisitModelError: it cannot be read, or not be scored by this program.
        """
        try:
            body = msgspec.json.decode(content)
            scores = {str(name): VisitScore.from_document(found) for name, found in body["scores"].items()}
            model = cls(str(body["version"]), str(body["goal"]), scores)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise VisitModelError(f"model of visits cannot be read: {type(error).__name__}") from error
        model.check(shipped_spec())
        return model

    def check(self, spec: Spec) -> None:
        """Every feature is one that the live session has, and every value has its points.

        Raises:
            VisitModelError: names variable, feature and what is allowed.
        """
        if self.goal not in GOALS:
            raise VisitModelError(f"model of visits: goal is {self.goal!r}; allowed: {', '.join(GOALS)}")
        for name, score in self.scores.items():
            if name not in NAMES:
                raise VisitModelError(f"model of visits: {name!r} is no score; allowed: {', '.join(NAMES)}")
            _check_score(name, score, spec)


class LiveScores:
    """The scores that rules name, ready for questions.

    Asked for what it was taught for, and silent otherwise: intent until the goal is reached, the bounce while the visit
    has one event.
    """

    def __init__(self, model: VisitModel | None, named: Iterable[str]) -> None:
        scores = {} if model is None else {name: model.scores[name] for name in named if name in model.scores}
        self._intent, self._bounce = scores.get(INTENT), scores.get(BOUNCE)
        self._reached = () if model is None or self._intent is None else GOALS[model.goal]
        read = {name for score in scores.values() for name in score.features}
        self.features = frozenset(read | set(self._reached) | ({EVENTS} if self._bounce is not None else set()))

    def of(self, values: Mapping[str, Any]) -> dict[str, float]:
        """Probabilities, 0 to 1, of a session whose features the reducer read."""
        told: dict[str, float] = {}
        if self._intent is not None and not any(values[name] for name in self._reached):
            told[INTENT] = self._intent.probability(values)
        if self._bounce is not None and values[EVENTS] == 1:
            told[BOUNCE] = self._bounce.probability(values)
        return told


NO_SCORES = LiveScores(None, ())


def scores_used(policies: Iterable[Policy], placements: Iterable[Placement] = ()) -> frozenset[str]:
    """Scores that some rule, or an expression of a placement, names."""
    expressions = [rule.when for policy in policies for rule in policy.rules]
    expressions += [expression for placement in placements for _, expression in expressions_of(placement)]
    named = frozenset[str]().union(*map(variables_in, expressions))
    return named & frozenset(NAMES)


def _check_score(name: str, score: VisitScore, spec: Spec) -> None:
    for feature, bounds, points, unknown in score.bands:
        known = spec.by_name.get(feature)
        if known is None or known.type == "text":
            raise VisitModelError(f"model of visits: {name}: {feature!r} is no number of a session")
        if len(points) != len(bounds) + 1 or any(a >= b for a, b in pairwise(bounds)):
            raise VisitModelError(f"model of visits: {name}: {feature}: {len(points)} points for {len(bounds)} bounds")
        _check_points(name, feature, (*points, unknown))
    for feature, by_word, other, unknown in score.words:
        known = spec.by_name.get(feature)
        if known is None or known.type != "text":
            raise VisitModelError(f"model of visits: {name}: {feature!r} is no text of a session")
        _check_points(name, feature, (*by_word.values(), other, unknown))
    _check_points(name, "constant", (score.constant,))


def _check_points(name: str, feature: str, points: Iterable[Any]) -> None:
    for point in points:
        if not isinstance(point, int | float) or not isfinite(point):
            raise VisitModelError(f"model of visits: {name}: {feature}: {point!r} is no finite number")
