"""Names from figures, cards with their evidence, the picture and the ladder."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from ml.segments import apply_ladder, fit_segments, persona_cards, persona_figure
from ml.segments.naming import base_name, unique_names
from ml.segments.persona import PersonaCard, suggested_treatment
from tests.ml.segments.shops import COLUMNS, shop

USUAL = {"average_order_amount": 40.0}


@pytest.fixture(scope="module")
def cards() -> list[PersonaCard]:
    features = shop()
    categories = pd.DataFrame(
        {
            "customer_id": features["customer_id"].repeat(2).to_numpy(),
            "category": ["MILK", "WINE"] * len(features),
            "amount": [amount for kind in features["kind"] for amount in ((9, 1), (1, 9), (5, 5))[kind]],
        }
    )
    model = fit_segments(features, COLUMNS, k_min=3, k_max=3, seed=7)
    return persona_cards(model, features, categories)


@pytest.mark.parametrize(
    ("typical", "name"),
    [
        ({"recency_days": 2, "orders_91d": 26, "average_order_amount": 40}, "Several-times-a-week mid-basket regulars"),
        ({"recency_days": 5, "orders_91d": 13, "average_order_amount": 60}, "Weekly big-basket regulars"),
        ({"recency_days": 9, "orders_91d": 6.5, "average_order_amount": 20}, "Fortnightly small-basket regulars"),
        ({"recency_days": 20, "orders_91d": 3, "average_order_amount": 40}, "Monthly mid-basket shoppers"),
        ({"recency_days": 30, "orders_91d": 1}, "Occasional shoppers"),
        ({"recency_days": 60, "orders_91d": 1, "average_order_amount": 20}, "Lapsing small-basket shoppers"),
        ({"recency_days": 24, "orders_91d": 13, "mean_order_gap_days": 5}, "Lapsing shoppers"),
        ({"recency_days": 200, "orders_91d": 0}, "Lapsed shoppers"),
        ({}, "Shoppers"),
    ],
)
def test_names_say_rhythm_and_basket(typical: dict[str, float], name: str) -> None:
    assert base_name(typical, USUAL) == name


def test_namesakes_are_told_apart_by_what_differs_most() -> None:
    names = unique_names(
        ["Weekly regulars", "Weekly regulars", "Lapsed shoppers"],
        [{"discount_share": 1.0, "weekend_order_share": 0.1}, {"discount_share": -0.8}, {}],
    )
    assert names == ["Deal-seeking weekly regulars", "Full-price weekly regulars", "Lapsed shoppers"]
    gone = unique_names(["Lapsed shoppers", "Lapsed shoppers"], [{"recency_days": 1.5}, {"recency_days": 0.3}])
    assert gone == ["Long lapsed shoppers", "Recently lapsed shoppers"]


def test_namesakes_without_a_difference_are_numbered() -> None:
    assert unique_names(["Shoppers", "Shoppers"], [{}, {}]) == ["Shoppers, group 1", "Shoppers, group 2"]


def test_cards_describe_the_planted_kinds(cards: list[PersonaCard]) -> None:
    by_name = {card.name: card for card in cards}
    assert set(by_name) == {
        "Several-times-a-week small-basket regulars",
        "Fortnightly big-basket regulars",
        "Lapsing mid-basket shoppers",
    }
    assert sum(card.customers for card in cards) == 300
    assert sum(card.share for card in cards) == pytest.approx(1.0)
    assert by_name["Several-times-a-week small-basket regulars"].top_categories[0] == "MILK"
    assert by_name["Fortnightly big-basket regulars"].top_categories[0] == "WINE"
    lapsing = by_name["Lapsing mid-basket shoppers"]
    assert lapsing.evidence[0].feature in ("recency_days", "orders_91d")
    assert lapsing.suggested_treatment.startswith("Win back")


def test_the_evidence_is_the_standardised_difference(cards: list[PersonaCard]) -> None:
    features = shop()
    card = next(card for card in cards if card.name.startswith("Fortnightly"))
    fact = next(fact for fact in card.evidence if fact.feature == "average_order_amount")
    own = features.loc[features["kind"] == 1, "average_order_amount"].mean()
    everybody = features["average_order_amount"]
    assert fact.standardised_difference == pytest.approx((own - everybody.mean()) / everybody.std(ddof=0))


def test_cards_without_categories_or_customers() -> None:
    features = shop()
    model = fit_segments(features, COLUMNS, k_min=3, k_max=3, seed=7)
    nothing = pd.DataFrame({"customer_id": [], "category": [], "amount": []})
    assert all(card.top_categories == () for card in persona_cards(model, features, nothing))
    assert persona_cards(model, features.iloc[:0], nothing) == []


def test_the_picture_is_a_png_and_repeatable(cards: list[PersonaCard]) -> None:
    first = persona_figure(cards)
    assert first.startswith(b"\x89PNG")
    assert first == persona_figure(cards)
    assert first != persona_figure([replace(cards[0], share=0.9), *cards[1:]])
    assert persona_figure([]).startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("Deal-seeking weekly regulars", "Show promotions"),
        ("Weekly big-basket regulars", "Thank"),
        ("Weekly regulars", "Grow"),
        ("Monthly shoppers", "Build"),
        ("Lapsed shoppers", "Win back"),
    ],
)
def test_every_name_has_a_treatment(name: str, start: str) -> None:
    assert suggested_treatment(name).startswith(start)


def test_the_ladder_steps_down_below_the_floor_and_says_so() -> None:
    assignment = pd.DataFrame({"customer_id": list("abcdef"), "segment_id": [0, 0, 0, 1, 1, 2]})
    result = apply_ladder(assignment, floor=2)
    assert result["segment_id"].tolist() == [0, 0, 0, 1, 1, -1]
    assert result["rung"].tolist() == ["persona"] * 5 + ["everyone"]
    assert result["persona_id"].tolist() == [0, 0, 0, 1, 1, 2]
    assert set(apply_ladder(assignment, floor=7)["rung"]) == {"everyone"}


def test_an_empty_ladder_and_a_bad_floor() -> None:
    nobody = pd.DataFrame({"customer_id": pd.Series([], dtype="str"), "segment_id": pd.Series([], dtype="int64")})
    assert apply_ladder(nobody, floor=10).empty
    with pytest.raises(ValueError, match="floor: 0"):
        apply_ladder(nobody, floor=0)
