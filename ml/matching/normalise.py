"""Records as they are compared: every role in one spelling, absent ones null."""

from __future__ import annotations

from typing import Final

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ml.matching.names import bare, formal_name, sound, split_full_name
from ml.matching.text import by_distinct, folded, or_null, squeezed

ROLES: Final = (
    "given_name", "family_name", "full_name", "street_address", "city", "postal_code", "region", "country", "email",
    "phone", "birth_date",
)  # fmt: skip
"""Clear columns that a record may have; all optional."""

COMPARED: Final = (
    "given", "formal", "family", "sound", "suffix", "street", "house", "city", "postal", "email", "mailbox", "phone",
    "birth_date",
)  # fmt: skip
"""Columns of a normalised record."""

# What a street is called matters less than its name, and is left out or abbreviated as people please.
_STREET_KINDS: Final = (
    r"\b(?:street|st|road|rd|avenue|ave|av|lane|ln|drive|dr|place|pl|crescent|cres|court|ct|close|circuit|cct|way"
    r"|boulevard|blvd|terrace|tce|parade|square|sq|highway|hwy|apartment|apt|unit|flat|suite|ste|floor|strasse|str"
    r"|rue|via|calle|the|of)\b"
)
_FEWEST_DIGITS, _DIGITS_KEPT = 7, 9


def normalise(records: pd.DataFrame) -> pd.DataFrame:
    """Columns of `COMPARED` for each record, in order; a role that the frame lacks counts as null.

    Phones are their last nine digits, which a number keeps whether or not its country stands before it. Birth dates
    are eight digits, also where no calendar has such a day: a slip of one digit is still to be compared.
    """
    roles = {role: _text(records, role) for role in ROLES}
    columns = _names(roles) | _addresses(roles)
    email = or_null(pc.replace_substring_regex(pc.utf8_lower(roles["email"]), r"\s", ""))
    columns["email"] = _where(pc.match_substring(email, "@"), email)
    columns["mailbox"] = or_null(pc.replace_substring_regex(columns["email"], r"(?:\+[^@]*)?@.*$", ""))
    digits = pc.replace_substring_regex(roles["phone"], r"[^0-9]", "")
    long_enough = pc.greater_equal(pc.utf8_length(digits), _FEWEST_DIGITS)
    columns["phone"] = _where(long_enough, pc.utf8_slice_codeunits(digits, -_DIGITS_KEPT))
    born = pc.replace_substring_regex(roles["birth_date"], r"[^0-9]", "")
    columns["birth_date"] = _where(pc.equal(pc.utf8_length(born), 8), born)
    return pd.DataFrame({name: columns[name].to_pandas() for name in COMPARED}, index=records.index)


def _text(records: pd.DataFrame, role: str) -> pa.Array:
    if role not in records:
        return pa.nulls(len(records), pa.string())
    column = pa.array(records[role].astype(object).where(records[role].notna(), None), from_pandas=True)
    return column.cast(pa.string())


def _where(condition: pa.Array, values: pa.Array) -> pa.Array:
    return pc.if_else(pc.fill_null(condition, False), values, pa.scalar(None, values.type))


def _names(roles: dict[str, pa.Array]) -> dict[str, pa.Array]:
    given, family = folded(roles["given_name"]), folded(roles["family_name"])
    alone = pc.and_(pc.is_null(given), pc.is_null(family))
    full = _where(alone, roles["full_name"])
    comma = pc.fill_null(pc.match_substring(full, ","), False)
    before, after = (folded(pc.replace_substring_regex(full, pattern, "")) for pattern in (r",.*$", r"^[^,]*,?"))
    words = pc.if_else(comma, pc.binary_join_element_wise(before, after, " , "), folded(full))
    words = pc.coalesce(words, before)
    given = pc.coalesce(given, by_distinct(words, _given_of))
    family = pc.coalesce(family, by_distinct(words, _family_of))
    suffix = pc.coalesce(
        by_distinct(words, _suffix_of),
        *(by_distinct(name, lambda text: bare(text)[1] or None) for name in (family, given)),
    )
    given = by_distinct(given, lambda text: bare(text)[0] or None)
    family = squeezed(by_distinct(family, lambda text: bare(text)[0] or None))
    # Müller and Mueller
    family = or_null(pc.replace_substring_regex(family, r"([aou])e", r"\1"))
    return {
        "given": given,
        "formal": by_distinct(given, formal_name),
        "family": family,
        "sound": by_distinct(family, sound),
        "suffix": suffix,
    }


def _given_of(words: str) -> str | None:
    return split_full_name(words, " , " in words).given or None


def _family_of(words: str) -> str | None:
    return split_full_name(words, " , " in words).family or None


def _suffix_of(words: str) -> str | None:
    return split_full_name(words, " , " in words).suffix or None


def _addresses(roles: dict[str, pa.Array]) -> dict[str, pa.Array]:
    whole = folded(roles["street_address"])
    house = pc.struct_field(pc.extract_regex(whole, r"\b(?P<number>[0-9]+)"), "number")
    words = pc.replace_substring_regex(whole, r"\b[0-9]+[a-z]?\b", " ")
    named = or_null(squeezed(pc.replace_substring_regex(words, _STREET_KINDS, " ")))
    return {
        "street": pc.coalesce(named, or_null(squeezed(words))),
        "house": or_null(pc.utf8_ltrim(house, characters="0")),
        "city": or_null(squeezed(folded(roles["city"]))),
        "postal": or_null(squeezed(folded(roles["postal_code"]))),
    }
