"""Folds source rows that belong together into one event with lines."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from intake.contract import Lines
from intake.contract_terms import Expression
from intake.expressions import column_of, scaled, text
from intake.json_text import joined_lists, json_numbers, json_object, quoted
from intake.reasons import Reasons
from intake.values import Mask, Scaled, Whole, as_text, is_valid, without_float_tail

MONEY_SCALE = 4
_ADDED_UP = ("discount_amount",)
"""Fields of lines whose sum is a property of the event without further saying."""
_NUMERIC_LINE_FIELDS = ("quantity", "amount", "list_amount", "discount_amount", "unit_price")


@dataclass(frozen=True)
class Groups:
    """Rows sorted by group: group g is `order[offsets[g]:offsets[g + 1]]`, in file order."""

    order: Whole
    offsets: Whole

    @property
    def sizes(self) -> Whole:
        """Source rows of each group."""
        return np.diff(self.offsets)

    @property
    def first_rows(self) -> Whole:
        """The first row of each group, which speaks for it."""
        return self.order[self.offsets[:-1]]

    def event_of_row(self, rows: int) -> Whole:
        """The group of each of `rows` source rows; -1 for rows in none."""
        owner = np.full(rows, -1, dtype=np.int64)
        owner[self.order] = np.repeat(np.arange(len(self.sizes)), self.sizes)
        return owner

    def total(self, values: Scaled) -> Scaled:
        """Sum of the lines of each group; exact, since values are whole numbers. None only if all are none."""
        return Scaled(self._summed(values.units), self._summed(values.valid) > 0, self._summed(values.bad) > 0)

    def _summed(self, values: npt.NDArray[Any]) -> Whole:
        running = np.concatenate([[0], np.cumsum(values[self.order], dtype=np.int64)])
        return np.asarray(running[self.offsets[1:]] - running[self.offsets[:-1]])


def mark_line_problems(table: pa.Table, lines: Lines, reasons: Reasons) -> None:
    """Rows without a group, or with a number that is none."""
    for key in lines.group_by:
        reasons.mark(~is_valid(as_text(column_of(table, key))), f"missing_field:{key}")
    for name, expression in numeric_members(lines).items():
        reasons.mark(scaled(table, expression, MONEY_SCALE).bad, f"invalid_number:{name}")


def numeric_members(lines: Lines) -> dict[str, Expression]:
    """Fields and totals that must be numbers."""
    fields = {name: expression for name, expression in lines.fields.items() if _is_numeric(name, expression)}
    return fields | lines.totals


def duplicate_lines(table: pa.Table, kept: Mask) -> Mask:
    """Rows equal in every column to an earlier kept row."""
    rows = np.flatnonzero(kept)
    frame = table.take(pa.array(rows)).to_pandas()
    duplicate = np.zeros(table.num_rows, dtype=bool)
    duplicate[rows] = frame.duplicated().to_numpy()
    return duplicate


def group_rows(table: pa.Table, lines: Lines, kept: Mask) -> Groups:
    """Groups of the kept rows, numbered by first appearance."""
    rows = np.flatnonzero(kept)
    codes = np.zeros(len(rows), dtype=np.int64)
    for key in lines.group_by:
        encoded = as_text(column_of(table, key)).take(pa.array(rows)).dictionary_encode()
        part = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        codes = codes * max(len(encoded.dictionary), 1) + part
        codes = pa.array(codes).dictionary_encode().indices.to_numpy(zero_copy_only=False).astype(np.int64)
    by_group = np.argsort(codes, kind="stable")
    sizes = np.bincount(codes) if len(codes) else np.zeros(0, dtype=np.int64)
    return Groups(rows[by_group], np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64))


def line_lists(table: pa.Table, lines: Lines, groups: Groups) -> pa.Array:
    """The JSON array of each group's lines; null for a group of none."""
    members = {name: _line_member(table, name, expression) for name, expression in lines.fields.items()}
    objects = json_object(members, table.num_rows)
    arrays = joined_lists(objects.take(pa.array(groups.order)), groups.offsets)
    return pc.if_else(pa.array(groups.sizes > 0), arrays, None)


def group_totals(table: pa.Table, lines: Lines, groups: Groups, stated: Collection[str] = ()) -> dict[str, pa.Array]:
    """JSON numbers of the contract's totals, one a group; discounts of lines add up like their amounts.

    Args:
        stated: properties that the contract fills itself; of these only its own totals are made.
    """
    fields = {name: lines.fields[name] for name in _ADDED_UP if name in lines.fields and name not in stated}
    return {
        name: json_numbers(groups.total(scaled(table, expression, MONEY_SCALE)), MONEY_SCALE)
        for name, expression in (fields | lines.totals).items()
    }


def _line_member(table: pa.Table, name: str, expression: Expression) -> pa.Array:
    if _is_numeric(name, expression):
        return json_numbers(scaled(table, expression, MONEY_SCALE), MONEY_SCALE)
    words = text(table, expression).dictionary_encode()
    values = without_float_tail(words.dictionary) if name.endswith("_id") and expression.column else words.dictionary
    return pc.take(quoted(values), words.indices)


def _is_numeric(name: str, expression: Expression) -> bool:
    computed = expression.sum or expression.multiply or expression.abs or expression.total
    return bool(computed) or name in _NUMERIC_LINE_FIELDS
