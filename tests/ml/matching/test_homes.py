"""Whether people share homes is read from the file, and decides what a single contradiction means."""

from __future__ import annotations

import pandas as pd
import pytest

from ml.matching import match_records
from ml.matching.frames import compared_records
from ml.matching.homes import FEWEST_PAIRS, homes_are_shared
from tests.ml.matching.people import Noise, company
from tests.ml.matching.quality import febrl

CLEAN = Noise(absent=0, misspelt=0, moved=0, nickname=0, swapped=0, wrong=0)


def _alone(people: int) -> pd.DataFrame:
    """Two records of each person at an address of its own; the first person is given two first names."""
    rows = [
        {
            "given_name": "Maria" if (person, copy) == (0, 1) else f"Johan{chr(97 + person % 26)}",
            "family_name": f"Berg{'abcdefghij'[person % 10]}{person}",
            "street_address": f"{person + 1} Long Road",
            "postal_code": str(10_000 + person),
            "birth_date": f"19{40 + person % 50}-03-{1 + person % 28:02d}",
        }
        for person in range(people)
        for copy in range(2)
    ]
    arrived = pd.Timestamp("2017-01-01", tz="UTC") + pd.to_timedelta(range(len(rows)), unit="h")
    return pd.DataFrame(rows).assign(identifier_key=range(1, len(rows) + 1), received_at=arrived)


def test_a_company_with_households_shares_homes() -> None:
    assert homes_are_shared(compared_records(company(3000, seed=5, noise=CLEAN).records))


@pytest.mark.parametrize("number", ["1", "2", "3", "4"])
def test_the_people_of_the_febrl_sets_live_alone(number: str) -> None:
    assert not homes_are_shared(compared_records(febrl(number).records))


def test_too_few_records_tell_nothing() -> None:
    assert homes_are_shared(compared_records(_alone(FEWEST_PAIRS - 1)))
    assert not homes_are_shared(compared_records(_alone(FEWEST_PAIRS)))


def test_another_first_name_is_another_person_only_where_homes_are_shared() -> None:
    few, many = match_records(_alone(10)), match_records(_alone(FEWEST_PAIRS))
    assert few.veto[["a_key", "b_key", "reason"]].values.tolist() == [[1, 2, "twins"]]
    assert (1, 2) not in set(few.pair[["a_key", "b_key"]].itertuples(index=False, name=None))
    assert (1, 2) in set(many.pair[["a_key", "b_key"]].itertuples(index=False, name=None))
    assert many.veto.empty
