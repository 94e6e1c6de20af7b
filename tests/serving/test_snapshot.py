"""A snapshot round-trips, and nothing that cannot be trusted is ever opened for serving."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from serving.snapshot import pointer, writer
from serving.snapshot.building import building
from serving.snapshot.manifest import sha256_of
from serving.snapshot.reader import SnapshotReader
from serving.snapshot.records import DecisionRow, IdentifierRow, ProfileRecord, SnapshotError
from serving.snapshot.verify import verify
from tests.serving import sample


def edit_manifest(folder: Path, **changes: object) -> None:
    file = folder / "manifest.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def test_everything_written_is_read_back(tmp_path: Path) -> None:
    with SnapshotReader(sample.write(tmp_path)) as reader:
        assert [reader.profile(p.customer_id) for p in sample.profiles()] == sample.profiles()
        assert [reader.product(p.product_id) for p in sample.products()] == sample.products()
        assert reader.customer_id("cookie", sample.value_hash("cookie", "k1")) == "ann"
        assert reader.together("p1") == ["p2", "p3", "p4", "p5"]
        assert reader.popular() == ["p5", "p4", "p1", "p2"]
        assert reader.popular("DELI") == ["p3"]
        flat = [row for rows in reader.decisions.values() for row in rows]
        assert sorted(flat, key=repr) == sorted(sample.decision_rows(), key=repr)
        assert list(reader.placements.values()) == sorted(sample.contents().placements, key=lambda p: p.name)
        assert reader.policies == sorted(sample.contents().policies, key=lambda p: p.name)


def test_manifest_tells_counts_and_times(tmp_path: Path) -> None:
    manifest = verify(sample.write(tmp_path))
    assert manifest.counts == {
        "identifier": 8, "profile": 6, "product": 8, "together": 1, "popular": 2, "decision": 3, "content": 2,
        "promise": 0, "review": 0,
    }  # fmt: skip
    assert manifest.as_of == "2018-01-02T15:30:00+00:00"
    assert manifest.totals == {"customers": 6}


@pytest.mark.parametrize("key", ["", "nobody", "x" * 600, "\x00"])
def test_unknown_keys_are_not_errors(tmp_path: Path, key: str) -> None:
    with SnapshotReader(sample.write(tmp_path)) as reader:
        assert reader.customer_id("cookie", key) is None
        assert reader.product(key) is None
        assert reader.together(key) == []


def test_decision_rows_come_best_first(tmp_path: Path) -> None:
    tie = [DecisionRow("home_hero", 3, "any", name, 1.0, "b", 1) for name in ("meat", "deli", "produce")]
    with SnapshotReader(sample.write(tmp_path, decision_rows=[*sample.decision_rows(), *tie])) as reader:
        assert [row.action for row in reader.decisions["home_hero", 0, "any"]] == ["produce", "deli", "meat"]
        assert [row.action for row in reader.decisions["home_hero", 3, "any"]] == ["deli", "meat", "produce"]


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    rows=st.dictionaries(
        st.text(min_size=1, max_size=20).filter(lambda t: t.isprintable()),
        st.dictionaries(st.text(max_size=5), st.one_of(st.booleans(), st.integers(-9, 9), st.floats(0, 1), st.text())),
        max_size=8,
    )
)  # fmt: skip
def test_any_features_survive(tmp_path_factory: pytest.TempPathFactory, rows: dict[str, dict[str, object]]) -> None:
    records = [ProfileRecord(name, features=features) for name, features in rows.items()]  # type: ignore[arg-type]
    keys = [IdentifierRow("cookie", name, name) for name in rows]
    folder = sample.write(tmp_path_factory.mktemp("snapshots"), profiles=records, identifiers=keys)
    with SnapshotReader(folder) as reader:
        assert [reader.profile(name) for name in rows] == records
        assert [reader.customer_id("cookie", name) for name in rows] == list(rows)


def test_same_contents_have_the_same_policy_hash(tmp_path: Path) -> None:
    first, second = (verify(sample.write(tmp_path, version)) for version in ("v1", "v2"))
    assert first.policy_hash == second.policy_hash
    fewer = verify(sample.write(tmp_path, "v3", policies=sample.contents().policies[:1]))
    assert fewer.policy_hash != first.policy_hash


def test_duplicate_keys_are_refused_and_leave_nothing(tmp_path: Path) -> None:
    twice = [IdentifierRow("cookie", "h", "ann"), IdentifierRow("cookie", "h", "bob")]
    with pytest.raises(SnapshotError, match="table identifier: 1 of 2 keys are there twice"):
        sample.write(tmp_path, identifiers=twice)
    assert list(tmp_path.iterdir()) == []


def test_what_fails_while_customers_are_read_leaves_nothing(tmp_path: Path) -> None:
    def broken() -> Iterator[ProfileRecord]:
        yield from sample.profiles()
        raise OSError("the warehouse is gone")

    with pytest.raises(OSError, match="the warehouse is gone"):
        sample.write(tmp_path, profiles=broken())
    assert list(tmp_path.iterdir()) == []
    with SnapshotReader(sample.write(tmp_path)) as reader:
        assert reader.count("profile") == len(sample.profiles())


def test_rows_in_any_order_come_together_from_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "ROWS_AT_ONCE", 2)
    names = [f"c{number * 7 % 11:02}" for number in range(11)]
    for order in (names, sorted(names), sorted(names, reverse=True)):
        folder = sample.write(
            tmp_path / order[0] / order[1], profiles=[ProfileRecord(name) for name in order], identifiers=[]
        )
        with SnapshotReader(folder) as reader:
            assert reader.count("profile") == len(names)
            assert [reader.profile(name) for name in names] == [ProfileRecord(name) for name in names]
    again = [ProfileRecord(name) for name in (*names, "c03")]
    with pytest.raises(SnapshotError, match="table profile: 1 of 12 keys are there twice"):
        sample.write(tmp_path / "again", profiles=again, identifiers=[])


def test_identifier_without_profile_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match="identifier of type cookie has no profile"):
        sample.write(tmp_path, identifiers=[IdentifierRow("cookie", "h", "ghost")])


def test_a_rule_about_an_unknown_action_is_refused(tmp_path: Path) -> None:
    hero = [p for p in sample.contents().placements if p.name == "home_hero"]
    with pytest.raises(
        SnapshotError,
        match=r"companies\.yml: rule company_begins: placements: 'account_panel' is unknown; allowed: home_hero",
    ):
        sample.write(tmp_path, placements=hero, decision_rows=[])


def test_a_version_is_never_rewritten(tmp_path: Path) -> None:
    before = sha256_of(sample.write(tmp_path) / "data.mdb")
    with pytest.raises(SnapshotError, match="v1: exists already"):
        sample.write(tmp_path, products=[])
    assert sha256_of(tmp_path / "v1" / "data.mdb") == before


def test_of_two_that_build_one_name_the_slower_leaves_the_other_alone(tmp_path: Path) -> None:
    spare = sample.write(tmp_path / "spare", "v1")

    def slower() -> None:
        with building(tmp_path, "v1") as folder:
            shutil.copytree(spare, folder, dirs_exist_ok=True)
            # Meanwhile another publishes under the same name.
            sample.write(tmp_path, "v1", products=[])
            pointer.switch(tmp_path, "v1")

    with pytest.raises(SnapshotError, match=r"^v1: another version took this name meanwhile; publish again$"):
        slower()
    assert pointer.current(tmp_path) == "v1"
    assert verify(tmp_path / "v1").counts["product"] == 0
    assert not list(tmp_path.glob(".building-*"))


@pytest.mark.parametrize("version", ["", ".hidden", "a/b", "current", "a b"])
def test_version_names_are_checked(tmp_path: Path, version: str) -> None:
    with pytest.raises(SnapshotError, match="version"):
        sample.write(tmp_path, version)


def test_a_flipped_byte_is_found(tmp_path: Path) -> None:
    file = sample.write(tmp_path) / "data.mdb"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(SnapshotError, match=r"data\.mdb has a wrong checksum"):
        verify(file.parent)


def test_a_truncated_file_is_found(tmp_path: Path) -> None:
    file = sample.write(tmp_path) / "data.mdb"
    file.write_bytes(file.read_bytes()[:-4096])
    with pytest.raises(SnapshotError, match=r"data\.mdb has \d+ bytes, expected \d+"):
        verify(file.parent)


def test_an_older_schema_is_refused(tmp_path: Path) -> None:
    folder = sample.write(tmp_path)
    edit_manifest(folder, schema_hash="0123456789abcdef")
    with pytest.raises(SnapshotError, match="schema_hash is 0123456789abcdef, this reader needs"):
        verify(folder)


def test_a_missing_table_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = sample.write(tmp_path)
    monkeypatch.setattr("serving.snapshot.reader.TABLES", ("identifier", "overlay"))
    with pytest.raises(SnapshotError, match="table overlay is missing"):
        SnapshotReader(folder)


def test_wrong_counts_are_refused(tmp_path: Path) -> None:
    folder = sample.write(tmp_path)
    counts = verify(folder).counts | {"product": 9}
    edit_manifest(folder, counts=counts)
    with pytest.raises(SnapshotError, match="table product has 8 rows, expected 9"):
        verify(folder)


def test_a_manifest_that_is_none_is_refused(tmp_path: Path) -> None:
    folder = sample.write(tmp_path)
    (folder / "manifest.json").write_text('{"version": "v1"')
    with pytest.raises(SnapshotError, match="is not a manifest"):
        verify(folder)


def test_pointer_moves_forward_and_back(tmp_path: Path) -> None:
    assert pointer.current(tmp_path) is None
    for day, version in enumerate(("v1", "v2", "v3")):
        sample.write(tmp_path, version, created_at=sample.NOW + timedelta(days=day))
        pointer.switch(tmp_path, version)
    assert [m.version for m in pointer.list_versions(tmp_path)] == ["v1", "v2", "v3"]
    assert pointer.rollback(tmp_path).version == "v2"
    assert pointer.rollback(tmp_path).version == "v1"
    with pytest.raises(SnapshotError, match="no usable version older than 'v1'"):
        pointer.rollback(tmp_path)
    assert pointer.rollback(tmp_path, "v3").version == "v3"
    assert pointer.current(tmp_path) == "v3"


def test_rollback_steps_over_a_broken_version_in_under_a_second(tmp_path: Path) -> None:
    for day, version in enumerate(("v1", "v2", "v3")):
        sample.write(tmp_path, version, created_at=sample.NOW + timedelta(days=day))
    pointer.switch(tmp_path, "v3")
    (tmp_path / "v2" / "data.mdb").write_bytes(b"")
    # Of its own work: what a busy machine makes it wait is no part of it.
    started = time.thread_time()
    assert pointer.rollback(tmp_path).version == "v1"
    assert time.thread_time() - started < 1.0


def test_switching_to_a_broken_or_missing_version_keeps_the_pointer(tmp_path: Path) -> None:
    sample.write(tmp_path, "v1")
    pointer.switch(tmp_path, "v1")
    broken = sample.write(tmp_path, "v2")
    (broken / "data.mdb").write_bytes(b"short")
    with pytest.raises(SnapshotError, match="v2"):
        pointer.switch(tmp_path, "v2")
    with pytest.raises(SnapshotError, match="'v9' does not exist"):
        pointer.switch(tmp_path, "v9")
    assert pointer.current(tmp_path) == "v1"


def test_the_newest_and_the_live_one_are_never_outdated(tmp_path: Path) -> None:
    for day in range(5):
        sample.write(tmp_path, f"v{day}", created_at=sample.NOW + timedelta(days=day))
    pointer.switch(tmp_path, "v1")
    assert [folder.name for folder in pointer.outdated(tmp_path, keep=2)] == ["v0"]
    pointer.switch(tmp_path, "v4")
    assert [folder.name for folder in pointer.outdated(tmp_path, keep=2)] == ["v0", "v1", "v2"]
    with pytest.raises(ValueError, match="keep: 0 is below 1"):
        pointer.outdated(tmp_path, keep=0)


def test_nothing_this_process_read_before_reaches_the_file(tmp_path: Path) -> None:
    read_before = [bytearray(b"Ann Lee " * length) for length in range(480, 520) for _ in range(60)]
    del read_before
    sample.write(tmp_path)
    assert b"Ann Lee" not in b"".join(file.read_bytes() for file in tmp_path.rglob("*.mdb"))
