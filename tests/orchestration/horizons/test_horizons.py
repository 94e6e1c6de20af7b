"""Both horizons are taught from one frame, scored beside each other, and each says what it rests on."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from intake.clock import FixedClock
from intake.paths import DataPaths
from intake.project import Project
from intake.settings import Settings
from ml.champion import Twin
from ml.champion.measures import churn_score, value_score
from ml.churn import ChurnModel, train_churn
from ml.errors import NotTrainable
from ml.evaluation import roc_auc
from ml.value import ValueModel, train_value
from orchestration.champions.trials import trial_for
from orchestration.horizons import training
from orchestration.horizons.scores import CHURN, VALUE, Known, churn_rows, value_rows
from orchestration.horizons.training import Lesson, judging_cutoff, near_horizon, train_horizons
from orchestration.model_registry import ModelRegistry
from orchestration.scoring import empty
from orchestration.warehouse import Warehouse
from orchestration.warehouse_schema import source_table
from tests.ml.histories import CUTOFFS, FEATURES, HORIZON, JUDGE, training_frame

AS_OF = datetime(2017, 10, 3, tzinfo=UTC)
NEAR = 30
FRAME = training_frame(customers=300).assign(as_of=lambda frame: frame["as_of"].dt.tz_localize(None))
# Within the near horizon half of those who come back have come back.
SOON = FRAME.loc[(FRAME["churned"] == 0) & (np.arange(len(FRAME)) % 2 == 0)]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[ModelRegistry, list[int]]:
    root = tmp_path_factory.mktemp("horizons")
    warehouse = Warehouse(root / "warehouse.duckdb")
    project = Project(DataPaths(root), root / "config", Settings(), FixedClock(AS_OF))
    moments = pd.to_datetime(list(CUTOFFS))
    roles = ["train", "train", "judge"]
    warehouse.replace(
        {
            "ops.cutoff": pd.DataFrame({"as_of": moments, "horizon_days": HORIZON, "role": roles}),
            "ops.label_window": pd.DataFrame({"as_of": moments, "horizon_days": NEAR}),
        }
    )
    with warehouse.connect() as db:
        db.execute("create schema marts").fetchall()
        db.register("labels", SOON.assign(horizon_days=NEAR))
        columns = "customer_id, as_of, horizon_days, spend_horizon_amount"
        db.execute(f"create table marts.training_label as select {columns} from labels").fetchall()
    taught: list[int] = []

    def churn(lesson: Lesson, features: list[str]) -> object:
        taught.append(lesson.horizon_days)
        return train_churn(lesson.frame, features, judge=lesson.judge, horizon_days=lesson.horizon_days, seed=1)

    # One model under both names: training it twice would show nothing that churn does not.
    once = train_value(FRAME, FEATURES, judge=JUDGE, horizon_days=HORIZON, seed=1)

    def value(lesson: Lesson, features: list[str]) -> object:
        return once

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "training_rows", lambda *_, **__: FRAME)
        patch.setattr(training, "model_features", lambda: list(FEATURES))
        for name, train in (("churn", churn), ("value", value)):
            done = train_horizons(project, warehouse, name, AS_OF, train)
            assert [(one.name, one.reason) for one in done] == [(name, ""), (f"{name}_near", "")]
        assert judging_cutoff(warehouse) == (JUDGE, HORIZON)
    return ModelRegistry(root / "models"), taught


def test_the_near_horizon_has_a_later_judge_of_its_own(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path / "warehouse.duckdb")
    warehouse.prepare()
    assert near_horizon(warehouse) is None
    windows = pd.DataFrame({"as_of": pd.to_datetime(["2017-05-02", "2017-09-03"]), "horizon_days": NEAR})
    warehouse.replace({"ops.label_window": windows})
    assert near_horizon(warehouse) == (pd.Timestamp("2017-09-03", tz="UTC"), NEAR)


@pytest.fixture(scope="module")
def today() -> tuple[pd.DataFrame, Known]:
    """Customers of the last cut-off, the first ten of them newcomers, all in one of two segments."""
    now = FRAME.loc[FRAME["as_of"] == FRAME["as_of"].max()].reset_index(drop=True)
    now.loc[:9, ["orders_lifetime", "days_since_first_order"]] = [1, 3]
    segments = pd.DataFrame({"customer_id": now["customer_id"], "segment_id": np.arange(len(now)) % 2})
    return now, Known(segments, empty(CHURN))


def test_each_model_learned_its_own_horizon(trained: tuple[ModelRegistry, list[int]]) -> None:
    registry, taught = trained
    assert taught == [HORIZON, NEAR]
    cards = {name: registry.card(name) for name in ("churn", "churn_near", "value", "value_near")}
    assert [card.horizon_days for card in cards.values() if card] == [HORIZON, NEAR, HORIZON, NEAR]
    assert all(card and card.metrics["model"] and card.metrics["previous_period"] for card in cards.values())


def test_scores_of_both_horizons_stand_beside_each_other(
    trained: tuple[ModelRegistry, list[int]], today: tuple[pd.DataFrame, Known]
) -> None:
    registry, (features, known) = trained[0], today
    churn = churn_rows(registry.load("churn"), registry.load("churn_near"), features, known)
    value = value_rows(
        registry.load("value"), registry.load("value_near"), features, Known(known.segments, empty(VALUE))
    )
    assert set(source_table(CHURN).column_names) <= set(churn.columns)
    assert set(source_table(VALUE).column_names) <= set(value.columns)
    # Who stays away for a month may come within a quarter, so the near horizon loses more.
    assert churn["near_probability"].mean() > churn["churn_probability"].mean()
    assert np.isfinite(value[["ltv_amount", "ltv_low", "ltv_high", "near_amount", "near_low", "near_high"]]).all(
        axis=None
    )
    for rows in (churn, value):
        assert rows["basis"].tolist() == ["segment"] * 10 + ["own"] * (len(rows) - 10)
    assert set(churn["near_horizon_days"]) == {NEAR}


def test_an_hourly_run_of_one_newcomer_asks_the_rows_that_stay(
    trained: tuple[ModelRegistry, list[int]], today: tuple[pd.DataFrame, Known]
) -> None:
    registry, (features, known) = trained[0], today
    far, near = registry.load("churn"), registry.load("churn_near")
    batch = churn_rows(far, near, features, known)
    others = batch.loc[batch["basis"] == "own"]
    alone = churn_rows(far, near, features.iloc[[0]], Known(known.segments, others))
    pd.testing.assert_series_equal(alone.iloc[0], batch.iloc[0])


def test_without_a_near_model_its_columns_are_null(
    trained: tuple[ModelRegistry, list[int]], today: tuple[pd.DataFrame, Known]
) -> None:
    rows = churn_rows(trained[0].load("churn"), None, *today)
    assert rows[["near_probability", "near_horizon_days", "near_model_version"]].isna().all(axis=None)
    assert rows["churn_probability"].notna().all()


def test_a_near_model_speaks_where_the_far_one_was_refused(
    trained: tuple[ModelRegistry, list[int]], today: tuple[pd.DataFrame, Known], tmp_path: Path
) -> None:
    near = trained[0].load("churn_near")
    rows, both = churn_rows(None, near, *today), churn_rows(trained[0].load("churn"), near, *today)
    assert rows[["churn_probability", "horizon_days", "model_version"]].isna().all(axis=None)
    same = ["customer_id", "near_probability", "near_horizon_days", "near_model_version", "basis"]
    pd.testing.assert_frame_equal(rows[same], both[same])
    amounts = value_rows(None, trained[0].load("value_near"), today[0], Known(today[1].segments, empty(VALUE)))
    assert amounts[["near_amount", "near_low", "near_high"]].notna().all(axis=None)
    Warehouse(tmp_path / "warehouse.duckdb").replace({CHURN: rows, VALUE: amounts})


def test_no_cutoff_is_a_verdict(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path / "warehouse.duckdb")
    warehouse.replace({"ops.cutoff": empty("ops.cutoff")})
    with pytest.raises(NotTrainable, match="the history is too short"):
        judging_cutoff(warehouse)


def test_a_version_keeps_its_twin_its_evidence_and_its_card(trained: tuple[ModelRegistry, list[int]]) -> None:
    registry, _ = trained
    stored = registry.load("churn")
    rows = FRAME.loc[pd.to_datetime(FRAME["as_of"]) == JUDGE.tz_localize(None)]
    twin, served = ChurnModel.from_files(stored.twin), ChurnModel.from_files(stored.files)
    guess = twin.predict(rows)
    # The card's figure is the twin's: the served model has seen these labels.
    assert roc_auc(rows["churned"], guess) == pytest.approx(stored.card.metrics["model"]["roc_auc"], abs=1e-9)
    assert not np.allclose(guess, served.predict(rows))
    low, high = stored.card.intervals["model"]["roc_auc"]
    assert low < stored.card.metrics["model"]["roc_auc"] < high
    assert {voice[0] for voice in stored.card.evidence["voices"][:5]} & set(FEATURES)
    page = (registry.root / "churn" / stored.card.version / "card.html").read_text()
    assert "Promises: of the tenth of customers with the highest probability" in page
    assert 'src="data:image/png;base64,' in page


def test_the_trial_of_both_kinds_scores_a_stored_twin_as_it_was(trained: tuple[ModelRegistry, list[int]]) -> None:
    registry, _ = trained
    rows = FRAME.loc[pd.to_datetime(FRAME["as_of"]) == JUDGE.tz_localize(None)]
    for name, load, score in (
        ("churn_near", ChurnModel.from_files, churn_score),
        ("value", ValueModel.from_files, value_score),
    ):
        stored = registry.load(name)
        model = load(stored.files)
        guess = score(load(stored.twin), rows)
        twin = Twin(load(stored.twin), rows, rows["churned"].to_numpy(dtype=float), {"model": guess[:, 0]})
        trial = trial_for(name, replace(model, twin=twin), None)
        assert trial is not None
        assert np.array_equal(trial.rescore(stored.twin), trial.guess)
        assert trial_for("other", replace(model, twin=twin), None) is None
        assert trial_for(name, model, None) is None
