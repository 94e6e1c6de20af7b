"""What a month has to show, and whether it did."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from intake.ops_store import OpsStore
from orchestration.month.hindsight import Judgement
from orchestration.month.hour import PLACEMENTS, Life
from orchestration.month.ledger import Money
from orchestration.month.owners import Owners
from simulation.month.planted import BAD_BANNER, BANNER, DELIVERIES, DELIVERY, NOTE


@dataclass(frozen=True)
class Promise:
    """One thing that was planted or promised, whether it came true, and how."""

    name: str
    is_kept: bool
    words: str


def promises(life: Life, owners: Owners, judgements: list[Judgement]) -> list[Promise]:
    """All of them, in the order in which they are told."""
    return [
        _money(life.ledger.money()),
        *_pauses(life),
        _winner(life, owners),
        _null(owners),
        *(_judged(one) for one in judgements),
        _nothing_lost(life),
    ]


def _money(money: Money) -> Promise:
    gain = money.bandit / money.split - 1.0 if money.split > 0 else 0.0
    words = (
        f"{money.bandit:,.0f} USD against {money.split:,.0f} of an even split with the same pauses ({gain:+.1%}), "
        f"{money.whole_split:,.0f} of one without pauses, {money.oracle:,.0f} of an oracle "
        f"({money.bandit / max(money.oracle, 1e-9):.1%} of it)"
    )
    return Promise("the bandit earns more than the split", money.bandit > money.split, words)


def _pauses(life: Life) -> Iterator[Promise]:
    """The bad banner is paused by what was seen of it, and no other."""
    bad = f"arm:{BANNER}/1/{BAD_BANNER}"
    events = [one for one in OpsStore(life.month.project.paths).pause_events() if one.kind == "pause"]
    first = next((one for one in events if one.surface == bad), None)
    words = "it never was" if first is None else f"{_when(first.at, life.zone)}: {first.reason}"
    yield Promise(f"the bad banner {BAD_BANNER} is paused", first is not None, words)
    others = sorted({one.surface for one in events} - {bad})
    yield Promise("nothing else is paused", not others, ", ".join(others) or "nothing was")


def _winner(life: Life, owners: Owners) -> Promise:
    done, reading = owners.decided.get(DELIVERY), owners.readings.get(DELIVERY)
    kept = done is not None and done.step == "ship" and done.arm == DELIVERIES[1]
    if done is not None:
        words = f"{_when(done.at, life.zone)}, {done.step} {done.arm}: {done.words}"
    else:
        words = "it was never read out" if reading is None else f"at the end: {reading.verdict}. {reading.words}"
    return Promise("the winner of the delivery line is shipped", kept, words)


def _null(owners: Owners) -> Promise:
    done, reading = owners.decided.get(NOTE), owners.readings.get(NOTE)
    kept = reading is not None and (done is None or done.step != "ship")
    told = "it was never read out" if reading is None else f"{reading.verdict}. {reading.words}"
    return Promise("the note that changes nothing is not shipped", kept, done.words if done else told)


def _judged(judgement: Judgement) -> Promise:
    return Promise(f"judged beforehand: {judgement.candidate}", judgement.agrees, judgement.words)


def _nothing_lost(life: Life) -> Promise:
    """The service acknowledged all that was posted, all that was shown was posted, and every decision was logged."""
    due = sum(life.waiting.told.values())
    shown = len(PLACEMENTS) * sum(int(entry.was_shown.sum()) for entry in life.ledger.entries)
    kept = life.shop.decisions_lost == 0 and life.exposures == shown and life.events + life.suppressed == due
    words = (
        f"{life.visits:,} visits; {life.exposures:,} of {shown:,} exposures acknowledged; of {due:,} events "
        f"{life.events:,} acknowledged and {life.suppressed:,} left out for want of consent; "
        f"{life.shop.decisions_lost} decisions that the service could not log"
    )
    return Promise("nothing is lost on the way into the log", kept, words)


def _when(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%A %d %B, %H:%M}"
