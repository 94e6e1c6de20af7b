"""`concierge export`: who may be reached, under which id, and that a refusal counts before any run has heard of it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import duckdb
import httpx
import pandas as pd
import pyarrow as pa
import pytest
from typer.testing import Result

from intake.atomic_file import write_private_table
from intake.hashing import hash_identifier
from intake.keys import identifier_key_bytes
from intake.log_line import payload, with_checksum
from intake.ops_store import OpsStore
from intake.paths import repository_root
from intake.project import Project
from orchestration.audience.delivery import BATCH_ROWS, DeliveryError, post, write_file
from serving.snapshot import pointer
from serving.snapshot.records import IdentifierRow, ProfileRecord
from tests.orchestration.cli.conftest import concierge, project
from tests.serving import sample

Concierge = Callable[..., Result]
__all__ = ["concierge", "project"]
PEOPLE = ["ada", "bob", "cyn", "dan", "eve"]
TABLES = """
create schema marts; create schema identity;
create table marts.customer_segments as select * from (values
    ('c-ada', 0, 'Weekly'), ('c-bob', 0, 'Weekly'), ('c-cyn', 0, 'Weekly'), ('c-dan', 1, 'Lapsed'),
    ('c-eve', 0, 'Weekly'))
    as t (customer_id, segment_id, segment_name);
create table marts.segment_profile as select * from (values (0, 'Weekly', 'They come weekly.')) as t
    (segment_id, segment_name, description);
create table marts.customer_rule_segments as select 'c-ada' as customer_id, 'valuable_and_leaving' as rule_segment;
create table marts.customer_consent as select * from (values
    ('c-ada', true, true), ('c-bob', true, false), ('c-cyn', true, true), ('c-dan', true, true), ('c-eve', false, true))
    as t (customer_id, is_profiled, marketing_email);
create table marts.segment_history as select * from (values
    ('c-ada', 'persona', '0', date '2018-01-01', null), ('c-dan', 'persona', '0', date '2017-12-01', date '2018-01-02'))
    as t (customer_id, kind, segment, entered_on, left_on);
create table identity.identity_assignment (identifier_key bigint, canonical_id varchar, system_to timestamp,
    valid_to timestamp);
