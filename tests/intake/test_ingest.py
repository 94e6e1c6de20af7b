"""Nothing vanishes, nothing doubles: whatever comes in is accepted, duplicate, quarantined or suppressed."""

from __future__ import annotations

import tempfile
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intake.clock import FixedClock
from intake.ingest import ingest
from intake.ops_store import OpsStore
from intake.project import Project
from intake.report import FileReport
from orchestration.partitions import DayRange
from orchestration.touched import consume
from tests.intake.scene import NOW, click, contract, lake_rows, make_project, write_jsonl

TOLERANCE = timedelta(seconds=300)
VOCABULARY = {"page_viewed", "product_viewed", "order_completed"}

times = st.one_of(
    st.integers(0, 5 * 86_400_000_000).map(
        lambda micros: (datetime(2017, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)).isoformat()
    ),
    st.sampled_from([None, "", "yesterday", "2090-01-01T00:00:00Z", "1971-01-01T00:00:00Z", "2018-01-02T00:04:59Z"]),
)
dirty_rows = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.sampled_from(["a", "b", "c", "d", "e", "f", "g", None]),
            "type": st.sampled_from(["page_viewed", "product_viewed", "order_completed", "teleported", None]),
            "at": times,
            "product": st.sampled_from(["p1", "p2", "", None]),
            "order": st.sampled_from(["o1", None]),
            "amount": st.sampled_from([None, 1, 2.5, "3.75", -1, 1e12, "much"]),
            "login": st.sampled_from(["ann", "bob", "none", None]),
        }
    ),
    max_size=25,
)
# A column that only later files have would flow into the properties of those alone; `optional` says it is known.
dirty_contract = contract(
    columns={"occurred_at": "at", "product_id": "product", "order_id": "order", "amount": "amount"},
    optional=["second"],
)


def oracle_fault(row: dict[str, Any]) -> bool:
    """Whether a row must not enter, told row by row in plain Python."""
    try:
        occurred = datetime.fromisoformat(row["at"] or "")
    except ValueError:
        return True
    in_time = datetime(2000, 1, 1, tzinfo=UTC) <= occurred <= NOW + TOLERANCE
    amount = row["amount"]
    amount_is_sane = amount is None or (amount != "much" and 0 <= float(amount) <= 10_000_000)
    complete = {
        "product_viewed": bool(row["product"]),
        "order_completed": row["order"] is not None and amount is not None,
    }.get(row["type"], True)
    return not (in_time and amount_is_sane and complete and row["type"] in VOCABULARY and row["id"] is not None)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(rows=dirty_rows)
