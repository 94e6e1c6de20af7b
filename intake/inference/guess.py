"""Guesses a source contract from a sample: every guess with its reason."""

from __future__ import annotations

from datetime import date

from intake.event import EventType
from intake.inference.amounts import write_columns, write_lines
from intake.inference.draft import scalar
from intake.inference.facts import Facts
from intake.inference.head import write_clock, write_format
from intake.inference.keys import order_of, write_event_type, write_key
from intake.inference.people import write_identifiers, write_rest
from intake.inference.sample import Sample

_KINDS = {"orders": "online_orders", "refunds": "returns", "customers": "crm", "clicks": "web"}


def guess_contract(sample: Sample, name: str, vocabulary: dict[str, EventType], file_day: date) -> str:
    """The contract as YAML; it loads, and what is guessed is marked.

    Args:
        file_day: the day of the file, for records that carry no time.
    """
    facts = Facts(sample, name, vocabulary, file_day)
    draft = facts.draft
    draft.remark("A first draft, guessed from a sample. Look at every line with a guess, then take the mark away.")
    draft.add("name", scalar(facts.name))
    draft.add("kind", _KINDS[facts.shape], facts.why)
    draft.add("format", facts.sample.format)
    write_format(facts)
    write_clock(facts)
    order, lines = order_of(facts)
    event = write_event_type(facts, order)
    write_key(facts, order, lines, event)
    if lines:
        write_lines(facts, lines)
    write_columns(facts, order, bool(lines))
    write_identifiers(facts)
    write_rest(facts)
    return draft.text()
