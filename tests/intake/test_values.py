"""Columns read as text, numbers and times, against plain Python."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.contract import Expression, Rule
from intake.expressions import numbers, rule_mask, text
from intake.json_text import json_object, json_values, merged_objects, quoted
from intake.values import Moments, as_moments, as_numbers, as_text, decimal_array, scale_numbers

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MONEY = pa.decimal128(18, 4)


def moments(array: pa.Array, zone: str = "UTC", unit: str = "s", pattern: str | None = None) -> list[datetime | None]:
    found: Moments = as_moments(array, zone=zone, unit=unit, pattern=pattern)
    return [
        EPOCH + timedelta(microseconds=int(micros)) if valid else None
        for micros, valid in zip(found.micros, found.valid, strict=True)
    ]


@settings(deadline=None, max_examples=50)
@given(st.lists(st.one_of(st.none(), st.integers(-(10**15), 10**15)), max_size=20))
def test_scaled_numbers_become_the_same_decimals(units: list[int | None]) -> None:
    valid = np.array([unit is not None for unit in units], dtype=bool)
    array = decimal_array(np.array([unit or 0 for unit in units], dtype=np.int64), valid, MONEY)
    array.validate(full=True)
    assert array.to_pylist() == [None if unit is None else Decimal(unit) / 10_000 for unit in units]


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=20), st.integers(0, 3))
def test_decimals_survive_every_way_they_are_written(cents: list[int], places: int) -> None:
    exact = [Decimal(cent).scaleb(-places) for cent in cents]
    expected = [int((value * 10_000).to_integral_value(ROUND_HALF_EVEN)) for value in exact]
    for array in (
        pa.array([str(value) for value in exact]),
        pa.array([float(value) for value in exact]),
        pa.array(exact, pa.decimal128(18, 4)),
    ):
        assert scale_numbers(*as_numbers(array), 4).units.tolist() == expected


def test_what_is_no_number_is_marked() -> None:
    found = scale_numbers(*as_numbers(pa.array(["1.5", " 2 ", "", None, "abc", "inf", "nan", "1e40"])), 2)
    assert found.units[found.valid].tolist() == [150, 200]
    assert found.bad.tolist() == [False, False, False, False, True, True, True, True]
    assert as_numbers(pa.array([datetime(2017, 1, 1, tzinfo=UTC), None]))[1].tolist() == [True, False]


def test_text_is_trimmed_and_whole_floats_lose_their_tail() -> None:
    assert as_text(pa.array([" a ", "", "  ", None])).to_pylist() == ["a", None, None, None]
    assert as_text(pa.array([17850.0, None, float("nan")])).to_pylist() == ["17850", None, None]
    assert as_text(pa.array([1.5, 2.0])).to_pylist() == ["1.5", "2"]
    assert as_text(pa.array([b"a", None])).to_pylist() == ["a", None]
    assert as_text(pa.nulls(2)).to_pylist() == [None, None]


@settings(deadline=None, max_examples=50)
@given(st.datetimes(datetime(1990, 1, 1), datetime(2035, 1, 1)))  # noqa: DTZ001
def test_local_times_become_utc_as_the_time_zone_database_says(local: datetime) -> None:
    zone = ZoneInfo("Europe/London")
    placed = local.replace(tzinfo=zone, fold=0)
    exists = placed.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == local
    for array in (pa.array([local], pa.timestamp("us")), pa.array([local.isoformat()])):
        (found,) = moments(array, zone="Europe/London")
        assert found is not None
        if exists:
            assert found == placed.astimezone(UTC)


def test_times_in_every_form() -> None:
    expected = datetime(2017, 7, 1, 10, 30, tzinfo=UTC)
    seconds = int(expected.timestamp())
    assert moments(pa.array(["2017-07-01T12:30:00+02:00", "2017-07-01 10:30Z"])) == [expected] * 2
    assert moments(pa.array(["2017-07-01T11:30:00"]), zone="Europe/London") == [expected]
    assert moments(pa.array([seconds])) == moments(pa.array([seconds * 1000]), unit="ms") == [expected]
    assert moments(pa.array(["01/07/2017 10:30"]), pattern="%d/%m/%Y %H:%M") == [expected]
    assert moments(pa.array([expected, None], pa.timestamp("ns", "UTC"))) == [expected, None]
    assert moments(pa.array([], pa.string())) == []


def test_times_say_their_zone_or_are_of_the_contracts() -> None:
    ten = datetime(2018, 1, 2, 9, tzinfo=UTC)
    for word in ("2018-01-02 10:00:00+01", "2018-01-02T04:00:00-05", "2018-01-02 09:00:00 UTC", "2018-01-02 10:00"):
        assert moments(pa.array([word]), zone="Europe/Berlin") == [ten], word
    gmt = pa.array(["Tue, 02 Jan 2018 09:00:00 GMT"])
    assert moments(gmt, zone="Europe/Berlin", pattern="%a, %d %b %Y %H:%M:%S %Z") == [ten]
    midnight = datetime(2018, 1, 1, 23, tzinfo=UTC)
    for word, pattern in (("02-01-2018", "%d-%m-%Y"), ("2018-01-02", None)):
        assert moments(pa.array([word]), zone="Europe/Berlin", pattern=pattern) == [midnight], word


@pytest.mark.parametrize("pattern", [None, "ISO8601", "mixed"])
def test_times_with_and_without_a_zone_stand_in_one_column(pattern: str | None) -> None:
    words = {
        "2024-03-01T10:00:00+02:00": 8, "2024-03-01T10:00:00Z": 10, "2024-03-01T10:00:00+0200": 8,
        "2024-03-01T10:00:00+02": 8, "2024-03-01 10:00 UTC": 10, "2024-03-01 10:00:00": 9,
        "2024-03-01 10:00 PST": None, "2024-03-01 10:00 GMT+2": None, "now": None,
    }  # fmt: skip
    expected = [None if hour is None else datetime(2024, 3, 1, hour, tzinfo=UTC) for hour in words.values()]
    assert moments(pa.array(list(words)), zone="Europe/Berlin", pattern=pattern) == expected


def test_a_word_among_numbers_spoils_only_its_own_row() -> None:
    at = datetime(2018, 5, 1, 10, 0, 1, tzinfo=UTC)
    seconds = int(at.timestamp())
    assert moments(pa.array([str(seconds), "soon", "2018-05-01T10:00:01Z"])) == [at, None, at]
    assert moments(pa.array([f"{seconds}000", f"{seconds}000.0", None]), unit="ms") == [at, at, None]
    assert moments(pa.array(["20180501", "20180501T100001"])) == [datetime(2018, 5, 1, tzinfo=UTC), at]


def test_days_of_a_spreadsheet_are_local_times() -> None:
    half_past_ten = datetime(2018, 6, 1, 8, 30, tzinfo=UTC)
    for days in ([43252.4375], ["43252.4375"], ["43252,4375"], [Decimal("43252.4375")]):
        assert moments(pa.array(days), zone="Europe/Berlin", pattern="excel") == [half_past_ten]
    found = as_moments(pa.array([1e12, float("inf"), None]), zone="UTC", unit="s", pattern="excel")
    assert found.bad.tolist() == [True, True, False]


def test_times_that_are_none_are_marked() -> None:
    found = as_moments(pa.array(["soon", None, "2017-13-01", ""]), zone="UTC", unit="s", pattern=None)
    assert found.bad.tolist() == [True, False, True, False]
    assert not found.valid.any()


names = st.text(max_size=12)
values = st.one_of(st.none(), st.text(st.characters(codec="utf-8"), max_size=12))


@settings(deadline=None, max_examples=50)
@given(st.dictionaries(names, st.lists(values, min_size=3, max_size=3), max_size=4))
def test_objects_written_by_column_parse_as_what_went_in(columns: dict[str, list[str | None]]) -> None:
    members = {name: quoted(pa.array(column, pa.string())) for name, column in columns.items()}
    objects = json_object(members, 3).to_pylist()
    assert len(objects) == 3
    for row, written in enumerate(objects):
        assert json.loads(written) == {n: c[row] for n, c in columns.items() if c[row] is not None}


def test_members_are_added_to_objects() -> None:
    merged = merged_objects(pa.array(['{"a":1}', "{}"]), {"b": pa.array(["2", None])})
    assert merged.to_pylist() == ['{"a":1,"b":2}', "{}"]


def test_values_of_every_type_as_json() -> None:
    midnight, noon = datetime(2017, 5, 1, tzinfo=UTC), datetime(2017, 5, 1, 12, tzinfo=UTC)
    cases = [
        (pa.array([True, None]), ["true", None]),
        (pa.array([1, 2]), ["1", "2"]),
        (pa.array([1.5, float("inf")]), ["1.5", None]),
        (pa.array([Decimal("1.50")]), ["1.5"]),
        (pa.array([midnight, None], pa.timestamp("ns")), ['"2017-05-01"', None]),
        (pa.array([noon], pa.timestamp("us", "UTC")), ['"2017-05-01T12:00:00.000000Z"']),
        (pa.array([{"a": [1]}, None]), ['{"a":[1]}', None]),
        (pa.array(["x", ""]), ['"x"', None]),
    ]
    assert [json_values(array).to_pylist() for array, _ in cases] == [expected for _, expected in cases]


TABLE = pa.table({"q": [2, None, -3], "p": [1.5, 2.0, None], "word": ["C1", "c2", None]})


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ({"column": "q"}, [2, None, -3]),
        ({"multiply": ["q", "p"]}, [3.0, None, None]),
        ({"sum": ["q", "p"]}, [3.5, 2.0, -3]),
        ({"abs": "q"}, [2, None, 3]),
        ({"value": 7}, [7, 7, 7]),
        ({"column": "absent"}, [None, None, None]),
    ],
)
def test_numbers_from_expressions(expression: dict[str, object], expected: list[float | None]) -> None:
    found, bad = numbers(TABLE, Expression.model_validate(expression))
    assert [None if np.isnan(value) else value for value in found] == expected
    assert not bad.any()


def test_text_from_rules_and_maps() -> None:
    rules = {"rules": [{"column": "word", "matches": "^C", "value": "cancelled"}], "default": "sold"}
    assert text(TABLE, Expression.model_validate(rules)).to_pylist() == ["cancelled", "sold", "sold"]
    mapped = Expression.model_validate({"column": "word", "map": {"C1": "one"}})
    assert text(TABLE, mapped).to_pylist() == ["one", "c2", None]


def test_rules_by_bounds() -> None:
    assert rule_mask(TABLE, Rule(column="q", at_most=0)).tolist() == [False, False, True]
    assert rule_mask(TABLE, Rule(column="q", at_least=-5, at_most=2)).tolist() == [True, False, True]
