"""Persona cards for people: one page of HTML, and the same in the markdown of the UI."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape

from ml.segments import PersonaCard
from orchestration.previews import markdown_table
from orchestration.segments.habits import WEEKDAYS, Habits

NOBODY = Habits(None, None, None, (0.0,) * 7, ())
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Persona cards</title>
<style>body{{font-family:sans-serif;margin:2rem;max-width:70rem}} section{{border-top:1px solid #ccc;padding:1rem 0}}
td,th{{padding:.2rem .8rem;text-align:left}} td.n{{text-align:right}} .bar{{background:#4c72b0;height:.8rem}}
img{{max-width:100%}}</style>
<h1>Persona cards</h1><p>As of {as_of}, model {version}. Amounts in {currency}. How segments are made and how far they
can be trusted is told in docs/segments.md.</p>
<p><img alt="Size of each persona, and how far it stands from everybody" src="data:image/png;base64,{picture}"></p>
{cards}</html>
"""


def cards_page(
    cards: Sequence[PersonaCard],
    habits: Mapping[int, Habits],
    png: bytes,
    *,
    as_of: str,
    version: str,
    currency: str,
) -> str:
    """The page; without cards it says that there are none."""
    told = "\n".join(_section(card, habits.get(card.segment_id, NOBODY)) for card in cards)
    return PAGE.format(
        as_of=escape(as_of),
        version=escape(version or "none"),
        currency=escape(currency),
        picture=base64.b64encode(png).decode(),
        cards=told or "<p>No segments yet: no model is trained.</p>",
    )


def cards_markdown(cards: Sequence[PersonaCard], habits: Mapping[int, Habits]) -> str:
    """One row a persona, for the metadata of the asset."""
    rows = [
        (
            card.segment_id,
            card.name,
            f"{card.customers:,} ({card.share:.0%})",
            _amount(own.spend),
            _amount(own.expected_spend),
            "; ".join(_evidence_line(card)),
            own.busiest or "",
            ", ".join(card.top_categories),
            _channels(own),
            " ".join(treatments(card, own)),
        )
        for card in cards
        for own in [habits.get(card.segment_id, NOBODY)]
    ]
    names = ("id", "name", "customers", "spend, 365 d", "expected spend", "sets it apart", "busiest day", "buys most",
             "channels", "suggested treatments")  # fmt: skip
    return markdown_table(names, rows)


def treatments(card: PersonaCard, own: Habits) -> list[str]:
    """What to try for them, where and when: proposals, to be tested like any other."""
    found = [card.suggested_treatment]
    if own.channels:
        found.append(f"Meet them in {own.channels[0][0]}, where {own.channels[0][1]:.0%} of their orders are placed.")
    if own.busiest:
        found.append(f"Write the day before {own.busiest}, their busiest day ({max(own.week):.0%} of orders).")
    if card.top_categories:
        found.append(f"Lead with {card.top_categories[0]}, bought most above everybody's share.")
    return found


def _section(card: PersonaCard, own: Habits) -> str:
    facts = (
        ("customers", f"{card.customers:,} ({card.share:.0%} of buyers)"),
        ("spend a customer, 365 days", _amount(own.spend)),
        ("expected spend a customer, horizon of the value model", _amount(own.expected_spend)),
        ("mean probability of leaving", "not scored" if own.leaving is None else f"{own.leaving:.0%}"),
        ("buys most", ", ".join(card.top_categories) or "no category stands out"),
        ("channels", _channels(own) or "no orders in 365 days"),
    )
    listed = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in facts)
    tried = "".join(f"<li>{escape(text)}</li>" for text in treatments(card, own))
    return (
        f'<section id="segment-{card.segment_id}"><h2>{escape(card.name)} <small>segment {card.segment_id}</small></h2>'
        f"<table>{listed}</table><h3>What sets it apart</h3>{_evidence_table(card)}"
        f"<h3>Typical week</h3>{_week(own)}<h3>Suggested treatments</h3><ul>{tried}</ul></section>"
    )


def _evidence_table(card: PersonaCard) -> str:
    rows = "".join(
        f'<tr><td>{escape(fact.feature)}</td><td class="n">{fact.mean:,.2f}</td><td class="n">{fact.overall_mean:,.2f}'
        f'</td><td class="n">{fact.standardised_difference:+.2f}</td></tr>'
        for fact in card.evidence
    )
    head = "<tr><th>signal</th><th>their mean</th><th>everybody's mean</th><th>standard deviations apart</th></tr>"
    return f"<table>{head}{rows}</table>"


def _week(own: Habits) -> str:
    rows = "".join(
        f'<tr><th>{day}</th><td>{share:.0%}</td><td style="width:20rem"><div class="bar" '
        f'style="width:{100 * share / (max(own.week) or 1):.0f}%"></div></td></tr>'
        for day, share in zip(WEEKDAYS, own.week, strict=True)
    )
    return f"<table>{rows}</table>"


def _evidence_line(card: PersonaCard) -> list[str]:
    return [f"{fact.feature} {fact.standardised_difference:+.1f} sd" for fact in card.evidence[:3]]


def _channels(own: Habits) -> str:
    return ", ".join(f"{name} {share:.0%}" for name, share in own.channels)


def _amount(value: float | None) -> str:
    return "not scored" if value is None else f"{value:,.2f}"
