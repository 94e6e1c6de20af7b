"""`concierge snapshots` and `rollback`, on snapshots written by the service's own writer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import Result

from intake.project import Project
from serving.experiments.learned import Learned
from serving.placement import Action, Placement
from serving.snapshot import pointer
from serving.snapshot.records import IdentifierRow, ProfileRecord, SnapshotContents
from serving.snapshot.relearned import write_relearned
from serving.snapshot.writer import write_snapshot

Concierge = Callable[..., Result]
START = datetime(2026, 3, 1, tzinfo=UTC)

PLACEMENT = Placement(
    name="home_hero",
    version=1,
    description="A picture.",
    owner="team",
    decision_right="content",
    channels=["web"],
    strategy="decision_table",
    plain="plain",
    fallback="plain",
    actions=[Action(name="plain", type="banner")],
)


def _write(project: Project, version: str, day: int) -> None:
    contents = SnapshotContents(
        identifiers=[IdentifierRow("email", "ab" * 16, "c1")],
        profiles=[ProfileRecord("c1")],
        decision_rows=[],
        products=[],
        popular={},
        together={},
        placements=[PLACEMENT],
        policies=[],
        model_versions={"churn": "7"},
    )
    moment = START + timedelta(days=day)
    write_snapshot(project.paths.snapshots, contents, version=version, as_of=moment, created_at=moment)
    pointer.switch(project.paths.snapshots, version)


@pytest.fixture
def _two(project: Project) -> None:
    _write(project, "first", 0)
    _write(project, "second", 1)


def test_without_snapshots_both_commands_say_what_to_do(concierge: Concierge) -> None:
    assert "make one with: concierge run" in concierge("snapshots").stdout
    result = concierge("rollback")
    assert result.exit_code == 1
    assert "there is no snapshot yet" in result.stderr


@pytest.mark.usefixtures("_two")
def test_snapshots_are_listed_newest_first_with_the_live_one_marked(concierge: Concierge) -> None:
    lines = concierge("snapshots").stdout.splitlines()[1:]
    assert [line.split()[0] for line in lines] == ["second", "first"]
    assert ["live" in line.split() for line in lines] == [True, False]
    assert "churn:7" in lines[0]
    assert "2026-03-02T00:00" in lines[0]


@pytest.mark.usefixtures("_two")
def test_rollback_goes_one_back_and_a_name_goes_anywhere(concierge: Concierge, project: Project) -> None:
    assert concierge("rollback").stdout.startswith("live: first (as of 2026-03-01T00:00 UTC); before: second")
    assert pointer.current(project.paths.snapshots) == "first"
    assert concierge("rollback", "second").exit_code == 0
    assert pointer.current(project.paths.snapshots) == "second"


@pytest.mark.usefixtures("_two")
def test_bad_data_are_left_behind_with_the_hours_upon_them(concierge: Concierge, project: Project) -> None:
    later = START + timedelta(days=1, hours=1)
    write_relearned(project.paths.snapshots, "second", Learned(), version="second-2", created_at=later)
    pointer.switch(project.paths.snapshots, "second-2")
    assert concierge("rollback", "second", "--data").exit_code == 1
    assert concierge("rollback", "--data").stdout.startswith("live: first (as of 2026-03-01T00:00 UTC)")
    refused = concierge("rollback", "--data")
    assert (refused.exit_code, len(refused.stderr.splitlines())) == (1, 1)
    assert "no usable version of data before 2026-03-01T00:00:00+00:00" in refused.stderr
    assert concierge("rollback", "second-2").exit_code == 0
    assert concierge("rollback").stdout.startswith("live: second (")


@pytest.mark.usefixtures("_two")
@pytest.mark.parametrize("version", ["third", "current", "../elsewhere"])
def test_a_version_that_is_not_there_changes_nothing(concierge: Concierge, project: Project, version: str) -> None:
    result = concierge("rollback", version)
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1
    assert pointer.current(project.paths.snapshots) == "second"


@pytest.mark.usefixtures("_two")
def test_a_damaged_snapshot_is_not_returned_to(concierge: Concierge, project: Project) -> None:
    data = project.paths.snapshots / "first" / "data.mdb"
    data.write_bytes(data.read_bytes()[:-1])
    result = concierge("rollback", "first")
    assert result.exit_code == 1
    assert "data.mdb" in result.stderr
    assert pointer.current(project.paths.snapshots) == "second"
