"""`docs/source-library.md`, rendered from the shipped contracts."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from intake.contract import SourceContract, load_contracts
from intake.contract_terms import Members, members_of

INTRODUCTION = """# Source library

Every contract in `config/sources/`. Those of the library have no `location`, so that no run looks for their files:
name the files, or a folder of them, plain or compressed (gzip, zstd).

```
concierge ingest --source segment_events ~/exports/segment/
```

Where a source writes a widely used shape (Segment, Google Analytics 4, Snowplow, Shopify, SendGrid) its files are read
unchanged; for the others the contract says which columns a file has, and a copy with the names of your own files is
the usual start ([how contracts work](sources.md)). `concierge init` copies the library into a new project.
"""

CALLS = "${CONCIERGE_DATA}/service_log/segment/"
WITH_LOCATION = """
## Sources with files of their own

What the demo and the service read; their contracts name a `location`.

| source | kind | format | event types |
|---|---|---|---|
"""


def library_page(folder: Path) -> str:
    """The page as Markdown: a table of the library, a section for each of its contracts, and the others in a table.

    Args:
        folder: the contracts, usually `config/sources` of the clone.
    """
    contracts = load_contracts(folder).values()
    library = [contract for contract in contracts if is_library(contract)]
    others = [contract for contract in contracts if not is_library(contract)]
    table = "".join(f"| [{contract.name}](#{contract.name}) {_row(contract)}" for contract in library)
    header = "\n| source | kind | format | event types |\n|---|---|---|---|\n"
    sections = "".join(_section(contract) for contract in library)
    rest = "".join(f"| {contract.name} {_row(contract)}" for contract in others)
    return INTRODUCTION + header + table + sections + WITH_LOCATION + rest


def is_library(contract: SourceContract) -> bool:
    """Whether a shop brings the files; the service's own log of Segment calls may add to them."""
    return contract.kind != "service_log" and all(place.startswith(CALLS) for place in contract.location)


def _row(contract: SourceContract) -> str:
    return f"| {contract.kind} | {_format(contract)} | {', '.join(event_types(contract))} |\n"


def _format(contract: SourceContract) -> str:
    if contract.format != "csv":
        return {"jsonl": "JSON lines", "parquet": "parquet"}[contract.format]
    return ("TSV" if contract.delimiter == "\t" else "CSV") + (" without header" if contract.header else "")


def event_types(contract: SourceContract) -> list[str]:
    """The event types that a contract can produce, as far as it names them, each once."""
    term = contract.event_type
    if term.value is not None:
        return [str(term.value)]
    named = [str(rule.value) for rule in term.rules or ()] + list((term.map or {}).values())
    return list(dict.fromkeys([*named, *([term.default] if term.default else [])])) or ["as the file says"]


def _section(contract: SourceContract) -> str:
    identifiers = (f"{spec.type or 'listed'} ← `{spec.column}`" for spec in contract.identifiers)
    roles = [role for role, names in contract.matching.roles() if names] if contract.matching else []
    facts = {
        "columns": _code(_columns(contract)),
        "or instead": ", ".join(f"`{name}` ← {_code(others)}" for name, others in contract.aliases.items()),
        "identifiers": ", ".join(identifiers) or "none",
        "personal data, for the vault only": _code(contract.personal_columns),
        "for matching": ", ".join(roles),
        "sensitive": _members(contract.sensitive),
        "traits": _members(contract.traits),
        "properties": "whatever has no other place" if contract.properties == "rest" else _members(contract.properties),
        "set aside": ", ".join(str(rule.value) for rule in contract.quarantine),
        "consent": contract.consent,
    }
    lines = "".join(f"- **{name}**: {fact}\n" for name, fact in facts.items() if fact)
    return f"\n## {contract.name}\n\n{' '.join(contract.description.split())}\n\n{lines}"


def _columns(contract: SourceContract) -> set[str]:
    mapped = set[str]().union(*(term.columns() for term in (*contract.columns.values(), contract.event_type)))
    lines = contract.lines.columns() if contract.lines else set()
    return mapped | lines | set(contract.natural_key) | ({contract.event_id} if contract.event_id else set())


def _members(members: Members) -> str:
    sources = {name: sorted(term.columns()) for name, term in members_of(members).items()}
    return ", ".join(_code([name]) + ("" if read == [name] else f" ← {_code(read)}") for name, read in sources.items())


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))
