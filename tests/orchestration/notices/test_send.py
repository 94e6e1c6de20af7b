"""Digests to a real webhook: one message for everything new, nothing lost, nothing twice, no address shown."""

from __future__ import annotations

import logging
import threading
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
from orchestration.notices.deliver import deliver
from orchestration.notices.send import notify
from tests.orchestration.notices.receiver import Receiver, endless_receiver, receiver

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


def test_a_receiver_whose_answer_never_ends_is_given_up() -> None:
    with endless_receiver() as port:
        address = f"json://127.0.0.1:{port}/hook?cto=600&rto=600"
        assert not deliver(address, "title", "text", seconds=0.5)
        left = [thread for thread in threading.enumerate() if thread.name.startswith("notice to")]
        assert [thread.daemon for thread in left] == [True], "no process waits for it at its end"
        assert not deliver(address, "title", "text", seconds=600), "nor is there a second one beside it"
    left[0].join()


def test_what_a_source_wrote_is_no_markup_and_no_line_of_its_own(
    project: Project, hook: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK", f"json://127.0.0.1:{hook.port}/hook?format=html")
    title = "web: file <img src=//evil.example/x>\n[critical] all is lost cannot be read"
    OpsStore(project.paths).open_alert("a", severity="warning", title=title, source="web", at=NOW)
    assert notify(project)[0].state == "sent"
    (message,) = hook.messages
    assert "<img" not in message["message"]
    assert message["message"].split("<br/>")[0].count("[critical]") == 1


def test_an_address_that_cannot_be_one_is_named_before_anything_is_kept(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(project, "a")
    monkeypatch.setenv("HOOK", f"htps-typo://{SECRET}")
    for dry_run in (True, False):
        (notice,) = notify(project, dry_run=dry_run)
        assert (notice.failed, notice.said) == (True, "ops: its address is none that Apprise knows")
    assert OpsStore(project.paths).unsent_digests("ops") == []


def test_two_receivers_of_one_name_are_refused() -> None:
    twice = [{"name": "team", "env": "A"}, {"name": "team", "env": "B"}]
    with pytest.raises(ValueError, match="team: two receivers have this name"):
        Settings.model_validate({"alerts": {"notify": twice}})


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
