"""What is personal or rejected lies apart, encrypted or closed to others; keys are made once."""

from __future__ import annotations

import stat
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from cryptography.fernet import Fernet

from intake.hashing import hash_identifier
from intake.ingest import ingest
from intake.keys import KeyProblem, identifier_key_bytes, quarantine_cipher
from intake.project import Project
from intake.quarantine import quarantine_file, read_quarantine
from tests.intake.scene import KEY, click, contract, lake_rows, write_jsonl

PERSONAL = contract(personal_data=["name", "login"], properties="rest")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_personal_data_goes_to_the_vault_and_nowhere_else(project: Project, tmp_path: Path) -> None:
    rows = [click("1", name="Ann Example"), click("2", name="Ann Example"), click("3", name=None, login=None)]
    report = ingest(project, PERSONAL, [write_jsonl(tmp_path / "a.jsonl", rows)]).files[0]
    file = project.paths.vault / f"clicks-{report.batch_id[:16]}.parquet"
    assert (mode(project.paths.vault), mode(file)) == (0o700, 0o600)
    (kept,) = pq.read_table(file).drop_columns(["occurred_at", "received_at"]).to_pylist()
    assert kept == {
        "event_id": "1",
        "source": "clicks",
        "identifier_type": "login",
        "identifier_value": hash_identifier(KEY.encode(), "login", "ann"),
        "name": "Ann Example",
        "login": "ann",
    }
    outside = [path for path in project.paths.root.rglob("*") if path.is_file() and path.parent != project.paths.vault]
    assert all(b"Ann Example" not in path.read_bytes() for path in outside)
    assert "Ann" not in repr(lake_rows(project))


def test_people_whose_rows_are_rejected_leave_nothing_in_the_vault(project: Project, tmp_path: Path) -> None:
    ingest(project, PERSONAL, [write_jsonl(tmp_path / "a.jsonl", [click("1", name="Ann", type="teleported")])])
    assert not project.paths.vault.exists()


def test_quarantined_originals_are_encrypted(project: Project, tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_bytes(b'{"name": "Ann Exam\n')
    report = ingest(project, contract(), [file]).files[0]
    shelf = quarantine_file(project.paths, "clicks", report.batch_id)
    assert (mode(shelf.parent), mode(shelf)) == (0o700, 0o600)
    (stored,) = pq.read_table(shelf).to_pylist()
    assert b"Ann Exam" not in shelf.read_bytes()
    key = (project.paths.keys / "quarantine.key").read_bytes()
    assert Fernet(key).decrypt(stored["original"]) == b'{"name": "Ann Exam'
    assert read_quarantine(project.paths, "clicks", "no such batch") == []


def test_the_key_is_made_once_and_closed_to_others(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    assert identifier_key_bytes(project.paths) == KEY.encode()
    monkeypatch.delenv("CONCIERGE_KEY")
    made = identifier_key_bytes(project.paths)
    assert len(made) == 64
    assert identifier_key_bytes(project.paths) == made
    assert [path.name for path in project.paths.keys.iterdir()] == ["identifier.key"]
    assert (mode(project.paths.keys), mode(project.paths.keys / "identifier.key")) == (0o700, 0o600)


def test_keys_that_are_none(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONCIERGE_KEY", "short")
    with pytest.raises(KeyProblem, match=r"\$CONCIERGE_KEY: key has 5 bytes; at least 16 are needed"):
        identifier_key_bytes(project.paths)
    project.paths.keys.mkdir(parents=True)
    (project.paths.keys / "quarantine.key").write_text("nonsense")
    with pytest.raises(KeyProblem, match="not a Fernet key"):
        quarantine_cipher(project.paths)


def test_another_key_gives_other_hashes(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write_jsonl(tmp_path / "a.jsonl", [click("1")])
    ingest(project, contract(), [file])
    first = lake_rows(project)[0]["identifiers"]
    monkeypatch.setenv("CONCIERGE_KEY", "another key, long enough too")
    ingest(project, contract(version=2), [file])
    (again,) = lake_rows(project)
    assert [one["type"] for one in again["identifiers"]] == [one["type"] for one in first]
    assert again["identifiers"] != first
