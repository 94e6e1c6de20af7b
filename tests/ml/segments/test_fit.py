"""Planted segments are found again, keep their ids, and survive hostile frames."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from ml.errors import NotTrainable
from ml.segments.choice import choose
from ml.segments.fit import SegmentRecipe, fit_segments
from ml.segments.model import KReport, SegmentModel
from tests.ml.segments.shops import COLUMNS, shop


def fit(features: pd.DataFrame, previous: SegmentModel | None = None, seed: int = 7) -> SegmentModel:
    return fit_segments(features, COLUMNS, k_min=3, k_max=4, seed=seed, previous=previous)


@pytest.fixture(scope="module")
def model() -> SegmentModel:
    return fit(shop())


def test_planted_kinds_are_recovered(model: SegmentModel) -> None:
    features = shop()
    assert model.k == 3
    assert adjusted_rand_score(features["kind"], model.assign(features)["segment_id"]) > 0.99
    assert model.chosen.stability > 0.95


def test_same_seed_and_any_row_order_give_the_same_bytes(model: SegmentModel) -> None:
    shuffled = shop().sample(frac=1, random_state=5)
    assert fit(shuffled).files() == model.files()


def test_the_files_hold_the_whole_model(model: SegmentModel) -> None:
    again = SegmentModel.from_files(model.files())
    assert again.files() == model.files()
    pd.testing.assert_frame_equal(again.assign(shop()), model.assign(shop()))


def test_a_row_alone_is_assigned_as_in_the_batch(model: SegmentModel) -> None:
    features = shop()
    batch = model.assign(features)["segment_id"].tolist()
    assert [int(model.assign(features.iloc[[row]])["segment_id"].iloc[0]) for row in range(30)] == batch[:30]


def test_ids_follow_their_customers_through_a_refit(model: SegmentModel) -> None:
    later = shop(seed=2)
    refitted = fit(later, previous=model, seed=99)
    assert refitted.assign(later)["segment_id"].tolist() == model.assign(later)["segment_id"].tolist()
    assert refitted.moved_share == 0.0
    assert refitted.next_id == model.next_id


def test_the_largest_segment_is_the_first_when_nothing_came_before(model: SegmentModel) -> None:
    sizes = model.assign(shop())["segment_id"].value_counts()
    assert model.ids == (0, 1, 2)
    assert sizes[0] == sizes.max()


def test_one_extreme_spender_owns_no_segment() -> None:
    features = shop()
    features.loc[0, ["spend_91d", "average_order_amount"]] = 1e9
    fitted = fit(features)
    assert fitted.assign(features)["segment_id"].value_counts(normalize=True).min() >= 0.05


def test_nulls_and_a_constant_column_are_no_obstacle() -> None:
    features = shop().assign(average_order_amount=30.0)
    features.loc[::7, "recency_days"] = np.nan
    assigned = fit(features).assign(features)
    assert assigned["segment_id"].isin([0, 1, 2, 3]).all()


def test_ward_finds_the_planted_kinds_and_gives_the_same_report() -> None:
    features = shop()
    ward = fit_segments(features, COLUMNS, k_min=3, k_max=3, seed=7, recipe=SegmentRecipe(method="ward"))
    assert adjusted_rand_score(features["kind"], ward.assign(features)["segment_id"]) > 0.99
    assert ward.method == SegmentModel.from_files(ward.files()).method == "ward"
    assert ward.chosen.stability > 0.95


def test_the_migration_matrix_counts_every_customer_and_explains_the_moved_share(model: SegmentModel) -> None:
    later = shop(seed=2)
    later.loc[:20, ["orders_91d", "spend_91d", "recency_days"]] = [1, 30.0, 70.0]
    refitted = fit(later, previous=model)
    old, new = model.assign(later)["segment_id"], refitted.assign(later)["segment_id"]
    expected = pd.crosstab(old, new).stack()
    assert {(m.before, m.after): m.customers for m in refitted.migration} == expected[expected > 0].to_dict()
    assert refitted.moved_share == pytest.approx(float((old != new).mean()))
    assert SegmentModel.from_files(refitted.files()).migration == refitted.migration


def test_a_model_that_reads_a_column_of_old_starts_anew_under_new_ids(model: SegmentModel) -> None:
    now = shop().drop(columns="average_order_amount")
    fresh = fit_segments(now, COLUMNS[:3], k_min=3, k_max=3, seed=7, previous=model)
    assert fresh.ids == (3, 4, 5)
    assert fresh.migration == ()


def test_below_its_floor_a_column_tells_nobody_apart() -> None:
    features = shop()
    recipe = SegmentRecipe(floors={"recency_days": 30.0})
    fitted = fit_segments(features, COLUMNS, k_min=3, k_max=3, seed=7, recipe=recipe)
    later = features.assign(recency_days=features["recency_days"].clip(upper=30.0))
    recent = features["recency_days"] <= 30
    pd.testing.assert_frame_equal(fitted.assign(features)[recent], fitted.assign(later)[recent])


def test_a_recipe_names_what_it_cannot_do() -> None:
    with pytest.raises(ValueError, match="method: 'dbscan'; one of kmeans, ward is needed"):
        SegmentRecipe(method="dbscan")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="transform: 'sqrt'; one of log, yeo_johnson is needed"):
        SegmentRecipe(transform="sqrt")  # type: ignore[arg-type]


def test_unsuitable_frames_are_refused_with_the_reason() -> None:
    with pytest.raises(NotTrainable, match="30 customers; 3 segments need at least 60"):
        fit(shop(30))
    same = shop().assign(recency_days=1.0, orders_91d=1, spend_91d=1.0, average_order_amount=1.0)
    with pytest.raises(NotTrainable, match="none of the 4 columns varies"):
        fit(same)
    with pytest.raises(NotTrainable, match="2 different customers among 300"):
        fit(same.assign(orders_91d=np.arange(300) % 2))
    with pytest.raises(ValueError, match="2 <= k_min <= k_max"):
        fit_segments(shop(), COLUMNS, k_min=1, k_max=4, seed=1)


def candidate(k: int, stability: float, silhouette: float, smallest: float = 0.1, p10: float = 0.7) -> KReport:
    return KReport(k, stability, p10, silhouette, 1.0, smallest)


def test_stability_comes_before_silhouette() -> None:
    assert choose([candidate(3, 0.70, 0.60), candidate(4, 0.90, 0.30)]).k == 4
    assert choose([candidate(3, 0.95, 0.60, p10=0.5), candidate(4, 0.90, 0.30)]).k == 4


def test_among_equally_stable_the_better_separated_wins_and_silhouette_alone_never_does() -> None:
    assert choose([candidate(3, 0.90, 0.32), candidate(5, 0.91, 0.40), candidate(6, 0.9, 0.20)]).k == 5
    assert choose([candidate(3, 0.90, 0.31), candidate(4, 0.85, 0.80)]).k == 3
    assert choose([candidate(3, 0.95, 0.29), candidate(4, 0.85, 0.30)]).k == 4


def test_a_report_names_each_bound_that_it_misses() -> None:
    assert candidate(3, 0.9, 0.35).shortfalls() == []
    missed = KReport(3, 0.7, 0.6, 0.2, 1.2, 0.01).shortfalls()
    assert missed == [
        "stability 0.70, at least 0.80",
        "stability, 10th percentile 0.60, at least 0.65",
        "silhouette 0.20, at least 0.30",
        "smallest share 0.01, at least 0.05",
        "Davies-Bouldin 1.20, at most 1.05",
    ]


def test_slivers_lose_and_the_k_in_use_stays_while_it_is_stable() -> None:
    assert choose([candidate(3, 0.9, 0.2), candidate(4, 0.99, 0.9, smallest=0.01)]).k == 3
    assert choose([candidate(3, 0.9, 0.5), candidate(4, 0.9, 0.2)], keep=4).k == 4
    assert choose([candidate(3, 0.9, 0.5), candidate(4, 0.5, 0.2)], keep=4).k == 3


def test_with_nothing_stable_the_most_stable_is_taken() -> None:
    assert choose([candidate(3, 0.5, 0.2), candidate(4, 0.6, 0.1), candidate(5, 0.6, 0.9)]).k == 4
