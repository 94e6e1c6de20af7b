"""The click method against a count by hand of some lists, and what it says is missing."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import duckdb
import numpy as np
import pytest

from ml.clicks import design, model
from orchestration.readiness.lists import LEAST_CLICKS, LEAST_PEOPLE, LEAST_SHOWN, ListMeasure, measure_lists
from orchestration.readiness.measures import Measures
from orchestration.readiness.methods import judge

METHOD = "what draws the click (fit, colour, brand …)"
NOTHING = Measures(
    datetime(2018, 1, 2, tzinfo=UTC), (), {}, {}, {}, 0.0, 0, 0, None, 0, 0, 0, 0, 0, (), (), None
)  # fmt: skip
CLICKED = replace(NOTHING, event_types={"product_clicked": 400})


def lists() -> list[list[dict[str, Any]]]:
    draw = np.random.default_rng(5)
    return [
        [
            {"product_id": f"p{draw.integers(3)}", "color": str(draw.choice(["red", "blue"])), "price": place * 1.5}
            | ({"fit": "loose"} if draw.random() < 0.9 else {})
            for place in range(int(draw.integers(2, 6)))
        ]
        for _ in range(220)
    ]


def counted(shown: list[list[dict[str, Any]]]) -> ListMeasure:
    with duckdb.connect() as connection:
        connection.execute(
            "create table lake (event_id varchar, event_type varchar, product_id varchar, category varchar,"
            " properties varchar)"
        ).fetchall()
        connection.execute("create table owned (event_type varchar, owner varchar)").fetchall()
        rows = [
            (f"l{number}", "product_list_viewed", None, None, json.dumps({"lines": items}))
            for number, items in enumerate(shown)
        ]
        rows += [("c", "product_clicked", "p1", None, "{}"), ("d", "product_clicked", None, None, "{}")]
        rows += [(f"u{n}", "product_updated", f"p{n}", "TOYS", json.dumps({"brand": f"b{n % 2}"})) for n in range(2)]
        # A list that tells no items.
        rows += [("e", "product_list_viewed", None, None, "{}")]
        connection.executemany("insert into lake values (?, ?, ?, ?, ?)", rows).fetchall()
        seen = [("product_list_viewed", f"v{number % 7}") for number in range(20)] + [("page_viewed", "other")]
        connection.executemany("insert into owned values (?, ?)", seen).fetchall()
        return measure_lists(connection)


def test_counts_equal_a_count_by_hand() -> None:
    shown = lists()
    items = [item for one in shown for item in one]
    found = counted(shown)
    assert (found.items_shown, found.items_described, found.clicks, found.people) == (len(items), len(items), 1, 7)
    levels = {
        "fit": Counter(item["fit"] for item in items if "fit" in item),
        "colour": Counter(item["color"] for item in items),
        # Of the catalogue, which knows two of the three products and gives both one category.
        "brand": Counter(item["product_id"] for item in items if item["product_id"] != "p2"),
        "category": Counter("TOYS" for item in items if item["product_id"] != "p2"),
        # Thirds of the lists with three prices and more, the first ones being larger by one at most.
        "price_band": Counter(place % 3 for one in shown if len(one) >= 3 for place in range(len(one))),
    }
    enough = {name for name, counts in levels.items() if sum(count >= LEAST_SHOWN for count in counts.values()) >= 2}
    assert set(found.attributes) == enough == {"colour", "brand", "price_band"}
    assert counted([]) == ListMeasure(clicks=1, people=7)


@pytest.mark.parametrize(
    ("measures", "verdict", "unmet"),
    [
        (NOTHING, "missing", "lists and the items they showed (product_list_viewed)"),
        (replace(CLICKED, lists=ListMeasure(900, 0, 400, 60)), "missing", "items with a fit, colour, brand, price"),
        (replace(CLICKED, lists=ListMeasure(900, 900, 199, 60, ("fit",))), "rules first", "200 clicks and 200 items"),
        (replace(CLICKED, lists=ListMeasure(590, 590, 400, 60, ("fit",))), "rules first", "200 clicks and 200 items"),
        (replace(CLICKED, lists=ListMeasure(900, 900, 400, 49, ("fit",))), "rules first", "50 people"),
        (replace(CLICKED, lists=ListMeasure(900, 900, 400, 60)), "rules first", "two levels shown 200 times each"),
        (replace(CLICKED, lists=ListMeasure(600, 900, 400, 50, ("fit",))), "ready", ""),
    ],
)
def test_what_is_missing_is_named(measures: Measures, verdict: str, unmet: str) -> None:
    found = next(item for item in judge(measures) if item.method == METHOD)
    assert found.verdict == verdict
    assert unmet in "; ".join(found.unmet)
    assert bool(found.unmet) == (verdict != "ready")


def test_the_bounds_are_those_of_the_model() -> None:
    assert (model.LEAST_CLICKS, model.LEAST_PEOPLE, design.LEAST_SHOWN) == (LEAST_CLICKS, LEAST_PEOPLE, LEAST_SHOWN)
