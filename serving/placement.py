"""Placements: where something is shown, what may be shown there, and how one of it is chosen."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import Literal, Self, get_args

from pydantic import Field, model_validator

from intake.purposes import MARKETING, Asked
from serving.action import Action, Incentive, IncentiveKind, Task
from serving.section import Name, Section
from serving.strategy import Cap, Experiment, Hybrid, Strategy, Weights

__all__ = ["Action", "Incentive", "IncentiveKind", "Name", "Placement", "Section", "Task", "expressions_of"]

# Purposes that allow contact at all; the others allow the use of a profile, which an unknown person has none of.
CONTACT_PURPOSES: frozenset[str] = frozenset({*MARKETING, "analytics"})
PRICE_INCENTIVES: frozenset[str] = frozenset({"percent_off", "amount_off"})
OTHER_INCENTIVES: frozenset[str] = frozenset(get_args(IncentiveKind)) - PRICE_INCENTIVES - {"none"}


class Placement(Section):
    """One slot on a page, in a letter or at the till."""

    name: Name
    version: int = Field(ge=1)
    description: str
    owner: str
    decision_right: Literal["content", "merchandising", "pricing_promotion", "experience"]
    channels: list[str] = Field(min_length=1)
    surfaces: list[str] = Field(default_factory=list, description="page types it is made for; empty: every page")
    objective: Literal["expected_margin", "expected_conversion"] = "expected_margin"
    weights: Weights = Field(default=Weights(), description="weights of the objective")
    returns_adjusted: bool = Field(
        default=False, description="count margin only for the share of orders that this person keeps"
    )
    strategy: Strategy
    hybrid: Hybrid | None = Field(default=None, description="needed by strategy hybrid")
    experiment: Experiment | None = Field(default=None, description="needed by strategy experiment")
    uplift_of: Name | None = Field(
        default=None, description="placement whose randomised log taught what incentives earn; default this one"
    )
    consent: list[Asked] = Field(default_factory=list, description="purposes needed besides personalization")
    plain: Name = Field(description="action shown to everybody when nothing may or can be chosen; policies spare it")
    no_consent: Name | None = Field(default=None, description="action without the purposes of `consent`; else `plain`")
    fallback: Name = Field(description="action when the strategy has no answer")
    actions: list[Action] = Field(min_length=1)
    minimum_support: int = Field(default=0, ge=0, description="decision rows with a smaller n are not used")
    minimum_confidence: float = Field(
        default=0.0, ge=0, le=0.999, description="decision rows with a smaller share of own evidence are not used"
    )
    caps: list[Cap] = Field(default_factory=list, description="how often one person may be shown each of its actions")
    explore_share: float = Field(default=0.0, ge=0, le=0.5, description="ε of p = ε/K + (1 - ε)·1[best]")
    price_advantage: float = Field(
        default=0.10, ge=0, le=10, description="a price cut must beat the best other incentive's score by this share"
    )
    max_items: int = Field(default=6, ge=1, le=50, description="products in a recommendation")
    exposure: Literal["posted", "on_decide"] = "posted"

    @model_validator(mode="after")
    def _actions_are_coherent(self) -> Self:
        counts = Counter(action.name for action in self.actions)
        double = [name for name, n in counts.items() if n > 1]
        if double:
            raise ValueError(f"actions: {double[0]} is there {counts[double[0]]} times; names must differ")
        for field in ("plain", "no_consent", "fallback"):
            name = getattr(self, field)
            if name is not None and name not in counts:
                raise ValueError(f"{field}: {name!r} is not an action; allowed: {', '.join(counts)}")
        self._check_plain_is_harmless()
        self._check_strategy(set(counts))
        return self

    def _check_strategy(self, actions: set[str]) -> None:
        if "recommendations" in self.models and not any(action.task for action in self.actions):
            raise ValueError("strategy: recommendations needs an action with a task; allowed: bought_together, …")
        for strategy in ("hybrid", "experiment"):
            if strategy == self.strategy and getattr(self, strategy) is None:
                raise ValueError(f"strategy: {strategy} needs the field {strategy}")
        if "experiment" in self.models and self.experiment is None:
            raise ValueError("hybrid.model: experiment needs the field experiment")
        if "uplift" in self.models and "profiling_price" not in self.consent:
            raise ValueError("consent: strategy uplift chooses what a person pays by a profile; add profiling_price")
        for name in () if self.experiment is None else self.experiment.shares:
            if name not in actions:
                raise ValueError(f"experiment.shares: {name!r} is not an action; allowed: {', '.join(sorted(actions))}")

    @cached_property
    def purposes_of_contact(self) -> tuple[str, ...]:
        """Purposes without which nobody gets a chosen answer here."""
        return tuple(purpose for purpose in self.consent if purpose in CONTACT_PURPOSES)

    @cached_property
    def purposes_of_known(self) -> tuple[str, ...]:
        """Purposes without which a known person gets none, in the order in which they are told to be missing."""
        others = (purpose for purpose in self.consent if purpose not in CONTACT_PURPOSES)
        return (*self.purposes_of_contact, "personalization", *others)

    @property
    def models(self) -> tuple[str, ...]:
        """What answers besides rules."""
        if self.strategy == "hybrid":
            return () if self.hybrid is None else (self.hybrid.model,)
        return () if self.strategy == "rules" else (self.strategy,)

    @property
    def is_often_silent(self) -> bool:
        """Whether the fallback is a usual answer: only rules choose, or advice that is not there for strangers."""
        return not set(self.models) - {"uplift"}

    def _check_plain_is_harmless(self) -> None:
        for field in ("plain", "no_consent"):
            name = getattr(self, field)
            if name is None:
                continue
            if not self.action(name).is_harmless:
                raise ValueError(f"{field}: {name!r} must have no incentive, task, question, cap, start or end date")

    def action(self, name: str) -> Action:
        """The action called `name`; KeyError when there is none."""
        for action in self.actions:
            if action.name == name:
                return action
        raise KeyError(name)


def expressions_of(placement: Placement) -> list[tuple[tuple[int | str, ...], str]]:
    """Every expression of a placement with its place in the file."""
    found: list[tuple[tuple[int | str, ...], str]] = []
    if placement.hybrid is not None and placement.hybrid.rules_first:
        found.append((("hybrid", "rules_first"), placement.hybrid.rules_first))
    asking = [(index, action.ask) for index, action in enumerate(placement.actions) if action.ask is not None]
    return found + [(("actions", index, "ask", "when"), ask.when) for index, ask in asking]
