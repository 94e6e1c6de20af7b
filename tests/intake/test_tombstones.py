"""Tombstones at the door: who was erased stays out, whatever the file, and revenue stays true."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from intake.erased import ErasedIdentifiers, Spell
from intake.event import EVENT_SCHEMA
from intake.hashing import hash_identifier
from intake.ingest import ingest
from intake.keys import identifier_key_bytes
from intake.mentions import Mentions
from intake.ops_erasure import ErasureRequest
from intake.ops_store import OpsStore
from intake.project import Project
from intake.quarantine import read_quarantine
from intake.tombstones import Tombstone, token_of, tombstone_key
from tests.intake.scene import click, contract, lake_rows, write_jsonl

ERASED = datetime(2017, 6, 1, tzinfo=UTC)
ALWAYS = datetime(1900, 1, 1, tzinfo=UTC)
COLUMNS = {
    "occurred_at": "at",
    "product_id": "product",
    "order_id": "order",
    "amount": "amount",
    "page_url": "url",
    "session_id": "visit",
}
SHOP = contract(
    columns=COLUMNS,
    identifiers=[
        {"type": "login", "column": "login"},
        {"type": "email", "column": "mail"},
        {"type": "cookie", "column": "cookie"},
    ],
    optional=["mail", "cookie", "order", "amount", "url", "name", "visit"],
    personal_data=["name"],
    properties=["discount_amount", "note", "lines"],
)


def erase(project: Project, *people: tuple[str, str, str]) -> None:
    """Tombstones as an erasure writes them: kind, type and value in clear."""
    key, hashing = tombstone_key(project.paths), identifier_key_bytes(project.paths)
    stones = [
        Tombstone(token_of(key, str(hash_identifier(hashing, kind, value))), status, kind, ALWAYS, ERASED, "r1")  # type: ignore[arg-type]
        for status, kind, value in people
    ]
    OpsStore(project.paths).open_erasure(ErasureRequest("r1", ERASED, "ana", 1), stones)


def take_in(project: Project, folder: Path, *rows: dict[str, Any]) -> Any:
    report = ingest(project, SHOP, [write_jsonl(folder / f"{rows[0]['id']}.jsonl", list(rows))]).files[0]
    assert report.rows_read == report.accepted + report.duplicate + report.quarantined + report.suppressed
    return report


def test_late_events_of_the_erased_are_suppressed_and_counted(project: Project, tmp_path: Path) -> None:
    erase(project, ("person", "login", "ann"))
    report = take_in(project, tmp_path, click("1"), click("2", login="bob"), click("3", at="2017-06-01T00:00:00Z"))
    assert (report.accepted, report.suppressed) == (2, 1)
    assert [row["event_id"] for row in lake_rows(project)] == ["2", "3"], "what came after is a new relationship"


def test_an_order_stays_without_anybody_behind_it(project: Project, tmp_path: Path) -> None:
    erase(project, ("person", "login", "ann"))
    order = {"type": "order_completed", "order": "o7", "amount": 5, "url": "/thanks", "name": "Ann Lee"}
    first = click("1", **order, discount_amount=1, note="call Ann")
    assert take_in(project, tmp_path, first).accepted == 1
    (row,) = lake_rows(project)
    assert row["identifiers"] == []
    assert row["page_url"] is None
    assert row["event_id"].startswith("anonymous-")
    assert (str(row["amount"]), row["order_id"], row["occurred_at"].hour) == ("5.0000", "o7", 10)
    assert row["properties"] == '{"discount_amount":1}'
    assert not list(project.paths.vault.glob("*")), "nothing of the row is kept in clear"
    again = take_in(project, tmp_path, click("0", login="bob"), first)
    assert again.accepted == 2
    assert row["event_id"] in {found["event_id"] for found in lake_rows(project)}


def test_the_lines_of_an_order_keep_products_and_amounts_only() -> None:
    line = {"product_id": "p", "quantity": 1, "amount": 5, "engraving": "For Ann"}
    said = json.dumps({"lines": [line], "gift_note": "For Ann", "coupon_discount_amount": 1})
    event = {"event_type": "order_completed", "occurred_at": ALWAYS, "properties": said, "event_id": "e"}
    event |= {"identifiers": [{"type": "login", "value": "a"}]}
    events = pa.Table.from_pylist([event], schema=EVENT_SCHEMA)
    erased = ErasedIdentifiers({"a": [Spell("person", -(10**17), 10**17)]}, str, b"key")
    verdict = erased.verdict(events)
    assert verdict is not None
    kept = json.loads(erased.settle(events, verdict)["properties"][0].as_py())
    assert kept == {"coupon_discount_amount": 1, "lines": [{"product_id": "p", "quantity": 1, "amount": 5}]}


def test_an_event_of_somebody_else_loses_only_the_mention(project: Project, tmp_path: Path) -> None:
    erase(project, ("person", "cookie", "c-ann-1"), ("shared", "email", "home@shop.org"))
    report = take_in(
        project,
        tmp_path,
        click("1", login="bob", cookie="c-ann-1"),
        click("2", login=None, mail="home@shop.org", cookie="c-ann-1"),
        click("3", login=None, mail="home@shop.org"),
    )
    assert (report.accepted, report.suppressed) == (2, 1), "a household's address does not make the event another's"
    assert {row["event_id"]: [item["type"] for item in row["identifiers"]] for row in lake_rows(project)} == {
        "1": ["login"],
        "3": ["email"],
    }


def test_a_shared_cookie_was_theirs_on_their_days_only() -> None:
    day = 86_400_000_000
    erased = ErasedIdentifiers({"k": [Spell("spell", 2 * day, 4 * day)]}, str)
    assert [erased.spells("k")[0].covers(n * day) for n in range(6)] == [False, False, True, True, False, False]


def test_broken_rows_that_name_the_erased_are_suppressed_and_not_quarantined(project: Project, tmp_path: Path) -> None:
    erase(project, ("person", "login", "ann"), ("person", "email", "ann@shop.org"))
    file = write_jsonl(tmp_path / "a.jsonl", [click("1", at="no time"), click("2", login="bob", at="no time")])
    with file.open("a") as out:
        out.write('{"id": "3", "mail": " Ann@Shop.org\n{"id": "4", "login": "bob\n')
    report = ingest(project, SHOP, [file]).files[0]
    assert (report.rows_read, report.suppressed, report.quarantined) == (4, 2, 2)
    kept = read_quarantine(project.paths, "clicks", report.batch_id)
    assert all(b"nn" not in row.original for row in kept)


def test_nobody_erased_needs_no_key(project: Project, tmp_path: Path) -> None:
    take_in(project, tmp_path, click("1"))
    assert not (project.paths.keys / "erasure.key").exists()


@given(
    st.lists(st.sampled_from("abcd"), max_size=4), st.sets(st.sampled_from("abcd")), st.sets(st.sampled_from("abcd"))
)
def test_whose_an_event_is_follows_the_strongest_unshared_identifier(
    named: list[str], mine: set[str], shared: set[str]
) -> None:
    spells = {name: [Spell("person", 0, 100)] for name in mine}
    spells |= {name: [Spell("shared", 0, 100)] for name in shared - mine}
    event = {"event_type": "page_viewed", "occurred_at": datetime(1970, 1, 1, tzinfo=UTC)}
    event |= {"identifiers": [{"type": "cookie", "value": name} for name in named]}  # type: ignore[dict-item]
    verdict = ErasedIdentifiers(spells, str).verdict(pa.Table.from_pylist([event], schema=EVENT_SCHEMA))
    deciding = [name for name in named if name in mine or name not in shared]
    theirs = bool(deciding) and deciding[0] in mine
    assert (verdict is not None and bool(verdict.theirs[0])) == theirs
    assert (verdict is not None and bool(verdict.mentions[0])) == (not theirs and bool(mine & set(named)))


def test_what_others_write_comes_in_without_the_erased(project: Project, tmp_path: Path) -> None:
    erase(project, ("person", "login", "ann-lee-77"), ("person", "loyalty_id", "4017293845"))
    said = click("1", login="bob", note="for ann-lee-77, see you", url="/friends/ann-lee-77?x=1", points=4017293845)
    said |= {"visit": "ann-lee-77"}
    assert take_in(project, tmp_path, said).accepted == 1
    (row,) = lake_rows(project)
    assert row["page_url"] == "/friends/[erased]?x=1"
    assert json.loads(row["properties"])["note"] == "for [erased], see you"
    assert row["session_id"] is None
    lines = [{"product_id": "4017293845", "quantity": 1, "amount": 5}]
    order = click("2", type="order_completed", order="o2", login="bob", amount=5, lines=lines)
    assert take_in(project, tmp_path, order).accepted == 1
    assert "4017293845" in lake_rows(project)[-1]["properties"]


def test_a_cookie_that_looks_like_a_hash_is_hashed_like_any_other(project: Project) -> None:
    cookie, key = "5f4dcc3b5aa765d61d8327deb882cf99", identifier_key_bytes(project.paths)
    own = hash_identifier(key, "cookie", cookie)
    mentions = Mentions(key, "US", lambda value_hash: value_hash == own)
    assert mentions.inside(json.dumps({"c": cookie}))
    assert mentions.inside(f"seen as {own}")
    rotated = f"{str(own)[:15]}g{'0' * 16}"
    assert Mentions(key, "US", lambda value_hash: value_hash == rotated).inside(f"seen as {rotated}.")
