"""Connections and the files that a process may have open."""

from __future__ import annotations

import resource
from collections.abc import Iterator

import pytest

from serving.open_files import OWN_FILES, allow_most, connections_within

SOFT = 900


@pytest.fixture
def most() -> Iterator[int]:
    """This process with few open files allowed, as in many shells; how many it may ask for."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (SOFT, hard))
    yield hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_what_there_is_no_room_for_is_said_and_turned_away(most: int) -> None:
    room = SOFT - OWN_FILES
    assert connections_within(room) == (room, None)
    found, said = connections_within(room + 1)
    assert found == room
    assert said is not None
    assert said.startswith(f"serving.max_connections: {room + 1}, but only {SOFT} files may be open (ulimit -n)")
    assert said.endswith(f"it holds {room} connections and answers 503 to more")
    allow_most()
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (most, most)
    assert connections_within(room + 1) == (room + 1, None)
