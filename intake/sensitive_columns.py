"""Sensitive columns of a source under names that do not say so: what goes by names alone could not refuse them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from intake.contract_terms import Expression, members_of
from intake.nested import SEPARATOR
from intake.sensitive import SensitiveRules

if TYPE_CHECKING:
    from intake.contract import SourceContract

# `product.gender` is whom goods are made for, and not who somebody is.
_GOODS = frozenset({"product", "products", "item", "items", "variant", "article"})


def disguised(contract: SourceContract, rules: SensitiveRules) -> str | None:
    """The first sensitive column that a contract would read under another name, as one line; None where there is none.

    Under its own name a value is refused by whatever decides. A contract without identifiers tells of nobody.
    """
    if not contract.identifiers:
        return None
    tagged = {column: name for name, term in members_of(contract.sensitive).items() for column in _columns(term)}
    known = rules.model_copy(update={"attributes": (*rules.attributes, *tagged.values())})
    for field, name, column in _readings(contract):
        found = tagged.get(column) or _attribute_of(column, known)
        if found is not None and known.attribute_in(name) is None:
            return (
                f"{field}: {column!r} is the sensitive attribute {found!r}, which no other name may stand for; list it"
                f" under sensitive (got {column!r})"
            )
    return None


def _readings(contract: SourceContract) -> Iterator[tuple[str, str, str]]:
    """(field of the contract, name of the value, column) for whatever may come to decide."""
    groups = {"columns": contract.columns, "traits": contract.traits, "zero_party": contract.zero_party}
    if contract.properties != "rest":
        groups["properties"] = contract.properties
    for group, members in groups.items():
        for name, term in members_of(members).items():
            yield from ((f"{group}.{name}", name, column) for column in sorted(_columns(term)))
    for name, others in contract.aliases.items():
        yield from ((f"aliases.{name}", name, column) for column in others)


def _columns(term: Expression) -> set[str]:
    return {column for column in term.columns() if column}


def _attribute_of(column: str, rules: SensitiveRules) -> str | None:
    *path, last = column.split(SEPARATOR)
    return None if _GOODS.intersection(path) else rules.attribute_in(last)
