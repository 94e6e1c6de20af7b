"""The kill switch from the shell."""

from __future__ import annotations

from collections.abc import Callable

from typer.testing import Result

from intake.ops_store import OpsStore
from intake.project import Project

Concierge = Callable[..., Result]


def test_pause_and_resume_everything(concierge: Concierge, project: Project) -> None:
    assert concierge("pause", "all", "--reason", "wrong prices").exit_code == 0
    (pause,) = OpsStore(project.paths).pauses()
    assert (pause.scope, pause.reason) == ("all", "wrong prices")
    assert pause.actor
    assert concierge("resume", "all").exit_code == 0
    assert OpsStore(project.paths).pauses() == []


def test_a_placement_of_the_project_can_be_paused(concierge: Concierge, project: Project) -> None:
    placements = project.config / "placements"
    placements.mkdir(exist_ok=True)
    (placements / "some_slot.yml").touch()
    assert concierge("pause", "some_slot").exit_code == 0
    assert [pause.scope for pause in OpsStore(project.paths).pauses()] == ["some_slot"]


def test_a_name_that_is_no_placement_pauses_nothing(concierge: Concierge, project: Project) -> None:
    result = concierge("pause", "home_heroo")
    assert result.exit_code == 1
    assert "'home_heroo' is not a placement; allowed: " in result.stderr
    assert OpsStore(project.paths).pauses() == []


def test_resuming_what_runs_says_what_is_paused(concierge: Concierge) -> None:
    concierge("pause", "all")
    result = concierge("resume", "home_hero")
    assert (result.exit_code, result.stderr) == (1, "error: home_hero: is not paused; paused: all\n")
