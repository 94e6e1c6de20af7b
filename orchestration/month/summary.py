"""The month as it goes on, and its closing page."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from orchestration.cli.console import say, show_table
from orchestration.experiments.pages import page_of
from orchestration.month.flow import Day, MonthResult
from orchestration.month.ledger import Money
from orchestration.month.promises import Promise
from simulation.month.planted import BANNER, DELIVERY, NOTE


def tell_day(day: Day, zone: ZoneInfo) -> None:
    """One line a day: date, decisions, expected margin against an even split, and what is paused."""
    today, so_far = day.today, day.so_far
    say(
        f"day {day.number:2}  {day.began.astimezone(zone):%a %Y-%m-%d}  {day.decisions:6,} decisions  "
        f"margin {today.bandit:7,.0f}, split {today.split:7,.0f} ({_gain(today):+6.1%})  "
        f"so far {_gain(so_far):+6.1%}  paused: {', '.join(day.paused) or 'nothing'}"
    )


def show_month(result: MonthResult) -> None:
    """Money, promises, and where to look."""
    money = result.life.ledger.money()
    rows = [
        ("bandit, as lived", f"{money.bandit:,.0f}", _share(money.bandit, money)),
        ("even split with the same pauses", f"{money.split:,.0f}", _share(money.split, money)),
        ("even split without pauses", f"{money.whole_split:,.0f}", _share(money.whole_split, money)),
        ("oracle, which knows the truth", f"{money.oracle:,.0f}", "100.0%"),
    ]
    say()
    say(f"Expected margin of the {money.visits:,} visits whose banner was learned, by the planted truth, USD")
    show_table(("way of choosing", "margin", "of the oracle"), rows)
    say(f"These visits really left {money.earned:,.0f}: orders and returns are drawn.")
    say()
    for promise in result.promises:
        say(f"{_verdict(promise, result):<9}  {promise.name}")
        say(f"           {promise.words}")
    _show_where(result)


def _show_where(result: MonthResult) -> None:
    month = result.life.month
    say()
    say("Where to look")
    for name in (BANNER, DELIVERY, NOTE):
        page = page_of(month.project, name)
        if page.exists():
            say(f"  {page}")
    say(f"  truth: {month.truth}; candidates judged: {month.root / 'candidates'}")
    say(f"  CONCIERGE_DATA={month.project.paths.root} CONCIERGE_CONFIG={month.project.config} concierge status")


def _gain(money: Money) -> float:
    return money.bandit / money.split - 1.0 if money.split > 0 else 0.0


def _verdict(promise: Promise, result: MonthResult) -> str:
    """A short look may end before what was planted can be found."""
    if promise.is_kept:
        return "came true"
    return "NOT TRUE" if result.is_whole else "not yet"


def _share(value: float, money: Money) -> str:
    return f"{value / money.oracle:.1%}" if money.oracle > 0 else "-"
