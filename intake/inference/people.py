"""Who a row is about: identifiers, roles for matching, personal and sensitive columns; and the rest."""

from __future__ import annotations

import re
from functools import partial

from intake.inference.consents import write_consents
from intake.inference.draft import listed, mapped, scalar
from intake.inference.facts import Facts
from intake.inference.profile import Column
from intake.inference.roles import IDS, PERSON_ROLES, is_personal
from intake.personal_look import named_personal

_ABOVE = re.compile(r"^(?:full_?)?name$|addres|adress|anschrift|^(?:billing|shipping|recipient|kontakt|contact)", re.I)
_ID_TYPES = {"customer": "crm_id"}
_ROWS_OF_A_KIND = 50
"""So many rows to each value, and a column like "customer group" tells kinds of people and nobody."""


def write_identifiers(facts: Facts) -> None:
    """The columns that say who somebody is."""
    emails = facts.cast.all(lambda column: column.email > 0.5)
    found = [("email", column, "it holds e-mail addresses") for column in emails]
    phones = facts.cast.all(lambda column: column.phone > 0.7 and column.is_named("phone"))
    found += [
        ("phone", column, "phone numbers; those without + are of settings intake.default_region") for column in phones
    ]
    for role in IDS:
        why = "by its name; the same id needs the same type in every source"
        found += [(_ID_TYPES.get(role, role), column, why) for column in facts.cast.all(partial(_identifies, role))]
    found += [("ip", column, "it holds addresses of the internet") for column in facts.cast.all(_is_address)]
    facts.emails = [column.name for kind, column, _ in found if kind == "email"]
    if not found:
        return
    facts.draft.add("identifiers", "")
    for kind, column, why in found:
        facts.draft.item(mapped({"type": kind, "column": scalar(column.name)}), why)


def write_rest(facts: Facts) -> None:
    """Roles for matching, personal and sensitive columns, and whatever is left."""
    if facts.shape == "customers":
        _write_matching(facts)
    if facts.shape == "customers":
        write_consents(facts)
    private = [
        column.name
        for column in facts.cast.all(
            lambda column: (
                is_personal(column)
                or _lies_among_personal(column)
                or (named_personal(column.name) and not column.is_named("user_agent"))
            )
        )
    ]
    private += [name for name in facts.emails if facts.shape != "customers"]
    if private:
        facts.draft.add("personal_data", listed(private), "goes to the vault and nowhere else")
    sensitive = [column.name for column in facts.cast.all(lambda column: column.is_named("sensitive"))]
    if sensitive:
        facts.draft.add("sensitive", listed(sensitive), "kept for reports, never decides anything")
    free = facts.cast.free()
    if free:
        pairs = {_member(column): scalar(column.name) for column in free}
        renamed = "user_agent" in pairs or any("." in column.name for column in free)
        members = mapped(pairs) if renamed else listed([column.name for column in free])
        facts.draft.add(
            "traits" if facts.shape == "customers" else "properties",
            members,
            "kept as they are; leave out what nobody needs",
        )


def _write_matching(facts: Facts) -> None:
    found: dict[str, str] = {}
    for role in PERSON_ROLES:
        column = facts.cast.pick(partial(_is_of, role))
        if column is not None:
            found[role] = scalar(column.name)
        pattern = column.time.pattern if column is not None and column.time else None
        if role == "birth_date" and pattern and "%" in pattern:
            found["birth_date_format"] = scalar(pattern)
    if facts.emails:
        found["email"] = scalar(facts.emails[0])
    if found:
        facts.draft.add("matching", "")
        for role, name in found.items():
            facts.draft.add(role, name, "by its name", indent=1)


def _member(column: Column) -> str:
    """The name of a property; crawlers are known by `user_agent`."""
    return "user_agent" if column.is_named("user_agent") else re.sub(r"\W+", "_", column.name).strip("_").lower()


def _identifies(role: str, column: Column) -> bool:
    other = column.is_named("user_agent", "event", "given_name", "family_name", "full_name") or is_personal(column)
    names_kinds = column.given >= _ROWS_OF_A_KIND * column.distinct
    return column.is_named(role) and not other and column.ip < 0.9 and not (names_kinds or _has_spaces(column))


def _has_spaces(column: Column) -> bool:
    words = [str(value) for value in column.values[:200] if value is not None]
    return sum(" " in word.strip() for word in words) > len(words) / 2


def _lies_among_personal(column: Column) -> bool:
    """A leaf of an object that holds a name or an address, whatever it is called itself."""
    return any(_ABOVE.search(part) for part in column.name.split(".")[:-1]) and not column.number


def _is_address(column: Column) -> bool:
    return column.ip > 0.9


def _is_of(role: str, column: Column) -> bool:
    return column.is_named(role) and not (role == "country" and column.is_named("phone"))
