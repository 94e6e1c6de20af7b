"""Placements: where something is shown, what may be shown there, and how one of it is chosen."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from intake.purposes import MARKETING, Asked
from intake.sensitive import SensitiveRules, load_sensitive
from serving.yaml_file import ConfigError, YamlFile, read_yaml

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
IncentiveKind = Literal["none", "free_shipping", "free_gift", "percent_off", "amount_off"]
Task = Literal["bought_together", "buy_again", "discovery", "popular"]

# Purposes that allow contact at all; the others allow the use of a profile, which an unknown person has none of.
CONTACT_PURPOSES: frozenset[str] = frozenset({*MARKETING, "analytics"})
PRICE_INCENTIVES: frozenset[str] = frozenset({"percent_off", "amount_off"})


class Section(BaseModel):
    """Base of everything in a placement or policy file: immutable, unknown fields refused by name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown_fields(cls, data: Any) -> Any:
        if isinstance(data, dict):
            unknown = sorted(str(key) for key in data if key not in cls.model_fields)
            if unknown:
                allowed = ", ".join(cls.model_fields)
                raise PydanticCustomError(
                    "unknown_field",
                    "unknown field {field}; allowed: {allowed}",
                    {"field": unknown[0], "allowed": allowed},
                )
        return data


class Incentive(Section):
    """What an action gives away. `value` is a share (0 to 1) for percent_off, else an amount in the shop's currency."""

    kind: IncentiveKind = "none"
    value: float = Field(default=0.0, ge=0, le=10_000)

    @model_validator(mode="after")
    def _value_fits_kind(self) -> Self:
        if self.kind == "percent_off" and not 0 < self.value <= 1:
            raise ValueError(f"value {self.value} of percent_off must be a share above 0 and at most 1")
        if self.kind == "none" and self.value != 0:
            raise ValueError(f"value {self.value} without a kind; allowed kinds: free_shipping, free_gift, …")
        return self


class Action(Section):
    """One thing that can be shown."""

    name: Name
    type: Name = Field(description="banner, letter, coupon, recipe, gift, recommendation, incentive, none, …")
    content: dict[str, Any] = Field(default_factory=dict, description="handed to the caller as it stands")
    reason: str = Field(default="", max_length=200, description="customer-readable sentence when the segment chose it")
    incentive: Incentive = Incentive()
    cost: float = Field(default=0.0, ge=0, description="cost of showing it once, in the shop's currency")
    tags: dict[str, str] = Field(default_factory=dict, description="`category` ties an action to a department")
    task: Task | None = Field(default=None, description="the recommendation list this action shows")
    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None

    def runs_at(self, now: datetime) -> bool:
        """Whether `now` (aware) lies in [starts_at, ends_at)."""
        return (self.starts_at is None or self.starts_at <= now) and (self.ends_at is None or now < self.ends_at)


class Placement(Section):
    """One slot on a page, in a letter or at the till."""

    name: Name
    version: int = Field(ge=1)
    description: str
    owner: str
    decision_right: Literal["content", "merchandising", "pricing_promotion", "experience"]
    channels: list[str] = Field(min_length=1)
    objective: Literal["expected_margin", "expected_conversion"] = "expected_margin"
    strategy: Literal["decision_table", "recommendations"]
    consent: list[Asked] = Field(default_factory=list, description="purposes needed besides personalization")
    plain: Name = Field(description="action shown to everybody when nothing may or can be chosen; policies spare it")
    no_consent: Name | None = Field(default=None, description="action without the purposes of `consent`; else `plain`")
    fallback: Name = Field(description="action when the strategy has no answer")
    actions: list[Action] = Field(min_length=1)
    minimum_support: int = Field(default=0, ge=0, description="decision rows with a smaller n are not used")
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
        if self.strategy == "recommendations" and not any(action.task for action in self.actions):
            raise ValueError("strategy: recommendations needs an action with a task; allowed: bought_together, …")
        return self

    def _check_plain_is_harmless(self) -> None:
        for field in ("plain", "no_consent"):
            name = getattr(self, field)
            if name is None:
                continue
            action = self.action(name)
            if action.incentive.kind != "none" or action.starts_at or action.ends_at or action.task:
                raise ValueError(f"{field}: {name!r} must have no incentive, no task and no start or end date")

    def action(self, name: str) -> Action:
        """The action called `name`; KeyError when there is none."""
        for action in self.actions:
            if action.name == name:
                return action
        raise KeyError(name)


def _refuse_sensitive(file: YamlFile, placement: Placement, sensitive: SensitiveRules) -> None:
    """An action's tags say by which taste it is chosen: neither an attribute nor a category may be sensitive."""
    for index, action in enumerate(placement.actions):
        for tag, value in action.tags.items():
            field = ("actions", index, "tags", tag)
            if sensitive.attribute_in(tag) is not None:
                raise file.error(field, f"{tag!r} is a sensitive attribute, which no placement may use")
            if tag == "category" and sensitive.is_category(value):
                raise file.error(field, f"{value!r} is a sensitive category, which no placement may choose by")


def load_placements(folder: Path) -> list[Placement]:
    """Every `*.yml` in `folder`, by name.

    Raises:
        ConfigError: first mistake found, or a file whose name differs from the placement's.
    """
    sensitive, placements = load_sensitive(folder.parent), []
    for path in sorted(folder.glob("*.yml")):
        file = read_yaml(path)
        placement = file.parse(Placement)
        _refuse_sensitive(file, placement, sensitive)
        if placement.name != path.stem:
            raise file.error(("name",), f"{placement.name!r} must equal the file's name {path.stem!r}")
        placements.append(placement)
    if not placements:
        raise ConfigError(f"{folder}: no placement (*.yml) found")
    return placements
