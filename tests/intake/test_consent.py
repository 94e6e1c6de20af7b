"""Consent at the door: a refusal holds from its moment until it is taken back, for its purpose only."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.consent import unclear_consent
from intake.event import EVENT_SCHEMA
from intake.ingest import ingest
from intake.ops_records import ConsentChange
from intake.ops_store import OpsStore
from intake.project import Project
from intake.regime import ConsentRules
from intake.suppression import Refusals
from tests.intake.scene import NOW, click, contract, lake_rows, write_jsonl

T0 = datetime(2017, 5, 1, tzinfo=UTC)
AT = "2017-05-01T00:00:00Z"
CONSENT = contract(
    name="consent",
    kind="consent",
    event_type="consent_updated",
    columns={"occurred_at": "at"},
    identifiers=[{"type": "login", "column": "login"}, {"type": "cookie", "column": "cookie"}],
    properties=["purpose", "granted", "regime"],
)


def word(event_id: str, granted: bool, at: str, **changes: Any) -> dict[str, Any]:
    return {"id": event_id, "at": at, "login": "ann", "purpose": "analytics", "granted": granted, **changes}


def say(project: Project, folder: Path, *words: dict[str, Any]) -> None:
    ingest(project, CONSENT, [write_jsonl(folder / f"consent-{words[0]['id']}.jsonl", list(words))])


def test_what_a_person_refused_stays_out_from_then_on(project: Project, tmp_path: Path) -> None:
    say(project, tmp_path, word("c1", False, "2017-05-02T00:00:00Z"), word("c2", True, "2017-05-04T00:00:00Z"))
    rows = [click(day, at=f"2017-05-{day}T12:00:00Z") for day in ("01", "02", "03", "04", "05")]
    rows.append(click("bob", at="2017-05-03T12:00:00Z", login="bob"))
    report = ingest(project, contract(consent="analytics"), [write_jsonl(tmp_path / "a.jsonl", rows)]).files[0]
    assert (report.accepted, report.suppressed, report.rows_read) == (4, 2, 6)
    assert [row["event_id"] for row in lake_rows(project) if row["source"] == "clicks"] == ["01", "04", "05", "bob"]


def test_contract_data_and_other_purposes_are_not_touched(project: Project, tmp_path: Path) -> None:
    say(project, tmp_path, word("c1", False, "2017-05-01T00:00:00Z"))
    rows = [click("1", at="2017-05-03T12:00:00Z")]
    for number, purpose in enumerate(("contract", "personalization")):
        file = write_jsonl(tmp_path / f"{number}.jsonl", rows)
        assert ingest(project, contract(consent=purpose), [file]).files[0].accepted == 1


def test_orders_are_stored_whatever_the_purpose(project: Project, tmp_path: Path) -> None:
    say(project, tmp_path, word("c1", False, "2017-05-01T00:00:00Z"))
    columns = {"occurred_at": "at", "product_id": "product", "order_id": "order", "amount": "amount"}
    rows = [click("1", at="2017-05-03T12:00:00Z"), click("2", type="order_completed", order="o", amount=5)]
    rows[1]["at"] = "2017-05-03T12:00:00Z"
    source = contract(consent="analytics", columns=columns)
    report = ingest(project, source, [write_jsonl(tmp_path / "a.jsonl", rows)]).files[0]
    assert (report.accepted, report.suppressed) == (1, 1)
    assert lake_rows(project)[0]["event_id"] == "2"


def test_a_refusal_counts_for_every_identifier_it_came_with(project: Project, tmp_path: Path) -> None:
    say(project, tmp_path, word("c1", False, "2017-05-01T00:00:00Z", cookie="k1"))
    source = contract(consent="analytics", identifiers=[{"type": "cookie", "column": "cookie"}])
    rows = [click("1", at="2017-05-03T12:00:00Z", cookie="k1"), click("2", at="2017-05-03T12:00:00Z", cookie="k2")]
    report = ingest(project, source, [write_jsonl(tmp_path / "a.jsonl", rows)]).files[0]
    assert (report.accepted, report.suppressed) == (1, 1)


def test_suppressed_events_do_not_come_back_with_the_consent(project: Project, tmp_path: Path) -> None:
    say(project, tmp_path, word("c1", False, "2017-05-01T00:00:00Z"))
    file = write_jsonl(tmp_path / "a.jsonl", [click("1", at="2017-05-03T12:00:00Z")])
    source = contract(consent="analytics")
    assert ingest(project, source, [file]).files[0].suppressed == 1
    say(project, tmp_path, word("c2", True, "2017-05-02T00:00:00Z"))
    assert ingest(project, source, [file]).files[0].state == "unchanged"


def test_consent_without_purpose_or_with_an_unclear_word_is_quarantined(project: Project, tmp_path: Path) -> None:
    rows = [word("c1", False, "2017-05-01T00:00:00Z"), word("c2", True, "2017-05-01T00:00:00Z")]
    del rows[0]["purpose"]
    rows[1]["granted"] = "perhaps"
    report = ingest(project, CONSENT, [write_jsonl(tmp_path / "a.jsonl", rows)]).files[0]
    assert report.reasons == {"missing_property:purpose_or_granted": 1, "unclear_consent:granted": 1}
    strange = ingest(project, CONSENT, [write_jsonl(tmp_path / "b.jsonl", [word("c3", True, AT, purpose="fun")])])
    assert strange.files[0].reasons == {"unknown_purpose": 1}
    assert OpsStore(project.paths).consent_changes("analytics") == []


def test_consent_in_the_words_of_a_csv_is_understood(project: Project, tmp_path: Path) -> None:
    file = tmp_path / "consent.csv"
    rows = ["ann,2017-05-01,Ja", "bob,2017-05-01,no", "cem,2017-05-01,TRUE", "dan,2017-05-01,hm", "eve,2017-05-01,"]
    file.write_text("\n".join(["who,at,said", *rows]))
    source = contract(
        name="words", kind="consent", format="csv", event_type="consent_updated", event_id=None,
        natural_key=["who", "at"], columns={"occurred_at": "at"}, identifiers=[{"type": "login", "column": "who"}],
        properties={"purpose": {"value": "analytics"}, "granted": {"column": "said", "map": {"Ja": "true"}}},
    )  # fmt: skip
    report = ingest(project, source, [file]).files[0]
    assert report.reasons == {"unclear_consent:granted": 1, "missing_property:purpose_or_granted": 1}
    assert [json.loads(row["properties"])["granted"] for row in lake_rows(project)].count(True) == 2
    assert [change.granted for change in OpsStore(project.paths).consent_changes("analytics")] == [False]


def test_what_states_consent() -> None:
    assert unclear_consent('{"purpose":"analytics","granted":false,"regime":"opt_in"}') is None
    assert unclear_consent('{"purpose":"analytics"}') == "missing_property:purpose_or_granted"
    assert unclear_consent('{"purpose":1,"granted":true}') == "missing_property:purpose_or_granted"


hours = st.integers(0, 40)
changes = st.lists(st.tuples(st.sampled_from("abc"), hours, st.booleans()), max_size=12, unique_by=lambda c: c[:2])
visits = st.lists(st.tuples(st.lists(st.sampled_from("abcd"), max_size=3, unique=True), hours), max_size=12)


@settings(deadline=None, max_examples=50)
@given(changes=changes, visits=visits)
def test_suppression_is_the_last_word_at_the_moment(
    changes: list[tuple[str, int, bool]], visits: list[tuple[list[str], int]]
) -> None:
    def refused(identifier: str, hour: int) -> bool:
        words = sorted((at, granted) for who, at, granted in changes if who == identifier and at <= hour)
        return bool(words) and not words[-1][1]

    rows = [
        {
            "event_type": "page_viewed",
            "occurred_at": T0 + timedelta(hours=hour),
            "identifiers": [{"type": "cookie", "value": value} for value in values],
        }
        for values, hour in visits
    ]
    empty = dict.fromkeys(EVENT_SCHEMA.names)
    events = pa.Table.from_pylist([{**empty, **row} for row in rows], schema=EVENT_SCHEMA)
    said = [ConsentChange(who, "analytics", granted, T0 + timedelta(hours=at)) for who, at, granted in changes]
    expected = [any(refused(value, hour) for value in values) for values, hour in visits]
    assert Refusals(said, "analytics").judge(events).refused.tolist() == expected


STRICT = ConsentRules.model_validate({"regions": {"DE": "opt_in", "US": {"analytics": "opt_out"}}})


def test_where_asking_is_due_nothing_is_stored_without_a_yes(project: Project, tmp_path: Path) -> None:
    (project.config / "consent.yml").write_text("regions: {DE: opt_in}", encoding="utf-8")
    say(project, tmp_path, word("c1", True, "2017-05-02T00:00:00Z"))
    source = contract(
        consent="analytics",
        columns={"occurred_at": "at", "product_id": "product", "country": "land", "order_id": "order", "amount": "sum"},
        identifiers=[{"type": "login", "column": "login"}, {"type": "cookie", "column": "cookie"}],
    )
    later = {"at": "2017-05-03T12:00:00Z"}
    rows = [
        click("before the yes", land="DE"),
        click("after it", land="de", **later),
        click("visitor", land="DE", login=None, cookie="k", **later),
        click("elsewhere", land="US", login=None, cookie="k", **later),
        click("nobody", land="DE", login=None, **later),
        click("order", land="DE", login="bob", type="order_completed", order="o", sum=5, **later),
    ]
    report = ingest(project, source, [write_jsonl(tmp_path / "a.jsonl", rows)]).files[0]
    assert (report.accepted, report.suppressed) == (4, 2)
    assert [row["event_id"] for row in lake_rows(project) if row["source"] == "clicks"] == [
        "after it", "elsewhere", "nobody", "order"
    ]  # fmt: skip
    counts = OpsStore(project.paths).suppressed_counts()
    assert counts == {(NOW.date(), "clicks", "analytics", "absent"): 2}


def test_of_two_words_at_one_moment_the_refusal_counts(project: Project, tmp_path: Path) -> None:
    say(project, tmp_path, word("c1", False, AT))
    say(project, tmp_path, word("c2", True, AT))
    report = ingest(project, contract(consent="analytics"), [write_jsonl(tmp_path / "a.jsonl", [click("1")])])
    assert report.files[0].suppressed == 1


def test_nobody_agrees_in_anothers_name_but_everybody_may_refuse(project: Project, tmp_path: Path) -> None:
    posts = CONSENT.model_copy(update={"kind": "service_log", "name": "posts", "properties": "rest"})
    rows = [
        word("c1", True, AT, cookie="k"),
        word("c2", True, AT, login="bob", cookie="k2", identity_verified=True),
        word("c3", False, AT, login="eve", cookie="k3"),
    ]
    ingest(project, posts, [write_jsonl(tmp_path / "a.jsonl", rows)])
    changes = OpsStore(project.paths).consent_changes("analytics", everybody=True)
    assert Counter((change.identifier_type, change.granted) for change in changes) == {
        ("cookie", True): 2,
        ("login", True): 1,
        ("login", False): 1,
        ("cookie", False): 1,
    }


@settings(deadline=None, max_examples=50)
@given(changes=changes, visits=visits, places=st.lists(st.sampled_from(["DE", "US", None]), min_size=12, max_size=12))
def test_an_event_is_stored_as_refusals_and_regimes_say(
    changes: list[tuple[str, int, bool]], visits: list[tuple[list[str], int]], places: list[str | None]
) -> None:
    def stored(values: list[str], hour: int, place: str | None) -> bool:
        last = [max((at, yes) for who, at, yes in changes if who == value and at <= hour)[1] for value in values
                if any(who == value and at <= hour for who, at, _ in changes)]  # fmt: skip
        return not values or (all(last) and (bool(last) or place != "DE"))

    rows = [
        {
            "event_type": "page_viewed",
            "occurred_at": T0 + timedelta(hours=hour),
            "identifiers": [{"type": "cookie", "value": value} for value in values],
            "country": place,
        }
        for (values, hour), place in zip(visits, places, strict=False)
    ]
    empty = dict.fromkeys(EVENT_SCHEMA.names)
    events = pa.Table.from_pylist([{**empty, **row} for row in rows], schema=EVENT_SCHEMA)
    known = [ConsentChange(who, "analytics", granted, T0 + timedelta(hours=at)) for who, at, granted in changes]
    verdict = Refusals(known, "analytics", STRICT).judge(events)
    expected = [stored(values, hour, place) for (values, hour), place in zip(visits, places, strict=False)]
    assert (~verdict.any).tolist() == expected
    assert not (verdict.refused & verdict.absent).any()
