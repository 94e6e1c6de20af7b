"""Looks, writing and reading of pauses meet in three threads; a surface once paused answers plain throughout."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from intake.clock import FixedClock
from intake.ops_store import OpsStore
from intake.paths import DataPaths
from intake.settings_pausing import PausingSettings
from serving.metrics.worker import Counted
from serving.pausing.watch import PauseWatch, fresh
from serving.service import Service
from serving.snapshot import pointer
from tests.serving import sample
from tests.serving.service_client import PATIENCE_SECONDS, config

LATER = sample.NOW + timedelta(hours=49)
RULES = PausingSettings(snapshot_hours=48, decision_p99_ms=None, errors_above=0.02, least_errors=5)
OLD = fresh("v1", sample.NOW.isoformat())


def soon(holds: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.002)


@pytest.fixture
def store(tmp_path: Path) -> OpsStore:
    sample.write(tmp_path / "snapshots", "v1")
    pointer.switch(tmp_path / "snapshots", "v1")
    found = OpsStore(DataPaths(tmp_path))
    assert found.pauses() == []
    return found


def test_pauses_read_before_one_was_written_do_not_take_it_back(store: OpsStore, tmp_path: Path) -> None:
    watching: list[threading.Thread] = []

    def scopes() -> frozenset[str]:
        found = frozenset(pause.scope for pause in store.pauses())
        if not found and service.store.version and not watching:
            # This reading is slow: meanwhile another thread looks, pauses, and writes it down.
            watching.append(threading.Thread(target=service.watch))
            watching[0].start()
            soon(store.pauses)
            watching[0].join(0.2)
        return found

    service = Service(config(tmp_path, ops=store, clock=FixedClock(LATER), pausing=RULES, paused_scopes=scopes))
    service.follow_pauses()
    assert service.paused == frozenset()
    service.store.refresh()
    service.follow_pauses()
    assert service.paused == {"all"}
    watching[0].join()
    service.follow_pauses()
    assert service.paused == {"all"}
    store.lift("all", actor="tests", at=LATER, reason="seen", grace=timedelta(hours=1))
    service.follow_pauses()
    service.store.close()
    assert service.paused == frozenset()


def test_a_pause_that_cannot_be_read_back_stays_in_force(store: OpsStore, tmp_path: Path) -> None:
    is_broken = False

    def scopes() -> frozenset[str]:
        if is_broken:
            raise sqlite3.OperationalError("database is locked")
        return frozenset(pause.scope for pause in store.pauses())

    service = Service(config(tmp_path, ops=store, clock=FixedClock(LATER), pausing=RULES, paused_scopes=scopes))
    service.follow()
    is_broken = True
    service.watch()
    service.store.close()
    assert [pause.scope for pause in store.pauses()] == ["all"]
    assert service.paused == {"all"}


def test_what_is_paused_while_another_pause_is_written_is_written_next(
    store: OpsStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_writing, may_write, record_looks = threading.Event(), threading.Event(), OpsStore.record_looks

    def slowly(*arguments: Any, **named: Any) -> Any:
        is_writing.set()
        assert may_write.wait(PATIENCE_SECONDS)
        return record_looks(*arguments, **named)

    monkeypatch.setattr(OpsStore, "record_looks", slowly)
    watch = PauseWatch(RULES, store, tmp_path / "service_log", "w")
    watch.look(Counted("w"), ["home_hero"], OLD, frozenset(), LATER)
    assert watch.held == {"all"}
    telling = threading.Thread(target=watch.tell, args=(LATER,))
    telling.start()
    assert is_writing.wait(PATIENCE_SECONDS)
    after = LATER + timedelta(seconds=10)
    watch.look(Counted("w", failed={"home_hero": 6}), ["home_hero"], OLD, frozenset(), after)
    may_write.set()
    telling.join()
    assert [pause.scope for pause in store.pauses()] == ["all"]
    assert watch.held == {"all", "home_hero"}
    assert watch.tell(after)
    assert {pause.scope for pause in store.pauses()} == {"all", "home_hero"}
    watch.seen(watch.written())
    assert watch.held == frozenset()
