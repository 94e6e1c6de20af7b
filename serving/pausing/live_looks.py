"""Looks at what the service sees of itself: its snapshot's age, its decisions' time, errors and fallbacks, orders."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from intake.pause_records import Look
from intake.pause_rules import verdict_above
from intake.settings_pausing import PausingSettings
from serving.metrics.histogram import quantile
from serving.pausing import none_came
from serving.pausing.orders import SinceLastOrder, Usual
from serving.pausing.tallies import REQUESTS, Tallies, failed, took

ALL = "all"
# Decided without choosing: these say nothing of the strategy.
_NOT_CHOSEN = ("paused", "no_consent", "late", "plain")


@dataclass(frozen=True)
class Fresh:
    """The live snapshot: its version, the moment its evidence is of, and placements that choose by rules alone.

    Where only rules choose, the fallback is what everybody sees whom no rule concerns: no fault, however often. So
    it is with the uplift model, which says nothing of strangers.
    """

    version: str
    as_of: datetime
    by_rules: frozenset[str] = frozenset()


def snapshot_look(live: Fresh | None, settings: PausingSettings, now: datetime) -> Iterator[Look]:
    """`stale_snapshot`: everything that is known of anybody has grown old."""
    bound = settings.snapshot_hours
    if bound is None or live is None:
        return
    hours = (now - live.as_of).total_seconds() / 3_600
    told = (
        f"the live snapshot {live.version} is of {live.as_of:%Y-%m-%d %H:%M} UTC, {hours:.1f} h ago;"
        f" at most {bound:g} h are allowed"
    )
    evidence = {"hours": round(hours, 3), "bound": bound, "snapshot_version": live.version}
    yield Look(ALL, "stale_snapshot", verdict_above(hours, bound, settings.margin), told, evidence, (str(live.as_of),))


@dataclass(frozen=True)
class Window:
    """What is looked at together: counts since each surface was last resumed, or of the last minutes."""

    tallies: Tallies
    settings: PausingSettings
    now: datetime
    resumed: dict[str, datetime]
    paused: frozenset[str]

    def begin(self, surface: str) -> datetime:
        """From when on decisions of a surface count."""
        usual = self.now - timedelta(minutes=self.settings.window_minutes)
        later = [moment for name, moment in self.resumed.items() if name in (ALL, surface)]
        return max([usual, *later])

    def is_blind(self, surface: str) -> bool:
        """A paused surface answers the plain variant: its own figures say nothing of what was paused."""
        return ALL in self.paused or surface in self.paused

    @property
    def words(self) -> str:
        """The window as a text."""
        return f"the last {self.settings.window_minutes:g} min"


def service_looks(window: Window, placements: Iterable[str], by_rules: frozenset[str]) -> Iterator[Look]:
    """`decision_p99` of requests (surface `all`), and of each placement p99, fallbacks and errors."""
    yield from _p99(window, ALL, REQUESTS, "decision requests")
    for placement in placements:
        yield from _p99(window, placement, took(placement), f"decisions for {placement}")
        if placement not in by_rules:
            yield from _fallbacks(window, placement)
        yield from _errors(window, placement)


def order_look(
    since: SinceLastOrder, usual: Usual | None, settings: PausingSettings, now: datetime, paused: frozenset[str]
) -> Iterator[Look]:
    """`zero_conversions` of the whole service: no order came in, where exposures usually bring some."""
    least = settings.conversions_due
    if least is None or usual is None or usual.conversions <= 0:
        return
    exposures = since.exposures(now)
    expected = none_came.due(exposures, usual.conversions, usual.exposures)
    chance = none_came.chance_of_none(exposures, usual.conversions, usual.exposures)
    told = (
        f"no order came in since {exposures:,} exposures, {expected:.1f} were due at the usual rate"
        f" (by chance: {chance:.1e}); {least:g} without any are too many"
    )
    evidence = {"exposures": exposures, "due": round(expected, 3), "chance": chance, "bound": least}
    if none_came.is_missing(exposures, usual.conversions, usual.exposures, least):
        yield Look(ALL, "zero_conversions", "breach", told, evidence)
    else:
        yield Look(ALL, "zero_conversions", "silent" if ALL in paused else "healthy", told, evidence)


def _p99(window: Window, surface: str, key: str, what: str) -> Iterator[Look]:
    bound, least = window.settings.decision_p99_ms, window.settings.least_decisions
    if bound is None:
        return
    counts = window.tallies.since(key, window.begin(surface))
    n, value = sum(counts), quantile(counts, 0.99)
    if window.is_blind(surface) or n < least or value is None:
        yield _silent(surface, "decision_p99", f"{n:,} {what} in {window.words}, {least:,} are needed", n)
        return
    told = f"99 of 100 {what} took up to {value:.1f} ms in {window.words}; at most {bound:g} ms are allowed"
    evidence = {"p99_ms": round(value, 3), "bound": bound, "decisions": n}
    yield Look(surface, "decision_p99", verdict_above(value, bound, window.settings.margin), told, evidence)


def _fallbacks(window: Window, placement: str) -> Iterator[Look]:
    bound, least = window.settings.fallback_above, window.settings.least_decisions
    if bound is None:
        return
    begin = window.begin(placement)
    rungs = [key for key in window.tallies.total if key.startswith(f"rung\t{placement}\t")]
    counts = {key.split("\t")[2]: window.tallies.counted_since(key, begin) for key in rungs}
    n = sum(count for name, count in counts.items() if name not in _NOT_CHOSEN)
    if window.is_blind(placement) or n < least:
        said = f"{n:,} decisions for {placement} in {window.words}, {least:,} are needed"
        yield _silent(placement, "fallback_rate", said, n)
        return
    share = counts.get("fallback", 0) / n
    told = f"{share:.1%} of {n:,} decisions for {placement} in {window.words} fell back; at most {bound:.1%} may"
    evidence = {"share": round(share, 6), "bound": bound, "decisions": n}
    yield Look(placement, "fallback_rate", verdict_above(share, bound, window.settings.margin), told, evidence)


def _errors(window: Window, placement: str) -> Iterator[Look]:
    bound, least = window.settings.errors_above, window.settings.least_errors
    if bound is None:
        return
    begin = window.begin(placement)
    errors = window.tallies.counted_since(failed(placement), begin)
    n = errors + window.tallies.counted_since(took(placement), begin)
    if window.is_blind(placement) or not n:
        yield _silent(placement, "error_rate", f"{n:,} decisions for {placement} in {window.words}", n)
        return
    share = errors / n
    told = f"{errors:,} of {n:,} decisions for {placement} in {window.words} failed; at most {bound:.1%} may"
    verdict = verdict_above(share, bound, window.settings.margin)
    if verdict == "breach" and errors < least:
        verdict = "between"
    evidence = {"share": round(share, 6), "errors": errors, "decisions": n, "bound": bound}
    yield Look(placement, "error_rate", verdict, told, evidence)


def _silent(surface: str, cause: str, told: str, n: int) -> Look:
    return Look(surface, cause, "silent", told, {"decisions": n})
