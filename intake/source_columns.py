"""Which columns a source has, and what changed with this file: new, vanished, of another kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

from intake.column_kinds import UNKNOWN, kind_of, roles_of
from intake.contract import SourceContract
from intake.nested import root_of
from intake.personal_look import holds_personal, named_personal

State = Literal["mapped", "ignored", "new", "personal", "vanished"]
Change = Literal["new", "personal", "vanished", "retyped", "back"]

_ALWAYS_FILLED = 0.9
_ENOUGH_ROWS = 20
_SAMPLE_ROWS = 20_000


@dataclass(frozen=True)
class SeenColumn:
    """A column of a source as it was last seen.

    Attributes:
        state: `mapped` where the contract names it; `ignored` where it did not from the first file on; `new` columns
            came later and flow into the properties; `personal` ones came later and do not; `vanished` ones are gone.
        filled: share of rows of the last file that had a value.
    """

    name: str
    kind: str
    state: State
    filled: float


@dataclass(frozen=True)
class ColumnChange:
    """What happened to one column."""

    name: str
    change: Change
    before: str = ""
    after: str = ""
    needed: bool = False


class ColumnWatch:
    """Follows the columns of one file against those of the source's earlier files."""

    def __init__(self, contract: SourceContract, known: Mapping[str, SeenColumn]) -> None:
        self.contract, self.known = contract, dict(known)
        self._read = contract.names_read() | {root_of(name) for name in contract.names_read()}
        self._roles = roles_of(contract)
        self._rows = 0
        self._given: dict[str, int] = {}
        self._kinds: dict[str, str] = {}
        self._personal = {name for name, column in self.known.items() if column.state == "personal"}

    def flowing(self, names: Iterable[str]) -> tuple[str, ...]:
        """Columns that earlier files did not have and that nothing in the contract reads."""
        if not self.known:
            return ()
        return tuple(name for name in names if name not in self._read and self._is_new(name))

    def may_lack(self, available: Iterable[str]) -> bool:
        """True when a column that is missing is news about a known source and not the header of another file."""
        return bool(self._needed() & set(available)) and any(name in self.known for name in self._needed())

    def kept(self, table: pa.Table, flowing: Iterable[str]) -> tuple[str, ...]:
        """Of the flowing columns those that hold nothing personal."""
        present = [name for name in flowing if name in table.column_names and name not in self._personal]
        self._personal |= {name for name in present if named_personal(name) or holds_personal(table.column(name))}
        return tuple(name for name in present if name not in self._personal)

    def observe(self, table: pa.Table, names: Iterable[str]) -> None:
        """A chunk as it was read, and all column names in it, also of columns that were not read."""
        self._rows += table.num_rows
        for name in names:
            column = table.column(name) if name in table.column_names else None
            given = 0 if column is None else len(column) - column.null_count
            self._given[name] = self._given.get(name, 0) + given
            if column is not None and self._kinds.get(name, UNKNOWN) == UNKNOWN:
                self._kinds[name] = kind_of(column.slice(0, _SAMPLE_ROWS), self._roles.get(name), self.contract)

    def changes(self) -> list[ColumnChange]:
        """What is different from before, by name; nothing for the first file of a source."""
        if not self.known or not self._rows:
            return []
        found = [change for name in sorted(self._given) if (change := self._of_present(name)) is not None]
        return found + [
            ColumnChange(name, "vanished", needed=name in self._needed())
            for name, column in sorted(self.known.items())
            if column.state != "vanished" and self._is_gone(name, column)
        ]

    def seen(self) -> list[SeenColumn]:
        """The columns as they stand after this file."""
        gone = {change.name for change in self.changes() if change.change == "vanished"}
        now = [
            SeenColumn(name, self._kinds.get(name) or self._kind_before(name), self._state(name), self._share(name))
            for name in sorted(self._given)
        ]
        return now + [
            SeenColumn(name, self.known[name].kind, "vanished", self.known[name].filled) for name in sorted(gone)
        ]

    def _of_present(self, name: str) -> ColumnChange | None:
        before, kind = self.known.get(name), self._kinds.get(name, UNKNOWN)
        if before is None:
            if name in self._read:
                return None
            return ColumnChange(name, "personal" if name in self._personal else "new")
        if before.kind and kind and before.kind != kind and name in self._read:
            return ColumnChange(name, "retyped", before.kind, kind, needed=True)
        return ColumnChange(name, "back") if before.state == "vanished" and self._given[name] else None

    def _is_new(self, name: str) -> bool:
        column = self.known.get(name)
        return column is None or column.state in ("new", "personal")

    def _is_gone(self, name: str, column: SeenColumn) -> bool:
        if name in self.contract.optional or self._has_alternative(name):
            return False
        if self.contract.format != "jsonl":
            return name not in self._given
        usual = column.filled >= _ALWAYS_FILLED and name in self._needed()
        return usual and self._rows >= _ENOUGH_ROWS and not self._given.get(name)

    def _has_alternative(self, name: str) -> bool:
        groups = [{canonical, *others} for canonical, others in self.contract.aliases.items()]
        return any(name in group and any(self._given.get(other) for other in group - {name}) for group in groups)

    def _needed(self) -> set[str]:
        joined = set(self.contract.join.columns if self.contract.join else ())
        return {root_of(name) for name in self.contract.source_columns()} - joined

    def _state(self, name: str) -> State:
        if name in self._read:
            return "mapped"
        if name in self._personal:
            return "personal"
        before = self.known.get(name)
        if not self.known or (before is not None and before.state in ("ignored", "vanished", "mapped")):
            return "ignored"
        return "new"

    def _kind_before(self, name: str) -> str:
        return self.known[name].kind if name in self.known else UNKNOWN

    def _share(self, name: str) -> float:
        return self._given[name] / self._rows if self._rows else 0.0
