"""Rules, model, experiment or both: who answers a placement, and with what probability."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from serving.advised import from_uplift
from serving.choice import Choice, Situation, from_recommendations, from_table
from serving.draw import uniform
from serving.experiments.assigning import from_trials
from serving.experiments.enrolment import Enrolment
from serving.rungs import Rung


def from_experiment(at: Situation) -> Choice | None:
    """An arm by its share among the permitted ones; None for somebody without an identifier, or without an arm."""
    experiment = at.placement.experiment
    if experiment is None or not at.person.unit:
        return None
    arms = [(name, share) for name, share in experiment.shares.items() if name in at.bench.permitted]
    if not arms:
        return None
    total = sum(share for _, share in arms)
    row = tuple(share / total for _, share in arms)
    u, index = uniform(at.person.unit, at.placement.name, f"{experiment.name}/{experiment.version}"), 0
    while index < len(arms) - 1 and u >= row[index]:
        u -= row[index]
        index += 1
    names = tuple(name for name, _ in arms)
    action = at.bench.permitted[names[index]]
    return Choice(action, Rung.EXPERIMENT, row[index], action.reason, candidates=names, row=row)


_MODELS: dict[str, Callable[[Situation], Choice | None]] = {
    "decision_table": from_table,
    "recommendations": from_recommendations,
    "experiment": from_experiment,
    "uplift": from_uplift,
}


def chosen(at: Situation, ruled: Choice | None) -> Choice | None:
    """The answer of a placement's strategy; `ruled` is what a force rule wants."""
    hybrid = at.placement.hybrid if at.placement.strategy == "hybrid" else None
    if hybrid is None:
        if ruled is not None:
            return ruled
        tried = from_trials(at)
        if tried is not None or at.placement.strategy == "rules":
            return tried
        return _MODELS[at.placement.strategy](at)
    if ruled is not None and at.live.rulebook.goes_first(at.placement.name, at.evidence.values):
        return ruled
    model = from_trials(at) or _MODELS[hybrid.model](at)
    if model is not None and model.enrolment is not None and model.enrolment.traffic == "holdout":
        # The holdout is outside of everything that is tried, the rules' share of it included.
        return model
    # Scoring may have taken the price cut that the rule wanted off the bench.
    if ruled is None or model is None or ruled.action.name not in at.bench.permitted:
        return model or (ruled if ruled is not None and ruled.action.name in at.bench.permitted else None)
    return _mixed(at, hybrid.rules_share, ruled, model)


def _mixed(at: Situation, share: float, ruled: Choice, model: Choice) -> Choice:
    """Rules for `share` of the people, the model for the rest: p = share·1[a is the rule's] + (1 - share)·p(a|x)."""
    by_model = dict(zip(model.candidates, model.row, strict=True)) or {model.action.name: model.propensity}
    u = uniform(at.person.unit, at.placement.name, f"{at.placement.version}/side") if at.person.unit else 1.0
    side = ruled if u < share else model
    name = side.action.name
    # Of an experiment it is the arm's: two arms may show the same action.
    of_arm = side is model and model.enrolment is not None
    conditional = model.propensity if of_arm else by_model.get(name, 0.0)
    if not at.person.unit:
        return replace(model, conditional=conditional)
    total = share * (name == ruled.action.name) + (1.0 - share) * conditional
    candidates = tuple(dict.fromkeys((ruled.action.name, *by_model)))
    row = tuple(share * (c == ruled.action.name) + (1.0 - share) * by_model.get(c, 0.0) for c in candidates)
    enrolment = side.enrolment if of_arm else _uncounted(model.enrolment)
    return replace(side, propensity=total, conditional=conditional, candidates=candidates, row=row, enrolment=enrolment)


def _uncounted(enrolment: Enrolment | None) -> Enrolment | None:
    """On the rules' side nobody has an arm."""
    return None if enrolment is None else replace(enrolment, arm=None)
