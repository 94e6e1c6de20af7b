"""The month from its first hour to what it has to show."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from intake.ops_store import OpsStore
from intake.project import Project
from orchestration.cli.published import Published
from orchestration.demo.people import products_to_ask_for
from orchestration.month.crowd import Crowd, draw_crowd
from orchestration.month.folder import Month, make_month, only_month
from orchestration.month.hindsight import Cells, Judgement, even_split, judge, learned_so_far
from orchestration.month.hour import HOUR, PLACEMENTS, Life, live_hour
from orchestration.month.ledger import Ledger, Money
from orchestration.month.owners import Owners
from orchestration.month.promises import Promise, promises
from orchestration.month.shop import open_shop
from orchestration.month.steps import after_hour, after_week, paused_banners
from orchestration.offpolicy.candidate import CandidateError
from orchestration.offpolicy.evaluating import OffPolicyError
from orchestration.offpolicy.rewards import NothingLoggedError
from orchestration.policy.publish_config import publish_config

DAYS, CUSTOMERS = 28, 3_000
WEEK = 7
ACTOR = "concierge month"
NOTHING_LEARNED: Cells = {}


@dataclass(frozen=True)
class Day:
    """One day as it is shown while the month goes on."""

    number: int
    began: datetime
    decisions: int
    today: Money
    so_far: Money
    paused: list[str]


@dataclass(frozen=True)
class MonthResult:
    """What came of it; `is_whole` when it was as long as what it promises needs."""

    life: Life
    owners: Owners
    promises: list[Promise]
    is_whole: bool

    @property
    def is_kept(self) -> bool:
        """Whether every promise came true."""
        return all(promise.is_kept for promise in self.promises)


def run_month(base: Project, days: int, customers: int, seed: int, on_day: Callable[[Day], None]) -> MonthResult:
    """Live a month of the demo company in a folder of its own, from its first local midnight.

    Args:
        base: a project with a finished demo, which stays as it was.
        days: how many to live.
        customers: who may visit.
        seed: of the shoppers and of the planted truth.
        on_day: told at the end of each day.

    Raises:
        CommandError: nothing finished is there to begin from.
        ValueError: `customers` is outside its bounds.
    """
    with only_month(base):
        return _run(base, days, customers, seed, on_day)


def _run(base: Project, days: int, customers: int, seed: int, on_day: Callable[[Day], None]) -> MonthResult:
    month = make_month(base, customers)
    crowd = draw_crowd(month.project, base.paths.root / "truth" / "identifiers.parquet", customers, seed)
    publish_config(month.project, ACTOR)
    # What the service says of each snapshot it follows would be 672 lines.
    logging.getLogger("serving").setLevel(logging.ERROR)
    return asyncio.run(_live(Plan(month, crowd, days, seed, on_day)))


@dataclass(frozen=True)
class Plan:
    """What is to be lived."""

    month: Month
    crowd: Crowd
    days: int
    seed: int
    on_day: Callable[[Day], None]


async def _live(plan: Plan) -> MonthResult:
    products = products_to_ask_for(Published.current(plan.month.project.paths))
    owners, first_week = Owners(), NOTHING_LEARNED
    async with open_shop(plan.month.project) as shop:
        life = Life(plan.month, plan.crowd, shop, products, plan.seed, Ledger(plan.crowd.planted))
        for number in range(1, plan.days + 1):
            await _live_day(life, number, plan.on_day)
            if number % WEEK == 0 or number == plan.days:
                # In a thread, since Dagster has an event loop of its own.
                await asyncio.to_thread(after_week, life, owners, plan.month.clock.now())
                shop.follow()
            if number == WEEK:
                first_week = learned_so_far(life)
        judgements = _judge(life, first_week, plan.days)
        told = promises(life, owners, judgements)
    life.ledger.write(plan.month.truth)
    plan.month.tell_time()
    return MonthResult(life, owners, told, is_whole=plan.days >= DAYS)


async def _live_day(life: Life, number: int, on_day: Callable[[Day], None]) -> None:
    """From a local midnight to the next: 23, 24 or 25 hours."""
    hour = began = life.month.clock.now()
    date, before = began.astimezone(life.zone).date(), life.visits
    while hour.astimezone(life.zone).date() == date:
        await live_hour(life, hour, paused_banners(life))
        hour += HOUR
        after_hour(life, hour)
    decisions = len(PLACEMENTS) * (life.visits - before)
    paused = sorted(pause.scope for pause in OpsStore(life.month.project.paths).pauses())
    on_day(Day(number, began, decisions, life.ledger.money(began), life.ledger.money(), paused))


def _judge(life: Life, first_week: Cells, days: int) -> list[Judgement]:
    """What could have been shown instead: an even split for ever, and what was known after a week.

    The latter is judged on what was logged after that week: it was chosen by what the week itself brought.
    """
    candidates = {"an even split of the good banners": (even_split(), days)}
    if first_week and days > WEEK:
        candidates["what was learned in the first week"] = (first_week, days - WEEK)
    found = []
    for name, (cells, last_days) in candidates.items():
        try:
            found.append(judge(life, name, cells, life.month.clock.now(), last_days))
        except (NothingLoggedError, OffPolicyError, CandidateError) as error:
            found.append(Judgement(name, agrees=False, words=str(error)))
    return found
