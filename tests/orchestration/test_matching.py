"""From CRM files through the vault to the tables of matching: only what a run may see is compared."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from intake.hashing import hash_identifier, identifier_key
from intake.ingest import ingest
from intake.ops_store import OpsStore
from intake.project import Project
from ml.matching import default_model
from orchestration.assets.matching import match_vault
from orchestration.matching_records import MODEL, load_model, role_records, save_model, seen_batches
from orchestration.pin import pin
from orchestration.resources import Workspace
from orchestration.warehouse import Warehouse
from tests.intake.scene import KEY, contract, make_project, write_jsonl

CRM: dict[str, Any] = {
    "kind": "crm",
    "event_type": "profile_updated",
    "event_id": "id",
    "columns": {"occurred_at": "at"},
    "identifiers": [{"type": "crm_id", "column": "no"}, {"type": "email", "column": "mail"}],
    "matching": {"full_name": "name", "street_address": "street", "postal_code": "zip", "birth_date": "born"},
}
TILL = {**CRM, "kind": "pos", "identifiers": [{"type": "pos_id", "column": "no"}, {"type": "email", "column": "mail"}]}
ANN = {"name": "Annabel Fitzwilliam", "street": "12 High Street", "zip": "10115", "born": "1980-02-03", "mail": None}


class OneProject(Workspace):
    """A workspace of one folder, whatever the environment says."""

    folder: str

    def project(self) -> Project:
        return make_project(Path(self.folder))


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OneProject:
    monkeypatch.setenv("CONCIERGE_KEY", KEY)
    return OneProject(folder=str(tmp_path))


def take_in(workspace: OneProject, name: str, kind: dict[str, Any], *rows: dict[str, Any]) -> None:
    source = contract(name=name, **kind)
    numbered = [{"id": f"{name}{number}", "at": "2017-05-01T10:00:00Z", **row} for number, row in enumerate(rows)]
    file = write_jsonl(
        Path(workspace.folder) / f"{name}{len(OpsStore(workspace.project().paths).batches())}.jsonl", numbered
    )
    assert ingest(workspace.project(), source, [file]).total("accepted") == len(rows)


def pinned(workspace: OneProject, as_of: str = "2018-01-01") -> Warehouse:
    moment = datetime.fromisoformat(as_of).replace(tzinfo=UTC)
    pin(workspace.ops(), workspace.warehouse(), moment)
    return workspace.warehouse()


def key(kind: str, value: str) -> int:
    return identifier_key(str(hash_identifier(KEY.encode(), kind, value)))


def test_two_systems_meet_in_the_tables(workspace: OneProject) -> None:
    take_in(workspace, "crm", CRM, {**ANN, "no": "C1"}, {**ANN, "no": "C2", "name": "Bob Fitzwilliam"})
    take_in(workspace, "till", TILL, {**ANN, "no": "T9", "name": "Fitzwilliam, Anabel", "street": "12, High St"})
    warehouse = pinned(workspace)
    assert match_vault(workspace)[0] == 3
    pairs = warehouse.rows("select a_key, b_key, rule, probability > 0.99, known_at from identity.match_pair")
    assert pairs == [
        (*sorted((key("crm_id", "C1"), key("pos_id", "T9"))), "splink", True, datetime(2017, 5, 1, 10))  # noqa: DTZ001
    ]
    vetoes = warehouse.rows("select a_key, b_key, reason from identity.match_veto")
    assert {(a, b) for a, b, _ in vetoes} == {
        tuple(sorted((key("crm_id", "C2"), other))) for other in (key("crm_id", "C1"), key("pos_id", "T9"))
    }
    assert warehouse.count("identity.household") == 3


def test_a_shared_address_is_flagged(workspace: OneProject) -> None:
    home = {**ANN, "mail": "fitz@mail.com"}
    take_in(workspace, "crm", CRM, {**home, "no": "C1"}, {**home, "no": "C2", "name": "Bob Fitzwilliam"})
    pinned(workspace)
    match_vault(workspace)
    rows = workspace.warehouse().rows("select identifier_key, status, reason from identity.match_flag")
    assert rows == [(key("email", "fitz@mail.com"), "shared", "household")]


def test_records_that_arrive_later_are_not_seen(workspace: OneProject) -> None:
    take_in(workspace, "crm", CRM, {**ANN, "no": "C1"}, {**ANN, "no": "C2", "at": "2017-06-01T00:00:00Z"})
    pinned(workspace, "2017-06-01")
    assert match_vault(workspace)[0] == 1
    pinned(workspace, "2017-06-02")
    assert match_vault(workspace)[0] == 2
    assert workspace.warehouse().count("identity.match_pair") == 1


def test_batches_that_the_pin_does_not_hold_are_not_seen(workspace: OneProject) -> None:
    warehouse = pinned(workspace)
    take_in(workspace, "crm", CRM, {**ANN, "no": "C1"})
    assert seen_batches(workspace.ops().batches(), warehouse) == []
    assert match_vault(workspace)[0] == 0
    assert len(seen_batches(workspace.ops().batches(), pinned(workspace))) == 1


def test_a_file_in_the_vault_whose_batch_never_was_recorded_is_not_read(workspace: OneProject) -> None:
    take_in(workspace, "crm", CRM, {**ANN, "no": "C1"})
    (file,) = workspace.project().paths.vault.glob("*.parquet")
    file.with_name("crm-0123456789abcdef.parquet").write_bytes(file.read_bytes())
    pinned(workspace)
    assert match_vault(workspace)[0] == 1


def test_what_a_record_says_every_night_is_compared_once_as_of_its_first_arrival(workspace: OneProject) -> None:
    for day in ("03", "01", "02"):
        take_in(workspace, "crm", CRM, {**ANN, "no": "C1", "id": day, "at": f"2017-05-{day}T00:00:00Z"})
    project = workspace.project()
    records = role_records(project, workspace.ops().batches(), datetime(2018, 1, 1, tzinfo=UTC))
    assert records["received_at"].tolist() == [pd.Timestamp("2017-05-01", tz="UTC")]
    assert records["identifier_key"].tolist() == [key("crm_id", "C1")]
    assert records["email_key"].isna().all()


def test_without_roles_the_tables_are_empty(workspace: OneProject) -> None:
    take_in(workspace, "plain", {**CRM, "matching": None, "personal_data": ["name"]}, {**ANN, "no": "C1"})
    warehouse = pinned(workspace)
    assert match_vault(workspace)[0] == 0
    for table in ("match_pair", "match_veto", "match_flag", "household"):
        assert warehouse.has_table(f"identity.{table}")
        assert warehouse.count(f"identity.{table}") == 0


def test_the_projects_own_model_is_used_until_comparisons_change(
    workspace: OneProject, caplog: pytest.LogCaptureFixture
) -> None:
    paths = workspace.project().paths
    assert load_model(paths) == default_model()
    own = {**default_model(), "probability_two_random_records_match": 0.5}
    assert save_model(paths, own) == paths.models / MODEL
    assert load_model(paths) == own
    save_model(paths, {**own, "comparisons": own["comparisons"][1:]})
    with caplog.at_level(logging.WARNING):
        assert load_model(paths) == default_model()
    assert "train it again" in caplog.text
