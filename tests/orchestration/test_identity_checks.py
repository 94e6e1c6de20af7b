"""Alerts of the ledger: one a cause, and gone when the cause is gone."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from intake.ops_records import Alert
from intake.ops_store import OpsStore
from intake.paths import DataPaths
from intake.project import Project
from ml.identity import Evidence, resolve
from orchestration.checks.identity_checks import (
    MOST_ALERTS,
    blocked_before,
    watch_blocked,
    watch_match_rate,
    watch_quarantine,
)
from orchestration.warehouse import Warehouse
from orchestration.warehouse_schema import source_table

DAY = date(2017, 3, 15)
FOREVER = datetime(9999, 12, 31)  # noqa: DTZ001 - the warehouse's own end of time, naive UTC
AT = datetime(2017, 3, 1)  # noqa: DTZ001


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "config").mkdir()
    return Project.open(DataPaths(tmp_path / "data"), tmp_path / "config")


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    found = Warehouse(tmp_path / "w.duckdb")
    found.prepare()
    return found


def _alerts(project: Project, state: str = "open") -> dict[str, Alert]:
    return {alert.cause: alert for alert in OpsStore(project.paths).list_alerts() if alert.state == state}


def _rates(matched: int) -> pd.DataFrame:
    rows = [("web", DAY, 4000, matched, 0)]
    rows += [("web", DAY - timedelta(days=back), 4000, 3200, 0) for back in range(1, 8)]
    return pd.DataFrame(rows, columns=["source", "event_date", "events", "matched", "sessions"])


def test_a_jump_opens_one_alert_and_a_calm_day_resolves_it(project: Project) -> None:
    for _ in range(2):
        verdict = watch_match_rate(project, _rates(2000), DAY)
        assert not verdict.passed
    (alert,) = _alerts(project).values()
    assert (alert.cause, alert.count) == ("identity:match_rate_jump:web", 2)
    assert alert.title == verdict.sentence == "web: match rate fell to 50.0% on 2017-03-15, from 80.0% the week before"
    assert watch_match_rate(project, _rates(3200), DAY).passed
    assert _alerts(project) == {}
    assert list(_alerts(project, "resolved")) == ["identity:match_rate_jump:web"]


def _quarantine(warehouse: Warehouse, profiles: list[str], emails: int = 5) -> None:
    """Profiles with some e-mails each; one e-mail more, of somebody else, was refused, and then a cookie."""
    owners = [profile for profile in profiles for _ in range(emails)] + [f"{profile} new" for profile in profiles]
    keys = list(range(len(owners)))
    first = [number * emails for number in range(len(profiles))]
    new = keys[len(profiles) * emails :]
    edges = list(range(len(profiles)))
    warehouse.replace(
        {
            "identity.canonical": _table(
                "canonical",
                canonical_id=[*profiles, "well"],
                status=["quarantined"] * len(profiles) + ["active"],
                created_at=AT,
            ),
            "identity.identifier": _table("identifier", identifier_key=keys, type="email", first_seen_at=AT),
            "identity.identity_assignment": _table(
                "identity_assignment", identifier_key=keys, canonical_id=owners, valid_to=FOREVER, system_to=FOREVER
            ),
            "identity.identity_edge": _table("identity_edge", edge_key=edges, a_key=first, b_key=new),
            "identity.identity_quarantine": _table(
                "identity_quarantine", identifier_key=new, edge_key=edges, reason="too_many_values", at=AT, state="open"
            ),
        }
    )


def _table(name: str, **columns: object) -> pd.DataFrame:
    frame = pd.DataFrame(columns)
    return frame.reindex(columns=list(source_table(f"identity.{name}").column_names))


def test_a_profile_in_quarantine_opens_one_alert_that_names_the_limit(project: Project, warehouse: Warehouse) -> None:
    _quarantine(warehouse, ["c1", "c2"])
    assert not watch_quarantine(project, warehouse).passed
    assert watch_quarantine(project, warehouse).sentence == "2 profiles in quarantine"
    alerts = _alerts(project)
    assert set(alerts) == {"identity:quarantine:c1", "identity:quarantine:c2"}
    assert alerts["identity:quarantine:c1"].title == (
        "profile c1 is in quarantine: 6 of type email, at most 5 in 365 days"
    )
    _quarantine(warehouse, ["c2"])
    watch_quarantine(project, warehouse)
    assert set(_alerts(project)) == {"identity:quarantine:c2"}
    _quarantine(warehouse, [])
    assert watch_quarantine(project, warehouse).passed
    assert _alerts(project) == {}


def test_a_limit_that_is_no_longer_broken_is_not_named(project: Project, warehouse: Warehouse) -> None:
    _quarantine(warehouse, ["c1"], emails=2)
    watch_quarantine(project, warehouse)
    assert _alerts(project)["identity:quarantine:c1"].title.endswith("more values of a type than one person may have")


def test_beyond_twenty_profiles_the_others_are_counted(project: Project, warehouse: Warehouse) -> None:
    _quarantine(warehouse, [f"c{number:03d}" for number in range(MOST_ALERTS + 3)])
    watch_quarantine(project, warehouse)
    alerts = _alerts(project)
    assert len(alerts) == MOST_ALERTS + 1
    assert alerts["identity:quarantine:others"].title == "3 more profiles are in quarantine"


def _blocked(**counts: float) -> pd.DataFrame:
    rows = [("profiles", "", 9.0), *(("identifiers_blocked", kind, count) for kind, count in counts.items())]
    return pd.DataFrame(rows, columns=["metric", "dimension", "value"])


def test_newly_blocked_identifiers_are_one_note_a_run(project: Project) -> None:
    verdict = watch_blocked(project, _blocked(cookie=4.0, email=2.0), {"cookie": 3.0})
    assert (verdict.passed, verdict.sentence) == (False, "3 identifiers newly blocked, 6 in all")
    (alert,) = _alerts(project).values()
    assert (alert.severity, alert.detail) == ("info", "cookie: 1; email: 2")
    # Nothing new: the note stays until somebody reads it, or nothing is blocked any more.
    assert watch_blocked(project, _blocked(cookie=4.0, email=2.0), {"cookie": 4.0, "email": 2.0}).passed
    assert _alerts(project)["identity:blocked"].count == 1
    assert watch_blocked(project, _blocked(), {"cookie": 4.0}).passed
    assert _alerts(project) == {}


def test_what_the_run_before_counted_is_the_newest_day(project: Project) -> None:
    ops = OpsStore(project.paths)
    now = project.clock.now()
    for day, kind, value in ((1, "cookie", 1.0), (2, "cookie", 2.0), (2, "email", 1.0)):
        ops.record_metric(date(2017, 3, day), "identifiers_blocked", value, at=now, dimension=kind)
    assert blocked_before(ops) == {"cookie": 2.0, "email": 1.0}


def test_before_the_first_run_nothing_was_blocked(project: Project) -> None:
    assert blocked_before(OpsStore(project.paths)) == {}


def test_the_ledger_itself_is_understood(project: Project, warehouse: Warehouse) -> None:
    # One login, and one e-mail more than a person may have in a year.
    arrivals = [AT + timedelta(days=day) for day in range(7)]
    identifiers = pd.DataFrame({"identifier_key": range(1, 8), "first_seen_at": arrivals, "last_seen_at": arrivals})
    identifiers = identifiers.assign(type=["login"] + ["email"] * 6, value_hash=[f"{key:032x}" for key in range(1, 8)])
    pairs = pd.DataFrame({"a_key": 1, "b_key": range(2, 8), "rule": "same_event", "source": "shop", "n_observed": 1})
    pairs = pairs.assign(first_received_at=arrivals[1:], last_received_at=arrivals[1:])
    tables = resolve(Evidence(identifiers, pairs)).tables()
    warehouse.replace({f"identity.{name}": frame for name, frame in tables.items()})
    assert not watch_quarantine(project, warehouse).passed
    (alert,) = _alerts(project).values()
    assert alert.title.endswith("is in quarantine: 6 of type email, at most 5 in 365 days")
