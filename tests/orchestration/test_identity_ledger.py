"""The ledger follows its evidence: by whatever steps, in one transaction, and without writing what already stands."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from intake.settings import Settings
from ml.identity import IdentityRules, canonical_id, empty_table
from orchestration.identity.ledger import update_ledger
from orchestration.identity.write import ABOUT_TOUCHED, Written, stage, write_staged
from orchestration.warehouse import Warehouse
from tests.orchestration.identity_evidence import (
    evidence_warehouse,
    key_of,
    ledger_of,
    observe,
    random_sightings,
    stand_at,
)

DAYS, PEOPLE = 8, 40
DIES_BEFORE_COMMIT = """
import os, signal, sys
from pathlib import Path
from ml.identity import IdentityRules
from orchestration.identity.ledger import stage_update, write_update
from orchestration.warehouse import Warehouse
with Warehouse(Path(sys.argv[1])).connect() as connection:
    stage_update(connection, IdentityRules(), full=False)
    connection.execute("begin").fetchall()
    written = write_update(connection)
    assert written["identity_edge"].inserted and written["identity_assignment"].inserted
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight days of sightings of forty people; nothing resolved."""
    path = tmp_path_factory.mktemp("observed") / "warehouse.duckdb"
    observe(evidence_warehouse(path), random_sightings(PEOPLE, DAYS, seed=5))
    return path


@pytest.fixture
def warehouse(observed: Path, tmp_path: Path) -> Warehouse:
    return Warehouse(Path(shutil.copy(observed, tmp_path / "warehouse.duckdb")))


def at_the_end(warehouse: Warehouse) -> Warehouse:
    stand_at(warehouse, DAYS)
    return warehouse


def override(warehouse: Warehouse, kind: str, a: int, b: int, day: int) -> None:
    with warehouse.connect() as connection:
        connection.execute(
            "insert into identity.identity_override values (?, ?, ?, 'ann', 'asked for', date '2017-01-01' + ?)",
            [min(a, b), max(a, b), kind, day],
        ).fetchall()


def test_day_by_day_gives_what_one_run_gives(observed: Path, tmp_path: Path, warehouse: Warehouse) -> None:
    for day in range(1, DAYS + 1):
        stand_at(warehouse, day)
        update_ledger(warehouse, IdentityRules())
    at_once = at_the_end(Warehouse(Path(shutil.copy(observed, tmp_path / "at_once.duckdb"))))
    update_ledger(at_once, IdentityRules())
    assert ledger_of(warehouse) == ledger_of(at_once)
    assert len({row[1] for row in ledger_of(warehouse)["identity_assignment"]}) > PEOPLE / 2


def test_the_same_evidence_again_writes_nothing(warehouse: Warehouse) -> None:
    first = update_ledger(at_the_end(warehouse), IdentityRules())
    again = update_ledger(warehouse, IdentityRules())
    assert first.rows_written > 0
    assert (again.touched, again.rows_written) == (0, 0)
    assert again.evidence == first.evidence


def test_a_full_rebuild_of_a_current_ledger_writes_nothing(warehouse: Warehouse) -> None:
    update_ledger(at_the_end(warehouse), IdentityRules())
    before = ledger_of(warehouse)
    rebuilt = update_ledger(warehouse, IdentityRules(), full=True)
    assert (rebuilt.touched > 0, rebuilt.rows_written) == (True, 0)
    assert ledger_of(warehouse) == before


def test_a_full_rebuild_takes_even_what_an_identifier_is_from_the_evidence(warehouse: Warehouse) -> None:
    update_ledger(at_the_end(warehouse), IdentityRules())
    before = ledger_of(warehouse)
    with warehouse.connect() as connection:
        connection.execute("update identity.identifier set value_hash = 'torn' where type = 'login'").fetchall()
    update_ledger(warehouse, IdentityRules(), full=True)
    assert ledger_of(warehouse) == before


def test_one_new_sighting_touches_one_group(warehouse: Warehouse) -> None:
    everybody = update_ledger(at_the_end(warehouse), IdentityRules()).touched
    observe(warehouse, [("login", 900, "cookie", 900, DAYS - 1)])
    update = update_ledger(warehouse, IdentityRules())
    assert update.touched == 2 < everybody
    assert all(written.deleted == 0 for written in update.written.values())
    assert update.written["identity_edge"].inserted == 1


def test_evidence_that_is_gone_takes_its_rows_along(warehouse: Warehouse) -> None:
    update_ledger(at_the_end(warehouse), IdentityRules())
    before = ledger_of(warehouse)
    observe(warehouse, [("login", 900, "cookie", 900, DAYS - 1)])
    update_ledger(warehouse, IdentityRules())
    with warehouse.connect() as connection:
        keys = (key_of("login", 900), key_of("cookie", 900))
        connection.execute(f"delete from intermediate.int_identifier_seen_daily where identifier_key in {keys}")
        connection.execute(f"delete from intermediate.int_identity_pair_daily where a_key in {keys}")
    update_ledger(warehouse, IdentityRules())
    assert ledger_of(warehouse) == before


def test_an_override_reaches_the_groups_it_names_and_taking_it_back_restores_them(warehouse: Warehouse) -> None:
    observe(warehouse, [("login", 900, "cookie", 900, 1), ("login", 901, "cookie", 901, 1)])
    everybody = update_ledger(at_the_end(warehouse), IdentityRules()).touched
    before = ledger_of(warehouse)
    override(warehouse, "must_link", key_of("cookie", 900), key_of("cookie", 901), day=2)
    linked = update_ledger(warehouse, IdentityRules())
    assert linked.touched == 4 < everybody
    with warehouse.connect() as connection:
        connection.execute("delete from identity.identity_override").fetchall()
    update_ledger(warehouse, IdentityRules())
    assert ledger_of(warehouse) == before


def test_other_rules_resolve_everybody_again(warehouse: Warehouse) -> None:
    everybody = update_ledger(at_the_end(warehouse), IdentityRules()).touched
    assert update_ledger(warehouse, IdentityRules(emails_per_person=1)).touched == everybody


def test_a_process_killed_before_it_commits_leaves_the_old_ledger(warehouse: Warehouse) -> None:
    stand_at(warehouse, DAYS - 2)
    update_ledger(warehouse, IdentityRules())
    before = ledger_of(warehouse)
    at_the_end(warehouse)
    script = [sys.executable, "-c", DIES_BEFORE_COMMIT, str(warehouse.path)]
    died = subprocess.run(script, check=False, capture_output=True, text=True)
    assert died.returncode == -signal.SIGKILL, died.stderr
    assert ledger_of(warehouse) == before
    update_ledger(warehouse, IdentityRules())
    continued = ledger_of(warehouse)
    update_ledger(warehouse, IdentityRules(), full=True)
    assert ledger_of(warehouse) == continued != before


def test_what_arrives_at_the_moment_of_the_run_is_not_evidence_yet(warehouse: Warehouse) -> None:
    stand_at(warehouse, 0)
    update = update_ledger(warehouse, IdentityRules())
    assert update.evidence["identifiers"] == update.touched == 0


def test_more_rows_than_a_row_group_are_all_written(tmp_path: Path) -> None:
    warehouse, n = evidence_warehouse(tmp_path / "warehouse.duckdb"), 130_000
    keys = pd.Series(range(n), dtype="int64")
    people = pd.DataFrame({"canonical_id": keys.map(canonical_id), "anchor_key": keys, "status": "active"}).assign(
        created_at=pd.Timestamp("2017-01-01", tz="UTC"), redirect_to=None
    )
    tables = {name: empty_table(name) for name in ABOUT_TOUCHED} | {"canonical": people}
    with warehouse.connect() as connection:
        connection.execute(
            f"create temporary table touched as select range as identifier_key from range({n})"
        ).fetchall()
        for expected in (Written(0, n), Written(0, 0)):
            stage(connection, tables)
            connection.execute("begin").fetchall()
            assert write_staged(connection)["canonical"] == expected
            connection.execute("commit").fetchall()
        stage(connection, tables | {"canonical": people.assign(status="merged")})
        assert write_staged(connection)["canonical"] == Written(n, n)


def test_the_settings_are_the_rules() -> None:
    assert IdentityRules(**Settings().identity.model_dump()) == IdentityRules()
