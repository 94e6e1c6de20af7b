"""Evaluates a contract's expressions over a table of source columns."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from intake.contract_terms import Expression, Rule
from intake.json_text import json_values
from intake.values import Mask, Scaled, as_numbers, as_text, flat, is_valid, mask_of, scale_numbers

Numbers = npt.NDArray[np.float64]


def column_of(table: pa.Table, name: str) -> pa.Array:
    """A source column; nulls when the file lacks it (readers have refused files that may not lack it)."""
    if name not in table.column_names:
        return pa.nulls(table.num_rows)
    return flat(table.column(name))


def raw(table: pa.Table, expression: Expression) -> pa.Array:
    """The values as the source has them; for timestamps and JSON."""
    if expression.column is not None and expression.map is None and expression.default is None:
        return column_of(table, expression.column)
    if expression.value is not None:
        return pa.repeat(pa.scalar(expression.value), table.num_rows)
    if expression.rules is not None:
        return _by_rules(table, expression.rules, expression.default)
    if expression.column is not None or expression.concat is not None:
        return text(table, expression)
    return pa.array(numbers(table, expression)[0], from_pandas=True)


def text(table: pa.Table, expression: Expression) -> pa.Array:
    """The values as trimmed text."""
    if expression.column is not None:
        found = as_text(column_of(table, expression.column))
        found = as_text(_replaced(found, expression.map)) if expression.map else found
        return found if expression.default is None else pc.fill_null(found, expression.default)
    if expression.concat is not None:
        return pc.binary_join_element_wise(*(text(table, term) for term in expression.concat), ".")
    return as_text(raw(table, expression))


def numbers(table: pa.Table, expression: Expression) -> tuple[Numbers, Mask]:
    """Floats with NaN for none, and where something was given that is no number.

    In a sum, none counts as zero unless every term is none; a product with none is none.
    """
    if expression.sum is not None:
        return _sum([numbers(table, term) for term in expression.sum])
    if expression.multiply is not None:
        terms = [numbers(table, term) for term in expression.multiply]
        product = np.multiply.reduce([values for values, _ in terms])
        return product, np.logical_or.reduce([bad for _, bad in terms])
    if expression.abs is not None:
        values, bad = numbers(table, expression.abs)
        return np.abs(values), bad
    if expression.total is not None:
        arrays = raw(table, expression.total)
        return _totals(json_values(arrays) if pa.types.is_nested(arrays.type) else as_text(arrays))
    return as_numbers(raw(table, expression))


def scaled(table: pa.Table, expression: Expression, scale: int) -> Scaled:
    """The values as whole numbers of 10^-scale."""
    values, bad = numbers(table, expression)
    return scale_numbers(values, bad, scale)


def _sum(terms: Sequence[tuple[Numbers, Mask]]) -> tuple[Numbers, Mask]:
    stacked = np.stack([values for values, _ in terms])
    absent = np.isnan(stacked)
    total = np.where(absent, 0.0, stacked).sum(axis=0)
    return np.where(absent.all(axis=0), np.nan, total), np.logical_or.reduce([bad for _, bad in terms])


def _totals(arrays: pa.Array) -> tuple[Numbers, Mask]:
    """Sums of JSON arrays of numbers: none for none, bad where something else was given."""
    words = arrays.dictionary_encode()
    found = np.array([*(_total(word) for word in words.dictionary.to_pylist()), np.nan])
    totals = found[pc.fill_null(words.indices, len(found) - 1).to_numpy(zero_copy_only=False)]
    return totals, np.isnan(totals) & is_valid(arrays)


def _total(array: str) -> float:
    try:
        return math.fsum(float(number) for number in json.loads(array))
    except (ValueError, TypeError):
        return math.nan


def rule_mask(table: pa.Table, rule: Rule) -> Mask:
    """Rows that a rule applies to; a null never matches a pattern or a bound, and so passes `unless`."""
    column = column_of(table, rule.column)
    hit = np.ones(table.num_rows, dtype=bool)
    if rule.matches is not None:
        hit &= _matching(column, rule.matches)
    if rule.unless is not None:
        hit &= ~_matching(column, rule.unless)
    if rule.at_most is not None or rule.at_least is not None:
        values, _ = as_numbers(column)
        with np.errstate(invalid="ignore"):
            hit &= values <= (np.inf if rule.at_most is None else rule.at_most)
            hit &= values >= (-np.inf if rule.at_least is None else rule.at_least)
    return hit


def _matching(column: pa.Array, pattern: str) -> Mask:
    words = as_text(column).dictionary_encode()
    matching = mask_of(pc.match_substring_regex(words.dictionary, pattern))
    codes = pc.fill_null(words.indices, len(matching)).to_numpy(zero_copy_only=False)
    return np.asarray(np.append(matching, False)[codes], dtype=bool)


def _by_rules(table: pa.Table, rules: Sequence[Rule], default: str | None) -> pa.Array:
    values = [rule.value for rule in rules]
    flags = default is None and all(isinstance(value, bool) for value in values)
    words = values if flags else [str(value).lower() if isinstance(value, bool) else value for value in values]
    choice = np.full(table.num_rows, len(values))
    for position, rule in reversed(list(enumerate(rules))):
        choice[rule_mask(table, rule)] = position
    return pa.array([*words, default], pa.bool_() if flags else pa.string()).take(pa.array(choice))


def _replaced(found: pa.Array, mapping: dict[str, str]) -> pa.Array:
    words = found.dictionary_encode()
    renamed = [mapping.get(word, word) for word in words.dictionary.to_pylist()]
    return pa.array(renamed, pa.string()).take(words.indices)
