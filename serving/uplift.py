"""What the uplift model advises a person: the incentive to give, and the margin that each is expected to add."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from serving.expression import variables_in
from serving.person import Person
from serving.placement import Placement, expressions_of
from serving.policy import Policy
from serving.variables import VARIABLES, Value, known_name

BEST, GAIN, LOW = "incentive_best", "incentive_gain", "incentive_gain_low"
STRATEGY = "uplift"
NAMES = frozenset(name for name, variable in VARIABLES.items() if variable.scope == STRATEGY)
# An advice about what somebody pays rests on their profile: a refusal that came since the batch takes it away.
PURPOSES = frozenset({"personalization", "profiling_price"})
SEPARATOR = "/"
Actions = Mapping[str, frozenset[str]]
"""Placement whose randomised log taught the advice to the actions that it may be about."""


@dataclass(frozen=True)
class Advice:
    """What is expected of one person in one placement; margins after the incentive's cost, shop currency.

    `best` is an action of the placement: its plain one where nothing earns its cost, or nothing that it offers is
    advised. `gains` and `lows` (80 % bounds) are by action, over the plain one; an action of which the model knows
    nothing is missing.
    """

    best: str
    gains: Mapping[str, float]
    lows: Mapping[str, float]

    def of_action(self, action: str) -> dict[str, Value]:
        """Values of the variables about one action, where they are known."""
        return _values({GAIN: self.gains.get(action), LOW: self.lows.get(action)})

    @property
    def of_everything(self) -> dict[str, Value]:
        """Values of the variables about the placement as a whole."""
        return _values({BEST: self.best})


def source_of(placement: Placement) -> str:
    """The placement whose randomised log teaches what incentives earn here."""
    return placement.uplift_of or placement.name


def advised_placements(placements: Iterable[Placement], policies: Iterable[Policy]) -> frozenset[str]:
    """Placements that ask the uplift model: by their strategy, an expression of theirs, or a rule about them."""
    placements, rules = list(placements), [rule for policy in policies for rule in policy.rules]
    naming = [rule for rule in rules if variables_in(rule.when) & NAMES]
    return frozenset(
        placement.name
        for placement in placements
        if STRATEGY in placement.models
        or any(not rule.placements or placement.name in rule.placements for rule in naming)
        or any(variables_in(expression) & NAMES for _, expression in expressions_of(placement))
    )


def advised_actions(placements: Iterable[Placement], policies: Iterable[Policy]) -> Actions:
    """What a snapshot has to carry advice about, and nothing else."""
    placements = list(placements)
    asking, found = advised_placements(placements, policies), dict[str, frozenset[str]]()
    for placement in placements:
        if placement.name in asking:
            own = frozenset(action.name for action in placement.actions)
            found[source_of(placement)] = found.get(source_of(placement), frozenset()) | own
    return found


def feature_names(actions: Actions) -> list[str]:
    """Names under which a profile carries the advice."""
    best = [f"{BEST}{SEPARATOR}{source}" for source in actions]
    of_actions = [
        f"{name}{SEPARATOR}{source}{SEPARATOR}{action}"
        for source, names in actions.items()
        for action in names
        for name in (GAIN, LOW)
    ]
    return sorted(best + of_actions)


def advice_of(placement: Placement, person: Person) -> Advice | None:
    """The advice about a person; None for a stranger, without consent, and where the model says nothing of them."""
    profile, source = person.profile, source_of(placement)
    if profile is None or not person.granted >= PURPOSES:
        return None
    best = profile.features.get(f"{BEST}{SEPARATOR}{source}")
    if not isinstance(best, str):
        return None
    names = [action.name for action in placement.actions]
    found: dict[str, dict[str, float]] = {GAIN: {}, LOW: {}}
    for variable, by_action in found.items():
        for name in names:
            value = profile.features.get(f"{variable}{SEPARATOR}{source}{SEPARATOR}{name}")
            if isinstance(value, int | float):
                by_action[name] = float(value)
    return Advice(best if best in names else placement.plain, found[GAIN], found[LOW])


def _values(told: Mapping[str, Value | None]) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for name, value in told.items():
        if value is not None:
            values[name] = value + 0.0 if isinstance(value, float) else value
            values[known_name(name)] = True
    return values
