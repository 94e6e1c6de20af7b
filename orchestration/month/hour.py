"""One simulated hour: shoppers come, are shown what the service decides, and respond."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from orchestration.month.crowd import Crowd
from orchestration.month.folder import Month
from orchestration.month.ledger import Entry, Ledger
from orchestration.month.outcomes import Shopping, Waiting, schedule
from orchestration.month.shop import Shop
from simulation.arrays import I64, Bool
from simulation.month.planted import BANNER, BANNERS, CONTEXTS, DELIVERIES, DELIVERY, NOTE, NOTES
from simulation.month.responses import Shown, respond
from simulation.month.visits import Visits, draw_visits
from simulation.randomness import stream

PLACEMENTS = (BANNER, DELIVERY, NOTE)
# Of what is decided so much is never scrolled into view: no exposure, and no effect.
UNSEEN_SHARE = 0.03
HOUR = timedelta(hours=1)
BEFORE_THE_LOOK = timedelta(seconds=1)
Answers = list[list[dict[str, Any]]]


@dataclass
class Life:
    """The month under way. `exposures` and `events` count what was posted and taken in, `suppressed` what was not."""

    month: Month
    crowd: Crowd
    shop: Shop
    products: Sequence[str]
    seed: int
    ledger: Ledger
    waiting: Waiting = field(default_factory=Waiting)
    visits: int = 0
    exposures: int = 0
    events: int = 0
    suppressed: int = 0

    @property
    def zone(self) -> ZoneInfo:
        """The shop's time zone."""
        return ZoneInfo(self.month.project.settings.time_zone)


async def live_hour(life: Life, hour: datetime, paused: Bool) -> None:
    """Live the hour that begins at `hour`; at its end the log's segments are closed.

    Args:
        life: the month.
        hour: aware UTC.
        paused: which banners are not drawn now, as told by what paused them.
    """
    visits = draw_visits(life.crowd.shoppers, hour, life.zone, life.seed)
    shopping, answers = await _decide(life, visits, hour)
    rng = stream(life.seed, f"month/responses/{hour.timestamp():.0f}")
    seen = rng.random(len(visits)) >= UNSEEN_SHARE
    shown, note = _shown(life, visits, answers, seen)
    responses = respond(life.crowd.planted, shown, rng)
    ids = [visit.personalization_id for visit in shopping]
    life.ledger.entries.append(Entry(hour, ids, visits.shopper, shown, seen, note, responses, paused))
    for at, visit in enumerate(shopping):
        schedule(life.waiting, visit, responses, at)
    # What arrives in the very moment of a look is left to the next one.
    life.month.clock.move_to(hour + HOUR - BEFORE_THE_LOOK)
    posted = [_exposures(visit, row) for visit, row, was in zip(shopping, answers, seen, strict=True) if was]
    taken, _ = await life.shop.report("exposures", [one for several in posted for one in several])
    life.exposures += taken
    taken, left = await life.shop.report("events", life.waiting.due(life.month.clock.now()))
    life.events, life.suppressed = life.events + taken, life.suppressed + left
    await life.shop.end_hour()
    life.month.clock.move_to(hour + HOUR)


async def _decide(life: Life, visits: Visits, hour: datetime) -> tuple[list[Shopping], Answers]:
    shopping, answers = [], []
    for shopper, device, second in zip(visits.shopper, visits.device, visits.at_s, strict=True):
        at = hour + timedelta(seconds=float(second))
        life.month.clock.move_to(at)
        life.visits += 1
        session = f"ms-{life.visits:08d}"
        people = life.crowd.shoppers
        pairs = (("cookie", people.cookies[shopper][device]), *people.identifiers[shopper])
        identifiers = [{"type": kind, "value": value} for kind, value in pairs]
        context = {"device_type": CONTEXTS[device], "channel": "web", "page_type": "home", "session_id": session}
        row = await life.shop.decide(PLACEMENTS, identifiers, context)
        product = life.products[life.visits % len(life.products)]
        answers.append(row)
        shopping.append(Shopping(at, life.visits, session, identifiers, row[0]["personalization_id"], product))
    return shopping, answers


def _shown(life: Life, visits: Visits, answers: Answers, seen: Bool) -> tuple[Shown, I64]:
    """What was seen, and the note; what was decided and not seen does what the plain ones do."""
    banner, delivery, note = (
        np.array([names.index(row[at]["action"]) for row in answers], dtype=np.int64)
        for at, names in enumerate((BANNERS, DELIVERIES, NOTES))
    )
    segment = life.crowd.shoppers.segment[visits.shopper]
    return Shown(segment, visits.device, np.where(seen, banner, 0), np.where(seen, delivery, 0)), note


def _exposures(visit: Shopping, row: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "personalization_id": decision["personalization_id"],
            "placement": decision["placement"],
            "action": decision["action"],
            "occurred_at": (visit.at + timedelta(seconds=1)).isoformat(),
            "channel": "web",
            "session_id": visit.session_id,
            "identifiers": visit.identifiers,
        }
        for decision in row
    ]
