"""One table that Python fills: its address, columns and key."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SourceTable:
    """One table that Python fills: address, columns in order (name, SQL type) and the key that is unique."""

    schema: str
    name: str
    columns: tuple[tuple[str, str], ...]
    key: tuple[str, ...]

    @property
    def address(self) -> str:
        """`schema.name`, as it is queried."""
        return f"{self.schema}.{self.name}"

    @property
    def column_names(self) -> tuple[str, ...]:
        """Column names in table order."""
        return tuple(name for name, _ in self.columns)

    @property
    def ddl(self) -> str:
        """The statement that creates the table when it does not exist."""
        columns = ", ".join(f'"{name}" {sql_type}' for name, sql_type in self.columns)
        return f"CREATE TABLE IF NOT EXISTS {self.address} ({columns})"


def table(schema: str, name: str, columns: str, key: str) -> SourceTable:
    """A table written short: columns as `name TYPE` between semicolons, key columns between spaces."""
    pairs = [part.split(" ", 1) for part in (line.strip() for line in columns.split(";")) if part]
    return SourceTable(schema, name, tuple((first, second.strip()) for first, second in pairs), tuple(key.split()))
