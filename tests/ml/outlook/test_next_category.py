"""Next categories by counting in plain Python, and what a shop without categories is told."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import pytest

from ml.errors import NotTrainable
from ml.outlook import CategoryHistory, NextCategoryModel, next_category, train_next_category
from ml.outlook.category_judge import hit_rates
from ml.outlook.next_category import PRIOR_DAYS

NAMES = ("books", "shoes", "tea", "wine")
JUDGE = pd.Timestamp("2017-07-04")
CUTOFFS = (pd.Timestamp("2017-04-04"), JUDGE)


def shop(customers: int = 200, seed: int = 3) -> CategoryHistory:
    """Everybody has a favourite, buys it first next time in four of five cases, and tries something new at times."""
    random = np.random.default_rng(seed)
    people, bought, later = [], [], []
    for at in CUTOFFS:
        for number in range(customers):
            who = {"customer_id": f"c{number:03d}", "as_of": at}
            people.append(who | {"segment": number % 2})
            favourite, other = random.choice(4, 2, replace=False, p=[0.5, 0.3, 0.1, 0.1])
            bought.append(who | {"category": NAMES[favourite], "n_days": 6, "amount": 80.0})
            bought.append(who | {"category": NAMES[other], "n_days": 2, "amount": 20.0})
            first = favourite if random.random() < 0.8 else random.integers(4)
            day = at + pd.Timedelta(days=int(random.integers(30)))
            later.append(who | {"category": NAMES[first], "first_day": day, "amount": 9.0})
            later.append(who | {"category": NAMES[random.integers(4)], "first_day": day, "amount": 3.0})
    rows = pd.DataFrame(later).drop_duplicates(["customer_id", "as_of", "category"])
    return CategoryHistory(pd.DataFrame(people), pd.DataFrame(bought), rows)


def test_scores_equal_counting_by_hand() -> None:
    history = shop()
    model = train_next_category(history, judge=JUDGE, horizon_days=91)
    first = history.later.sort_values(["first_day", "amount"], ascending=[True, False]).groupby(
        ["customer_id", "as_of"]
    )["category"]
    counts = Counter(first.first())
    for name, share in zip(model.rates.categories, model.rates.first[0], strict=True):
        assert share == pytest.approx(counts[name] / 400)
    again, new = model.scores(history)
    one = history.bought.loc[lambda rows: (rows["customer_id"] == "c000") & (rows["as_of"] == CUTOFFS[0])]
    prior = model.rates.first[model.rates.segments.index("0")]
    for column, name in enumerate(model.rates.categories):
        own = one.loc[one["category"] == name, "amount"].sum() / 100
        assert again[0, column] == pytest.approx((6 * own + PRIOR_DAYS * prior[column]) / (6 + PRIOR_DAYS))
        assert (new[0, column] == 0) == (own > 0)


def test_favourites_beat_the_popular_category_on_the_later_period() -> None:
    metrics = train_next_category(shop(), judge=JUDGE, horizon_days=91).metrics
    assert metrics["model"]["top_1"] > metrics["popular"]["top_1"] + 0.1
    assert metrics["model_new"]["customers"] > 0


def test_somebody_without_history_gets_the_segments_figure_and_says_so() -> None:
    model = NextCategoryModel.from_files(train_next_category(shop(), judge=JUDGE, horizon_days=91).files())
    people = pd.DataFrame({"customer_id": ["new", "stranger"], "as_of": JUDGE, "segment": [1, None]})
    nothing = shop().bought.iloc[:0]
    found = model.predict(CategoryHistory(people, nothing, nothing))
    assert list(found["basis"]) == ["segment", "everyone"]
    row = model.rates.first[model.rates.segments.index("1")]
    assert found["category"].iloc[0] == model.rates.categories[int(np.argmax(row))]


def test_a_segment_that_came_after_training_is_answered_by_everyone_and_says_so() -> None:
    history = shop()
    model = train_next_category(history, judge=JUDGE, horizon_days=91)
    people = pd.DataFrame({"customer_id": ["x", "y"], "as_of": JUDGE, "segment": [99, 1]})
    asked = CategoryHistory(people, history.bought.iloc[:0], history.later.iloc[:0])
    assert list(model.predict(asked)["basis"]) == ["everyone", "segment"]


def test_hit_rates_count_labels_only_where_there_is_one() -> None:
    scores = np.array([[0.5, 0.3, 0.2, 0.0], [0.1, 0.2, 0.3, 0.4], [1.0, 0.0, 0.0, 0.0]])
    assert hit_rates(scores, np.array([0, 0, -1])) == {"customers": 2.0, "top_1": 0.5, "top_3": 0.5}


def test_a_shop_without_categories_is_told_so() -> None:
    history = shop()
    none = CategoryHistory(history.customers, history.bought.iloc[:0], history.later.iloc[:0])
    with pytest.raises(NotTrainable, match="categories: 0"):
        train_next_category(none, judge=JUDGE, horizon_days=91)


def test_many_customers_scored_in_parts_get_what_each_gets_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    history = shop()
    model = train_next_category(history, judge=JUDGE, horizon_days=91)
    now = history.of((history.customers["as_of"] == JUDGE).to_numpy())
    whole = model.predict(now)
    monkeypatch.setattr(next_category, "CHUNK", 7)
    pd.testing.assert_frame_equal(model.predict(now), whole)
    shuffled = now._replace(bought=now.bought.sample(frac=1, random_state=5))
    pd.testing.assert_frame_equal(model.predict(shuffled), whole)
    alone = pd.concat([model.predict(now.of(np.arange(len(whole)) == row)) for row in range(9)], ignore_index=True)
    pd.testing.assert_frame_equal(alone, whole.head(9))
