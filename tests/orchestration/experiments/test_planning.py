"""Plans from the shop's own past against the textbook's size, and refusals with numbers."""

from __future__ import annotations

from datetime import timedelta
from math import ceil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from orchestration.experiments.estimates import estimates
from orchestration.experiments.history import Past, past_units
from orchestration.experiments.metric_registry import METRICS, metric_of
from orchestration.experiments.pictures import Bar, interval_picture
from orchestration.experiments.planning import NoBasisError, plan
from orchestration.experiments.versions import named
from serving.experiments.metrics import LOWER_IS_BETTER, METRIC_NAMES, metric_name
from tests.orchestration.experiments.played_shop import START, Shop

NOW = pd.Timestamp(START) + pd.Timedelta(days=40)


def visits(shop: Shop, people: int, buyers: int) -> None:
    """One visit a person over four weeks, and orders of the first ones within the hour."""
    started = [START + timedelta(days=9, hours=n * 24 * 27 / people) for n in range(people)]
    who = [f"c{n}" for n in range(people)]
    shop.add("fct_session", pd.DataFrame({
        "session_id": [f"s{n}" for n in range(people)], "customer_id": who, "started_at": started,
        "ended_at": [moment + timedelta(minutes=9) for moment in started], "duration_ms": 540_000, "is_bounce": False,
        "is_bot": False,
    }))  # fmt: skip
    shop.add("fct_outcome", pd.DataFrame({
        "outcome_id": [f"order:{n}" for n in range(buyers)], "kind": "order", "customer_id": who[:buyers],
        "order_id": [f"o{n}" for n in range(buyers)], "revenue_amount": 20.0, "margin_amount": 5.0,
        "occurred_at": [moment + timedelta(hours=1) for moment in started[:buyers]],
    }))  # fmt: skip


