"""Order lines of the year before a moment, as numbers in order of customers: ids are looked up once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Names = npt.NDArray[np.object_]

YEAR_DAYS: Final = 365
# Ages take the last nine bits of a key.
AGES: Final = 512
# Amounts are exact as whole numbers of these.
PARTS: Final = 10_000
UNKNOWN: Final = "unknown"
# Customers at a time: their lines fit where a processor holds them near.
CUSTOMERS: Final = 20_000


class Lines(NamedTuple):
    """One entry a customer, product, category and day (several where lines arrived on different days).

    Attributes:
        customers, products, categories: ids, each sorted.
        item_product, item_category: places of what an item is, one a product and category, in order of both.
        as_of: the day that ages are counted from.
        key: customer, item and days ago (1 to 365), in order of all three: (customer * items + item) * AGES + days.
        n_lines, cut_lines: lines, and those sold at a discount.
        listed, discount: amounts in ten-thousandths.
    """

    customers: Names
    products: Names
    categories: Names
    item_product: Integers
    item_category: Integers
    as_of: date
    key: Integers
    n_lines: Integers
    cut_lines: Integers
    listed: Integers
    discount: Integers

    def parts(self) -> Iterator[Lines]:
        """The lines of some thousand customers at a time."""
        step = CUSTOMERS * max(len(self.item_product), 1) * AGES
        last = int(self.key[-1]) if len(self.key) else -1
        for start in range(0, last + 1, step):
            at = slice(*np.searchsorted(self.key, (start, start + step)).tolist())
            if at.stop > at.start:
                yield self._replace(**{name: getattr(self, name)[at] for name in COLUMNS})

    def items(self) -> Integers:
        """Customer and item of each entry, as one rising number."""
        return self.key // AGES

    def weeks(self) -> Integers:
        """Number of each entry's week, from Monday on; 0 is that of a year ago."""
        monday = (self.as_of.toordinal() - 1 - YEAR_DAYS) // 7
        return (self.as_of.toordinal() - 1 - self.key % AGES) // 7 - monday


COLUMNS: Final = ("key", "n_lines", "cut_lines", "listed", "discount")


def year_of_lines(
    customers: Names, items: pd.DataFrame, found: Mapping[str, npt.NDArray[np.integer]], as_of: date
) -> Lines:
    """Put lines in order of customers.

    Args:
        customers: ids, sorted.
        items: product_id and category, sorted by both, one row a pair.
        found: customer and item (places among these), days_ago (1 to 365), n_lines, cut_lines, listed and discount.
        as_of: the day that ages are counted from.
    """
    key = np.asarray(found["customer"], dtype=np.int64) * max(len(items), 1)
    key = (key + found["item"]) * AGES + found["days_ago"]
    order = np.argsort(key)
    product, products = pd.factorize(items["product_id"].astype(object), sort=True)
    category, categories = pd.factorize(items["category"].astype(object), sort=True)
    names = np.asarray(products, dtype=object), np.asarray(categories, dtype=object)
    places = np.asarray(product, dtype=np.int64), np.asarray(category, dtype=np.int64)
    n, cut, listed, discount = (np.asarray(found[name])[order].astype(np.int64) for name in COLUMNS[1:])
    return Lines(customers, *names, *places, as_of, key[order], n, cut, listed, discount)


def categories_bought(lines: Lines, asked: pd.Series) -> pd.DataFrame:
    """customer_id, category, n_days and amount of every category bought but the unknown one, in order of both.

    Args:
        asked: ids of the customers to tell of.
    """
    parts = [_categories(part) for part in lines.parts()]
    none = [np.zeros(0, dtype=np.int64)]
    place, days, amount = (np.concatenate([part[at] for part in parts] or none) for at in range(3))
    customer, category = np.divmod(place, max(len(lines.categories), 1))
    among = pd.Index(lines.customers, dtype=object).isin(asked.to_numpy(dtype=object))
    known = among[customer] & (lines.categories != UNKNOWN)[category]
    return pd.DataFrame(
        {
            "customer_id": lines.customers[customer[known]],
            "category": lines.categories[category[known]],
            "n_days": days[known],
            "amount": amount[known] / PARTS,
        }
    )


def _categories(lines: Lines) -> tuple[Integers, Integers, Floats]:
    """Customer and category as one number, days and amount of each."""
    customer, item = np.divmod(lines.items(), max(len(lines.item_product), 1))
    place = customer * len(lines.categories) + lines.item_category[item]
    day = np.sort(place * AGES + lines.key % AGES)
    day = day[run_starts(day)]
    starts = run_starts(day // AGES)
    bought = day[starts] // AGES
    first = bought[0]
    # Sums of whole numbers, exact as floats.
    amount = np.bincount(place - first, weights=lines.listed)[bought - first]
    return bought, np.diff(starts, append=len(day)), amount


def run_starts(groups: Integers) -> Integers:
    """Where runs of equal numbers begin."""
    return np.flatnonzero(np.diff(groups, prepend=-1))


def run_sums(values: npt.NDArray[Any], starts: Integers) -> npt.NDArray[Any]:
    """The sum of each run."""
    return np.add.reduceat(values, starts) if len(starts) else values[:0]
