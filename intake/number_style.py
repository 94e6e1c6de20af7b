"""Numbers in another notation, brought into plain digits: 1.234,50 € is 1234.50."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

import pyarrow as pa

from intake.contract import SourceContract
from intake.contract_faults import NumberStyle
from intake.contract_terms import Expression
from intake.event import EVENT_SCHEMA
from intake.lines import numeric_members
from intake.values import as_text, flat

_CURRENCY = r"(?:[A-Z]{3}|[$€£¥₹₺₽₩]|kr\.?|zł|Kč|Fr\.?)"
_NONE_SUCH = "?"
_PLAIN_SIGNS = str.maketrans({"\u2212": "-", "\u00a0": " ", "\u202f": " ", "\u2009": " "})
"""The minus sign, and the blanks that do not break a line: a program writes one where another writes the plain sign."""


def plain_columns(table: pa.Table, names: Iterable[str], style: NumberStyle | None) -> pa.Table:
    """The table with these columns in plain digits; what is no number in this notation stays none."""
    if style is None:
        return table
    for name in sorted(set(names) & set(table.column_names)):
        column = as_text(flat(table.column(name)))
        if not pa.types.is_string(table.schema.field(name).type):
            continue
        words = column.dictionary_encode()
        plain = [plain_number(word, style) for word in words.dictionary.to_pylist()]
        position = table.column_names.index(name)
        table = table.set_column(position, name, pa.array(plain, pa.string()).take(words.indices))
    return table


def plain_number(word: str, style: NumberStyle) -> str:
    """One number; anything else comes back with a mark that no number has. In brackets it is negative, as in books."""
    text = word.strip().translate(_PLAIN_SIGNS)
    mark = style.thousands.translate(_PLAIN_SIGNS)
    bracketed = text.startswith("(") and text.endswith(")")
    found = _pattern(style.decimal, mark).fullmatch(text[1:-1].strip() if bracketed else text)
    if found is None or not (found["whole"] or found["part"]) or (bracketed and (found["before"] or found["after"])):
        return word + _NONE_SUCH
    whole = found["whole"].replace(mark, "") if mark else found["whole"]
    sign = "-" if bracketed or "-" in (found["before"], found["after"]) else ""
    return f"{sign}{whole or '0'}{'.' + found['part'] if found['part'] else ''}"


def numeric_columns(contract: SourceContract) -> set[str]:
    """Source columns that the contract reads as numbers; those of nested lines apart."""
    terms: list[Expression] = [term for name, term in contract.columns.items() if _is_number(name)]
    if contract.lines and contract.lines.nested is None:
        terms += numeric_members(contract.lines).values()
    rules = (*contract.quarantine, *contract.skip)
    bounded = {rule.column for rule in rules if rule.matches is None and rule.unless is None}
    return bounded.union(*(term.columns() for term in terms))


def _is_number(name: str) -> bool:
    kind = EVENT_SCHEMA.field(name).type
    return bool(pa.types.is_decimal(kind) or pa.types.is_int64(kind))


@cache
def _pattern(decimal: str, thousands: str) -> re.Pattern[str]:
    mark = re.escape(thousands)
    whole = rf"\d{{1,3}}(?:{mark}\d{{3}})+|\d*" if thousands else r"\d*"
    return re.compile(
        rf"(?:{_CURRENCY}\s*)?(?P<before>[+-]?)\s*(?:{_CURRENCY}\s*)?(?P<whole>{whole})"
        rf"(?:{re.escape(decimal)}(?P<part>\d+))?(?P<after>-?)\s*(?:{_CURRENCY})?"
    )
