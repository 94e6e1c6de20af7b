"""What the owners do with a verdict."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from orchestration.month import owners
from orchestration.month.owners import Owners
from simulation.month.planted import BANNER, DELIVERIES, DELIVERY, NOTE, NOTES

AT = datetime(2018, 1, 7, 20, tzinfo=UTC)
MONTH: Any = SimpleNamespace(project=SimpleNamespace(config="config"))


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The steps that were taken, in order."""
    found: list[tuple[str, ...]] = []
    monkeypatch.setattr(owners, "ship", lambda _, name, arm, __: found.append(("ship", name, arm)))
    monkeypatch.setattr(owners, "stop", lambda _, name, __: found.append(("stop", name)))
    monkeypatch.setattr(owners, "show_to_everybody", lambda _, placement, action: found.append((placement, action)))
    monkeypatch.setattr(owners, "publish_config", lambda *_: found.append(("publish",)))
    return found


def looked(monkeypatch: pytest.MonkeyPatch, *verdicts: tuple[str, str, str], before: Owners | None = None) -> Owners:
    """After one look at experiments with their verdicts and arms; the placement is named like the experiment."""
    arms = {name: SimpleNamespace(action=f"action of {name}") for name in (*DELIVERIES, *NOTES)}
    readings = [
        SimpleNamespace(
            experiment=name, verdict=word, arm=arm, words="so", design=SimpleNamespace(arms=arms, placement=name)
        )
        for name, word, arm in verdicts
    ]
    monkeypatch.setattr(owners, "analyse", lambda *_: readings)
    found = before or Owners()
    found.look(MONTH, AT)
    return found


def test_a_winner_is_put_before_everybody_once(monkeypatch: pytest.MonkeyPatch, done: list[tuple[str, ...]]) -> None:
    found = looked(monkeypatch, (DELIVERY, "ship", DELIVERIES[1]))
    steps = [("ship", DELIVERY, DELIVERIES[1]), (DELIVERY, f"action of {DELIVERIES[1]}"), ("publish",)]
    assert done == steps
    assert (found.decided[DELIVERY].step, found.decided[DELIVERY].arm) == ("ship", DELIVERIES[1])
    looked(monkeypatch, (DELIVERY, "ship", DELIVERIES[1]), before=found)
    assert done == steps


@pytest.mark.parametrize("word", ["stop", "no difference"])
def test_what_brings_nothing_is_stopped(
    monkeypatch: pytest.MonkeyPatch, done: list[tuple[str, ...]], word: str
) -> None:
    found = looked(monkeypatch, (NOTE, word, ""))
    assert done == [("stop", NOTE)]
    assert (found.decided[NOTE].step, found.decided[NOTE].arm) == ("stop", "")


@pytest.mark.parametrize(
    ("name", "word"),
    [(DELIVERY, "keep running"), (NOTE, "do not trust"), (BANNER, "ship"), (BANNER, "stop")],
)
def test_whatever_else_is_said_is_kept_and_nothing_done(
    monkeypatch: pytest.MonkeyPatch, done: list[tuple[str, ...]], name: str, word: str
) -> None:
    found = looked(monkeypatch, (name, word, DELIVERIES[1]))
    assert done == []
    assert found.decided == {}
    assert found.readings[name].verdict == word
