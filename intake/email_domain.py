"""The domain of an e-mail address that may name an employer; free mail names nobody."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from publicsuffixlist import PublicSuffixList

from intake.contract import IdentifierSpec
from intake.expressions import column_of
from intake.hashing import normalise
from intake.identifiers import listed_values
from intake.json_text import quoted
from intake.values import as_text


def email_domains(table: pa.Table, specs: tuple[IdentifierSpec, ...]) -> dict[str, pa.Array]:
    """The member `email_domain` as JSON values: of each row's first e-mail in clear that has one; {} without any."""
    clear = [_clear(table, spec) for spec in specs if not spec.hashed and spec.type in ("email", None)]
    domains = [_of_column(column) for column in clear]
    if all(column.null_count == len(column) for column in domains):
        return {}
    return {"email_domain": quoted(pc.coalesce(*domains))}


@cache
def free_mail_domains() -> frozenset[str]:
    """Registrable domains that are shared by strangers: free mail, access providers, throw-away addresses."""
    lines = Path(__file__).with_name("free_mail_domains.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


def company_domain(address: str) -> str | None:
    """The registrable domain of an e-mail address by the public suffix list; None for free mail and placeholders."""
    normal = normalise("email", address)
    if normal is None:
        return None
    domain = normal.rpartition("@")[2]
    if domain in free_mail_domains():
        return None
    registrable = _suffixes().privatesuffix(domain)
    return None if registrable is None or registrable in free_mail_domains() else str(registrable)


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def _clear(table: pa.Table, spec: IdentifierSpec) -> pa.Array:
    column = column_of(table, spec.column)
    return as_text(column) if spec.type is not None else listed_values(column, "email")


def _of_column(clear: pa.Array) -> pa.Array:
    words = clear.dictionary_encode()
    domains = [None if word is None else company_domain(word) for word in words.dictionary.to_pylist()]
    return pa.array(domains, pa.string()).take(words.indices)
