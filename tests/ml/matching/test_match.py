"""Matching as a whole: the traps of real households, sparse records, and results that do not depend on the run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from ml.matching import Matches, default_model, match_records
from tests.ml.matching.people import company

EARLY = pd.Timestamp("2017-01-01", tz="UTC")
ANN = {
    "given_name": "Annabel", "family_name": "Fitzwilliam", "street_address": "12 High Street", "city": "Leeds",
    "postal_code": "LS1 4DY", "birth_date": "1980-02-03",
}  # fmt: skip


def records(*rows: dict[str, Any]) -> pd.DataFrame:
    """One record a row, keys from 1, a day apart."""
    placed = [
        {"identifier_key": number, "received_at": EARLY + pd.Timedelta(days=number), **row}
        for number, row in enumerate(rows, 1)
    ]
    return pd.DataFrame(placed)


def keys(frame: pd.DataFrame) -> set[tuple[int, int]]:
    return set(zip(frame["a_key"].tolist(), frame["b_key"].tolist(), strict=True))


def seen(matches: Matches, before: pd.Timestamp | None = None) -> dict[str, list[tuple[Any, ...]]]:
    tables = {}
    for name, frame in matches.tables().items():
        kept = frame if before is None else frame[frame["known_at"] < before]
        tables[name] = sorted(kept.itertuples(index=False, name=None))
    return tables


def test_one_person_in_two_systems() -> None:
    other = {**ANN, "given_name": "Anabel", "family_name": "Fitzwiliam", "street_address": "12, High St.", "city": None}
    matches = match_records(records(ANN, other))
    (pair,) = matches.pair.to_dict("records")
    assert (pair["a_key"], pair["b_key"], pair["rule"]) == (1, 2, "splink")
    assert 0.99 < pair["probability"] == pair["weight"] <= 1
    assert pair["known_at"] == EARLY + pd.Timedelta(days=2)
    assert pair["evidence"] == "street house postal birth_date"
    assert matches.veto.empty


def test_a_household_is_related_and_not_merged() -> None:
    son = {**ANN, "given_name": "Bertram", "birth_date": "2005-09-28"}
    twin = {**ANN, "given_name": "Dorothea"}
    nameless = {**ANN, "given_name": None, "birth_date": None}
    matches = match_records(records(ANN, son, twin, nameless))
    assert matches.pair.empty
    assert dict(zip(matches.veto["b_key"], matches.veto["reason"], strict=True)) == {3: "twins"}
    assert set(matches.household["household_id"]) == {"h000000000000001-0"}
    assert matches.household["identifier_key"].tolist() == [1, 2, 3, 4]
    assert [int(day) for day in (matches.household["known_at"] - EARLY).dt.days] == [2, 2, 3, 4]


def test_what_candidates_would_join_indirectly_is_vetoed() -> None:
    john = {**ANN, "given_name": "J", "birth_date": None, "email": "fitz@mail.com"}
    father = {**john, "given_name": "John", "birth_date": "1950-06-21"}
    son = {**john, "given_name": "John", "birth_date": "1980-02-03"}
    matches = match_records(records(father, son, john))
    assert keys(matches.pair) == {(1, 3), (2, 3)}
    assert keys(matches.veto) == {(1, 2)}


def test_contacts_of_different_people_are_flagged_when_the_second_arrives() -> None:
    bob = {**ANN, "given_name": "Bob"}
    frame = records(ANN, {**ANN, "given_name": "Anabell"}, bob, ANN)
    frame["email_key"] = pd.array([70, 70, 70, None], "Int64")
    frame["phone_key"] = pd.array([80, None, None, 80], "Int64")
    flags = match_records(frame).flag
    assert flags.to_dict("records") == [
        {
            "identifier_key": 70,
            "status": "shared",
            "reason": "household",
            "known_at": EARLY + pd.Timedelta(days=3),
        }
    ]


@pytest.mark.parametrize(
    "frame",
    [
        records(ANN).iloc[:0],
        records(ANN),
        records({}, {}, {}),
        records(*[dict.fromkeys(ANN)] * 3),
        records({"city": "Leeds"}, {"city": "Leeds"}),
    ],
    ids=["no record", "one record", "no role", "empty roles", "too little"],
)  # fmt: skip
def test_little_to_compare(frame: pd.DataFrame) -> None:
    matches = match_records(frame)
    assert [len(table) for table in matches.tables().values()] == [0, 0, 0, 0]
    assert list(matches.pair.columns) == ["a_key", "b_key", "rule", "weight", "probability", "known_at", "evidence"]
    assert str(matches.veto["known_at"].dtype) == "datetime64[us, UTC]"


def test_versions_of_one_record_are_no_pair_and_each_may_match() -> None:
    moved = {**ANN, "street_address": "7 Mill Lane", "city": "York", "postal_code": "YO1 7HH"}
    frame = records(ANN, moved, moved)
    frame["identifier_key"] = [1, 1, 2]
    assert keys(match_records(frame).pair) == {(1, 2)}


def test_runs_at_any_moment_find_what_the_last_run_dates_before_it() -> None:
    frame = company(600, seed=4).records
    frame["email_key"] = pd.Series(pd.factorize(frame["email"])[0], dtype="Int64").mask(frame["email"].isna()) + 10_000
    everything = match_records(frame)
    assert len(everything.pair) > 100
    assert len(everything.veto) > 5
    for share in (0.3, 0.6, 0.9):
        moment = frame["received_at"].quantile(share)
        assert seen(match_records(frame[frame["received_at"] < moment])) == seen(everything, before=moment)


def test_the_order_of_rows_changes_nothing() -> None:
    frame = company(300, seed=9).records
    shuffled = frame.iloc[np.random.default_rng(3).permutation(len(frame))]
    assert seen(match_records(frame)) == seen(match_records(shuffled))


def test_a_pair_scores_by_what_had_arrived_with_it() -> None:
    frame = company(400, seed=6).records
    together = match_records(frame).pair
    for row in together.sample(3, random_state=1).itertuples():
        alone = match_records(frame[frame["identifier_key"].isin([row.a_key, row.b_key])]).pair
        assert alone["probability"].tolist()[0] >= row.probability, "what others are called can only lower it"
        arrived = frame[frame["received_at"] <= row.known_at]
        then = match_records(arrived).pair.set_index(["a_key", "b_key"])["probability"]
        assert then[row.a_key, row.b_key] == row.probability


def test_thresholds_and_models_that_cannot_be() -> None:
    with pytest.raises(ValueError, match="threshold must lie between 0 and 1"):
        match_records(records(ANN), threshold=1.0)
    model = default_model()
    model["comparisons"] = model["comparisons"][1:]
    with pytest.raises(ValueError, match="train it again"):
        match_records(records(ANN), model)
