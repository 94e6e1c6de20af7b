"""Persona cards: figures recounted with pandas, everything escaped, nothing missing without a model."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from ml.segments import PersonaCard, persona_figure
from ml.segments.persona import Evidence
from orchestration.segments.cards import cards_markdown, cards_page, treatments
from orchestration.segments.habits import WEEKDAYS, habits
from orchestration.warehouse import Warehouse

AS_OF = datetime(2018, 1, 2)  # noqa: DTZ001 - naive UTC, as the warehouse has it
ZONE = "America/New_York"


def card(key: int, name: str = "Weekly <b>regulars</b>") -> PersonaCard:
    facts = (Evidence("orders_91d", 13.0, 6.0, 1.2),)
    return PersonaCard(key, name, "d", 40, 0.4, facts, ("MILK & EGGS",), "Grow the basket.")


@pytest.fixture
def orders() -> pd.DataFrame:
    random = np.random.default_rng(8)
    seconds = random.integers(0, 400 * 86_400, 300)
    return pd.DataFrame(
        {
            "customer_id": [f"c{number}" for number in random.integers(0, 6, 300)],
            "ordered_at": [AS_OF - timedelta(seconds=int(value)) for value in seconds],
            "channel": random.choice(["store", "web", None], 300),
        }
    )


@pytest.fixture
def warehouse(tmp_path: Path, orders: pd.DataFrame) -> Warehouse:
    found = Warehouse(tmp_path / "warehouse.duckdb")
    people = pd.DataFrame({"customer_id": [f"c{number}" for number in range(6)], "persona_id": [0, 0, 1, 1, -1, 2]})
    blank = dict.fromkeys(("as_of", "segment_id", "segment_name", "rung", "micro_segment", "model_version"))
    found.replace(
        {"ml.segment_assignment": people.assign(**blank), "ops.run_context": pd.DataFrame({"as_of": [AS_OF]})}
    )
    with found.connect() as connection:
        connection.execute("create schema marts").fetchall()
        connection.register("orders", orders)
        connection.execute("create table marts.fct_order as select * from orders").fetchall()
        connection.execute(
            "create table marts.customer_features as select customer_id, cast(10 * persona_id as decimal(18, 2))"
            " as spend_365d from ml.segment_assignment"
        ).fetchall()
    return found


def test_week_and_channels_are_those_of_a_years_orders(warehouse: Warehouse, orders: pd.DataFrame) -> None:
    found = habits(warehouse, ZONE)
    assert set(found) == {0, 1, 2}
    recent = orders.loc[orders["ordered_at"] >= AS_OF - timedelta(days=365)]
    own = recent.loc[recent["customer_id"].isin(["c2", "c3"])]
    local = [at.replace(tzinfo=UTC).astimezone(ZoneInfo(ZONE)).weekday() for at in own["ordered_at"]]
    expected = np.bincount(local, minlength=7) / len(own)
    np.testing.assert_allclose(found[1].week, expected)
    assert found[1].busiest == WEEKDAYS[int(expected.argmax())]
    assert dict(found[1].channels) == own["channel"].fillna("unknown").value_counts(normalize=True).to_dict()
    assert (found[1].spend, found[1].expected_spend, found[1].leaving) == (10.0, None, None)


def test_the_page_is_html_with_every_card_and_nothing_unescaped(warehouse: Warehouse) -> None:
    cards, known = [card(0), card(7, "Unheard of")], habits(warehouse, ZONE)
    page = cards_page(cards, known, persona_figure(cards), as_of="2018-01-02", version="v1", currency="USD")
    HTMLParser().feed(page)
    assert "Weekly &lt;b&gt;regulars&lt;/b&gt;" in page
    assert "MILK &amp; EGGS" in page
    assert "data:image/png;base64," in page
    assert page.count("<section") == 2
    assert "no orders in 365 days" in page
    table = cards_markdown(cards, known)
    assert "orders_91d +1.2 sd" in table
    assert len(table.splitlines()) == 4


def test_treatments_say_what_where_and_when(warehouse: Warehouse) -> None:
    told = treatments(card(0), habits(warehouse, ZONE)[0])
    assert told[0] == "Grow the basket."
    assert any(line.startswith("Meet them in ") for line in told)
    assert any("busiest day" in line for line in told)


def test_without_a_model_the_page_says_so() -> None:
    page = cards_page([], {}, persona_figure([]), as_of="2018-01-02", version="", currency="USD")
    assert "No segments yet: no model is trained." in page