def test_a_plan_is_the_textbook_size_and_a_little_more_for_the_looks(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.define("idea", status="draft", metrics={"primary": "conversion"}, traffic=0.5)
    visits(shop, 500, 100)
    design = named(shop.project, "idea")
    with shop.connect() as connection:
        past = past_units(connection, design, NOW, 28)
    found = plan(design, past, 0.1)
    p, q = 0.20, 0.22
    z = stats.norm.ppf(0.975) + stats.norm.ppf(0.8)
    textbook = 2 * ceil(z**2 * (p * (1 - p) + q * (1 - q)) / (q - p) ** 2)
    assert found.mean == pytest.approx(p)
    assert textbook <= found.needed.units <= 1.05 * textbook
    assert found.units_a_day == pytest.approx(500 / 28 * 0.5)
    assert found.needed.days % 7 == 0
    assert found.needed.days >= found.needed.units / found.units_a_day
    assert "home_hero was shown to 0 units only" in found.assumed[0]


def test_visits_that_are_all_alike_within_a_person_are_worth_one_visit_a_person(tmp_path: Path) -> None:
    """Five visits each that all buy or all do not: five times as many are needed as of strangers."""
    shop = Shop(tmp_path)
    for unit in ("person", "session"):
        shop.define(unit, status="draft", unit=unit, metrics={"primary": "conversion"})
    person = np.repeat(np.arange(400), 5)
    units = pd.DataFrame({"arm": "plain", "cluster_id": person, "orders": (person % 5 == 0) * 1, "pre_orders": 0})
    strangers, visits_of_one = (
        plan(named(shop.project, unit), Past(units, 28, "the past"), 0.1) for unit in ("person", "session")
    )
    assert visits_of_one.needed.units == pytest.approx(5 * strangers.needed.units, rel=0.005)
    assert any("times as many visits" in told for told in visits_of_one.assumed)
    assert not any("times as many visits" in told for told in strangers.assumed)


def test_robots_and_those_who_refused_are_no_part_of_the_past(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.define("idea", status="draft")
    sorts = {"is_bot": (False, True, False), "is_refused": (False, False, True)}
    shop.add("fct_exposure", pd.DataFrame({
        "placement": "home_hero", "customer_id": [f"c{n}" for n in range(480)],
        "personalization_id": [f"p{n}" for n in range(480)], "shown_at": START + timedelta(days=20),
        **{name: [sort[n % 3] for n in range(480)] for name, sort in sorts.items()},
    }))  # fmt: skip
    with shop.connect() as connection:
        past = past_units(connection, named(shop.project, "idea"), NOW, 28)
    assert (len(past.units), past.source[:22]) == (160, "exposures of home_hero")


def test_a_past_that_is_too_thin_is_refused_with_its_numbers(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.define("idea", status="draft", metrics={"primary": "conversion"})
    visits(shop, 150, 7)
    design = named(shop.project, "idea")
    with shop.connect() as connection:
        past = past_units(connection, design, NOW, 28)
    with pytest.raises(NoBasisError, match=r"150 units, 7 of them with any orders.*100 units and 20 such"):
        plan(design, past, 0.1)
    with pytest.raises(ValueError, match=r"'idee' does not exist .*there are: idea"):
        named(shop.project, "idee")


def test_names_and_definitions_of_metrics_are_the_same_list() -> None:
    assert set(METRICS) == set(METRIC_NAMES)
    assert {name for name in METRICS if METRICS[name].lower_is_better} == LOWER_IS_BETTER
    with pytest.raises(ValueError, match="did you mean 'conversion'"):
        metric_name("conversoin")


def test_a_ratio_is_told_by_the_delta_method_as_the_residuals_of_it_vary() -> None:
    """Variance of a ratio of sums from its linearised values, against Welch's test of them in scipy."""
    draw = np.random.default_rng(3)
    n = 400
    orders = draw.integers(0, 4, 2 * n)
    units = pd.DataFrame({
        "arm": ["plain"] * n + ["treat"] * n, "cluster_id": [str(i) for i in range(2 * n)], "orders": orders,
        "returns": draw.binomial(orders, 0.2),
    })  # fmt: skip
    found = estimates(units, metric_of("return_rate"), plain="plain")[0].effect
    assert found is not None
    parts = []
    for _, rows in units[units["orders"] > 0].groupby("arm"):
        ratio = rows["returns"].sum() / rows["orders"].sum()
        parts.append((ratio, (rows["returns"] - ratio * rows["orders"]) / rows["orders"].mean()))
    error = np.sqrt(sum(part.var(ddof=1) / len(part) for _, part in parts))
    assert found.estimate == pytest.approx(parts[1][0] - parts[0][0])
    assert found.standard_error == pytest.approx(error, rel=1e-3)


def test_negative_margins_keep_their_direction() -> None:
    """Less loss is more profit, also relative to a plain arm that loses money."""
    draw = np.random.default_rng(4)
    margin = np.concatenate([draw.normal(-10, 1, 300), draw.normal(-8, 1, 300)])
    units = pd.DataFrame({
        "arm": ["plain"] * 300 + ["treat"] * 300, "cluster_id": "c", "margin": margin, "pre_revenue": 0.0,
    })  # fmt: skip
    told = estimates(units, metric_of("incremental_profit"), plain="plain")[0].comparison
    assert told is not None
    assert told.relative is not None
    assert told.relative.estimate == pytest.approx(0.2, abs=0.02)


def test_pictures_escape_names_and_colour_by_what_is_better() -> None:
    bars = [Bar("<b>", 0.1, 0.05, 0.2, "x"), Bar("fewer", 0.1, 0.05, 0.2, "y", better=-1), Bar("?", 0, -1, 1, "z")]
    text = interval_picture(bars, "t")
    assert "&lt;b&gt;" in text
    assert [text.count(colour) for colour in ("#1b7837", "#b2182b", "#666666")] == [2, 2, 2]
    assert interval_picture([Bar("none", 0, float("-inf"), 1, "")], "t") == ""
