"""The store follows the pointer, never mixes versions, and keeps the last good one."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import pytest

from serving.snapshot import pointer
from serving.snapshot.reader import SnapshotReader
from serving.snapshot.store import SnapshotStore
from tests.serving import sample


class Ready:
    """What an opener makes of a reader, remembering whether it was closed."""

    def __init__(self, reader: SnapshotReader) -> None:
        self.reader = reader
        self.closed = False

    def close(self) -> None:
        self.closed = True
        self.reader.close()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for day, version in enumerate(("v1", "v2")):
        sample.write(tmp_path, version, created_at=sample.NOW + timedelta(days=day))
    return tmp_path


def test_nothing_published(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path, Ready)
    assert not store.refresh()
    assert store.problem == "no snapshot has been published"
    with store.lease() as ready:
        assert ready is None


def test_a_request_keeps_its_version_through_a_switch(root: Path) -> None:
    store = SnapshotStore(root, Ready)
    pointer.switch(root, "v1")
    assert store.refresh()
    with store.lease() as old:
        assert old is not None
        pointer.switch(root, "v2")
        assert store.refresh()
        with store.lease() as new:
            assert new is not None
            assert (old.reader.version, new.reader.version) == ("v1", "v2")
        assert not old.closed
        assert old.reader.profile("ann") is not None
    assert old.closed
    store.close()
    assert new.closed


def test_back_to_a_version_that_a_request_still_holds(root: Path) -> None:
    store = SnapshotStore(root, Ready)
    pointer.switch(root, "v1")
    store.refresh()
    with store.lease() as held:
        for version in ("v2", "v1"):
            pointer.switch(root, version)
            assert store.refresh()
        with store.lease() as again:
            assert held is not None
            assert again is not None
            assert again is not held
            assert again.reader.version == "v1"
            assert again.reader.profile("ann") == held.reader.profile("ann")
    store.close()


def test_a_corrupt_version_is_refused_and_the_last_good_one_stays(root: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = SnapshotStore(root, Ready)
    pointer.switch(root, "v1")
    store.refresh()
    pointer.switch(root, "v2")
    data = root / "v2" / "data.mdb"
    data.write_bytes(data.read_bytes()[:-1])
    assert not store.refresh()
    assert not store.refresh()
    assert store.version == "v1"
    assert "bytes, expected" in (store.problem or "")
    assert caplog.text.count("refused") == 1
    pointer.switch(root, "v1")
    store.refresh()
    assert store.problem is None
    store.close()


def test_a_pointer_to_a_missing_version_is_refused(root: Path) -> None:
    store = SnapshotStore(root, Ready)
    pointer.switch(root, "v1")
    store.refresh()
    (root / "current").unlink()
    (root / "current").symlink_to("gone")
    assert not store.refresh()
    assert store.version == "v1"
    assert store.problem == "current names 'gone', which does not exist"
    (root / "current").unlink()
    assert not store.refresh()
    assert store.version == "v1"
    assert "current is gone; v1 is served on" in str(store.problem)
    pointer.switch(root, "v1")
    assert (store.refresh(), store.problem) == (False, None)
    store.close()


def test_leases_and_switches_from_many_threads_never_meet_a_closed_reader(root: Path) -> None:
    store = SnapshotStore(root, Ready)
    pointer.switch(root, "v1")
    store.refresh()
    stop = threading.Event()
    failures: list[BaseException] = []

    def read() -> None:
        try:
            while not stop.is_set():
                with store.lease() as ready:
                    assert ready is not None
                    assert ready.reader.profile("ann") is not None
                    assert not ready.closed
        except BaseException as error:  # noqa: BLE001 - handed to the main thread
            failures.append(error)

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for turn in range(8):
        pointer.switch(root, ("v2", "v1")[turn % 2])
        assert store.refresh()
    stop.set()
    for thread in threads:
        thread.join()
    store.close()
    assert failures == []
