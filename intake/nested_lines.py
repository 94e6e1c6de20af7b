"""The lines of events that hold them as an array in one row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from intake.contract import Lines
from intake.contract_faults import NumberStyle
from intake.expressions import column_of, rule_mask, scaled
from intake.lines import MONEY_SCALE, Groups, numeric_members
from intake.nested import column_from, decoded, member
from intake.number_style import plain_columns
from intake.reasons import Reasons
from intake.values import plain_objects


def nested_lines(
    heads: pa.Table, lines: Lines, reasons: Reasons, style: NumberStyle | None = None
) -> tuple[pa.Table, Groups]:
    """The elements of each row's array as rows with the columns that fields and totals read, and whose they are.

    Marks rows whose array is none or holds anything but objects, and those with a number that is none.
    """
    values = [decoded(value) for value in plain_objects(column_of(heads, lines.nested or ""))]
    if lines.when is not None:
        applies = rule_mask(heads, lines.when)
        values = [value if mine else None for value, mine in zip(values, applies, strict=True)]
    sound = [value is None or _is_array_of_objects(value) for value in values]
    reasons.mark(~np.array(sound, dtype=bool), f"invalid_json:{lines.nested}")
    arrays = [value if value and fit else [] for value, fit in zip(values, sound, strict=True)]
    elements = [element for array in arrays for element in array]
    table = pa.table({name: column_from([member(element, name) for element in elements]) for name in _columns(lines)})
    offsets = np.concatenate([[0], np.cumsum([len(array) for array in arrays], dtype=np.int64)]).astype(np.int64)
    read_as_numbers = set[str]().union(*(term.columns() for term in numeric_members(lines).values()))
    table = plain_columns(table, read_as_numbers, style)
    groups = Groups(np.arange(len(elements)), offsets)
    for name, expression in numeric_members(lines).items():
        reasons.mark(groups.total(scaled(table, expression, MONEY_SCALE)).bad, f"invalid_number:{name}")
    return table, groups


def _is_array_of_objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(element, dict) for element in value)


def _columns(lines: Lines) -> list[str]:
    terms = [*lines.fields.values(), *lines.totals.values()]
    # A table without columns has no rows either.
    return sorted(set[str]().union(*(term.columns() for term in terms))) or [""]
