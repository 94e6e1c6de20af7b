"""An edited file beside what is live: who ran goes on, and who was ended by command does not come back."""

from __future__ import annotations

from serving.experiments.learned import learned_of, reworded
from tests.serving.experiments.registry import experiment

RUNNING = experiment(traffic=0.5)


def test_an_edit_does_not_bring_back_what_was_ended_by_command() -> None:
    # The file still says running; the stop took its share away.
    ended = learned_of([RUNNING], {}, {})
    edited = RUNNING.model_copy(update={"hypothesis": "Specials sell, said otherwise."})
    assert reworded(ended, [edited]).shares == {}
    again = reworded(reworded(ended, [edited]), [RUNNING])
    assert (again.shares, again.slots) == ({}, ended.slots)
    # A new version is another experiment.
    assert reworded(ended, [experiment(traffic=0.5, version=2)]).shares == {"banner/2": 0.5}


def test_a_pause_in_the_file_does_not_make_a_stop_forgotten() -> None:
    paused = experiment(traffic=0.5, status="paused")
    told = learned_of([paused], {}, {}, ended=["banner/1", "gone/1"])
    assert told.ended == ["banner/1"]
    assert reworded(reworded(told, [paused]), [RUNNING]).shares == {}
    assert reworded(reworded(learned_of([RUNNING], {}, {}), [paused]), [RUNNING]).shares == {}


def test_an_edit_leaves_shares_as_they_were_and_obeys_the_file() -> None:
    ramped = learned_of([RUNNING], {"banner/1": 0.2}, {})
    assert reworded(ramped, [RUNNING]).shares == {"banner/1": 0.2}
    assert reworded(ramped, [experiment(traffic=0.5, status="draft")]).shares == {"banner/1": 0.2}
    assert reworded(ramped, [experiment(traffic=0.5, status="paused")]).shares == {}
    paused = learned_of([experiment(traffic=0.5, status="paused")], {}, {})
    assert reworded(paused, [RUNNING]).shares == {"banner/1": 0.5}
    assert reworded(learned_of([], {}, {}), [RUNNING]).shares == {"banner/1": 0.5}
