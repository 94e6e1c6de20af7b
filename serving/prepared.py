"""Answers that name nobody: computed before anybody asks, for when there is no time, and for caches."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import blake2b

import msgspec

from serving.decide import decide_for
from serving.live import LiveSnapshot
from serving.person import Person
from serving.placement import Placement
from serving.question import Context, Decision, Question
from serving.rungs import REASONS, Rung

_NOBODY = Person(None, "", frozenset())
# Rules about hours and actions with an end are heeded anew so often.
_FRESH_SECONDS = 10.0


class PreparedAnswers:
    """For each placement what an unknown visitor would see, as long as it lowers no price: else the plain action.

    No rule that looks at the person, the cart or the moment of the request has been asked, so nothing is prepared that
    such a rule could have to forbid.
    """

    def __init__(self) -> None:
        self._version = ""
        self._made = datetime(1970, 1, 1, tzinfo=UTC)
        self._answers: Mapping[str, Decision] = {}
        self._still: LiveSnapshot | None = None

    @property
    def made_at(self) -> datetime:
        """When the answers were prepared."""
        return self._made

    def calm(self, live: LiveSnapshot) -> LiveSnapshot:
        """The snapshot without any exploring: what is given to everybody is the best known, not a draw."""
        if self._still is None or self._still.version != live.version:
            self._still = copy.copy(live)
            self._still.placements = {
                name: placement.model_copy(update={"explore_share": 0.0}) for name, placement in live.placements.items()
            }
        return self._still

    def of(self, live: LiveSnapshot, now: datetime) -> Mapping[str, Decision]:
        """The answers by placement, all from this snapshot."""
        if live.version != self._version or not 0 <= (now - self._made).total_seconds() < _FRESH_SECONDS:
            still = self.calm(live)
            self._answers = {name: _prepared(still, placement, now) for name, placement in still.placements.items()}
            self._version, self._made = live.version, now
        return self._answers

    def answer(
        self, live: LiveSnapshot, placement: str, paused: bool, request_id: str, now: datetime
    ) -> Decision:  # fmt: skip
        """One answer, with a personalization id of its own."""
        found = self.of(live, now)[placement]
        if paused:
            found = plain(live, live.placements[placement], Rung.PAUSED)
        name = "\x1f".join((live.version, placement, found.rung, request_id)).encode()
        return msgspec.structs.replace(found, personalization_id=blake2b(name, digest_size=16).hexdigest())


def plain(live: LiveSnapshot, placement: Placement, rung: Rung) -> Decision:
    """The plain action as an answer."""
    action = placement.action(placement.plain)
    return Decision(
        placement=placement.name,
        action=action.name,
        content=action.content,
        reason=REASONS[rung],
        propensity=1.0,
        rung=rung,
        snapshot_version=live.version,
        personalization_id="",
        segment_id=None,
        eligible=[action.name],
        blocked=[],
    )


def _prepared(live: LiveSnapshot, placement: Placement, now: datetime) -> Decision:
    found = decide_for(live, _NOBODY, Question(placement.name), Context(), now)
    if placement.action(found.action).incentive.kind != "none":
        return plain(live, placement, Rung.LATE)
    return msgspec.structs.replace(
        found,
        rung=Rung.LATE,
        propensity=1.0,
        conditional_propensity=None,
        eligible=[found.action],
        blocked=[],
        missing_purpose=None,
    )
