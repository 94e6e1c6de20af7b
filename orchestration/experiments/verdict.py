"""What to do about an experiment, in one word and one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from intake.ops_experiments import TakenLook
from orchestration.experiments.design import treatments
from orchestration.experiments.estimates import Estimate
from orchestration.experiments.health import Check
from orchestration.experiments.metric_registry import metric_of
from orchestration.experiments.watching import Watch
from serving.experiments.definition import Experiment

Word = Literal["ship", "keep running", "stop", "no difference", "do not trust"]
# Fewer units an arm than this and a result of one week is a story of a few people.
LEAST_UNITS_AN_ARM = 100


@dataclass(frozen=True)
class Verdict:
    """The word, the arm it is about (empty where it is about all), and the sentence."""

    word: Word
    arm: str
    words: str


@dataclass(frozen=True)
class Evidence:
    """What a verdict is made of.

    Attributes:
        units: complete units by arm, the holdout left out.
        waiting: units whose window is still open.
        estimates: of every metric and arm.
        watches: by (metric, arm, group); the group is empty for everybody.
        looks: taken at the primary metric, in order.
        checks: of the health.
        is_over: whether nothing more will come.
        paused: arms that are drawn no more.
    """

    units: dict[str, int]
    waiting: int
    estimates: Sequence[Estimate]
    watches: dict[tuple[str, str, str], Watch]
    looks: Sequence[TakenLook]
    checks: Sequence[Check]
    is_over: bool
    paused: frozenset[str] = frozenset()


def verdict(design: Experiment, seen: Evidence) -> Verdict:
    """Trust first, then a winner that harms nothing, then harm, then the last look, then whether more is to come."""
    return (
        _untrusted(seen)
        or _winner(design, seen)
        or _harmful(design, seen)
        or _early(design, seen)
        or _worse(seen)
        or _open_end(design, seen)
    )


def _untrusted(seen: Evidence) -> Verdict | None:
    if not seen.units and not seen.waiting:
        return Verdict("keep running", "", "Nobody was exposed yet: there is nothing to tell.")
    spoilt = [check for check in seen.checks if check.spoils and not check.is_ok]
    # With the first units still waiting an arm may be empty by chance alone.
    if sum(seen.units.values()) + seen.waiting < LEAST_UNITS_AN_ARM and not seen.is_over:
        spoilt = [check for check in spoilt if check.name not in ("arms", "sample ratio")]
    if spoilt:
        return Verdict("do not trust", "", "Do not trust these figures: " + "; ".join(c.words for c in spoilt) + ".")
    return None


def _harmful(design: Experiment, seen: Evidence) -> Verdict | None:
    # Who was stopped already is not to be stopped again, while others go on beside the plain arm.
    others = set(treatments(design)) - seen.paused
    for (_, arm, group), watch in seen.watches.items():
        if watch.state == "harm" and not (arm in seen.paused and others):
            words = f"Stop {arm}{f' (harm in {group})' if group else ''}: {watch.words}."
            return Verdict("stop", arm, words if len(treatments(design)) == 1 else f"{words} The other arms may go on.")
    return None


def _early(design: Experiment, seen: Evidence) -> Verdict | None:
    drawn = [arm for arm in design.arms if arm not in seen.paused]
    few = {arm: n for arm in drawn if (n := seen.units.get(arm, 0)) < LEAST_UNITS_AN_ARM}
    if not few or (seen.looks and any(look.crossed for look in seen.looks)):
        return None
    told = ", ".join(f"{arm} has {n}" for arm, n in few.items())
    if seen.is_over:
        words = f"Do not trust these figures: too few units ({told}; at least {LEAST_UNITS_AN_ARM} an arm)."
        return Verdict("do not trust", "", words)
    words = (
        f"Keep running: too early to say ({told} of at least {LEAST_UNITS_AN_ARM} units; {seen.waiting} still wait)."
    )
    return Verdict("keep running", "", words)


def _worse(seen: Evidence) -> Verdict | None:
    latest = _latest(seen)
    worse = [look for look in latest if look.crossed == "worse"]
    if not worse or len(worse) < len(latest):
        return None
    look = worse[0]
    label = metric_of(look.metric).label
    return Verdict("stop", look.arm, f"Stop {look.arm}: {label} is worse than with the plain arm (look {look.look}).")


def _winner(design: Experiment, seen: Evidence) -> Verdict | None:
    harmed = {arm for (_, arm, _), watch in seen.watches.items() if watch.state == "harm"}
    better = [look for look in _latest(seen) if look.crossed == "better" and look.arm not in harmed | seen.paused]
    if not better:
        return None
    best = max(better, key=lambda look: look.z)
    label = metric_of(best.metric).label
    change = _change(seen, best)
    words = f"Ship {best.arm}: {label} is {change} than with {design.plain_arm}"
    others = f" Stop {', '.join(sorted(harmed))}, which harms." if harmed else ""
    words = f"{words} (look {best.look}, {best.n} units), and no guard rail says harm of it.{others}"
    return Verdict("ship", best.arm, words)


def _change(seen: Evidence, look: TakenLook) -> str:
    found = [e for e in seen.estimates if e.arm == look.arm and e.metric.name == look.metric and e.comparison]
    relative = found[0].comparison.relative if found and found[0].comparison else None
    if relative is None:
        return "better"
    word = "lower" if relative.estimate < 0 else "higher"
    low, high = sorted((relative.interval.low, relative.interval.high))
    return f"{abs(relative.estimate):.1%} {word} (95 %: {low:+.1%} to {high:+.1%})"


def _latest(seen: Evidence) -> list[TakenLook]:
    """By arm the look that decided: the first that crossed, else the last."""
    by_arm: dict[str, TakenLook] = {}
    for look in seen.looks:
        if look.arm not in by_arm or not by_arm[look.arm].crossed:
            by_arm[look.arm] = look
    return list(by_arm.values())


def _open_end(design: Experiment, seen: Evidence) -> Verdict:
    label = metric_of(design.metrics.primary).label
    primary = [e for e in seen.estimates if e.metric.name == metric_of(design.metrics.primary).name]
    refused = [one for one in primary if one.effect is None]
    if refused and len(refused) == len(primary):
        word: Word = "do not trust" if seen.is_over else "keep running"
        return Verdict(word, "", f"{word.capitalize()}: {label} cannot be told: {refused[0].refused}.")
    if seen.is_over or any(look.is_final for look in seen.looks):
        words = f"No difference in {label} was found with the planned evidence: do not ship. {_range(primary)}"
        return Verdict("no difference", "", words.strip())
    share = max((look.information for look in seen.looks), default=0.0)
    if not seen.looks:
        return Verdict("keep running", "", "Keep running: the first weekly look is still to come.")
    taken = len({look.look for look in seen.looks})
    words = f"Keep running: {taken} weekly looks, with {share:.0%} of the planned evidence, say nothing yet."
    return Verdict("keep running", "", words)


def _range(primary: Sequence[Estimate]) -> str:
    """What is still possible, of the arms that can be told."""
    told = []
    for one in primary:
        relative = one.comparison.relative if one.comparison else None
        if relative is not None:
            told.append(f"{one.arm} lies between {relative.interval.low:+.1%} and {relative.interval.high:+.1%}")
    return "; ".join(told).capitalize() + "." if told else ""
