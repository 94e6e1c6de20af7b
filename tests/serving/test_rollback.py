"""Going back: one version, or to earlier data; and what stays on disk for it."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from serving.content import Content
from serving.snapshot import pointer
from serving.snapshot.manifest import Manifest
from serving.snapshot.records import SnapshotError
from serving.snapshot.relearned import write_relearned
from serving.snapshot.reworded import write_reworded
from serving.snapshot.verify import verify
from serving.snapshot.writer import write_snapshot
from tests.serving import sample
from tests.serving.experiments.registry import experiment, learned, rows


class History:
    """Versions as they go live: data each night, probabilities each hour, and an edit now and then."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.at = sample.NOW

    def night(self, version: str) -> None:
        # Every night knows one customer less, so no two data files are the same.
        profiles = sample.profiles()[self.at.day % 4 :]
        contents = sample.contents(profiles=profiles, identifiers=[], policies=[])
        write_snapshot(self.root, contents, version=version, as_of=self.at, created_at=self.at)
        self._go_live(version)

    def hour(self, version: str) -> None:
        live = pointer.current(self.root) or ""
        found = learned(experiment(kind="bandit"), rows=rows("banner", {(-1, "any"): {"specials": 1.0}}, version))
        write_relearned(self.root, live, found, version=version, created_at=self.at)
        self._go_live(version)

    def edit(self, version: str) -> None:
        live = pointer.current(self.root) or ""
        edited = [one.model_copy(update={"owner": version}) for one in sample.contents().placements]
        write_reworded(self.root, live, Content(edited, []), version=version, created_at=self.at)
        self._go_live(version)

    def _go_live(self, version: str) -> None:
        pointer.switch(self.root, version)
        self.at += timedelta(hours=1)


def outdated_names(root: Path, keep: int) -> list[str]:
    return [folder.name for folder in pointer.outdated(root, keep)]


def test_however_many_hours_a_day_has_the_data_of_the_nights_before_stay(tmp_path: Path) -> None:
    history = History(tmp_path)
    for day in range(3):
        history.at = sample.NOW + timedelta(days=day)
        history.night(f"d{day}")
        for hour in range(2, 6):
            history.hour(f"d{day}-{hour}")
    names = [one.version for one in pointer.list_versions(tmp_path)]
    kept = [name for name in names if name not in outdated_names(tmp_path, keep=2)]
    assert kept == ["d1-5", "d2-4", "d2-5"]
    assert len({one.stat().st_ino for one in tmp_path.glob("d2*/data.mdb")}) == 1
    kept = [name for name in names if name not in outdated_names(tmp_path, keep=3)]
    assert kept == ["d0-5", "d1-5", "d2-3", "d2-4", "d2-5"]
    for name in outdated_names(tmp_path, keep=2):
        shutil.rmtree(tmp_path / name)
    # This hour's probabilities were bad; then it turns out that last night's data were.
    assert pointer.rollback(tmp_path).version == "d2-4"
    assert pointer.rollback(tmp_path, earlier_data=True).version == "d1-5"
    with pytest.raises(SnapshotError, match="no usable version of data before 2018-01-03"):
        pointer.rollback(tmp_path, earlier_data=True)
    # Hours go on upon the data of the night before.
    history.hour("d1-6")
    assert pointer.rollback(tmp_path, "d1-6").as_of == (sample.NOW + timedelta(days=1)).isoformat()


def test_neither_edits_nor_hours_take_the_night_before_away(tmp_path: Path) -> None:
    history = History(tmp_path)
    for version in ("d0", "d1"):
        history.night(version)
    for number in range(1, 4):
        history.edit(f"d1-{number}")
        history.hour(f"d1-{number}h")
    assert outdated_names(tmp_path, keep=2) == ["d1", "d1-1", "d1-1h", "d1-2"]
    assert pointer.rollback(tmp_path, earlier_data=True).version == "d0"


def test_what_comes_too_late_does_not_take_the_place_of_what_knows_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for version in ("v1", "v2", "v1-2"):
        sample.write(tmp_path, version)
    pointer.switch(tmp_path, "v1")

    def slowly(folder: Path) -> Manifest:
        # While its checksums are proved a run publishes.
        monkeypatch.setattr("serving.snapshot.pointer.verify", verify)
        pointer.switch(tmp_path, "v2")
        return verify(folder)

    monkeypatch.setattr("serving.snapshot.pointer.verify", slowly)
    with pytest.raises(SnapshotError, match=r"^v2 went live while v1-2 was made from v1; publish again$"):
        pointer.switch(tmp_path, "v1-2", instead_of="v1")
    assert pointer.current(tmp_path) == "v2"
    assert not list(tmp_path.glob(".pointer-*"))
    assert pointer.switch(tmp_path, "v1-2", instead_of="v2").version == "v1-2"


def test_what_was_taken_back_does_not_return_with_the_next_rollback(tmp_path: Path) -> None:
    history = History(tmp_path)
    history.night("d0")
    for version in ("d0-2", "bad"):
        history.hour(version)
    assert pointer.rollback(tmp_path).version == "d0-2"
    history.hour("d0-4")
    assert pointer.rollback(tmp_path).version == "d0-2"
    assert pointer.switch(tmp_path, "d0-4").follows == "d0-2"
    # What the live one followed stays even when more was taken back after it than is kept.
    assert outdated_names(tmp_path, keep=1) == ["d0", "bad"]
    (tmp_path / "d0-2" / "data.mdb").unlink()
    assert pointer.rollback(tmp_path).version == "d0"
