"""The model that comes with the code is complete, and training moves weights to what records show."""

from __future__ import annotations

from typing import Any

import pytest

from ml.errors import NotTrainable
from ml.matching import check_model, default_model, train_model
from ml.matching.model import FEWEST_RECORDS
from tests.ml.matching.people import company


def levels(model: dict[str, Any], comparison: str) -> dict[str, dict[str, Any]]:
    (found,) = [part for part in model["comparisons"] if part["output_column_name"] == comparison]
    return {level["label_for_charts"]: level for level in found["comparison_levels"]}


def test_the_model_that_comes_with_the_code() -> None:
    model = check_model(default_model())
    for comparison in model["comparisons"]:
        known = [level for level in comparison["comparison_levels"] if not level.get("is_null_level")]
        assert all(0 < level[weight] < 1 for level in known for weight in ("m_probability", "u_probability"))
        best, worst = known[0], known[-1]
        assert best["m_probability"] / best["u_probability"] > 100
        assert worst["m_probability"] / worst["u_probability"] < 1
        assert not any("tf_adjustment_column" in level for level in known)


def test_training_learns_from_records_and_keeps_what_they_do_not_show() -> None:
    records = company(3_000, seed=8).records.assign(email=None)
    before = default_model()
    model = train_model(records, random_pairs=100_000)
    assert check_model(model) is model
    assert levels(model, "email") == levels(before, "email")
    learnt, old = (levels(each, "given")["the same"]["m_probability"] for each in (model, before))
    assert learnt != old
    assert 0.5 < learnt < 0.95
    assert model["probability_two_random_records_match"] == before["probability_two_random_records_match"]


def test_few_records_teach_nothing() -> None:
    records = company(50, seed=8).records
    with pytest.raises(NotTrainable) as refused:
        train_model(records)
    assert refused.value.reason == f"{len(records)} records with names or addresses; {FEWEST_RECORDS} are needed"
