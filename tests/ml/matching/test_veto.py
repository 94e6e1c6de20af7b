"""Two people are told apart however alike their records are, and one person's spellings are not held against him."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from ml.matching.normalise import normalise
from ml.matching.veto import vetoes

ANN = {
    "given_name": "Ann", "family_name": "Miller", "street_address": "12 High Street", "postal_code": "10115",
    "birth_date": "1980-02-03",
}  # fmt: skip


def verdict(changes: dict[str, Any], base: dict[str, Any] = ANN) -> str | None:
    normal = normalise(pd.DataFrame([base, {**base, **changes}], dtype=object))
    forward, backward = vetoes(normal, np.array([0, 1]), np.array([1, 0])).fillna("none")
    assert forward == backward
    return None if forward == "none" else str(forward)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"given_name": "Bob"}, "twins"),
        ({"given_name": "Bob", "birth_date": "1982-07-13"}, "birth_date"),
        ({"given_name": "Bob", "birth_date": None}, "given_name"),
        ({"given_name": "Bob", "street_address": "1 Hill Road"}, "given_name"),
        ({"birth_date": "1952-11-17"}, "birth_date"),
        ({"birth_date": "1955-03-02"}, "birth_date"),
    ],
)
def test_other_people(changes: dict[str, Any], reason: str) -> None:
    assert verdict(changes) == reason


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"given_name": "Anne"},
        {"given_name": "Annie"},
        {"given_name": "A."},
        {"given_name": "Mary Ann"},
        {"given_name": "Nan"},
        {"given_name": "Annn"},
        {"given_name": None},
        {"given_name": "Miller", "family_name": "Ann"},
        {"family_name": "Smith"},
        {"birth_date": "1980-03-02"},
        {"birth_date": "1980-02-08"},
        {"birth_date": "1908-02-03"},
        {"birth_date": "1981-02-08"},
        {"birth_date": None},
        {"birth_date": "nothing"},
    ],
)
def test_one_person(changes: dict[str, Any]) -> None:
    assert verdict(changes) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [("William", "Bill"), ("Elizabeth", "Beth"), ("Ursula", "Sula"), ("Katherine", "Kaxty"), ("Jon", "Jonathan")],
)
def test_nicknames_also_misspelt(one: str, other: str) -> None:
    assert verdict({"given_name": other}, {**ANN, "given_name": one}) is None


def test_father_and_son() -> None:
    john = {**ANN, "given_name": "John", "birth_date": None}
    assert verdict({"family_name": "Miller Jr"}, {**john, "family_name": "Miller Sr"}) == "suffix"
    assert verdict({"family_name": "Miller Jr"}, john) is None


def test_no_pairs() -> None:
    none = np.array([], dtype=np.int64)
    assert vetoes(normalise(pd.DataFrame([ANN])), none, none).empty
