"""One person from raw events to a decision, on one screen."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from intake.project import Project
from orchestration.cli.console import say, show_table
from orchestration.cli.decide_command import ask, readable
from orchestration.cli.explain_command import COLUMNS, evidence_row, find_person
from orchestration.cli.published import Published
from orchestration.demo.person import SIGNALS, Followed, profile, raw_events
from serving.question import Context, Decision

MOST_TIES = 8
MOST_BLOCKED = 3
LONGEST_LINE = 150
# Each pair asks the same of the same person in two moments; the first pair whose answers differ is shown.
MOMENTS = (
    (
        "checkout_incentive",
        Context(device_type="mobile", page_type="checkout", channel="web", hour=20, cart_value=22.0),
        Context(device_type="desktop", page_type="checkout", channel="web", hour=10, cart_value=120.0),
    ),
    (
        "home_hero",
        Context(device_type="mobile", page_type="home", channel="web", hour=8),
        Context(device_type="desktop", page_type="home", channel="web", hour=21),
    ),
    (
        "product_recommendation",
        Context(device_type="mobile", page_type="home", channel="app", hour=20),
        Context(device_type="mobile", page_type="product", channel="app", hour=20, product_id=""),
    ),
)


def show_person(project: Project, published: Published, followed: Followed, product: str, as_of: datetime) -> None:
    """Events, identifiers, ties, signals, segment, scores, a decision, and the same question in another moment."""
    person = find_person(project, published, "loyalty_id", followed.identifiers["loyalty_id"])
    say(f"One person, from raw events to a decision: customer {person.customer_id}")
    _show_events(raw_events(project, [row["value_hash"] for row in person.identifiers], as_of))
    say(f"  identifiers: {person.counts}")
    show_table(COLUMNS, [evidence_row(row) for row in person.evidence[:MOST_TIES]], title="  what ties them")
    _show_profile(profile(published, person.customer_id))
    _show_decisions(project, followed, product)


def _show_events(rows: list[dict[str, Any]]) -> None:
    columns = ("when (UTC)", "source", "event", "what", "amount", "simulated")
    cells = [
        (f"{row['occurred_at']:%Y-%m-%d %H:%M}", row["source"], row["event_type"], row["what"], _money(row["amount"]))
        for row in rows
    ]
    flags = [(bool(row["is_simulated"]),) for row in rows]
    show_table(
        columns,
        [left + right for left, right in zip(cells, flags, strict=True)],
        title="  raw events, the latest of each kind",
    )


def _show_profile(row: dict[str, Any]) -> None:
    say("  signals: " + ", ".join(f"{name} {_plain(row[name])}" for name in SIGNALS))
    say(f"  segment: {row['segment_name']} (rung {row['rung']})")
    if row["churn_probability"] is not None:
        say(f"  churn: {row['churn_probability']:.0%} within {row['churn_horizon_days']} days")
    if row["ltv_amount"] is not None:
        low, high = _money(row["ltv_low"]), _money(row["ltv_high"])
        days = row["ltv_horizon_days"]
        say(f"  value: {_money(row['ltv_amount'])} expected within {days} days, likely {low} to {high}")


def _show_decisions(project: Project, followed: Followed, product: str) -> None:
    identifiers = list(followed.identifiers.items())
    for placement, first, second in MOMENTS:
        moments = [first, _with_product(second, product)]
        decisions = [ask(project, placement, identifiers, moment) for moment in moments]
        if _differ(*decisions) or placement == MOMENTS[-1][0]:
            break
    for label, moment, decision in zip(("a question", "the same in another moment"), moments, decisions, strict=True):
        say(f"  {label}: {placement}, {_described(moment)}")
        for line in shortened(readable(decision)[:-1]):
            say(f"    {line}")


def shortened(lines: list[str]) -> list[str]:
    """Lines cut to 150 characters, with the first three blocked alternatives and the number of the others."""
    blocked = [line for line in lines if line.startswith("  blocked")]
    others = [line for line in lines if line not in blocked]
    more = [f"  blocked   and {len(blocked) - MOST_BLOCKED} more"] if len(blocked) > MOST_BLOCKED else []
    shown = [*others, *blocked[:MOST_BLOCKED], *more]
    return [line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]}…" for line in shown]


def _with_product(moment: Context, product: str) -> Context:
    import msgspec

    return msgspec.structs.replace(moment, product_id=product) if moment.product_id == "" else moment


def _differ(first: Decision, second: Decision) -> bool:
    return (first.action, first.content) != (second.action, second.content)


def _described(moment: Context) -> str:
    import msgspec

    return ", ".join(f"{name} {value}" for name, value in msgspec.to_builtins(moment).items())


def _money(value: object) -> str | None:
    return None if value is None else f"{float(str(value)):,.2f}"


def _plain(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, str | int):
        return str(value)
    return f"{float(str(value)):,.2f}"
