"""Every fault that intake knows, planted in one file and accounted for to the row."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intake.ingest import ingest
from intake.ops_store import OpsStore
from intake.project import Project
from intake.quarantine import read_quarantine
from tests.intake.scene import contract, lake_rows, make_project

SHOP = contract(
    event_type={"column": "type"},
    columns={
        "occurred_at": "at", "product_id": "product", "page_url": "url", "order_id": "order", "amount": "amount",
        "quantity": "quantity",
    },
    aliases={"product": ["sku"], "at": ["timestamp"]},
    identifiers=[{"type": "login", "column": "login"}],
    arrival={"column": "received"},
    clock={"sent_at": "sent"},
    repeats={"window": "PT10S"},
    properties=["user_agent"],
    consent="analytics",
)  # fmt: skip
BOUND = ("ok3", "ok5", "reload", "order", "refund", "refund2")
"""Rows whose fate hangs on another row of the file."""

CRAWLER = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


def row(event_id: str, minute: int, **changes: Any) -> dict[str, Any]:
    day = f"2017-05-02T{minute // 60:02}:{minute % 60:02}"
    base = {"id": event_id, "type": "page_viewed", "at": f"{day}:00Z", "received": f"{day}:01Z", "url": "/a"}
    return {**base, "login": f"u{minute}"} | changes


def planted() -> list[tuple[str, str]]:
    """(line, what must become of it)."""

    def at(time: str) -> dict[str, str]:
        return {"at": time, "received": time}

    ahead = [
        row(f"z{n}", 300 + n, at=f"2017-05-02T{8 + n // 60:02}:{n % 60:02}:00Z", received=f"2017-05-02T05:{n:02}:04Z")
        for n in range(6)
    ]
    order = {"type": "order_completed", "order": "o-1", "amount": 50, "quantity": 2}
    rows: list[tuple[dict[str, Any], str]] = [
        *((row(f"ok{n}", n), "accepted") for n in range(20)),
        (row("alias", 30, type="product_viewed", sku="p-1"), "accepted"),
        (row("alias2", 31, at=None, timestamp="2017-05-02T00:31:00Z"), "accepted"),
        (row("bot", 32, user_agent=CRAWLER), "accepted"),
        (row("skew", 33, at="2037-01-01T00:00:00Z", sent="2037-01-01T00:00:30Z"), "accepted"),
        (row("missing", 40, at=None), "missing_field:occurred_at"),
        (row("nonsense", 41, at="yesterday"), "invalid_timestamp:occurred_at"),
        (row("future", 42, at="2090-01-01T00:00:00Z"), "future_timestamp"),
        (row("old", 43, **at("1970-01-01T00:00:00Z")), "before_history"),
        *((entry, "wrong_zone:+3h") for entry in ahead),
        (row("ok3", 3), "duplicate"),
        (row("reload", 5, at="2017-05-02T00:05:04Z"), "duplicate"),
        (row("type", 50, type="teleported"), "unknown_event_type"),
        (row("typeless", 51, type=None), "missing_field:event_type"),
        (row("nameless", 52, id=None), "missing_field:event_id"),
        (row("product", 53, type="product_viewed"), "missing_field:product_id"),
        (row("order", 60, **order), "accepted"),
        (row("absurd", 61, **order | {"amount": 99_000_000}), "absurd:amount"),
        (row("negative", 62, **order | {"quantity": -1}), "negative:quantity"),
        (row("number", 63, **order | {"amount": "ten"}), "invalid_number:amount"),
        (row("orphan", 64, **order | {"order": None}), "missing_field:order_id"),
        (row("refund", 65, **order | {"type": "order_refunded", "amount": 20}), "accepted"),
        (row("refund2", 66, **order | {"type": "order_refunded", "amount": 40}), "refund_exceeds_order"),
        (row("refund3", 67, **order | {"type": "order_refunded", "order": "o-unknown"}), "accepted"),
        (row("refused", 70, login="eve"), "suppressed"),
        (row("refused2", 71, login="eve", **order | {"order": "o-2"}), "accepted"),
    ]  # fmt: skip
    lines = [(json.dumps(content), fate) for content, fate in rows]
    return [*lines, ('{"id": "cut', "malformed_record"), ("[]", "malformed_record"), ("\udcff", "malformed_record")]


def refuse(project: Project, folder: Path) -> None:
    word = {"id": "c", "type": "consent_updated", "at": "2017-05-01T00:00:00Z", "login": "eve"}
    file = folder / "consent.jsonl"
    file.write_text(json.dumps({**word, "said": {"purpose": "analytics", "granted": False}}) + "\n")
    source = contract(name="consent", kind="consent", columns={"occurred_at": "at", "properties": "said"})
    assert ingest(project, source, [file]).files[0].accepted == 1


def account(project: Project, lines: list[tuple[str, str]], file: Path) -> None:
    """Take the file in and compare what became of it with what was planted, row by row."""
    file.write_text("".join(line + "\n" for line, _ in lines), encoding="utf-8", errors="surrogateescape")
    report = ingest(project, SHOP, [file]).files[0]
    fates = Counter(fate for _, fate in lines)
    told = {"accepted": report.accepted, "duplicate": report.duplicate, "suppressed": report.suppressed}
    assert {name: rows for name, rows in told.items() if rows} | dict(report.reasons) == dict(fates)
    assert report.rows_read == len(lines) == sum(told.values()) + report.quarantined
    quarantined = {row.row_number: row for row in read_quarantine(project.paths, "clicks", report.batch_id)}
    expected = {n: fate for n, (_, fate) in enumerate(lines, 1) if fate not in told}
    assert {number: row.reason for number, row in quarantined.items()} == expected
    for number, entry in quarantined.items():
        assert entry.original == lines[number - 1][0].encode("utf-8", "surrogateescape")
    ids = {json.loads(line)["id"] for line, fate in lines if fate == "accepted"}
    assert {entry["event_id"] for entry in lake_rows(project)} - {"c"} == ids


def test_every_fault_in_one_file_is_accounted_for_to_the_row(project: Project, tmp_path: Path) -> None:
    refuse(project, tmp_path)
    account(project, planted(), tmp_path / "all.jsonl")
    store = OpsStore(project.paths)
    findings = {finding: rows for (source, finding), rows in store.findings().items() if source == "clicks"}
    assert findings == {"duplicate:id": 1, "duplicate:content": 1, "clock_corrected": 1, "bot": 1}
    assert {alert.cause for alert in store.list_alerts("open")} == {
        "intake:quarantine:clicks",
        "intake:wrong_zone:clicks",
    }
    (bot,) = [entry for entry in lake_rows(project) if '"is_bot":true' in entry["properties"]]
    assert bot["event_id"] == "bot"


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(data=st.data())
def test_any_mixture_in_any_order_conserves_its_rows(
    data: st.DataObject, project: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    del project  # only its environment: each example has a project of its own
    folder = tmp_path_factory.mktemp("mixture")
    fresh = make_project(folder)
    refuse(fresh, folder)
    lines = planted()
    again = next(entry for entry in lines if '"id": "ok3"' in entry[0] and entry[1] == "duplicate")
    bound = [entry for entry in lines if any(f'"id": "{name}"' in entry[0] for name in BOUND) or "zone" in entry[1]]
    others = [entry for entry in lines if entry not in bound and entry != again]
    some = data.draw(st.lists(st.sampled_from(others), unique=True, max_size=len(others)))
    mixed = data.draw(st.permutations([*some, *(entry for entry in bound if entry != again)]))
    account(fresh, [*mixed, again], folder / "mixed.jsonl")
