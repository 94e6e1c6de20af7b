"""A project with a live snapshot of a few people, written by the service's own writer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from intake.hashing import hash_identifier, identifier_key
from intake.keys import identifier_key_bytes
from intake.project import Project
from orchestration.cli.init_command import write_project
from orchestration.cli.published import Published
from orchestration.demo.questions import Acquaintance
from serving.placement_files import load_placements
from serving.policy import load_policies
from serving.snapshot import pointer
from serving.snapshot.records import DecisionRow, IdentifierRow, ProductRecord, ProfileRecord, SnapshotContents
from serving.snapshot.writer import write_snapshot

AT = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def people() -> list[Acquaintance]:
    """Twelve people, every fourth of whom refused."""
    return [
        Acquaintance({"loyalty_id": str(n + 100), "email": f"p{n}@shop.test", "cookie": f"ck-{n}"}, agreed=n % 4 > 0)
        for n in range(12)
    ]


@pytest.fixture
def served(project: Project, people: list[Acquaintance]) -> Project:
    """That project with those people in its live snapshot."""
    key = identifier_key_bytes(project.paths)
    contents = SnapshotContents(
        identifiers=[
            IdentifierRow(kind, str(hash_identifier(key, kind, value)), f"c{number}")
            for number, person in enumerate(people)
            for kind, value in person.identifiers.items()
        ],
        profiles=[_profile(number, person) for number, person in enumerate(people)],
        decision_rows=[DecisionRow("checkout_incentive", 1, "any", "free_shipping", 3.0, "margin", 900)],
        products=[ProductRecord(name, "TEA", 5.0, 2.0, 3.0, 1.0, 40.0) for name in ("p1", "p2", "p3")],
        popular={"": ["p1", "p2", "p3"]},
        together={"p1": ["p2"]},
        placements=load_placements(project.config / "placements"),
        policies=load_policies(project.config / "policies"),
    )
    write_snapshot(project.paths.snapshots, contents, version="v1", as_of=AT, created_at=AT)
    pointer.switch(project.paths.snapshots, "v1")
    return project


def _profile(number: int, person: Acquaintance) -> ProfileRecord:
    return ProfileRecord(
        f"c{number}",
        segment_id=1,
        segment_name="Regulars",
        consent_personalization=person.agreed,
        consent_marketing_email=person.agreed,
        consent_profiling_price=person.agreed,
    )


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A fresh project, named by the environment."""
    write_project(tmp_path / "shop")
    monkeypatch.setenv("CONCIERGE_DATA", str(tmp_path / "shop" / "data"))
    monkeypatch.setenv("CONCIERGE_CONFIG", str(tmp_path / "shop" / "config"))
    return Project.open()


@pytest.fixture
def publish(project: Project) -> Callable[[dict[str, pd.DataFrame]], Published]:
    """`publish({"marts.dim_customer": frame, …})` makes a published version of exactly these tables."""

    def write(tables: dict[str, pd.DataFrame]) -> Published:
        folder = project.paths.published / "v1"
        folder.mkdir(parents=True)
        with duckdb.connect(str(folder / "concierge.duckdb")) as connection:
            for address, frame in tables.items():
                connection.register("incoming", frame)
                connection.execute(f"create schema if not exists {address.split('.')[0]}").fetchall()
                connection.execute(f"create table {address} as select * from incoming").fetchall()
                connection.unregister("incoming")
        (project.paths.published / "current").symlink_to("v1")
        return Published.current(project.paths)

    return write


@pytest.fixture
def assigned(project: Project) -> Callable[[list[tuple[str, str, str]]], dict[str, pd.DataFrame]]:
    """Identity tables in which (type, clear value) belongs to a customer, as in `[("email", "a@b.test", "c1")]`."""

    def tables(rows: list[tuple[str, str, str]]) -> dict[str, pd.DataFrame]:
        key = identifier_key_bytes(project.paths)
        hashes = [str(hash_identifier(key, kind, value)) for kind, value, _ in rows]
        keys = [identifier_key(value) for value in hashes]
        identifier = {"identifier_key": keys, "type": [row[0] for row in rows], "value_hash": hashes}
        forever = [datetime(9999, 12, 31, tzinfo=UTC).replace(tzinfo=None)] * len(rows)
        assignment = {"identifier_key": keys, "canonical_id": [row[2] for row in rows], "system_to": forever}
        assignment["valid_to"] = forever
        return {
            "identity.identifier": pd.DataFrame(identifier),
            "identity.identity_assignment": pd.DataFrame(assignment),
        }

    return tables
