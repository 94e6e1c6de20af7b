"""What is known of a person's consent, and what follows from it for each purpose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from intake.ops_records import ConsentChange
from intake.purposes import PURPOSES
from intake.regime import ConsentRules

NEEDS = {"personalization": "analytics"}
"""Without being counted nobody has a profile."""


@dataclass(frozen=True)
class Effective:
    """Whether a purpose is allowed, and the word or regime that says so (None: nothing was said).

    `for_want_of` is another purpose that this one needs and that is not allowed.
    """

    purpose: str
    allowed: bool
    decided_by: ConsentChange | None
    regime: str
    for_want_of: str = ""


def latest_words(changes: Sequence[ConsentChange]) -> list[ConsentChange]:
    """The last word of each identifier on each purpose; of two at one moment the refusal."""
    last: dict[tuple[str, str], ConsentChange] = {}
    for change in sorted(changes, key=lambda change: (change.occurred_at, not change.granted)):
        last[change.identifier, change.purpose] = change
    return sorted(last.values(), key=lambda change: (change.purpose, change.occurred_at, change.identifier))


def effective(
    changes: Sequence[ConsentChange], rules: ConsentRules, country: str | None, region: str | None
) -> list[Effective]:
    """For each purpose: a refusal of any identifier, else a yes, else the regime of the place."""
    words = latest_words(changes)
    found = []
    for purpose in PURPOSES:
        mine = sorted((word for word in words if word.purpose == purpose), key=lambda word: word.granted)
        regime = rules.regime(purpose, country, region)
        decided = mine[0] if mine else None
        found.append(Effective(purpose, decided.granted if decided else regime == "opt_out", decided, regime))
    allowed = {outcome.purpose for outcome in found if outcome.allowed}
    return [_with_needs(outcome, allowed) for outcome in found]


def _with_needs(outcome: Effective, allowed: set[str]) -> Effective:
    needed = NEEDS.get(outcome.purpose, "")
    if not outcome.allowed or not needed or needed in allowed:
        return outcome
    return replace(outcome, allowed=False, for_want_of=needed)
