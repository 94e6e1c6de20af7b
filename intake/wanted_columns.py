"""Which columns of a file with a header are read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from intake.chunk import UnreadableInputError
from intake.contract import SourceContract
from intake.nested import root_of
from intake.source_columns import ColumnWatch


def wanted_columns(
    contract: SourceContract, available: Sequence[str], file: Path, watch: ColumnWatch | None = None
) -> list[str]:
    """The columns to read of a file with a fixed set of columns.

    Raises:
        UnreadableInputError: a column that the contract names is missing and neither optional nor aliased, in the
            first file of a source. In a later one it has vanished, which is another matter: its rows are read.
    """
    if watch is not None and watch.may_lack(available):
        return _wanted(contract, available, watch)
    joined = set(contract.join.columns if contract.join else ())
    present = set(available)
    for name in sorted(contract.source_columns() - joined - set(contract.optional)):
        if not present.intersection((name, root_of(name), *contract.aliases.get(name, ()))):
            have = ", ".join(_shown(column) for column in list(available)[:12])
            raise UnreadableInputError(f"{file}: wrong header: column {name!r} is missing (the file has: {have})")
    return _wanted(contract, available, watch)


def _shown(column: str) -> str:
    """A name as a message may print it: of a file that is no table it may be anything."""
    return "".join(letter if letter.isprintable() else "?" for letter in column[:60])


def _wanted(contract: SourceContract, available: Sequence[str], watch: ColumnWatch | None) -> list[str]:
    if contract.properties == "rest":
        return list(available)
    read = contract.names_read() - set(contract.join.columns if contract.join else ())
    read |= set(contract.join.keys if contract.join else ())
    wanted = read | {root_of(name) for name in read}
    wanted |= set(watch.flowing(available) if watch else ())
    return [name for name in available if name in wanted]
