"""Subject access: everything of ann from every store, nothing of bob's, for the owner's eyes, and noted."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from intake.hashing import identifier_key
from orchestration.cli.app import app
from tests.orchestration.erasure.shop import customer_of, hash_of, needles, remains, shop


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shop(tmp_path_factory.mktemp("asked")).paths.root.parent


@pytest.fixture(autouse=True)
def environment(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONCIERGE_DATA", str(root / "data"))
    monkeypatch.setenv("CONCIERGE_CONFIG", str(root / "config"))


def test_everything_held_is_written_for_the_owner_alone(root: Path, tmp_path: Path) -> None:
    from intake.paths import DataPaths
    from intake.project import Project

    project = Project.open(DataPaths(root / "data"), root / "config")
    file = tmp_path / "ann.json"
    done = CliRunner().invoke(app, ["subject-access", "email", "ann.lee@shop.org", "-o", str(file)])
    assert done.exit_code == 0, done.output
    text = file.read_text()
    said = json.loads(text)
    assert {one["type"] for one in said["identifiers"]} == {"login", "email", "cookie", "loyalty_id"}
    held = said["held"]
    assert {row["event_id"] for row in held["events (lake)"]} == {"e1", "e2", "e3", "e13"}
    assert held["in clear (vault)"][0]["name"] == "Ann Lee"
    assert {row["reason"] for row in held["rows set aside (quarantine)"]} >= {"unknown_event_type"}
    assert {row["event_id"] for row in held["service log"]} == {"dp1", "xp1"}, "an exposure names a decision alone"
    assert [row["order_id"] for row in held["marts.fct_order"]] == ["o1"]
    assert {"operations: consent", "operations: identity_override", "operations: alert"} <= held.keys()
    assert held["live profile (snapshot)"][0]["customer_id"] == customer_of(project, "ann login")
    assert {row["store"] for row in said["kept"]} >= {"lake/", "vault/", "snapshots/"}
    assert said["sources"][0]["personal_data"] == ["name", "mail"]
    assert said["recipients"]
    # The override says that ann and bob are two people: his key stands there, and nothing else of him anywhere.
    bob = str(identifier_key(hash_of(project, "bob login")))
    told = text.replace(bob, "")
    assert [
        needle for needle in needles(project, "bob") if needle in told and needle not in hash_of(project, "bob login")
    ] == []
    for written in (file, file.with_suffix(".html")):
        assert oct(written.stat().st_mode & 0o777) == "0o600"
    assert "Ann Lee" in file.with_suffix(".html").read_text()


def test_who_asked_is_noted_by_tombstone(root: Path) -> None:
    done = CliRunner().invoke(app, ["subject-access", "login", "ann-lee-77"])
    assert json.loads(done.output)["customer_ids"]
    with closing(sqlite3.connect(root / "data" / "ops.sqlite")) as connection:
        rows = connection.execute("select actor, token, detail from subject_access").fetchall()
    assert rows
    assert "ann" not in repr(rows)
    assert '"events (lake)": 4' in rows[-1][2]


def test_erase_on_the_command_line(root: Path, tmp_path: Path) -> None:
    people = tmp_path / "people.csv"
    people.write_text("type,value\nemail,ann.lee@shop.org\nlogin,\n")
    run = CliRunner().invoke
    refused = run(app, ["erase", "--file", str(people), "--yes"])
    assert (refused.exit_code, "line 3: value is empty" in refused.output) == (1, True)
    assert run(app, ["erase"]).exit_code == 2
    assert run(app, ["erase", "email"]).exit_code == 2
    people.write_text("Type,Value\nemail,ann.lee@shop.org\n")
    asked = run(app, ["erase", "--file", str(people), "--dry-run"])
    assert "identifiers of their own: 1 cookie, 1 email, 1 login" in asked.output
    assert run(app, ["erase", "login:ann-lee-77"], input="n\n").exit_code == 1
    done = run(app, ["erase", "--file", str(people), "--yes"])
    assert done.exit_code == 0, done.output
    assert "nothing was found any more" in done.output
    assert "Ann" not in done.output
    assert "ann.lee" not in done.output
    assert remains(root / "data", ["ann.lee@shop.org", "ann-lee-77"]) == []
    assert "nothing to finish" in run(app, ["erase", "--resume"]).output
