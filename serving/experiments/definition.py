"""An experiment as `config/experiments/NAME.yml` has it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, Field

from serving.experiments.metrics import ALIASES, metric_name
from serving.section import Name, Section

Kind = Literal["ab", "multivariate", "shadow", "bandit"]
Unit = Literal["person", "session", "account"]
Status = Literal["draft", "running", "paused", "stopped"]
ACTIVE: tuple[Status, ...] = ("running", "paused")
"""Who holds a place in a layer: a paused experiment may go on where it was."""
HOLDOUT = "holdout"
"""What tables call those outside of all arms, in the place of an arm; no arm is called so."""

LEARNED = ("margin", "revenue", "conversion", "click", "complaint", "return", "ltv_change")
"""What a bandit can learn by, and what an objective may weigh."""
_LEARNED_AS = {
    "incremental_profit": "margin",
    "revenue_per_unit": "revenue",
    "conversion": "conversion",
    "click_rate": "click",
    "complaint_rate": "complaint",
    "return_rate": "return",
    "ltv_uplift": "ltv_change",
}


def _metric(value: str) -> str:
    return metric_name(value)


def _learned(value: str) -> str:
    found = value if value in LEARNED else _LEARNED_AS.get(ALIASES.get(value, value))
    if found is None:
        raise ValueError(f"{value!r} cannot be learned by; allowed: {', '.join(LEARNED)}")
    return found


Metric = Annotated[str, AfterValidator(_metric)]
Learned = Annotated[str, AfterValidator(_learned)]


class Arm(Section):
    """One variant: an action of the placement, and how much of the traffic it gets."""

    action: Name = Field(description="an action of the placement")
    share: float = Field(default=1.0, gt=0, le=1_000_000, description="shares are scaled to add up to 1")
    is_plain: bool = Field(default=False, description="what the others are compared with; exactly one arm is")
    is_paused: bool = Field(default=False, description="not drawn any more; whoever has it sees the plain arm")
    levels: dict[Name, Name] = Field(default_factory=dict, description="factor to level, of kind multivariate")


class Objective(Section):
    """What a bandit earns by. Weights are money per event of counts, factors of money."""

    metric: Learned = "margin"
    lower_is_better: bool = False
    weights: dict[Learned, float] = Field(default_factory=dict, description="instead of one metric, a sum of several")


class GuardRail(Section):
    """A metric that must not get worse by more than `harm`, a relative change."""

    metric: Metric
    harm: float = Field(default=-0.02, lt=0, ge=-1, description="-0.02: two in a hundred worse")


class Metrics(Section):
    """What an experiment is judged by."""

    primary: Metric = "incremental_profit"
    secondary: list[Metric] = Field(default_factory=list)
    guard_rails: list[GuardRail] = Field(default_factory=list)


class RampStep(Section):
    """A step of the way to the whole traffic; `share` is of `traffic`."""

    share: float = Field(gt=0, le=1)
    days: int = Field(ge=1, le=365)


class Candidate(Section):
    """A canary: a share of the people gets other shares of the arms, and is logged apart."""

    share: float = Field(gt=0, le=0.5, description="of the people of the experiment")
    arms: dict[Name, Annotated[float, Field(gt=0, le=1_000_000)]] = Field(min_length=1, description="arm to share")


class Experiment(Section):
    """Arms, who takes part, and what it is judged by. A split is never edited: another split is another version."""

    name: Name
    version: int = Field(default=1, ge=1)
    hypothesis: str = Field(min_length=1, max_length=2_000)
    kind: Kind
    placement: Name
    unit: Unit = Field(default="person", description="who draws an arm, and keeps it")
    layer: Name = Field(default="default", description="experiments of one layer share no unit")
    salt: str = Field(default="", max_length=100, description="of the draws; the name by default")
    traffic: float = Field(default=1.0, gt=0, le=1, description="share of the layer")
    holdout: float = Field(default=0.0, ge=0, lt=1, description="share of its units that only see the plain arm")
    arms: dict[Name, Arm] = Field(min_length=2)
    objective: Objective = Objective()
    metrics: Metrics = Metrics()
    minimum_effect: float | None = Field(default=None, gt=0, le=10, description="relative; 0.02 is two in a hundred")
    planned_size: int | None = Field(default=None, ge=1, description="units of all arms together")
    starts_at: AwareDatetime | None = Field(default=None, description="with its time zone; it runs from here")
    ends_at: AwareDatetime | None = Field(default=None, description="with its time zone; it runs until before here")
    ramp: list[RampStep] = Field(default_factory=list, description="steps to the whole traffic; the last has share 1")
    attribution_hours: int = Field(default=168, ge=1, le=8_760, description="how long an exposure may earn")
    floor: float = Field(default=0.10, ge=0, le=1, description="ε of a bandit: every arm keeps ε/K")
    least_units: int = Field(default=200, ge=0, description="exposures an arm needs before a bandit leaves its start")
    canary: Candidate | None = None
    owner: str
    status: Status = "draft"

    @property
    def key(self) -> str:
        """Name and version, as decisions name it."""
        return f"{self.name}/{self.version}"

    @property
    def seed(self) -> str:
        """What draws are salted by: a new version draws anew."""
        return f"{self.salt or self.name}/{self.version}"

    @property
    def plain_arm(self) -> str:
        """Name of the arm that the others are compared with."""
        return next(name for name, arm in self.arms.items() if arm.is_plain)

    @property
    def factors(self) -> dict[str, list[str]]:
        """Factors of a multivariate experiment with their levels, in the order of the file."""
        found: dict[str, list[str]] = {}
        for arm in self.arms.values():
            for factor, level in arm.levels.items():
                if level not in found.setdefault(factor, []):
                    found[factor].append(level)
        return found

    @property
    def first_share(self) -> float:
        """Share of the layer before anything was said of a ramp."""
        return self.traffic * (self.ramp[0].share if self.ramp else 1.0)

    def runs_at(self, now: datetime) -> bool:
        """Whether `now` (aware) lies in [starts_at, ends_at)."""
        return (self.starts_at is None or self.starts_at <= now) and (self.ends_at is None or now < self.ends_at)
