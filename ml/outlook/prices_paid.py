"""What customers paid against what others paid for the same products, in all weeks and in the very weeks they bought.

Without the customer's own lines, or else somebody who alone buys a product would be compared with themselves. Twenty
lines of the broader figure steady the narrower one.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import pandas as pd

from ml.outlook.lines import YEAR_DAYS, Floats, Integers, Lines, run_starts, run_sums

PRIOR_LINES: Final = 20
WEEKS: Final = YEAR_DAYS // 7 + 2


class _Everybody(NamedTuple):
    """Lines and those at a discount of each product, of each product and week; share at a discount of each category."""

    lines: Floats
    cut: Floats
    week_lines: Floats
    week_cut: Floats
    share: Floats


def prices_paid(lines: Lines) -> pd.DataFrame:
    """One row a customer.

    Returns:
        customer_id, n_lines, cut_lines (those discounted), usual_lines (how many would have been, had the customer met
        everybody else's share of each product), timed_lines (the same, in the very weeks they bought), discount_share
        (discount over list amounts).
    """
    everybody = _everybody(lines)
    parts = [_paid(part, everybody) for part in lines.parts()]
    names = ("customer", "n_lines", "cut_lines", "usual_lines", "timed_lines", "discount_share")
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)] if parts else [np.zeros(0)] * len(names)
    found = pd.DataFrame(dict(zip(names, columns, strict=True)))
    found.insert(0, "customer_id", lines.customers[found.pop("customer").to_numpy(dtype=np.int64)])
    return found


def _everybody(lines: Lines) -> _Everybody:
    products, items = len(lines.products), len(lines.item_product)
    week_lines, week_cut = np.zeros(products * WEEKS), np.zeros(products * WEEKS)
    item_lines, item_cut = np.zeros(items), np.zeros(items)
    for part in lines.parts():
        item = part.items() % max(items, 1)
        week = lines.item_product[item] * WEEKS + part.weeks()
        for values, by_item, by_week in (
            (part.n_lines, item_lines, week_lines),
            (part.cut_lines, item_cut, week_cut),
        ):
            by_item += _summed(item, values, items)
            by_week += _summed(week, values, products * WEEKS)
    kinds = len(lines.categories)
    kind_lines, kind_cut = (
        _summed(lines.item_category, item_lines, kinds),
        _summed(lines.item_category, item_cut, kinds),
    )
    return _Everybody(
        _summed(lines.item_product, item_lines, products),
        _summed(lines.item_product, item_cut, products),
        week_lines,
        week_cut,
        kind_cut / np.maximum(kind_lines, 1),
    )


def _summed(places: Integers, values: Floats | Integers, length: int) -> Floats:
    return np.asarray(np.bincount(places, weights=values, minlength=length), dtype=np.float64)


def _paid(part: Lines, everybody: _Everybody) -> tuple[Floats, ...]:
    """Customers with their figures, of some customers' lines."""
    items = len(part.item_product)
    # A customer's lines of an item in a week.
    weeks = part.items() * WEEKS + WEEKS - 1 - part.weeks()
    starts = run_starts(weeks)
    pair, ago = np.divmod(weeks[starts], WEEKS)
    customer, item = np.divmod(pair, items)
    product = part.item_product[item]
    n, cut = (run_sums(values.astype(np.float64), starts) for values in (part.n_lines, part.cut_lines))
    at = product * WEEKS + WEEKS - 1 - ago
    others = everybody.week_lines[at] - n + PRIOR_LINES
    timed, steadied = n * (everybody.week_cut[at] - cut) / others, n * PRIOR_LINES / others
    # A customer's lines of a product.
    own = run_starts(customer * len(part.products) + product)
    timed, steadied, own_n, own_cut = (run_sums(values, own) for values in (timed, steadied, n, cut))
    broad = np.minimum.reduceat(everybody.share[part.item_category[item]], own)
    which = product[own]
    share = (everybody.cut[which] - own_cut + PRIOR_LINES * broad) / (everybody.lines[which] - own_n + PRIOR_LINES)
    # A customer's lines.
    whole = run_starts(customer[own])
    mine = run_starts(part.items() // items)
    listed, discount = (run_sums(values, mine) / 1.0 for values in (part.listed, part.discount))
    return (
        customer[own][whole],
        run_sums(own_n, whole),
        run_sums(own_cut, whole),
        run_sums(own_n * share, whole).round(6),
        run_sums(timed + steadied * share, whole).round(6),
        np.where(listed > 0, discount / np.where(listed > 0, listed, 1.0), 0.0).round(9),
    )
