"""The number columns of events: decimals, durations and shares."""

from __future__ import annotations

from typing import cast

import numpy as np
import pyarrow as pa

from intake.contract import SourceContract
from intake.contract_terms import Expression
from intake.event import EVENT_SCHEMA
from intake.expressions import scaled
from intake.lines import Groups
from intake.reasons import Reasons
from intake.values import Mask, Scaled, decimal_array

NUMBER_FIELDS = tuple(
    field.name for field in EVENT_SCHEMA if pa.types.is_decimal(field.type) or pa.types.is_int64(field.type)
)


_NOTHING = Expression(column="")


def number_columns(
    heads: pa.Table, table: pa.Table, groups: Groups | None, contract: SourceContract, reasons: Reasons
) -> dict[str, pa.Array]:
    """Number columns by event field; quantities and amounts of events with lines are sums over their lines, except
    those that each line repeats.

    Args:
        table: the source rows that are grouped, or the lines that were nested in a row.

    Marks `invalid_number:`, `negative:`, `absurd:` and `out_of_range:` in `reasons`.
    """
    columns = {}
    for name, expression in _number_expressions(contract).items():
        scale = _scale(name)
        values = _values(name, expression, heads, table, groups, contract)
        _mark(name, values, scale, contract, reasons)
        columns[name] = _column(name, values)
    return columns


def mark_negative_pieces(
    table: pa.Table, groups: Groups, contract: SourceContract, ordered: Mask, reasons: Reasons
) -> None:
    """Orders whose lines add up to fewer than no pieces; a single line may, as where a receipt takes one back.

    Args:
        table: the source rows that are grouped, or the lines that were nested in a row.
        ordered: which events are orders; what is given back may be counted below zero.
    """
    pieces = contract.lines.fields.get("quantity") if contract.lines else None
    if pieces is None or "quantity" in contract.columns:
        return
    total = groups.total(scaled(table, pieces, _scale("quantity")))
    reasons.mark(ordered & total.valid & (total.units < 0), "negative:quantity")


def _values(
    name: str,
    expression: Expression,
    heads: pa.Table,
    table: pa.Table,
    groups: Groups | None,
    contract: SourceContract,
) -> Scaled:
    scale = _scale(name)
    if groups is None or contract.lines is None or name not in ("quantity", "amount") or name in contract.lines.once:
        return scaled(heads, expression, scale)
    if contract.lines.nested is None:
        return groups.total(scaled(table, expression, scale))
    stated = scaled(heads, contract.columns.get(name, _NOTHING), scale)
    lines = groups.total(scaled(table, contract.lines.fields.get(name, _NOTHING), scale))
    return Scaled(np.where(lines.valid, lines.units, stated.units), lines.valid | stated.valid, lines.bad | stated.bad)


def _number_expressions(contract: SourceContract) -> dict[str, Expression]:
    found = {name: expression for name, expression in contract.columns.items() if name in NUMBER_FIELDS}
    if contract.lines and "amount" in contract.lines.fields:
        found.setdefault("amount", contract.lines.fields["amount"])
    return found


def _scale(name: str) -> int:
    kind = EVENT_SCHEMA.field(name).type
    return int(kind.scale) if pa.types.is_decimal(kind) else 0


def _mark(name: str, values: Scaled, scale: int, contract: SourceContract, reasons: Reasons) -> None:
    reasons.mark(values.bad, f"invalid_number:{name}")
    # Stock may be oversold, so a negative count is news there and not an error.
    if not (name == "quantity" and contract.kind == "inventory"):
        reasons.mark(values.valid & (values.units < 0), f"negative:{name}")
    if name == "scroll_depth":
        reasons.mark(values.valid & (values.units > 10**scale), "out_of_range:scroll_depth")
    elif name != "dwell_ms":
        largest = contract.maximum_amount * 10**scale
        reasons.mark(values.valid & (np.abs(values.units) > largest), f"absurd:{name}")


def _column(name: str, values: Scaled) -> pa.Array:
    kind = EVENT_SCHEMA.field(name).type
    if not pa.types.is_decimal(kind):
        return pa.array(values.units, mask=~values.valid)
    fits = values.valid & (np.abs(values.units) < 10 ** int(kind.precision))
    return decimal_array(values.units, fits, cast("pa.Decimal128Type", kind))
