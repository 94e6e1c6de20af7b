"""Common values say less than rare ones, and an address like another's says nothing that its names do not say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ml.matching import default_model
from ml.matching.addresses import lookalikes
from ml.matching.commonness import Pairs, commonness
from ml.matching.model import level_weights
from ml.matching.normalise import normalise


def pairs(*records: dict[str, str | None], pair: tuple[int, int] = (0, 1)) -> Pairs:
    """The first two of these records, which arrived in this order, as a pair."""
    return Pairs(normalise(pd.DataFrame(records)), np.arange(len(records)), *(np.array([row]) for row in pair))


def test_an_equal_name_weighs_by_how_many_bear_it() -> None:
    usual = level_weights(default_model(), "given", "the same").u
    names = ["Ann"] * 300 + ["Zoe"] * 2 + [f"N{number}" for number in range(698)]
    rows = [{"given_name": name, "family_name": f"F{place // 2 * 2}"} for place, name in enumerate(names)]
    common, rare = (commonness(pairs(*rows, pair=at), default_model())[0] for at in ((298, 299), (300, 301)))
    # All 298 who had told a name when the 299th and 300th came, the two of one family, were called so.
    assert common == pytest.approx(usual / ((298 - 3 * 298**0.5) / 298))
    assert rare == 1


def test_own_records_and_later_ones_change_nothing() -> None:
    ann: dict[str, str | None] = {"given_name": "Ann", "family_name": "Lee", "city": "York", "birth_date": "1980-02-03"}
    others = [{**ann, "family_name": f"F{number}"} for number in range(50)]
    assert commonness(pairs(*[ann] * 50, pair=(48, 49)), default_model()).tolist() == [1.0]
    assert commonness(pairs(ann, ann, *others), default_model()).tolist() == [1.0]
    assert commonness(pairs(*others, ann, ann, pair=(50, 51)), default_model())[0] < 1e-3


def test_near_birth_dates_weigh_by_how_many_are_near() -> None:
    days = [f"1990-01-{day:02}" for day in range(1, 29)] * 60
    rows = [{"birth_date": day, "family_name": f"F{place}"} for place, day in enumerate(days)]
    near, far = (commonness(pairs(*rows, pair=at), default_model())[0] for at in ((1678, 1679), (1640, 1679)))
    assert near < 0.05
    assert far == 1


@pytest.mark.parametrize(
    ("one", "other", "kept"),
    [
        ("john.smith12@gmail.com", "john.smith13@gmail.com", "different"),
        ("john.smith@gmail.com", "john.smith@yahoo.com", "nothing"),
        ("jsmith84@gmail.com", "jsmith84@yahoo.com", "nothing"),
        ("john.smith@gmail.com", "jon.smith@gmail.com", "nothing"),
        ("john.smith4711@gmail.com", "john.smith4711@yahoo.com", "all"),
        ("moonwalker@gmail.com", "moonwalker@yahoo.com", "all"),
        ("moonwalker@gmail.com", "monwalker@gmail.com", "all"),
        ("john.smith12@gmail.com", "john.smith12@gmail.com", "all"),
        ("john.smith12@gmail.com", "zaphod@yahoo.com", "all"),
        ("john.smith12@gmail.com", None, "all"),
    ],
)
def test_a_like_address_is_worth_what_names_do_not_say(one: str, other: str | None, kept: str) -> None:
    rows = [{"given_name": "John", "family_name": "Smith", "email": email} for email in (one, other)]
    found = lookalikes(pairs(*rows), default_model())[0]
    worth = {
        name: level_weights(default_model(), "email", name).odds for name in ("different", "other provider", "misspelt")
    }
    level = "other provider" if str(other).partition("@")[0] == one.partition("@")[0] else "misspelt"
    expected = {"all": 1.0, "nothing": 1 / worth[level], "different": worth["different"] / worth[level]}
    assert found == pytest.approx(expected[kept])
