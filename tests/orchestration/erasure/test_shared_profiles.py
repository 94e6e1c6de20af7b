"""Hourly versions share one file of profiles; an erasure rebuilds it once, and they share it again."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from pathlib import Path

import pytest

from intake.paths import DataPaths, repository_root
from intake.project import Project
from orchestration.erasure import snapshot_store
from orchestration.erasure.scope import Scope
from orchestration.version_names import free_name
from serving.experiments.learned import Learned
from serving.snapshot import pointer
from serving.snapshot.changed import Wanted, write_changed
from serving.snapshot.reader import SnapshotReader
from serving.snapshot.records import CHANGING, IdentifierRow, ProfileRecord
from serving.snapshot.relearned import write_relearned
from serving.snapshot.verify import verify
from tests.serving import sample


def test_an_identifier_that_was_anothers_in_an_older_version_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cleo's cookie hung on bob when the version was made; an analyst parted them since."""
    monkeypatch.setenv("CONCIERGE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("CONCIERGE_CONFIG", str(repository_root() / "config"))
    project = Project.open()
    sample.write(project.paths.snapshots, "v1", identifiers=[IdentifierRow("cookie", "b" * 32, "bob")], policies=[])
    assert snapshot_store.erase(project, Scope("request-one", sample.NOW, 1, {"b" * 32: "cookie"})) == 1
    (manifest,) = pointer.list_versions(project.paths.snapshots)
    with SnapshotReader(project.paths.snapshots / manifest.version) as reader:
        assert reader.customer_id("cookie", "b" * 32) is None
        assert reader.profile("bob") is not None


def test_what_was_shared_is_shared_again_without_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONCIERGE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("CONCIERGE_CONFIG", str(repository_root() / "config"))
    project = Project.open()
    root = DataPaths(tmp_path / "data").snapshots
    sample.write(root, "v1", policies=[])
    for number in (2, 3):
        later = sample.NOW + timedelta(hours=number)
        write_relearned(root, "v1", Learned(), version=f"v1-{number}", created_at=later)
    wanted = Wanted([ProfileRecord("cleo", 2), ProfileRecord("fay")], [IdentifierRow("cookie", "b" * 32, "cleo")])
    later = sample.NOW + timedelta(hours=4)
    write_changed(root, "v1-3", wanted, version="v1-4", as_of=later, created_at=later)
    only_hers = Wanted([], [], gone=["dan"], unowned=[("loyalty_id", sample.value_hash("loyalty_id", "dan"))])
    write_changed(root, "v1-3", only_hers, version="v1-5", as_of=later, created_at=later)
    pointer.switch(root, "v1-4")
    scope = Scope(
        "request-one", sample.NOW, 1, {sample.value_hash("loyalty_id", "cleo"): "loyalty_id"}, customer_ids={"cleo"}
    )
    gone = snapshot_store.erase(project, scope)
    versions = [manifest.version for manifest in pointer.list_versions(root)]
    assert len(versions) == 5
    # Each version lost the profile and what named it: the identifier and a cookie; one had them changed as well.
    assert gone == 5 * 3 + 2
    assert len({(root / version / "data.mdb").stat().st_ino for version in versions}) == 1
    for version in versions:
        verify(root / version)
        with SnapshotReader(root / version) as reader:
            assert reader.profile("cleo") is None
            assert reader.profile("bob") is not None
            rows = [row for table in CHANGING for row in [*reader.stream_base(table), *reader.changed(table)]]
            assert not [row for row in rows if b"cleo" in b"".join(row) or row[0] == b"cookie\x1f" + b"b" * 15]
            # What else changed stays changed.
            assert (reader.profile("fay") is None) == ("1-4" not in version)
            assert (reader.profile("dan") is None) == ("1-5" in version)
            assert reader.manifest.totals["customers"] == 5 + ("1-4" in version) - ("1-5" in version)
    assert pointer.current(root) == "v1-4-erased-request-one"
    before = (root / "v1-4-erased-request-one" / "delta.mdb").stat().st_ino
    # Nobody of a delta: the file is that of the version before, though the data file is not.
    other = Scope("request-two", sample.NOW, 1, {sample.value_hash("loyalty_id", "finn"): "loyalty_id"})
    snapshot_store.erase(project, dataclasses.replace(other, customer_ids={"finn"}))
    assert (root / "v1-4-erased-request-two" / "delta.mdb").stat().st_ino == before
    verify(root / "v1-4-erased-request-two")
    # What is made of it has a name of its own, else decisions of the one would be replayed on the other.
    assert free_name(root, "v1-4-erased-request-two") == "v1-6"
