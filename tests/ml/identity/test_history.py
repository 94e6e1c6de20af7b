"""Histories: only what outlived its instant is remembered."""

from __future__ import annotations

from ml.identity.history import History
from ml.identity.union import Components


def story() -> tuple[Components, History]:
    people = Components(["crm_id"] * 3, [0, 1, 2])
    history = History()
    history.settle(10, {0: None, 1: None, 2: None}, people)
    return people, history


def test_newcomers_are_their_own_people() -> None:
    _, history = story()
    assert [(span.node, span.anchor, span.start, span.end) for span in history.spans] == [
        (node, node, 10, None) for node in range(3)
    ]
    assert [change.other for change in history.changes] == [None, None, None]


def test_a_move_closes_one_span_and_opens_the_next_at_the_same_instant() -> None:
    people, history = story()
    moved = people.join(0, 2).moved
    history.settle(20, dict.fromkeys(moved, 77), people)
    of_two = [(span.anchor, span.start, span.end, span.via) for span in history.spans if span.node == 2]
    assert of_two == [(2, 10, 20, None), (0, 20, None, 77)]
    assert (history.changes[-1].survivor, history.changes[-1].other) == (0, 2)
    assert history.anchor_now(2) == 0


def test_two_moves_in_one_instant_are_one() -> None:
    people, history = story()
    touched: dict[int, int | None] = dict.fromkeys(people.join(1, 2).moved, 5)
    touched |= dict.fromkeys(people.join(0, 1).moved, 6)
    history.settle(20, touched, people)
    assert [(span.anchor, span.via) for span in history.spans if span.node == 2] == [(2, None), (0, 6)]


def test_touching_without_moving_writes_nothing() -> None:
    people, history = story()
    before = len(history.spans)
    history.settle(30, {0: 1, 1: 1}, people)
    assert len(history.spans) == before
