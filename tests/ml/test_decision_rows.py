"""Decision tables: planted effects found, thin cells left to everyone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ml.decision_rows import COLUMNS, PRIOR_WEIGHT, content_rows, decision_table, incentive_rows

ARMS = ("none", "free_shipping", "ten_percent_off")
MARGIN = {0: (2.0, 5.0, 1.0), 1: (2.0, 1.0, 6.0)}


def segments(customers: int = 3_000) -> pd.DataFrame:
    return pd.DataFrame({"customer_id": [f"c{i}" for i in range(customers)], "segment_id": np.arange(customers) % 2})


def offers(customers: int = 3_000, seed: int = 4) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    chances = np.array([0.5, 0.3, 0.2])
    arm = random.choice(3, size=customers, p=chances)
    segment = np.arange(customers) % 2
    margin = np.array([MARGIN[s][a] for s, a in zip(segment, arm, strict=True)]) + random.normal(0, 1, customers)
    return pd.DataFrame(
        {
            "customer_id": [f"c{i}" for i in range(customers)],
            "placement": "checkout_incentive",
            "arm": np.array(ARMS)[arm],
            "propensity": chances[arm],
            "margin_amount": margin,
        }
    )


def taste() -> pd.DataFrame:
    rows = [(f"c{i}", category, amount) for i in range(400) for category, amount in _basket(i % 2)]
    return pd.DataFrame(rows, columns=["customer_id", "category", "amount"])


def _basket(segment: int) -> tuple[tuple[str, float], ...]:
    return (("MEAT", 8.0), ("PRODUCE", 2.0)) if segment == 0 else (("MEAT", 2.0), ("PRODUCE", 8.0))


def test_the_planted_best_arm_leads_each_segment() -> None:
    table = decision_table(segments(), offers(), taste().iloc[:0], {})
    best = table.groupby("segment_id").first()["action"].to_dict()
    assert best[0] == "free_shipping"
    assert best[1] == "ten_percent_off"
    assert tuple(table.columns) == COLUMNS
    assert set(table["segment_id"]) == {-1, 0, 1}


def test_scores_are_shrunk_weighted_means_by_hand() -> None:
    log = pd.DataFrame(
        {
            "customer_id": ["c0", "c2", "c1"],
            "placement": "p",
            "arm": "none",
            "propensity": [0.5, 0.25, 0.5],
            "margin_amount": [1.0, 4.0, 10.0],
        }
    )
    rows = incentive_rows(log, segments(3), least_shown=1).set_index("segment_id")
    everyone = (2 * 1 + 4 * 4 + 2 * 10) / 8
    own = (2 * 1 + 4 * 4) / 6
    assert rows.loc[-1, "score"] == pytest.approx(everyone)
    assert rows.loc[0, "score"] == pytest.approx((2 * own + PRIOR_WEIGHT * everyone) / (2 + PRIOR_WEIGHT))
    assert rows["n"].to_dict() == {-1: 3, 0: 2, 1: 1}


def test_uneven_propensities_do_not_bias_an_arm() -> None:
    random = np.random.default_rng(8)
    rich = random.random(20_000) < 0.5
    chance = np.where(rich, 0.8, 0.2)
    shown = random.random(20_000) < chance
    log = pd.DataFrame(
        {
            "customer_id": "c0",
            "placement": "p",
            "arm": "coupon",
            "propensity": chance[shown],
            "margin_amount": np.where(rich, 10.0, 0.0)[shown],
        }
    )
    rows = incentive_rows(log, segments(1), least_shown=1).set_index("segment_id")
    assert rows.loc[-1, "score"] == pytest.approx(5.0, abs=0.2)
    assert log["margin_amount"].mean() > 7.5


def test_thin_segments_are_left_to_everyone() -> None:
    sparse = segments().assign(segment_id=[7] * 40 + [-1] * 2_960)
    assert set(decision_table(sparse, offers(), taste().iloc[:0], {})["segment_id"]) == {-1}


def test_unobserved_outcomes_are_not_zeroes() -> None:
    log = offers()
    log.loc[::2, "margin_amount"] = np.nan
    assert incentive_rows(log, segments(), least_shown=1)["n"].sum() == 2 * log["margin_amount"].notna().sum()


def test_content_follows_the_segments_taste() -> None:
    actions = {"meat_banner": "MEAT", "produce_banner": "PRODUCE", "wine_banner": "WINE"}
    table = decision_table(segments(400), offers().iloc[:0], taste(), {"home_hero": actions})
    best = table.groupby("segment_id").first()["action"].to_dict()
    assert (best[0], best[1]) == ("meat_banner", "produce_banner")
    assert "wine_banner" not in set(table["action"])
    everyone = table.loc[table["segment_id"] == -1].set_index("action")["score"]
    assert everyone.to_dict() == pytest.approx({"meat_banner": 0.5, "produce_banner": 0.5})
    lift = table.set_index(["segment_id", "action"]).loc[(0, "meat_banner"), "score"]
    assert lift == pytest.approx((200 * 1.6 + PRIOR_WEIGHT) / (200 + PRIOR_WEIGHT))


def test_nothing_known_gives_an_empty_table() -> None:
    table = decision_table(segments(5), offers().iloc[:0], taste().iloc[:0], {"home_hero": {"a": "MEAT"}})
    assert table.empty
    assert tuple(table.columns) == COLUMNS
    assert content_rows("home_hero", {}, taste(), segments(400), 1).empty


def test_products_of_no_known_category_have_no_content() -> None:
    nameless = taste().assign(category=np.nan)
    assert content_rows("home_hero", {"a": "MEAT"}, nameless, segments(400), 1).empty
