"""The page over HTTP: what it shows, what it refuses, and what its buttons do."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from intake.clock import FixedClock
from intake.ops_records import Alert
from intake.ops_store import OpsStore
from intake.paths import DataPaths
from intake.pause_records import Look
from intake.pause_rules import Rule
from intake.project import Project
from intake.settings import Settings
from orchestration.alerts_web.app import create_app
from orchestration.alerts_web.trend import Point, trend_svg

NOW = datetime(2026, 3, 2, 2, 30, tzinfo=UTC)
DAY = date(2026, 3, 1)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(DataPaths(tmp_path), tmp_path / "config", Settings(project="corner <shop>"), FixedClock(NOW))


@pytest.fixture
def alert(project: Project) -> Alert:
    trend = [[str(DAY - timedelta(days=back)), 100.0 + back, 70.0, 140.0] for back in range(9, 0, -1)]
    return OpsStore(project.paths).open_alert(
        "quality:volume_low:web",
        severity="warning",
        title="web: too few events: 40, 100 expected (70 to 140)",
        detail="<script>alert(1)</script>",
        source="web",
        at=NOW,
        kind="volume_low",
        days=(DAY, DAY),
        sample=[{"source": "web", "mail": "ann@example.com"}],
        evidence={
            "measure": "events",
            "trend": [*trend, [str(DAY), 40.0, 70.0, 140.0]],
            "segments": [{"segment": "Big baskets", "customers": 41}],
            "placements": ["home_hero"],
        },
    )


class Client:
    """Asks the application without a socket, one request after the other."""

    def __init__(self, project: Project) -> None:
        self.transport = httpx.ASGITransport(app=create_app(project, "ann"))

    def get(self, path: str) -> httpx.Response:
        return asyncio.run(self._ask("GET", path))

    def post(self, path: str, data: dict[str, str], headers: dict[str, str] | None = None) -> httpx.Response:
        return asyncio.run(self._ask("POST", path, data=data, headers=headers))

    async def _ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        async with httpx.AsyncClient(transport=self.transport, base_url="http://127.0.0.1") as client:
            return await client.request(method, path, **more)


@pytest.fixture
def client(project: Project) -> Client:
    return Client(project)


def opened(client: Client, alert: Alert) -> dict[str, str]:
    """What the page's form sends without anybody's doing."""
    text = client.get(f"/alerts/{alert.alert_id}").text
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]+)"', text))


def test_the_list_filters_and_hides_what_is_muted(client: Client, project: Project, alert: Alert) -> None:
    assert "web, 2026-03-01: too few events" in client.get("/").text
    assert "Nothing to look after" in client.get("/?severity=critical").text
    assert "Nothing to look after" in client.get("/?source=till").text
    OpsStore(project.paths).mute(alert.alert_id, until=NOW + timedelta(days=1), at=NOW, actor="ann")
    assert "Nothing to look after" in client.get("/").text
    assert alert.alert_id in client.get("/?state=muted").text


def test_an_alert_shows_cause_trend_reach_and_masked_sample(client: Client, alert: Alert) -> None:
    text = client.get(f"/alerts/{alert.alert_id}").text
    assert "far fewer events than the same weekdays" in text
    assert 'aria-label="events by day from 2026-02-20 to 2026-03-01: last 40; expected 70 to 140"' in text
    assert text.count('class="bad"') == 1
    assert "Big baskets" in text
    assert "home_hero" in text
    assert "ann@example.com" not in text
    assert "<script>" not in text
    assert "corner &lt;shop&gt;" in text


def test_a_day_of_which_little_is_known_does_not_flatten_the_others() -> None:
    points: list[Point] = [(f"2026-02-{day:02}", 90.0 + day, 70.0, 140.0) for day in range(1, 9)]
    usual = trend_svg(points, "events")
    drawn = trend_svg([*points, ("2026-02-09", 99.0, 0.0, 4_455_480.0)], "events")
    for ticks in (usual, drawn):
        assert ">140</text>" in ticks
        assert "4,455,480</text>" not in ticks


def test_what_is_paused_stands_above_the_list_with_its_evidence(client: Client, project: Project) -> None:
    assert "Paused now" not in client.get("/").text
    ops, now = OpsStore(project.paths), project.clock.now()
    look = Look("home_hero", "fallback_rate", "breach", "70.0% <fell> back", {"share": 0.7})
    ops.record_looks([look], {"fallback_rate": Rule()}, now)
    ops.set_pause("all", reason="wrong prices", actor="ann", at=now)
    page = client.get("/").text
    assert "Paused now" in page
    assert "70.0% &lt;fell&gt; back" in page
    assert "wrong prices" in page
    (alert,) = ops.standing_alerts("pause:")
    shown = client.get(f"/alerts/{alert.alert_id}").text
    assert "Personalizing is paused" in shown
    assert "&quot;share&quot;: 0.7" in shown


def test_buttons_change_the_alert_and_leave_a_history(client: Client, project: Project, alert: Alert) -> None:
    said = {"actor": "ben", "note": "asked the supplier"}
    form = {**opened(client, alert), **said, "action": "acknowledge"}
    answer = client.post(f"/alerts/{alert.alert_id}", data=form, headers={"Origin": "http://127.0.0.1"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/alerts/{alert.alert_id}?done=acknowledge")
    store = OpsStore(project.paths)
    assert (store.alert(alert.alert_id).state, store.alert(alert.alert_id).owner) == ("acknowledged", "ben")
    form = {**opened(client, alert), **said, "action": "mute", "days": "7"}
    client.post(f"/alerts/{alert.alert_id}", data=form)
    assert store.alert(alert.alert_id).muted_until == NOW + timedelta(days=7)
    for action in ("unmute", "resolve"):
        client.post(f"/alerts/{alert.alert_id}", data={**opened(client, alert), **said, "action": action})
    notes = store.alert_notes(alert.alert_id)
    assert [note.action for note in notes] == [
        "acknowledged", "muted until 2026-03-09 02:30 UTC", "unmuted", "resolved",
    ]  # fmt: skip
    assert {note.actor for note in notes} == {"ben"}
    assert client.post(f"/alerts/{alert.alert_id}", data=form).status_code == 409


@pytest.mark.parametrize(
    ("change", "headers", "status"),
    [
        ({"token": "guessed"}, {}, 403),
        ({}, {"Origin": "https://evil.example"}, 403),
        ({}, {"Host": "evil.example"}, 400),
        ({"action": "delete"}, {}, 400),
        ({"action": "mute", "days": "9999"}, {}, 400),
        ({"note": "x" * 2001}, {}, 400),
        ({"actor": "x" * 81}, {}, 400),
        ({}, {"Origin": "null"}, 403),
        ({"note": "x" * 70_000}, {}, 413),
    ],
)
def test_what_did_not_come_from_the_page_is_refused(
    client: Client, project: Project, alert: Alert, change: dict[str, str], headers: dict[str, str], status: int
) -> None:
    form = {**opened(client, alert), "action": "resolve", **change}
    assert client.post(f"/alerts/{alert.alert_id}", data=form, headers=headers).status_code == status
    assert OpsStore(project.paths).alert(alert.alert_id).state == "open"


def test_of_two_browsers_the_later_one_is_told_what_the_first_did(
    client: Client, project: Project, alert: Alert
) -> None:
    ben, eve = ({**opened(client, alert), "actor": name, "action": "acknowledge"} for name in ("ben", "eve"))
    assert client.post(f"/alerts/{alert.alert_id}", data=ben).status_code == 303
    answer = client.post(f"/alerts/{alert.alert_id}", data={**eve, "note": "it is <b>mine</b>"})
    assert answer.status_code == 409
    assert "changed since you opened it (ben, 2026-03-02 02:30 UTC: acknowledged)" in answer.text
    assert "it is &lt;b&gt;mine&lt;/b&gt;" in answer.text, "what was written is given back"
    assert OpsStore(project.paths).alert(alert.alert_id).owner == "ben"
    again = {**eve, **opened(client, alert)}
    assert client.post(f"/alerts/{alert.alert_id}", data=again).status_code == 303


def test_data_docs_are_served_and_nothing_beside_them(client: Client, project: Project) -> None:
    docs = project.paths.data_docs
    docs.mkdir(parents=True)
    (docs / "index.html").write_text("<h1>docs</h1>")
    (docs.parent / "secret.html").write_text("no")
    page = client.get("/data-docs/index.html")
    assert page.text == "<h1>docs</h1>"
    # An origin of its own, which cannot read the token of the alerts' forms.
    assert page.headers["Content-Security-Policy"].startswith("sandbox allow-scripts;")
    for path in ("../secret.html", "%2e%2e/secret.html", "nothing.html", ""):
        assert client.get(f"/data-docs/{path}").status_code == 404


def test_no_page_asks_for_anything_from_elsewhere(client: Client, alert: Alert) -> None:
    for path in ("/", f"/alerts/{alert.alert_id}", "/alerts/zzz"):
        answer = client.get(path)
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert re.findall(r'(?:href|src|action)="(?!/|#|data:,)', answer.text) == []
    assert client.get("/alerts/zzz").status_code == 404
