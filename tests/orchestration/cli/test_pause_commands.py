"""The kill switch from the shell."""

from __future__ import annotations

import json
from collections.abc import Callable

from typer.testing import Result

from intake.ops_store import OpsStore
from intake.pause_records import Look
from intake.pause_rules import Rule
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


def test_what_paused_by_itself_is_told_with_evidence_and_resumed_with_grace(
    concierge: Concierge, project: Project
) -> None:
    ops, now = OpsStore(project.paths), project.clock.now()
    looks = [
        Look("home_hero", "zero_conversions", "breach", "none of 700 brought anything", {"due": 21.0}),
        Look("all", "match_rate", "healthy", "93.5% know their customer", {"match_rate": 0.935}),
    ]
    ops.record_looks(looks, {look.cause: Rule() for look in looks}, now, actor="run")
    concierge("pause", "all", "--reason", "wrong prices")
    listed = concierge("pause", "list").stdout
    assert "zero_conversions" in listed
    assert "by_hand" in listed
    assert "none of 700 brought" in listed
    status = concierge("pause", "status").stdout
    assert "paused: 2" in status
    assert 'evidence: {"due": 21.0' in status
    assert "ends by hand: concierge resume" in status
    assert "all, match_rate: healthy, 93.5% know their customer" in status
    found = json.loads(concierge("pause", "status", "home_hero", "--json").stdout)
    assert [one["cause"] for one in found["paused"]] == ["zero_conversions"]
    assert found["steps"][0]["actor"] == "run"
    resumed = concierge("pause", "resume", "home_hero", "--reason", "checkout mended")
    assert "not paused again for zero_conversions before" in resumed.stdout
    assert "left alone until" in concierge("pause", "status", "home_hero").stdout
    assert [pause.scope for pause in ops.pauses()] == ["all"]
    assert concierge("resume", "all", "--cause", "drift").exit_code == 1
    assert concierge("resume", "all", "--cause", "by_hand").exit_code == 0
    assert concierge("pause", "list").stdout == "nothing is paused\n"


def test_an_arm_of_an_experiment_can_be_paused_by_hand(concierge: Concierge, project: Project) -> None:
    assert concierge("pause", "arm:banner/1/bad").exit_code == 0
    assert OpsStore(project.paths).paused_arms() == {("banner", 1, "bad")}
    assert concierge("pause", "arm:banner/one/bad").exit_code == 1