def test_every_row_is_accounted_for(rows: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONCIERGE_KEY", "a key for tests, long enough")
    with tempfile.TemporaryDirectory() as folder:
        project = make_project(Path(folder))
        file = write_jsonl(Path(folder) / "rows.jsonl", rows)
        report = ingest(project, dirty_contract, [file]).files[0]
        assert report.rows_read == len(rows)
        assert report.rows_read == report.accepted + report.duplicate + report.quarantined + report.suppressed
        assert sum(report.reasons.values()) == report.quarantined

        sound = [row["id"] for row in rows if not oracle_fault(row)]
        assert report.quarantined == len(rows) - len(sound)
        assert report.accepted == len(set(sound))
        assert [row["event_id"] for row in lake_rows(project)] == sorted(set(sound))


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(rows=dirty_rows, data=st.data())
def test_the_order_of_files_and_their_repetition_change_nothing(
    rows: list[dict[str, Any]], data: st.DataObject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONCIERGE_KEY", "a key for tests, long enough")
    cut = data.draw(st.integers(0, len(rows)))
    with tempfile.TemporaryDirectory() as folder:
        first = write_jsonl(Path(folder) / "first.jsonl", rows[:cut])
        second = write_jsonl(Path(folder) / "second.jsonl", [{**row, "second": True} for row in rows[cut:]])
        forth, back = make_project(Path(folder) / "forth"), make_project(Path(folder) / "back")
        ingest(forth, dirty_contract, [first, second])
        ingest(back, dirty_contract, [second, first, second])
        ingest(back, dirty_contract, [first])
        assert lake_rows(forth) == lake_rows(back)


def test_the_same_file_twice_adds_nothing_even_under_another_name(project: Project, tmp_path: Path) -> None:
    file = write_jsonl(tmp_path / "a.jsonl", [click("1"), click("2")])
    assert ingest(project, contract(), [file]).files[0].accepted == 2
    before = lake_rows(project)
    copy = tmp_path / "b.jsonl"
    copy.write_bytes(file.read_bytes())
    for again in (file, copy):
        report = ingest(project, contract(), [again]).files[0]
        assert (report.state, report.accepted) == ("unchanged", 0)
    assert lake_rows(project) == before
    assert len(OpsStore(project.paths).batches()) == 1


def test_a_new_version_of_the_contract_takes_the_file_again(project: Project, tmp_path: Path) -> None:
    file = write_jsonl(tmp_path / "a.jsonl", [click("1")])
    ingest(project, contract(), [file])
    assert ingest(project, contract(version=2), [file]).files[0].state == "ingested"
    assert ingest(project, contract(description="other words"), [file]).files[0].state == "unchanged"


def test_the_contract_of_now_decides_what_a_file_that_is_read_again_becomes(project: Project, tmp_path: Path) -> None:
    """And going back to the contract of before brings back what it made of the file."""
    file = write_jsonl(tmp_path / "a.jsonl", [click("1", sku="p9"), click("2", at="2017-05-03T10:00:00Z")])
    other = write_jsonl(tmp_path / "b.jsonl", [click("3")])
    store = OpsStore(project.paths)
    ingest(project, contract(), [file, other])
    old = lake_rows(project)
    mended = contract(version=2, columns={"occurred_at": "at", "product_id": "sku"}, time_zone="UTC")
    report = ingest(project, mended, [file]).files[0]
    assert (report.accepted, report.reasons) == (1, {"missing_field:product_id": 1})
    assert [(row["event_id"], row["product_id"]) for row in lake_rows(project)] == [("1", "p9"), ("3", "p1")]
    assert store.quarantine_counts("clicks") == {("clicks", "missing_field:product_id"): 1}
    consume(store, store.touches(), DayRange(date.min, date.max), "run")
    broken = contract(version=3, columns={"occurred_at": "product"})
    assert ingest(project, broken, [file]).files[0].accepted == 0
    assert len(lake_rows(project)) == 2
    again = ingest(project, contract(), [file]).files[0]
    assert (again.state, "counts again" in again.message) == ("unchanged", True)
    assert lake_rows(project) == old
    assert ("clicks", "missing_field:product_id") not in store.quarantine_counts("clicks")
    assert store.touched_days() == [date(2017, 5, 1), date(2017, 5, 3)]
    assert "nothing to do" in ingest(project, contract(), [file]).files[0].message


def test_an_event_id_that_comes_twice_counts_once(project: Project, tmp_path: Path) -> None:
    file = write_jsonl(tmp_path / "a.jsonl", [click("1"), click("1", product="p2"), click("2"), click("1")])
    report = ingest(project, contract(), [file]).files[0]
    assert (report.accepted, report.duplicate) == (2, 2)
    assert lake_rows(project)[0]["product_id"] == "p1"


def test_an_event_carries_what_the_contract_says(project: Project, tmp_path: Path) -> None:
    source = contract(
        channel="web",
        currency="EUR",
        time_zone="Europe/Berlin",
        arrival={"delay": "PT2H"},
        is_simulated=True,
        columns={
            "occurred_at": "at",
            "product_id": "product",
            "unit_price": "price",
            "page_url": "url",
            "campaign": "sent",
        },
        aliases={"product": ["sku"]},
        properties=["colour", "size"],
        traits=["language"],
        zero_party={"diet": "eats"},
        sensitive=["age"],
    )
    row = {"id": "1", "type": "product_viewed", "at": "2017-07-01 12:00:00", "sku": "p9", "login": " ann "}
    row |= {"price": "9.99", "url": "https://shop.test/?email=ann@example.org&x=1"}
    row |= {"sent": "spring-ann@example.org"}
    row |= {"colour": 'deep "red"', "size": 42, "language": "de", "age": 41, "eats": "vegan"}
    ingest(project, source, [write_jsonl(tmp_path / "a.jsonl", [row])])
    event = lake_rows(project)[0]
    assert event["occurred_at"] == datetime(2017, 7, 1, 10, tzinfo=UTC)
    assert event["received_at"] == datetime(2017, 7, 1, 12, tzinfo=UTC)
    assert (event["product_id"], str(event["unit_price"]), event["currency"]) == ("p9", "9.9900", "EUR")
    assert event["page_url"] == "https://shop.test/?email=[removed]&x=1"
    assert event["campaign"] == "[removed]"
    assert event["is_simulated"]
    assert event["properties"] == (
        '{"colour":"deep \\"red\\"","size":42,"traits":{"language":"de"},"sensitive":{"age":41},'
        '"zero_party":{"diet":"vegan"}}'
    )


def test_a_natural_key_gives_the_same_id_in_another_file(project: Project, tmp_path: Path) -> None:
    source = contract(event_id=None, natural_key=["login", "at"])
    first = write_jsonl(tmp_path / "a.jsonl", [click("1")])
    second = write_jsonl(tmp_path / "b.jsonl", [click("another"), click("x", at="2017-05-01T10:00:01Z")])
    ingest(project, source, [first, second])
    assert sorted(Counter(row["event_id"] for row in lake_rows(project)).values()) == [1, 2]


def test_small_clock_skew_is_clamped_and_large_skew_quarantined(project: Project, tmp_path: Path) -> None:
    source = contract(arrival={"column": "seen"})
    rows = [
        click("small", at="2017-05-01T10:04:00Z", seen="2017-05-01T10:00:00Z"),
        click("large", at="2017-05-01T11:00:00Z", seen="2017-05-01T10:00:00Z"),
        click("late", at="2017-05-01T10:00:00Z", seen="2017-05-04T10:00:00Z"),
        click("unknown", at="2017-05-01T10:00:00Z", seen=None),
    ]
    report = ingest(project, source, [write_jsonl(tmp_path / "a.jsonl", rows)]).files[0]
    assert report.reasons == {"future_timestamp": 1}
    events = {row["event_id"]: row for row in lake_rows(project)}
    assert events["small"]["occurred_at"] == events["small"]["received_at"] == datetime(2017, 5, 1, 10, tzinfo=UTC)
    assert events["late"]["received_at"] == datetime(2017, 5, 4, 10, tzinfo=UTC)
    assert events["unknown"]["received_at"] == events["unknown"]["occurred_at"]
    assert all(row["occurred_at"] <= row["received_at"] for row in events.values())


def test_arrival_by_the_clock(project: Project, tmp_path: Path) -> None:
    ingest(project, contract(arrival={"clock": True}), [write_jsonl(tmp_path / "a.jsonl", [click("1")])])
    assert lake_rows(project)[0]["received_at"] == NOW


def test_progress_tells_the_rows_read(project: Project, tmp_path: Path) -> None:
    told: list[tuple[Path, int]] = []
    file = write_jsonl(tmp_path / "a.jsonl", [click("1"), click("2")])
    ingest(project, contract(), [file], on_progress=lambda path, rows: told.append((path, rows)))
    assert told == [(file, 2)]


def test_the_store_knows_each_batch_its_files_and_its_days(project: Project, store: OpsStore, tmp_path: Path) -> None:
    rows = [click("1", at="2017-05-01T23:59:59Z"), click("2", at="2017-05-02T00:00:00Z"), click("3", type="no")]
    report = ingest(project, contract(), [write_jsonl(tmp_path / "a.jsonl", rows)]).files[0]
    batch = store.batch(report.batch_id)
    assert batch is not None
    assert (batch.rows_read, batch.accepted, batch.quarantined, batch.events) == (3, 2, 1, 2)
    assert [(file.event_date.isoformat(), file.rows) for file in store.visible_files()] == [
        ("2017-05-01", 1),
        ("2017-05-02", 1),
    ]
    assert [day.isoformat() for day in store.touched_days()] == ["2017-05-01", "2017-05-02"]
    assert store.quarantine_counts() == {("clicks", "unknown_event_type"): 1}
    for file in store.visible_files():
        assert file.path.startswith(f"lake/events/event_date={file.event_date}/clicks-{report.batch_id[:16]}")
        assert (project.paths.root / file.path).is_file()


def test_a_wrong_event_type_file_opens_one_masked_alert(project: Project, store: OpsStore, tmp_path: Path) -> None:
    for number in range(2):
        rows = [click("1", type="teleported", login="secret-person", n=number)]
        ingest(project, contract(), [write_jsonl(tmp_path / f"{number}.jsonl", rows)])
    (alert,) = store.list_alerts("open")
    assert (alert.cause, alert.severity, alert.count) == ("intake:quarantine:clicks", "warning", 2)
    assert alert.sample == ({"reason": "unknown_event_type", "rows": 1},)
    assert "secret-person" not in repr(alert)


def test_an_older_clock_holds_back_what_it_cannot_know(project: Project, tmp_path: Path) -> None:
    early = Project(project.paths, project.config, project.settings, FixedClock(datetime(2017, 4, 1, tzinfo=UTC)))
    report: FileReport = ingest(early, contract(), [write_jsonl(tmp_path / "a.jsonl", [click("1")])]).files[0]
    assert report.reasons == {"future_timestamp": 1}