create table identity.identifier (identifier_key bigint, type varchar, value_hash varchar);
"""


def hash_of(project: Project, who: str, kind: str = "email") -> str:
    return str(hash_identifier(identifier_key_bytes(project.paths), kind, mail(who) if kind == "email" else who))


def mail(who: str) -> str:
    return f"{who}@shop.org"


@pytest.fixture
def shop(project: Project) -> Project:
    """Five people with addresses in the vault: one without consent to mail, one without a profile, one elsewhere."""
    rules = project.config / "segments"
    rules.mkdir(exist_ok=True)
    shutil.copy(repository_root() / "config" / "segments" / "valuable_and_leaving.yml", rules)
    folder = project.paths.published / "v1"
    folder.mkdir(parents=True)
    with closing(duckdb.connect(str(folder / "concierge.duckdb"))) as connection:
        connection.execute(TABLES).fetchall()
        ever = datetime(9999, 12, 31, tzinfo=UTC)
        for number, who in enumerate(PEOPLE):
            for step, kind in enumerate(("email", "login")):
                key = number * 2 + step
                row = [key, f"c-{who}", ever, ever]
                connection.execute("insert into identity.identity_assignment values (?, ?, ?, ?)", row).fetchall()
                row = [key, kind, hash_of(project, who, kind)]
                connection.execute("insert into identity.identifier values (?, ?, ?)", row).fetchall()
    (project.paths.published / "current").symlink_to("v1")
    rows = {
        "source": ["crm"] * 6,
        "received_at": [datetime(2018, 1, 1, tzinfo=UTC)] * 6,
        "email": [*map(mail, PEOPLE), " Ada@Shop.org"],
    }
    write_private_table(pa.table(rows), project.paths.vault / "crm-1.parquet")
    return project


def exported(concierge: Concierge, file: Path, *words: object) -> pd.DataFrame:
    result = concierge("export", "audience", *words, "--to", file)
    assert result.exit_code == 0, result.output
    assert file.stat().st_mode & 0o777 == 0o600
    return pd.read_csv(file, dtype=str)


def test_members_who_may_be_reached_with_persona_and_reason(
    shop: Project, concierge: Concierge, tmp_path: Path
) -> None:
    rows = exported(concierge, tmp_path / "a.csv", "Weekly", "--channel", "email")
    assert rows.to_dict("records") == [
        {"id": f"c-{who}", "persona": "Weekly", "segment": "Weekly", "reason": "They come weekly."}
        for who in ("ada", "cyn")
    ]
    assert len(exported(concierge, tmp_path / "b.csv", "0", "--channel", "email")) == 2
    assert set(exported(concierge, tmp_path / "c.csv", "all", "--channel", "email")["id"]) == {
        "c-ada",
        "c-cyn",
        "c-dan",
    }
    ruled = exported(concierge, tmp_path / "d.csv", "valuable_and_leaving", "--channel", "email")
    assert list(ruled["id"]) == ["c-ada"]
    assert "expected to spend most" in ruled["reason"][0]
    (note, *_) = OpsStore(shop.paths).rows("select segment, target, members from audience_export")
    assert tuple(note) == ("Weekly", "a.csv", 2)


def test_addresses_come_from_the_vault_and_as_networks_take_them(
    shop: Project, concierge: Concierge, tmp_path: Path
) -> None:
    assert shop.paths.vault.is_dir()
    rows = exported(concierge, tmp_path / "a.csv", "Weekly", "--channel", "email", "--as", "email")
    assert sorted(rows["id"]) == [mail("ada"), mail("cyn")]
    hashed = exported(concierge, tmp_path / "b.csv", "Weekly", "--channel", "email", "--as", "email_sha256")
    assert set(hashed["id"]) == {sha256(mail(who).encode()).hexdigest() for who in ("ada", "cyn")}


def test_the_shops_own_ids_are_those_of_its_list(shop: Project, concierge: Concierge, tmp_path: Path) -> None:
    assert shop.paths.published.is_dir()
    (tmp_path / "own.csv").write_text("login,more\nada,1\nbob,2\nnobody,3\n", encoding="utf-8")
    words = ("Weekly", "--channel", "email", "--as", "login", "--ids", tmp_path / "own.csv")
    assert list(exported(concierge, tmp_path / "a.csv", *words)["id"]) == ["ada"]


@pytest.mark.parametrize(("cell", "written"), [
    ("=1+1", "'=1+1"), ("@SUM(A1)", "'@SUM(A1)"), ("-2+3|x!A0", "'-2+3|x!A0"), ("\t=1", "'\t=1"), ("+x", "'+x"),
    ("+4930123456", "+4930123456"), ("-2", "-2"), ("ada@shop.org", "ada@shop.org"), ("a=b", "a=b"),
])  # fmt: skip
def test_no_cell_is_carried_out_by_a_spreadsheet(tmp_path: Path, cell: str, written: str) -> None:
    write_file(pd.DataFrame({"id": [cell], "n": [-1.5]}), tmp_path / "a.csv", "csv")
    assert pd.read_csv(tmp_path / "a.csv", dtype=str).values.tolist() == [[written, "-1.5"]]
    write_file(pd.DataFrame({"id": [cell]}), tmp_path / "a.parquet", "parquet")
    assert pd.read_parquet(tmp_path / "a.parquet")["id"].tolist() == [cell]


def test_lists_of_other_countries_and_addresses_that_nobody_gave(
    shop: Project, concierge: Concierge, tmp_path: Path
) -> None:
    assert shop.paths.vault.is_dir()
    (tmp_path / "own.csv").write_text("login;more\nada;1,5\n", encoding="utf-8")
    words = ("all", "--channel", "email", "--as")
    assert list(exported(concierge, tmp_path / "a.csv", *words, "login", "--ids", tmp_path / "own.csv")["id"]) == [
        "ada"
    ]
    refused = concierge("export", "audience", *words, "phone_sha256", "--to", tmp_path / "b.csv")
    assert (refused.exit_code, "no source has given an address of type phone" in refused.stderr) == (1, True)


def test_a_refusal_counts_before_a_run_heard_of_it(shop: Project, concierge: Concierge, tmp_path: Path) -> None:
    def live(who: str, granted: bool, minute: int) -> bytes:
        line = {
            "occurred_at": f"2018-01-02T15:{minute:02d}:00Z",
            "properties": {"purpose": "marketing_email", "granted": granted},
            "identifiers": [{"type": "email", "value": hash_of(shop, who)}],
        }
        return with_checksum(json.dumps(line).encode())

    folder = shop.paths.service_log / "consents"
    folder.mkdir(parents=True)
    # Ada thinks better of it; a yes of somebody whom the tables do not allow changes nothing.
    lines = [
        live("ada", False, 1),
        live("ada", True, 2),
        live("cyn", True, 3),
        live("cyn", False, 3),
        live("bob", True, 4),
    ]
    (folder / "w-1.open").write_bytes(b"".join(lines))
    rows = exported(concierge, tmp_path / "a.csv", "Weekly", "--channel", "email")
    assert list(rows["id"]) == ["c-ada"]
    with OpsStore(shop.paths).transaction() as connection:
        values = (hash_of(shop, "ada", "login"), "personalization", "2018-01-02T16:00:00.000000+00:00")
        connection.execute(
            "insert into consent (identifier, purpose, occurred_at, granted) values (?, ?, ?, 0)", values
        )
    assert exported(concierge, tmp_path / "b.csv", "Weekly", "--channel", "email").empty


def test_moves_are_entries_and_exits_since_a_day(shop: Project, concierge: Concierge, tmp_path: Path) -> None:
    assert shop.paths.published.is_dir()
    assert concierge("export", "moves", "--since", "2018-01-01", "--to", tmp_path / "m.csv").exit_code == 0
    found = pd.read_csv(tmp_path / "m.csv")
    assert found[["moved_on", "change", "segment", "customer_id"]].values.tolist() == [
        ["2018-01-01", "entered", "Weekly", "c-ada"],
        ["2018-01-02", "left", "Weekly", "c-dan"],
    ]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("nobody", "--channel", "email", "--to", "a.csv"), "there are: all, 0, 1, Lapsed, Weekly"),
        (("all", "--channel", "fax", "--to", "a.csv"), "allowed: email, sms"),
        (("all", "--channel", "email", "--to", "a.xlsx"), "ending in .csv or .parquet"),
        (("all", "--channel", "email", "--to", "a.csv", "--as", "login"), "other ids need --ids"),
        (("all", "--channel", "email", "--to", "a.csv", "--as", "name", "--ids", "x.csv"), "allowed: "),
    ],
)
def test_mistakes_are_named(shop: Project, concierge: Concierge, words: tuple[str, ...], told: str) -> None:
    assert shop.paths.published.is_dir()
    result = concierge("export", "audience", *words)
    assert result.exit_code in (1, 2)
    assert told in " ".join(result.output.replace("│", " ").split())


def test_a_webhook_gets_numbered_batches_and_a_failing_one_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestration.audience.delivery._PAUSE_SECONDS", 0.0)
    rows = pd.DataFrame({"id": [f"c{number}" for number in range(BATCH_ROWS + 1)]})
    taken: list[tuple[str, int]] = []
    answers = iter([503, 200, 200])

    def hook(request: httpx.Request) -> httpx.Response:
        status = next(answers, 400)
        if status == 200:
            taken.append((request.headers["Idempotency-Key"], len(json.loads(request.content)["rows"])))
        return httpx.Response(status)

    assert post(rows, "https://mail.example/hook", "weekly", httpx.MockTransport(hook)) == 2
    assert [rows for _, rows in taken] == [BATCH_ROWS, 1]
    keys = [key for key, _ in taken]
    assert [key.rpartition("-")[0] for key in keys] == ["weekly-1", "weekly-2"]
    answers, taken[:] = iter([200] * 4), []
    for sent in (rows, rows.assign(id="other")):
        post(sent, "https://mail.example/hook", "weekly", httpx.MockTransport(hook))
    assert [key for key, _ in taken[:2]] == keys
    assert not {key for key, _ in taken[2:]} & set(keys)
    with pytest.raises(DeliveryError, match="batch 1 of 2: answered 400; the first 0 rows were taken"):
        post(rows, "https://mail.example/hook", "weekly", httpx.MockTransport(hook))


def test_decisions_are_those_of_the_service_and_are_logged(shop: Project, concierge: Concierge, tmp_path: Path) -> None:
    shutil.copytree(repository_root() / "config" / "placements", shop.config / "placements", dirs_exist_ok=True)
    profiles = [
        ProfileRecord(
            f"c-{who}", consent_personalization=True, consent_marketing_email=True, agreed=["personalization"]
        )
        for who in ("ada", "cyn", "dan")
    ]
    known = [IdentifierRow("email", hash_of(shop, who), f"c-{who}") for who in ("ada", "cyn", "dan")]
    sample.write(shop.paths.snapshots, identifiers=known, profiles=profiles)
    pointer.switch(shop.paths.snapshots, "v1")
    # The vault has no address of dan: who cannot be written to is not shown anything either.
    (shop.paths.vault / "crm-1.parquet").unlink()
    given = {"source": ["crm"] * 2, "received_at": [datetime(2018, 1, 1, tzinfo=UTC)] * 2}
    write_private_table(pa.table({**given, "email": [mail("ada"), mail("cyn")]}), shop.paths.vault / "crm-2.parquet")
    words = ("export", "decisions", "weekly_email_offer", "--channel", "email", "--as", "email", "--to")
    first, again = tmp_path / "letters.csv", tmp_path / "again.csv"
    for file in (first, again):
        assert concierge(*words, file).exit_code == 0
    rows = pd.read_csv(first, dtype=str)
    assert list(rows["id"]) == [mail(who) for who in ("ada", "cyn")]
    assert first.read_text() == again.read_text()
    decided, shown = (
        [
            json.loads(payload(line))
            for log in (shop.paths.service_log / kind).glob("*.jsonl")
            for line in log.read_bytes().splitlines()
        ]
        for kind in ("decisions", "exposures")
    )
    assert {line["personalization_id"] for line in decided} == set(rows["personalization_id"])
    assert {line["properties"]["action"] for line in decided} == set(rows["action"])
    assert {line["personalization_id"] for line in shown} == set(rows["personalization_id"])
    refused = concierge("export", "decisions", "nowhere", "--channel", "email", "--to", tmp_path / "no.csv")
    assert (refused.exit_code, "'nowhere' is no placement of v1; there are:" in refused.stderr) == (1, True)
    refused = concierge("export", "decisions", "page_notice", "--channel", "email", "--to", tmp_path / "no.csv")
    assert (refused.exit_code, "page_notice is made for web, app: over email" in refused.stderr) == (1, True)
