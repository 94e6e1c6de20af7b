"""The table of `make bench-learning` says of every target whether it is met, and so does its exit code."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benchmarks import learning, learning_hourly, learning_offpolicy, learning_statistics


@pytest.mark.parametrize(
    ("row", "line", "missed"),
    [
        (("share", 0.5, ">= 0.4", True), "| share | 0.5 | >= 0.4 | yes |", 0),
        (("share", 0.3, ">= 0.4", False), "| share | 0.3 | >= 0.4 | NO |", 1),
        (("share", np.float64(0.3), ">= 0.4", np.bool_(False)), "| share | 0.3 | >= 0.4 | NO |", 1),
        (("share", "0.3 of it", "told", None), "| share | 0.3 of it | told |  |", 0),
        (("CPU s", 7.8, 60.0), "| CPU s | 7.8 | <= 60 | yes |", 0),
        (("CPU s", 61.0, 60.0), "| CPU s | 61 | <= 60 | NO |", 1),
        (("CPU s", 61.0, None), "| CPU s | 61 |  |  |", 0),
    ],
)
def test_a_row_that_misses_its_target_is_counted(
    row: tuple[Any, ...], line: str, missed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert learning.told([row]) == missed
    assert capsys.readouterr().out.strip() == line


@pytest.mark.parametrize(("is_met", "code"), [(True, 0), (False, 1), (None, 0)])
def test_a_part_that_misses_a_target_fails(monkeypatch: pytest.MonkeyPatch, is_met: bool | None, code: int) -> None:
    made: Any = SimpleNamespace(rows=lambda: [("first", 1.0, "1", True), ("second", 1.0, "2", is_met)])
    monkeypatch.setitem(sys.modules, "benchmarks.learning_made_up", made)
    assert learning.part("made_up") == code


@pytest.mark.parametrize("name", learning.PARTS)
def test_every_part_has_rows(name: str) -> None:
    module = __import__(f"benchmarks.learning_{name}", fromlist=["any"])
    assert any(callable(getattr(module, entry, None)) for entry in learning.ENTRIES)


def test_an_hour_of_learning_is_held_against_its_bounds() -> None:
    rows = learning_hourly.measure(20_000, 800)
    assert [target for _, _, target in rows] == [60.0, 0.0]
    assert learning.told(rows) == 0


def test_intervals_that_cover_too_seldom_or_too_often_miss_the_target() -> None:
    (row, *_, resampled) = learning_offpolicy.coverage(1)
    # One log covers always or never.
    assert row[2:] == (learning_offpolicy.COVER, False)
    assert resampled[2:] == ("told", None)


@pytest.mark.parametrize(
    ("bounds", "target", "is_met"),
    [
        ({"most": 0.05}, "<= 0.05", True),
        ({"most": 0.04}, "<= 0.04", False),
        ({"least": 0.95}, ">= 0.95", False),
        ({"least": 0.04, "most": 0.06}, "0.04-0.06", True),
        ({"least": 0.06, "most": 0.07}, "0.06-0.07", False),
        ({}, "for comparison", None),
    ],
)
def test_statistics_are_held_against_their_bounds(bounds: dict[str, float], target: str, is_met: bool | None) -> None:
    assert learning_statistics.within("a share", 0.05, **bounds) == ("a share", 0.05, target, is_met)
