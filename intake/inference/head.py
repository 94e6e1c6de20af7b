"""The first lines of a draft: format, notation and time zone."""

from __future__ import annotations

from intake.inference.draft import listed, mapped, scalar
from intake.inference.facts import Facts
from intake.inference.numbers import currency_sign
from intake.values import EPOCH, EXCEL


def write_format(facts: Facts) -> None:
    """Delimiter, encoding, header, notation of numbers, channel and currency."""
    sample, draft = facts.sample, facts.draft
    if sample.format == "csv" and sample.delimiter != ",":
        draft.add("delimiter", '"\\t"' if sample.delimiter == "\t" else scalar(sample.delimiter), "most even split")
    if sample.encoding != "utf8":
        draft.add("encoding", sample.encoding, "the bytes are no UTF-8")
    if sample.skip_lines:
        draft.add("skip_lines", str(sample.skip_lines), "lines above that are no rows")
    if sample.header:
        draft.add("header", listed(sample.header), "the first line looks like data")
    if facts.numbers:
        style = {"decimal": scalar(facts.numbers.decimal)}
        style |= {"thousands": scalar(facts.numbers.thousands)} if facts.numbers.thousands else {}
        draft.add("numbers", mapped(style), "the notation of most numbers")
    if facts.shape != "customers":
        draft.add("channel", "web", "change it for tills and apps")
    beside = [str(value) for column in facts.money() for value in column.values[:50] if value is not None]
    currency = currency_sign(beside)
    if currency:
        draft.add("currency", currency, "it stands beside the amounts")


def write_clock(facts: Facts) -> None:
    """Time zone, unit and format, as far as they are needed."""
    style = facts.style
    if style is None:
        return
    if style.pattern == EXCEL or (style.pattern != EPOCH and not facts.has_zone()):
        zone = "Europe/Berlin" if facts.german else "UTC"
        draft_why = "the columns have German names" if facts.german else "the timestamps name no zone"
        facts.draft.add("time_zone", zone, draft_why)
    if style.unit != "s":
        facts.draft.add("time_unit", style.unit, "the size of the numbers")
    if style.pattern:
        swapped = f"; {style.rival} fits as well" if style.rival else ""
        facts.draft.add("time_format", scalar(style.pattern), f"fits the sample{swapped}")
