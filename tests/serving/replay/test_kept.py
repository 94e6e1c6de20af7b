"""What is kept of a version that many people were answered from: bounded memory, and the same rows."""

from __future__ import annotations

import tracemalloc
from contextlib import closing
from pathlib import Path

import pytest

from serving.live import LiveSnapshot
from serving.replay.kept import RecordingReader, keep
from serving.replay.rows_read import RowsRead
from serving.snapshot.reader import SnapshotReader
from serving.snapshot.records import ProfileRecord
from tests.serving import sample
from tests.serving.replay.test_again import lines, shop

__all__ = ["shop"]
PEOPLE, ROW_BYTES, BUFFER_BYTES = 2_000, 8_000, 1 << 20


def test_rows_read_of_sixteen_megabytes_are_held_in_two(tmp_path: Path) -> None:
    people = [f"c{number:05}" for number in range(PEOPLE)]
    profiles = [ProfileRecord(name, segment_name=name * (ROW_BYTES // len(name))) for name in people]
    folder = sample.write(tmp_path / "snapshots", profiles=profiles, identifiers=[], policies=[])
    with closing(RowsRead(tmp_path / "kept", BUFFER_BYTES)) as given, RecordingReader(folder, given) as reader:
        expected = reader.rows("profile")
        tracemalloc.start()
        for name in [*people, *reversed(people)]:
            assert reader.profile(name) is not None
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 2 * BUFFER_BYTES < PEOPLE * ROW_BYTES / 4
        assert list(given.in_order("profile")) == expected
        assert list(given.in_order("product")) == []
        assert len(list((tmp_path / "kept").iterdir())) == 1
    assert list((tmp_path / "kept").iterdir()) == []


def test_rows_that_lay_on_disk_make_the_same_version(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_memory = keep(shop / "snapshots" / "v1", tmp_path / "held", lines(shop))
    monkeypatch.setattr(RowsRead.__init__, "__defaults__", (100,))
    on_disk = keep(shop / "snapshots" / "v1", tmp_path / "spilled", lines(shop))
    assert on_disk == in_memory
    files = [tmp_path / where / "v1" / "data.mdb" for where in ("held", "spilled")]
    assert files[0].read_bytes() == files[1].read_bytes()
    assert [path.name for path in (tmp_path / "spilled").iterdir()] == ["v1"]


def test_without_room_it_is_said_and_nothing_stays(shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serving.snapshot.environment.MAP_BYTES", 40 << 10)
    with pytest.raises(OSError, match="MDB_MAP_FULL"):
        keep(shop / "snapshots" / "v1", tmp_path / "kept", lines(shop))
    assert list((tmp_path / "kept").iterdir()) == []


def test_products_of_a_question_are_kept_though_no_rule_asks_for_them(shop: Path, tmp_path: Path) -> None:
    asked = [line for line in lines(shop) if b'"placement":"home_hero"' in line and b'"product_ids":["p8"' in line]
    keep(shop / "snapshots" / "v1", tmp_path / "kept", asked)
    with SnapshotReader(tmp_path / "kept" / "v1") as kept:
        assert not LiveSnapshot(kept).wanted["home_hero"].needs_products
        assert kept.product("p8") is not None
