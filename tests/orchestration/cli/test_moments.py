"""Dates on the command line."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
import typer

from orchestration.cli.moments import day, instant


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2017-10-02", datetime(2017, 10, 2, tzinfo=UTC)),
        ("2017-10-02T05:30", datetime(2017, 10, 2, 5, 30, tzinfo=UTC)),
        ("2017-10-02T05:30:00Z", datetime(2017, 10, 2, 5, 30, tzinfo=UTC)),
        ("2017-10-02T05:30:00-04:00", datetime(2017, 10, 2, 9, 30, tzinfo=UTC)),
    ],
)
def test_instants_are_utc(text: str, moment: datetime) -> None:
    read = instant(text)
    assert read == moment
    assert read.utcoffset() == moment.utcoffset()


@pytest.mark.parametrize("text", ["", "yesterday", "2017-13-01", "02.10.2017"])
def test_what_is_no_date_is_wrong_use_and_named(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="2017-10-02"):
        instant(text)


def test_a_day_has_no_hours() -> None:
    assert day("2017-02-28") == date(2017, 2, 28)
    with pytest.raises(typer.BadParameter, match="'2017-02-29' is not a day"):
        day("2017-02-29")
