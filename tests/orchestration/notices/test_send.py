"""Digests to a real webhook: one message for everything new, nothing lost, nothing twice, no address shown."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from intake.clock import FixedClock
from intake.ops_store import OpsStore
from intake.paths import DataPaths
from intake.project import Project
from intake.settings import Settings
from orchestration.notices.send import notify
from tests.orchestration.notices.receiver import Receiver, receiver

NOW = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)
SECRET = "s3cr3t"


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with receiver() as found:
        yield found


@pytest.fixture
def project(tmp_path: Path, hook: Receiver, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("HOOK", f"json://user:{SECRET}@127.0.0.1:{hook.port}/hook")
    notice = {"notify": [{"name": "ops", "url": "${HOOK}"}], "digest_minutes": 60}
    settings = Settings.model_validate({"project": "shop", "alerts": notice})
    return Project(DataPaths(tmp_path), tmp_path / "config", settings, FixedClock(NOW))


def later(project: Project, **gap: int) -> Project:
    return replace(project, clock=FixedClock(project.clock.now() + timedelta(**gap)))


def opened(project: Project, cause: str, severity: str = "warning", source: str = "web") -> str:
    alert = OpsStore(project.paths).open_alert(
        cause, severity=severity, title=f"{source}: {cause} by ann@example.com", source=source, at=project.clock.now()
    )  # type: ignore[arg-type]
    return alert.alert_id


def test_nobody_is_told_by_default(project: Project) -> None:
    opened(project, "a")
    assert notify(replace(project, settings=Settings())) == []


def test_everything_new_is_one_message_and_comes_once(project: Project, hook: Receiver) -> None:
    for cause, severity in (("a", "warning"), ("b", "critical"), ("c", "info")):
        opened(project, cause, severity)
    assert [notice.state for notice in notify(project)] == ["sent"]
    (message,) = hook.messages
    assert message["title"] == "shop: 2 new data alerts, 1 critical"
    lines = message["message"].splitlines()
    assert (lines[0].startswith("[critical] web: b"), lines[1].startswith("[warning] web: a")) == (True, True)
    assert "example.com" not in str(message)
    assert notify(project)[0].state == "nothing new"
    assert len(hook.messages) == 1


def test_what_comes_soon_after_waits_for_the_next_digest(project: Project, hook: Receiver) -> None:
    opened(project, "a")
    notify(project)
    soon = later(project, minutes=10)
    opened(soon, "b")
    opened(soon, "c")
    assert notify(soon)[0].state == "waits"
    assert notify(later(project, minutes=61))[0].state == "sent"
    assert [message["title"] for message in hook.messages] == ["shop: 1 new data alert", "shop: 2 new data alerts"]


def test_a_receiver_that_is_down_gets_it_later(project: Project, hook: Receiver) -> None:
    opened(project, "a")
    hook.status = 500
    (notice,) = notify(project)
    assert notice.failed
    hook.status = 200
    notify(later(project, minutes=1))
    (message,) = hook.messages
    assert message["title"] == "shop: 1 new data alert"
    assert "may have come before" in message["message"]


def test_a_crash_before_sending_loses_nothing(project: Project, hook: Receiver) -> None:
    opened(project, "a")

    def killed(*_: str) -> bool:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        notify(project, send=killed)
    notify(project)
    assert len(hook.messages) == 1
    notify(later(project, days=1))
    assert len(hook.messages) == 1


def test_muted_acknowledged_and_other_sources_are_not_told(project: Project, hook: Receiver) -> None:
    muted, taken = opened(project, "a"), opened(project, "b")
    store = OpsStore(project.paths)
    store.mute(muted, until=NOW + timedelta(days=1), at=NOW, actor="ann")
    store.acknowledge(taken, owner="ann", at=NOW)
    assert notify(project)[0].state == "nothing new"
    # Muted ones are told when the mute has ended and they still stand.
    assert notify(later(project, days=2))[0].state == "sent"
    only_till = {"notify": [{"name": "till", "env": "HOOK", "sources": ["till"]}]}
    other = replace(project, settings=Settings.model_validate({"alerts": only_till}))
    opened(other, "c")
    assert notify(other)[0].state == "nothing new"
    assert len(hook.messages) == 1


def test_a_dry_run_says_what_it_would_send_and_notes_nothing(project: Project, hook: Receiver) -> None:
    opened(project, "a")
    for _ in range(2):
        (notice,) = notify(project, dry_run=True)
        assert (notice.state, notice.said.splitlines()[0]) == ("would send", "shop: 1 new data alert")
    assert hook.messages == []


def test_no_address_is_ever_shown(
    project: Project, hook: Receiver, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    opened(project, "a")
    hook.status = 500
    said = str(notify(project))
    monkeypatch.delenv("HOOK")
    said += str(notify(project)) + str(notify(project, dry_run=True))
    assert "ops: the environment variable HOOK is not set" in said
    own = [record.getMessage() for record in caplog.records if record.name.startswith(("apprise", "orchestration"))]
    assert SECRET not in said + str(own)
    assert SECRET not in project.paths.ops_db.read_bytes().decode("latin-1")
