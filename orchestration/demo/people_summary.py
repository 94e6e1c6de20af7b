"""Customers, how well they were recognised, and the segments they form."""

from __future__ import annotations

import json

from intake.project import Project
from orchestration.cli.console import say, show_table
from orchestration.cli.published import Published
from orchestration.demo.truth import TruthReport

USUAL_FLOOR = 1000

CUSTOMERS = """
select count(*) as customers, count(*) filter (where is_known) as known,
       count(*) filter (where orders_lifetime > 0) as buyers
from marts.dim_customer
"""
MATCH = "select sum(matched) as matched, sum(events) as events from marts.match_rate_daily"
SEGMENTS = """
select segment_name, customers, share, top_categories, suggested_treatment
from marts.segment_profile order by customers desc, segment_id
"""
RUNGS = "select rung, count(*) as customers from marts.customer_segments group by rung order by customers desc, rung"


def show_people(published: Published, truth: TruthReport) -> None:
    """Customers and what the truth says about them."""
    counts, match = published.rows(CUSTOMERS)[0], published.rows(MATCH)[0]
    say(
        f"Customers: {counts['customers']:,}, of whom {counts['known']:,} are known by card, login or address and "
        f"{counts['buyers']:,} have bought"
    )
    if match["events"]:
        rate = float(match["matched"]) / float(match["events"])
        say(f"Match rate: {rate:.1%} of people's events belong to a known customer (bots left out)")
    say("Against the simulation's truth, which no pipeline code reads:")
    for line in truth_lines(truth):
        say(f"  {line}")


def truth_lines(truth: TruthReport) -> list[str]:
    """Visits and identifiers, each as one sentence."""
    lines = []
    if truth.visits is not None:
        lines.append(
            f"visits: {truth.visits.match_rate:.1%} of {truth.visits.sessions:,} matched, {truth.right_share:.1%} of "
            f"those to the right person; pairwise F1 {truth.visits.pairwise_f1:.3f}"
        )
    if truth.identifiers is not None:
        found = truth.identifiers
        lines.append(
            f"identifiers: pairwise F1 {found.pairwise_f1:.3f} (precision {found.pairwise_precision:.3f}, recall "
            f"{found.pairwise_recall:.3f}), B-cubed F1 {found.bcubed_f1:.3f} over {found.sessions:,} identifiers of "
            f"{truth.people:,} people in {truth.customers:,} customers; {found.over_merged_share:.1%} of customers mix "
            f"people, at most {found.largest_mix} in one"
        )
    return lines or ["nobody is on both sides yet"]


def show_segments(project: Project, published: Published) -> None:
    """Persona names, sizes and treatments; what the floor did."""
    rows = [
        (
            row["segment_name"],
            row["customers"],
            f"{row['share']:.0%}",
            _listed(row["top_categories"]),
            row["suggested_treatment"],
        )
        for row in published.rows(SEGMENTS)
    ]
    show_table(("segment", "customers", "share", "buys most", "treatment"), rows, title="Segments")
    floor = project.settings.segments.minimum_size
    rungs = ", ".join(f"{row['rung']} {row['customers']:,}" for row in published.rows(RUNGS))
    say(f"Customers by rung of the segment ladder: {rungs or 'none'}")
    if floor != USUAL_FLOOR:
        say(f"The segment floor is {floor} customers here instead of the usual {USUAL_FLOOR:,}: the shop is small")


def _listed(text: str | None, most: int = 2) -> str:
    if not text:
        return ""
    try:
        found = json.loads(text)
    except ValueError:
        return text
    names = [item if isinstance(item, str) else str(next(iter(item.values()), "")) for item in found]
    return ", ".join(names[:most]).lower()
