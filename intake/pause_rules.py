"""From looks to pauses and back: a pure function, so that every worker and every run comes to the same."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from intake.pause_records import Look, Standing, Step, Streak, Verdict
from intake.settings_pausing import PausingSettings

USUAL_HEALTHY = 5
# While a surface is paused these see nothing of it, so that nothing seen is all that can be hoped for: a resumption is
# a trial, and `most_resumes_a_day` bounds how often it is made.
BLIND_WHILE_PAUSED = frozenset({"decision_p99", "fallback_rate", "error_rate", "zero_conversions", "guard_rail"})


@dataclass(frozen=True)
class Rule:
    """What one cause asks for: looks beyond the bound until it pauses, and how it ends."""

    looks: int = 1
    is_automatic: bool = False
    healthy_looks: int = USUAL_HEALTHY
    most_resumes: int = 3

    def ends(self) -> str:
        """What would lift it, in words."""
        if not self.is_automatic:
            return "by hand: concierge resume"
        return f"by itself after {self.healthy_looks} healthy looks in a row (or by hand: concierge resume)"


def rule_of(settings: PausingSettings, cause: str) -> Rule:
    """The rule of a cause."""
    return Rule(
        settings.looks.get(cause, 1),
        settings.resume.get(cause, "manual") == "automatic",
        settings.healthy_looks.get(cause, USUAL_HEALTHY),
        settings.most_resumes_a_day,
    )


def after(standing: Standing, look: Look, rule: Rule, now: datetime) -> tuple[Streak, Step | None]:
    """What one more look makes of it: the new streak, and whether the surface is paused or resumed now.

    A breach pauses once `rule.looks` of them came in a row, unless somebody resumed it by hand for the same reason and
    the grace goes on. A pause ends by itself only where the rule is automatic, after so many healthy looks in a row,
    and not more often than `most_resumes` a day.
    """
    streak = _streak(standing, look, now)
    if standing.is_paused:
        done = rule.is_automatic and streak.healthy >= rule.healthy_looks and standing.resumed_today < rule.most_resumes
        return streak, "resume" if done else None
    wanted = look.verdict == "breach" and streak.breaches >= rule.looks
    return streak, "pause" if wanted and not in_grace(standing, look, now) else None


def in_grace(standing: Standing, look: Look, now: datetime) -> bool:
    """Whether somebody resumed it by hand a short while ago, knowing of everything that the look is about."""
    last = standing.last
    if last is None or last.kind != "resume" or last.until is None or now >= last.until:
        return False
    return frozenset(look.subjects) <= last.subjects


def verdict_above(value: float, bound: float, margin: float) -> Verdict:
    """Too much is a breach: above the bound. Healthy is at most `bound x (1 - margin)`."""
    if value > bound:
        return "breach"
    return "healthy" if value <= bound * (1 - margin) else "between"


def verdict_below(share: float, bound: float, margin: float) -> Verdict:
    """Too little of a share is a breach: below the bound. Healthy is at least `bound + margin x (1 - bound)`."""
    if share < bound:
        return "breach"
    return "healthy" if share >= bound + margin * (1 - bound) else "between"


def _streak(standing: Standing, look: Look, now: datetime) -> Streak:
    before = standing.streak
    if look.verdict == "silent":
        counts = standing.is_paused and look.cause in BLIND_WHILE_PAUSED
        return Streak(before.breaches, before.healthy + counts, look, now)
    breaches = before.breaches + 1 if look.verdict == "breach" else 0
    return Streak(breaches, before.healthy + 1 if look.verdict == "healthy" else 0, look, now)
