"""The strategy `uplift`: an incentive only where it is expected to earn more than it costs."""

from __future__ import annotations

from collections.abc import Mapping

from serving.choice import Choice, Situation
from serving.draw import draw_best, uniform
from serving.rungs import Rung
from serving.uplift import Advice, advice_of

RULE = "expected_margin"
"""Stands as the rule of an incentive that is not expected to pay."""


def from_uplift(at: Situation) -> Choice | None:
    """What the uplift model advises this person; None where it says nothing of them.

    An incentive whose expected margin after its cost does not exceed nothing's is taken off the bench, drawn at random
    or not. What is advised and may not be given falls to the plain action, never to the next best.
    """
    advice = advice_of(at.placement, at.person)
    if advice is None:
        return None
    _take_away(at, advice)
    plain = at.placement.plain
    if plain not in at.bench.permitted:
        return None
    best = advice.best if advice.best in at.bench.permitted else plain
    gains = {name: advice.gains.get(name, 0.0) for name in at.bench.permitted if name in advice.gains or name == plain}
    names = [best, *sorted((name for name in gains if name != best), key=lambda name: (-gains[name], name))]
    return _drawn(at, names, gains)


def _take_away(at: Situation, advice: Advice) -> None:
    for action in list(at.bench.permitted.values()):
        if action.incentive.kind == "none" or action.name == at.placement.plain:
            continue
        gain = advice.gains.get(action.name)
        if gain is None:
            at.bench.block(action.name, "Nothing is known of what it would earn here.", RULE)
        elif gain <= 0.0:
            at.bench.block(action.name, f"It is expected to earn {gain:.2f} after its cost.", RULE)


def _drawn(at: Situation, names: list[str], gains: Mapping[str, float]) -> Choice:
    share = at.placement.explore_share
    drawn = draw_best(len(names), share, uniform(at.person.unit, at.placement.name, str(at.placement.version)))
    floor = share / len(names)
    row = (1.0 - share + floor, *[floor] * (len(names) - 1))
    action = at.bench.permitted[names[drawn.rank]]
    rung = Rung.EXPLORED if drawn.explored else Rung.ADVISED
    reason = "" if drawn.explored and action.name != at.placement.plain else action.reason
    gain = gains.get(action.name, 0.0)
    return Choice(action, rung, drawn.propensity, reason, candidates=tuple(names), row=row, gain=gain)
