"""`concierge alerts`, against the store that checks write to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from typer.testing import Result

from intake.ops_records import Alert
from intake.ops_store import OpsStore
from intake.project import Project

Concierge = Callable[..., Result]
AT = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)


@pytest.fixture
def store(project: Project) -> OpsStore:
    return OpsStore(project.paths)


@pytest.fixture
def alert(store: OpsStore) -> Alert:
    sample = ({"row": 7, "amount": "[abc]"},)
    return store.open_alert(
        "intake:web",
        severity="warning",
        title="12 rows set aside",
        at=AT,
        detail="no amount",
        source="web",
        sample=sample,
    )


def test_no_alert_is_good_news(concierge: Concierge) -> None:
    result = concierge("alerts", "list")
    assert (result.exit_code, result.stdout) == (0, "no alerts (standing)\n")


def test_an_alert_is_listed_with_what_an_analyst_needs(concierge: Concierge, alert: Alert) -> None:
    line = concierge("alerts", "list").stdout.splitlines()[1]
    for part in (alert.alert_id, "warning", "open", "2026-03-01 08:30", "web", "12 rows set aside"):
        assert part in line


def test_acknowledge_then_resolve(concierge: Concierge, store: OpsStore, alert: Alert) -> None:
    assert concierge("alerts", "ack", alert.alert_id[:6], "--owner", "ana", "--note", "asked the shop").exit_code == 0
    held = store.list_alerts("acknowledged")[0]
    assert (held.owner, held.note) == ("ana", "asked the shop")
    assert "ana" in concierge("alerts", "list").stdout
    assert concierge("alerts", "list", "--state", "open").stdout == "no alerts (open)\n"

    assert concierge("alerts", "resolve", alert.alert_id).exit_code == 0
    done = store.list_alerts("resolved")[0]
    assert done.note == "asked the shop"
    assert done.resolved_at is not None
    assert concierge("alerts", "list").stdout == "no alerts (standing)\n"
    assert alert.alert_id in concierge("alerts", "list", "--state", "all").stdout


def test_who_acknowledges_is_known_without_being_said(concierge: Concierge, store: OpsStore, alert: Alert) -> None:
    concierge("alerts", "ack", alert.alert_id)
    assert store.list_alerts()[0].owner


def test_show_has_the_detail_and_the_sample_as_data(concierge: Concierge, alert: Alert) -> None:
    shown = concierge("alerts", "show", alert.alert_id).stdout
    assert "detail: no amount" in shown
    assert "cause: intake:web" in shown
    assert "[abc]" in shown


@pytest.mark.parametrize("words", [["ack", "zzz"], ["resolve", "zzz"], ["show", "zzz"]])
def test_an_unknown_id_is_one_line_and_code_1(concierge: Concierge, alert: Alert, words: list[str]) -> None:
    result = concierge("alerts", *words)
    assert result.exit_code == 1
    assert result.stderr.startswith("error: alert 'zzz': 0 alerts")
    assert len(result.stderr.splitlines()) == 1


def test_wrong_use_is_code_2(concierge: Concierge) -> None:
    assert concierge("alerts", "list", "--state", "burning").exit_code == 2
    assert concierge("alerts", "ack").exit_code == 2


def test_a_note_that_is_too_long_is_refused_in_a_line(concierge: Concierge, alert: Alert) -> None:
    result = concierge("alerts", "ack", alert.alert_id, "--note", "x" * 2001)
    assert (result.exit_code, result.stderr) == (1, "error: note: 2,001 characters, at most 2,000 are kept\n")
