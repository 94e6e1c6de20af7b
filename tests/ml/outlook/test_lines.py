"""A year of lines against plain loops over them, whole and some customers at a time."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

from ml.outlook import lines as lines_module
from ml.outlook.lines import Lines, categories_bought, year_of_lines
from ml.outlook.prices_paid import prices_paid

AT = date(2017, 12, 31)


class Line(NamedTuple):
    """Amounts in ten-thousandths."""

    who: str
    product: str
    kind: str
    ago: int
    n: int
    cut: int
    listed: int
    discount: int

    @property
    def week(self) -> tuple[int, int]:
        """ISO year and week."""
        return (AT - timedelta(days=self.ago)).isocalendar()[:2]


def drawn(size: int = 250) -> list[Line]:
    """Lines of eight customers over a year to the day; p0 stands in two categories, some are unknown."""
    random = np.random.default_rng(3)
    found = []
    for _ in range(size):
        product, n = int(random.integers(7)), int(random.integers(1, 5))
        kind = ("k0", "k1", "unknown")[int(random.integers(2)) if product == 0 else product % 3]
        ago, cut = int(random.choice([1, 2, 5, 200, 364, 365])), int(random.integers(n + 1))
        who = f"c{random.integers(8)}"
        found.append(Line(who, f"p{product}", kind, ago, n, cut, n * 10_000 + 5, int(random.integers(9_000))))
    return found


def placed(lines: list[Line]) -> Lines:
    customers = sorted({line.who for line in lines})
    items = sorted({(line.product, line.kind) for line in lines})
    found = {
        "customer": [customers.index(line.who) for line in lines],
        "item": [items.index((line.product, line.kind)) for line in lines],
        "days_ago": [line.ago for line in lines],
        "n_lines": [line.n for line in lines],
        "cut_lines": [line.cut for line in lines],
        "listed": [line.listed for line in lines],
        "discount": [line.discount for line in lines],
    }
    columns = {name: np.array(values, dtype=np.int64) for name, values in found.items()}
    frame = pd.DataFrame(items, columns=["product_id", "category"])
    return year_of_lines(np.array(customers, dtype=object), frame, columns, AT)


@pytest.fixture(params=[1, 3, 20_000])
def lines(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> list[Line]:
    monkeypatch.setattr(lines_module, "CUSTOMERS", request.param)
    return drawn()


def test_days_and_amounts_by_category(lines: list[Line]) -> None:
    days: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
    amounts: defaultdict[tuple[str, str], int] = defaultdict(int)
    for line in lines:
        if line.who != "c4" and line.kind != "unknown":
            days[line.who, line.kind].add(line.ago)
            amounts[line.who, line.kind] += line.listed
    found = categories_bought(placed(lines), pd.Series([f"c{who}" for who in range(8) if who != 4]))
    assert list(zip(found["customer_id"], found["category"], strict=True)) == sorted(days)
    assert found["n_days"].tolist() == [len(days[key]) for key in sorted(days)]
    assert found["amount"].tolist() == [amounts[key] / 10_000 for key in sorted(days)]


def rate(lines: list[Line], broad: float) -> float:
    """Share at a discount, steadied by 20 lines of a broader one."""
    return (sum(line.cut for line in lines) + 20 * broad) / (sum(line.n for line in lines) + 20)


def test_prices_are_compared_with_those_of_others(lines: list[Line]) -> None:
    kinds = {line.kind: [other for other in lines if other.kind == line.kind] for line in lines}
    shares = {kind: sum(line.cut for line in same) / sum(line.n for line in same) for kind, same in kinds.items()}
    found = prices_paid(placed(lines)).set_index("customer_id")
    assert list(found.index) == [f"c{who}" for who in range(8)]
    for who, row in found.iterrows():
        mine = [line for line in lines if line.who == who]
        usual = timed = 0.0
        for line in mine:
            of_product = [other for other in lines if other.product == line.product]
            broad = min(shares[other.kind] for other in of_product if other.who == who)
            share = rate([other for other in of_product if other.who != who], broad)
            # Of the own lines of a week those of the same category are left out.
            others = [other for other in of_product if (other.who, other.kind) != (who, line.kind)]
            usual += line.n * share
            timed += line.n * rate([other for other in others if other.week == line.week], share)
        assert (row["n_lines"], row["cut_lines"]) == (sum(line.n for line in mine), sum(line.cut for line in mine))
        assert [row["usual_lines"], row["timed_lines"]] == pytest.approx([usual, timed], abs=2e-6)
        discount = sum(line.discount for line in mine) / sum(line.listed for line in mine)
        assert row["discount_share"] == pytest.approx(discount, abs=1e-9)


def test_no_lines_are_nobodys() -> None:
    assert categories_bought(placed([]), pd.Series(["c1"])).empty
    assert prices_paid(placed([])).empty


def test_what_is_given_away_has_no_share_of_discounts() -> None:
    free = [line._replace(listed=0) for line in drawn(20)]
    assert (prices_paid(placed(free))["discount_share"] == 0).all()
