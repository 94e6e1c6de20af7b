"""What an experiment promised before it began, as its analysis asks for it."""

from __future__ import annotations

from orchestration.experiments.metric_registry import Metric, metric_of
from serving.experiments.definition import Experiment

HOLDOUT = "holdout"
DEFAULT_HARM = -0.02
NORTH_STAR = "incremental_profit"


def treatments(design: Experiment) -> tuple[str, ...]:
    """Every arm but the plain one, in the order of the file."""
    return tuple(name for name in design.arms if name != design.plain_arm)


def metrics_of(design: Experiment) -> tuple[Metric, ...]:
    """Primary, secondary and guard rails, each once, then the north star in money."""
    rails = [rail.metric for rail in design.metrics.guard_rails]
    names = [design.metrics.primary, *design.metrics.secondary, *rails, NORTH_STAR]
    return tuple({metric.name: metric for metric in map(metric_of, names)}.values())


def role_of(design: Experiment, metric: str) -> str:
    """`primary`, `guard_rail` or `secondary`; the primary metric may be a guard rail as well and is told as primary."""
    if metric == metric_of(design.metrics.primary).name:
        return "primary"
    return "guard_rail" if metric in {rail.metric for rail in design.metrics.guard_rails} else "secondary"


def harm_of(design: Experiment, metric: str) -> float:
    """How far a metric may fall behind the plain arm before it is harm; relative, negative."""
    return {rail.metric: rail.harm for rail in design.metrics.guard_rails}.get(metric, DEFAULT_HARM)


def learns_values(design: Experiment) -> bool:
    """Whether a bandit earns by what becomes of its people's lifetime value, alone or beside other metrics."""
    objective = design.objective
    weights = objective.weights or {objective.metric: 1.0}
    return design.kind == "bandit" and bool(weights.get("ltv_change"))


def shares_of(design: Experiment) -> dict[str, float]:
    """Planned share of every arm of the experiment's own traffic; they add up to 1."""
    total = sum(arm.share for arm in design.arms.values())
    return {name: arm.share / total for name, arm in design.arms.items()}
