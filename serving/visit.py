"""What a visitor is doing now, as values that rules may name and decisions write down."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from serving.expression import variables_in
from serving.placement import Placement, expressions_of
from serving.policy import Policy
from serving.session.fields import SCALE
from serving.session.reducer import SessionReducer, State
from serving.variables import SESSION_FEATURES, Value
from serving.visit_scores import NO_SCORES, LiveScores

MOMENT_SCORE = "moment_score"
Visit = Mapping[str, Value]
"""Values by variable; what is not known of the visit is left out."""


def visit_of(
    reducer: SessionReducer, state: State, at_us: int, features: frozenset[str], scores: LiveScores = NO_SCORES
) -> Visit:
    """The moment score, the features of a session that are asked for, and the chances of `scores`, at a moment.

    Args:
        reducer: folded the state.
        state: of one session, or of several added up.
        at_us: microseconds since 1970.
        features: names of the specification; fewer cost less (all of them some 30 µs, none 10).
        scores: of models; what they read comes along.
    """
    values = reducer.read(state, at_us, features | reducer.score_needs | scores.features)
    told: dict[str, Value] = {MOMENT_SCORE: reducer.moment_score(values) / SCALE}
    for name in features:
        value = values[name]
        if value is not None:
            is_decimal = reducer.spec.by_name[name].type == "decimal"
            told[SESSION_FEATURES[name]] = value / SCALE if is_decimal else value
    return told | scores.of(values)


def variables_used(policies: Iterable[Policy], placements: Iterable[Placement] = ()) -> frozenset[str]:
    """Variables that some rule, or an expression of a placement, names."""
    expressions = [rule.when for policy in policies for rule in policy.rules]
    expressions += [expression for placement in placements for _, expression in expressions_of(placement)]
    return frozenset[str]().union(*map(variables_in, expressions))


def features_used(policies: Iterable[Policy], placements: Iterable[Placement] = ()) -> frozenset[str]:
    """Session features that some rule, or an expression of a placement, names."""
    named = variables_used(policies, placements)
    return frozenset(name for name, variable in SESSION_FEATURES.items() if variable in named)
