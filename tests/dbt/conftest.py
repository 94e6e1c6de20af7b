"""A warehouse of one's own on a hand-made lake, and dbt run against it in this process."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.dbt.dbt_room import Room, busy_fortnight


@pytest.fixture(scope="session", autouse=True)
def shared(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Rooms of both workers share the parsed project: parsing takes 13 CPU seconds."""
    base = tmp_path_factory.getbasetemp()
    Room.shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "parsed_for_rooms"


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Room:
    """Two weeks of a small shop, everything built once; tests only read it."""
    room = Room(tmp_path_factory.mktemp("built"))
    room.land("shop", busy_fortnight())
    room.stand_at("2017-01-20 10:30:00")
    room.cut_off("2017-01-12", horizon_days=5)
    room.execute("INSERT INTO ops.label_window SELECT TIMESTAMP '2017-01-12', unnest([1, 5, 60])")
    room.build_days("2017-01-01", "2017-01-21")
    room.resolve_identities()
    room.dbt("run", "--select", "tag:profiles", "tag:published")
    return room


@pytest.fixture
def room(tmp_path: Path) -> Room:
    """An empty warehouse."""
    return Room(tmp_path)
