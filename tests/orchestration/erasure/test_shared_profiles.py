"""Hourly versions share one file of profiles; an erasure rebuilds it once, and they share it again."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from intake.paths import DataPaths, repository_root
from intake.project import Project
from orchestration.erasure import snapshot_store
from orchestration.erasure.scope import Scope
from serving.experiments.learned import Learned
from serving.snapshot import pointer
from serving.snapshot.reader import SnapshotReader
from serving.snapshot.relearned import write_relearned
from serving.snapshot.verify import verify
from tests.serving import sample


def test_what_was_shared_is_shared_again_without_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONCIERGE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("CONCIERGE_CONFIG", str(repository_root() / "config"))
    project = Project.open()
    root = DataPaths(tmp_path / "data").snapshots
    sample.write(root, "v1", policies=[])
    for number in (2, 3):
        later = sample.NOW + timedelta(hours=number)
        write_relearned(root, "v1", Learned(), version=f"v1-{number}", created_at=later)
    pointer.switch(root, "v1-3")
    scope = Scope(
        "request-one", sample.NOW, 1, {sample.value_hash("loyalty_id", "cleo"): "loyalty_id"}, customer_ids={"cleo"}
    )
    gone = snapshot_store.erase(project, scope)
    versions = [manifest.version for manifest in pointer.list_versions(root)]
    assert len(versions) == 3
    # Each version lost the profile and what named it: the identifier and a cookie.
    assert gone == 3 * 3
    assert len({(root / version / "data.mdb").stat().st_ino for version in versions}) == 1
    for version in versions:
        verify(root / version)
        with SnapshotReader(root / version) as reader:
            assert reader.profile("cleo") is None
            assert reader.profile("bob") is not None
    assert pointer.current(root) == versions[-1]
