"""Changes beside a data file: the two are read as one, whoever reads, and nothing of a wrong delta is served."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from serving.content import Content
from serving.experiments.learned import Learned
from serving.live import LiveSnapshot
from serving.log.lookup import decision_lines
from serving.replay.again import replay, version_of
from serving.replay.kept import keep
from serving.snapshot import pointer
from serving.snapshot.changed import Wanted, write_changed
from serving.snapshot.manifest import DATA_FILE, DELTA_FILE, read_manifest
from serving.snapshot.reader import SnapshotReader
from serving.snapshot.records import CHANGING, TABLES, IdentifierRow, ProfileRecord, SnapshotError, schema_hash
from serving.snapshot.relearned import write_relearned
from serving.snapshot.reworded import write_reworded
from serving.snapshot.verify import verify
from tests.serving import sample
from tests.serving.experiments.registry import experiment, learned
from tests.serving.service_client import config, running

People = dict[str, int]
"""Customer to what their row says."""
Owners = dict[str, str]
"""Identifier to customer."""
NAMES, KEYS = "abcdef", "stuvwx"
LATER = sample.NOW + timedelta(hours=1)


def records(people: People) -> list[ProfileRecord]:
    refused = {"analytics": [(1, 1)]}
    return [
        ProfileRecord(name, n, features={"orders_91d": n}, refusals=refused if n % 2 else {})
        for name, n in people.items()
    ]


def identifiers(owners: Owners) -> list[IdentifierRow]:
    return [IdentifierRow("cookie", key, owner) for key, owner in owners.items()]


def whole(root: Path, version: str, people: People, owners: Owners) -> Path:
    """Everybody in one data file, as a nightly run writes them."""
    totals = {"customers": len(people), "identifiers": len(owners)}
    totals |= {"refused_analytics": sum(n % 2 for n in people.values())}
    rows = {"profiles": records(people), "identifiers": identifiers(owners)}
    return sample.write(root, version, policies=[], totals=totals, **rows)


def changed(root: Path, source: str, version: str, wanted: Wanted) -> Path | None:
    return write_changed(root, source, wanted, version=version, as_of=LATER, created_at=LATER)


def told(folder: Path) -> dict[str, Any]:
    """All that a version says."""
    with SnapshotReader(folder) as reader:
        tables = {table: reader.rows(table) for table in TABLES}
        assert {table: reader.count(table) for table in TABLES} == {name: len(rows) for name, rows in tables.items()}
        assert reader.sample("profile", 2) == tables["profile"][:2]
        looked_up = [(reader.profile(name), reader.customer_id("cookie", name)) for name in NAMES + KEYS]
        return {**tables, "found": looked_up, "counts": reader.manifest.counts, "totals": reader.manifest.totals}


@st.composite
def shops(draw: st.DrawFn) -> tuple[People, Owners]:
    people = draw(st.dictionaries(st.sampled_from(NAMES), st.integers(0, 3), min_size=1))
    owners = draw(st.dictionaries(st.sampled_from(KEYS), st.sampled_from(sorted(people))))
    return people, owners


def hour(now: tuple[People, Owners], touched: Sequence[str], *, everybody: bool) -> Wanted:
    """What an hourly run asks for: the touched ones as they are now, and what may have been theirs."""
    people, owners = now
    if everybody:
        return Wanted(records(people), identifiers(owners), everybody=True)
    mine = records({name: n for name, n in people.items() if name in touched})
    return Wanted(mine, identifiers(owners), gone=touched, unowned=[("cookie", key) for key in KEYS])


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(states=st.lists(shops(), min_size=2, max_size=4), everybody=st.booleans())
def test_base_and_delta_are_what_one_file_of_the_same_rows_is(
    tmp_path_factory: pytest.TempPathFactory, states: list[tuple[People, Owners]], everybody: bool
) -> None:
    root = tmp_path_factory.mktemp("snapshots")
    whole(root, "v0", *states[0])
    live = "v0"
    for number, (before, now) in enumerate(pairwise(states), start=1):
        touched = [name for name in NAMES if before[0].get(name) != now[0].get(name)]
        folder = changed(root, live, f"v{number}", hour(now, touched, everybody=everybody))
        assert (folder is None) == (before == now)
        live = live if folder is None else folder.name
        assert told(root / live) == told(whole(root, f"w{number}", *now))
        assert (root / live / DATA_FILE).stat().st_ino == (root / "v0" / DATA_FILE).stat().st_ino
    if live != "v0":
        manifest = verify(root / live)
        differing = [name for name, n in states[-1][0].items() if states[0][0].get(name) != n]
        assert manifest.delta["profile"] == len(differing)
        assert (manifest.base, manifest.as_of) == ("v0", sample.NOW.isoformat())
        assert manifest.profiles_as_of == LATER.isoformat()
        # What is written anew has one file, with the same rows.
        content = Content(sample.contents().placements, [])
        write_reworded(root, live, content, version="edited", created_at=LATER)
        assert told(root / "edited") == told(root / live)
        assert not (root / "edited" / DELTA_FILE).exists()
        assert verify(root / "edited").profiles_as_of == LATER.isoformat()


def test_new_probabilities_keep_the_delta(tmp_path: Path) -> None:
    whole(tmp_path, "v0", {"a": 1, "b": 2}, {"s": "a"})
    assert changed(tmp_path, "v0", "v1", Wanted(records({"c": 3}), identifiers({"s": "c"}), gone=["a"]))
    write_relearned(tmp_path, "v1", learned(experiment()), version="v2", created_at=LATER)
    verify(tmp_path / "v2")
    assert told(tmp_path / "v2") == told(tmp_path / "v1")
    assert (tmp_path / "v2" / DELTA_FILE).stat().st_ino == (tmp_path / "v1" / DELTA_FILE).stat().st_ino
    # And a delta keeps the probabilities.
    assert changed(tmp_path, "v2", "v3", Wanted(records({"a": 0}), []))
    with SnapshotReader(tmp_path / "v3") as reader:
        assert reader.learned == learned(experiment()) != Learned()
        assert reader.customer_id("cookie", "s") == "c"
        assert LiveSnapshot(reader).as_of == LATER


def test_however_many_hours_a_night_has_the_nights_before_stay(tmp_path: Path) -> None:
    at = sample.NOW
    for night in range(3):
        whole(tmp_path, live := f"n{night}", {"a": night}, {})
        for hour in range(1, 4):
            at += timedelta(hours=8)
            wanted, name = Wanted(records({"b": hour}), []), f"n{night}-{hour}"
            assert write_changed(tmp_path, live, wanted, version=name, as_of=at, created_at=at)
            pointer.switch(tmp_path, live := name)
    gone = {folder.name for folder in pointer.outdated(tmp_path, 2)}
    assert {manifest.version for manifest in pointer.list_versions(tmp_path)} - gone >= {"n1-3", "n2-2", "n2-3"}
    assert gone >= {"n0", "n0-1", "n0-2", "n0-3"}
    assert pointer.rollback(tmp_path).version == "n2-2"


def test_what_cannot_be_trusted_is_refused(tmp_path: Path) -> None:
    whole(tmp_path, "v0", {"a": 1}, {"s": "a"})
    with pytest.raises(SnapshotError, match="an identifier of type cookie has no profile"):
        changed(tmp_path, "v0", "v1", Wanted([], identifiers({"t": "ghost"})))
    folder = changed(tmp_path, "v0", "v1", Wanted(records({"b": 2}), []))
    assert folder is not None
    # A program that knows of no deltas has to refuse it: it would serve the data file alone.
    assert read_manifest(folder).schema_hash != schema_hash() == read_manifest(tmp_path / "v0").schema_hash
    told_before = (folder / "manifest.json").read_text()
    said = msgspec.json.decode(told_before)
    (folder / "manifest.json").write_bytes(msgspec.json.encode(said | {"delta": said["delta"] | {"profile": 2}}))
    with pytest.raises(SnapshotError, match="the delta has"):
        verify(folder)
    (folder / "manifest.json").write_text(told_before)
    (folder / DELTA_FILE).write_bytes((folder / DELTA_FILE).read_bytes()[:-1] + b"x")
    with pytest.raises(SnapshotError, match=f"{DELTA_FILE} has a wrong checksum"):
        verify(folder)


def test_killed_between_build_and_switch_the_old_version_stays(tmp_path: Path) -> None:
    whole(tmp_path, "v0", {"a": 1}, {"s": "a"})
    pointer.switch(tmp_path, "v0")
    child = os.fork()
    if not child:
        changed(tmp_path, "v0", "v1", Wanted(records({"b": 2}), []))
        os.kill(os.getpid(), signal.SIGKILL)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    assert pointer.current(tmp_path) == "v0"
    assert verify(tmp_path / "v0").delta == {}
    assert changed(tmp_path, "v0", "v2", Wanted(records({"b": 2}), []))
    assert pointer.switch(tmp_path, "v2", instead_of="v0").counts["profile"] == 2


def test_the_service_follows_and_its_decisions_are_made_again(tmp_path: Path) -> None:
    root, rng = tmp_path / "snapshots", random.Random(5)  # noqa: S311
    sample.write(root, "v1")
    pointer.switch(root, "v1")
    gwen = msgspec.structs.replace(sample.profiles()[0], customer_id="gwen")
    cleo, shared = sample.value_hash("loyalty_id", "cleo"), sample.value_hash("cookie", "shared")
    wanted = Wanted(
        [gwen, msgspec.structs.replace(sample.profiles()[1], segment_id=0)],
        [
            IdentifierRow("loyalty_id", sample.value_hash("loyalty_id", "gwen"), "gwen"),
            IdentifierRow("cookie", shared, "bob"),
        ],
        gone=["cleo"],
        unowned=[("loyalty_id", cleo)],
    )

    async def run() -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        async with running(config(tmp_path, overlay=tmp_path / "overlay")) as client:
            for version in ("v1", "v2"):
                if version == "v2":
                    assert changed(root, "v1", "v2", wanted)
                    pointer.switch(root, "v2", instead_of="v1")
                told = (await client.post("/v1/admin/reload")).json()
                assert told["snapshot_version"] == version
                for who in ("ann", "bob", "cleo", "gwen", "stranger"):
                    named = [{"type": "loyalty_id", "value": who}]
                    named += [{"type": "cookie", "value": "shared"}] if rng.random() < 0.5 else []
                    body = {"identifiers": named[:1], "placements": ["home_hero"], "context": {}}
                    answer = (await client.post("/v1/decide", json=body)).json()
                    found.setdefault(who, []).append(answer["decisions"][0]["rung"])
                    await client.post("/v1/decide", json=body | {"identifiers": named})
        return found

    rungs = asyncio.run(run())
    assert rungs["gwen"][0] == rungs["stranger"][0] == rungs["cleo"][1] != rungs["gwen"][1] == rungs["ann"][1]
    lines = list(decision_lines(tmp_path / "service_log"))
    assert {version_of(line) for line in lines} == {"v1", "v2"}
    for version in ("v1", "v2"):
        own = [line for line in lines if version_of(line) == version]
        with SnapshotReader(root / version) as reader:
            live = LiveSnapshot(reader)
            assert all(replay(live, line).identical for line in own)
        kept = keep(root / version, tmp_path / "kept", own)
        assert (kept.decisions, kept.differing) == (len(own), 0)
        verify(tmp_path / "kept" / version)
        with SnapshotReader(tmp_path / "kept" / version) as reader:
            live = LiveSnapshot(reader)
            assert (live.as_of == datetime.fromisoformat(reader.manifest.as_of)) == (version == "v1")
            assert all(replay(live, line).identical for line in own)
            assert [reader.count(table) < 9 for table in CHANGING] == [True, True]
