"""Consent in a source's own columns: understood, kept once a change, heard before its own row is judged."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from intake.contract import SourceContract
from intake.ingest import ingest
from intake.ops_store import OpsStore
from intake.project import Project
from tests.intake.scene import click, contract, lake_rows, make_project, write_jsonl

CRM = contract(
    name="crm",
    kind="crm",
    event_type="profile_updated",
    columns={"occurred_at": "at"},
    identifiers=[{"type": "login", "column": "login"}, {"type": "cookie", "column": "cookie"}],
    consents={"marketing_email": {"column": "newsletter", "map": {"J": "granted", 9: "refused"}}},
)
PREFERENCES = {"analytics": "context.consent.Analytics"}


def record(event_id: str, newsletter: Any, day: int = 1, **changes: Any) -> dict[str, Any]:
    return {"id": event_id, "at": f"2017-05-{day:02d}T00:00:00Z", "login": "ann", "newsletter": newsletter, **changes}


def said(project: Project, purpose: str) -> list[tuple[datetime, bool]]:
    changes = OpsStore(project.paths).consent_changes(purpose, everybody=True)
    return [(change.occurred_at, change.granted) for change in changes]


@pytest.mark.parametrize(
    ("value", "granted"),
    [("yes", True), ("J", True), (1, True), (True, True), ("Opt_In", True), ("N", False), (0, False), ("9", False)],
)
def test_words_are_understood(project: Project, tmp_path: Path, value: Any, granted: bool) -> None:
    report = ingest(project, CRM, [write_jsonl(tmp_path / "a.jsonl", [record("1", value)])]).files[0]
    assert (report.rows_read, report.accepted, report.events) == (1, 1, 2)
    assert said(project, "marketing_email") == [(datetime(2017, 5, 1, tzinfo=UTC), granted)]
    stored = [row for row in lake_rows(project) if row["event_type"] == "consent_updated"]
    assert [json.loads(row["properties"]) for row in stored] == [{"purpose": "marketing_email", "granted": granted}]
    assert stored[0]["identifiers"] == lake_rows(project)[0]["identifiers"]


def test_an_empty_value_says_nothing_and_a_strange_one_is_set_aside(project: Project, tmp_path: Path) -> None:
    rows = [record("1", None), record("2", ""), record("3", "unknown"), record("4", "vielleicht")]
    report = ingest(project, CRM, [write_jsonl(tmp_path / "a.jsonl", rows)]).files[0]
    assert (report.accepted, report.reasons) == (3, {"unclear_consent:marketing_email": 1})
    assert said(project, "marketing_email") == []


def test_only_changes_are_kept_over_rows_and_files(project: Project, tmp_path: Path) -> None:
    first = [record("1", "yes", 1), record("2", "yes", 2), record("3", "no", 3), record("4", "no", 4)]
    again = [record("5", "no", 5), record("6", "yes", 6), record("7", "yes", 7, cookie="new")]
    for number, rows in enumerate((first, again)):
        report = ingest(project, CRM, [write_jsonl(tmp_path / f"{number}.jsonl", rows)]).files[0]
        assert (report.accepted, report.events) == (len(rows), len(rows) + 2)
    ids = [row["event_id"] for row in lake_rows(project) if row["event_type"] == "consent_updated"]
    assert ids == [f"{number}:consent:marketing_email" for number in (1, 3, 6, 7)]


def test_a_click_that_brings_its_own_refusal_is_not_stored_but_the_refusal_is(project: Project, tmp_path: Path) -> None:
    source = contract(consent="analytics", consents=PREFERENCES, identifiers=[{"type": "cookie", "column": "cookie"}])
    rows = [
        click("1", cookie="k", context={"consent": {"Analytics": False}}),
        click("2", cookie="k", at="2017-05-01T11:00:00Z"),
        click("3", cookie="other", context={"consent": {"Analytics": True}}),
    ]
    report = ingest(project, source, [write_jsonl(tmp_path / "a.jsonl", rows)]).files[0]
    assert (report.rows_read, report.accepted, report.suppressed) == (3, 1, 2)
    stored = [row["event_id"] for row in lake_rows(project)]
    assert stored == ["1:consent:analytics", "3", "3:consent:analytics"]
    assert list(OpsStore(project.paths).suppressed_counts().values()) == [2]


@pytest.mark.parametrize(
    "wrong",
    [
        {"contract": "newsletter"},
        {"fun": "newsletter"},
        {"analytics": {"column": "c", "map": {"a": "perhaps"}}},
        {"analytics": {"columns": "c"}},
    ],
)
def test_a_wrong_consents_part_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="consents"):
        contract(consents=wrong)


def test_yaml_words_that_become_flags_stay_what_they_were() -> None:
    made = contract(consents={"analytics": {"column": "c", "map": {True: "refused", False: "granted"}}})
    assert made.consents["analytics"].map == {
        **dict.fromkeys(("true", "yes", "y", "on"), "refused"),
        **dict.fromkeys(("false", "no", "n", "off"), "granted"),
    }


words = st.tuples(st.sampled_from(("", "yes", "no")), st.sampled_from("ab"), st.sampled_from(("", "x", "y")))


@settings(deadline=None, max_examples=8)
@given(days=st.lists(words, min_size=1, max_size=8), cut=st.integers(0, 8))
def test_keeping_only_changes_loses_no_state(
    tmp_path_factory: pytest.TempPathFactory, days: list[tuple[str, str, str]], cut: int
) -> None:
    folder = tmp_path_factory.mktemp("changes")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("CONCIERGE_KEY", "a key for tests, long enough")
        project = make_project(folder)
        rows = [
            record(str(number), word, number + 1, login=login, cookie=cookie or None)
            for number, (word, login, cookie) in enumerate(days)
        ]
        for name, part in (("a", rows[:cut]), ("b", rows[cut:])):
            ingest(project, CRM, [write_jsonl(folder / f"{name}.jsonl", part)])
        changes = OpsStore(project.paths).consent_changes("marketing_email", everybody=True)
    for kind, column in (("login", 1), ("cookie", 2)):
        final = {day[column]: day[0] == "yes" for day in days if day[0] and day[column]}
        found = {change.identifier: change.granted for change in changes if change.identifier_type == kind}
        assert sorted(found.values()) == sorted(final.values())


def crm(newsletter: str, version: int) -> SourceContract:
    words = {newsletter: {"column": "newsletter", "map": {"J": "granted", 9: "refused"}}}
    return CRM.model_copy(update={"version": version, "consents": contract(name="crm", consents=words).consents})


def test_a_file_read_again_brings_its_words_along(project: Project, tmp_path: Path) -> None:
    file = write_jsonl(tmp_path / "a.jsonl", [record("1", "J"), record("2", "N", day=2)])
    ingest(project, CRM, [file])
    ingest(project, crm("marketing_email", 2), [file])
    stored = [row for row in lake_rows(project) if row["event_type"] == "consent_updated"]
    assert [json.loads(row["properties"])["granted"] for row in stored] == [True, False]
    assert [granted for _, granted in said(project, "marketing_email")] == [True, False]


def test_a_yes_that_a_corrected_contract_no_longer_reads_allows_nothing(project: Project, tmp_path: Path) -> None:
    file = write_jsonl(tmp_path / "a.jsonl", [record("1", "J"), record("2", "N", login="bob")])
    ingest(project, crm("analytics", 1), [file])
    assert [granted for _, granted in said(project, "analytics")] == [True, False]
    ingest(project, crm("marketing_email", 2), [file])
    assert [granted for _, granted in said(project, "analytics")] == [False]
    assert [granted for _, granted in said(project, "marketing_email")] == [True, False]
    ingest(project, crm("analytics", 1), [file])
    assert [granted for _, granted in said(project, "analytics")] == [True, False]
