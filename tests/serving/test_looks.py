"""Looks at the pointer, by the service itself and by whoever asks for one, meet: the later one has the last word."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from serving.service import Service
from serving.snapshot import pointer, store
from tests.serving import sample
from tests.serving.service_client import config

PATIENCE_SECONDS = 60.0


class Slow:
    """Checks checksums as always, but lingers over one version until it is let go."""

    def __init__(self, version: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.version, self.begun, self.go = version, threading.Event(), threading.Event()
        self._verify = store.verify
        monkeypatch.setattr(store, "verify", self.verify)

    def verify(self, folder: Path) -> Any:
        if folder.name == self.version:
            self.begun.set()
            assert self.go.wait(PATIENCE_SECONDS)
        return self._verify(folder)


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    for version in ("v1", "v2", "v3"):
        sample.write(tmp_path / "snapshots", version)
    pointer.switch(tmp_path / "snapshots", "v1")
    return tmp_path


def test_a_look_that_began_earlier_takes_no_later_version_back(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service, slow = Service(config(root)), Slow("v2", monkeypatch)
    pointer.switch(root / "snapshots", "v2")
    looks = [threading.Thread(target=service.follow) for _ in range(2)]
    looks[0].start()
    assert slow.begun.wait(PATIENCE_SECONDS)
    pointer.switch(root / "snapshots", "v3")
    looks[1].start()
    looks[1].join(0.3)
    slow.go.set()
    for look in looks:
        look.join()
    assert service.store.version == "v3"
    service.store.close()


def test_the_service_ends_after_its_last_look(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service(config(root, overlay=root / "overlay"))

    async def run() -> None:
        async with service.running():
            slow = Slow("v2", monkeypatch)
            pointer.switch(root / "snapshots", "v2")
            assert await asyncio.to_thread(slow.begun.wait, PATIENCE_SECONDS)
            threading.Timer(0.3, slow.go.set).start()

    asyncio.run(run())
    # What a look opens after everything was closed stays open for ever.
    assert service.store.version is None
    service.follow()
    assert service.store.version is None
