"""Edits of the sample shop's files: told field by field, with author, and counted against asking everybody by hand."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from intake.clock import FixedClock
from intake.ops_store import OpsStore
from intake.paths import DataPaths
from intake.pause_records import Look
from intake.pause_rules import Rule
from intake.project import Project
from intake.settings import Settings
from orchestration.edits.acts import acts_since
from orchestration.edits.affected import affected
from orchestration.edits.author import author_of
from orchestration.edits.changes import changes_between
from orchestration.edits.record import record_edits
from orchestration.edits.spoken import spoken
from orchestration.policy.publish_config import publish_config
from serving.content import load_content
from serving.decide import decide_for
from serving.experiments.learned import learned_of
from serving.live import LiveSnapshot
from serving.person import person_of
from serving.question import Context, Question
from serving.snapshot import pointer
from serving.snapshot.reader import SnapshotReader
from tests.serving import sample

HERO = "placements/home_hero.yml"


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    config = tmp_path / "config"
    shutil.copytree(sample.CONFIG, config)
    paths = DataPaths(tmp_path / "data")
    learned = learned_of(load_content(config).experiments, {}, {})
    sample.write(paths.snapshots, learned=learned)
    pointer.switch(paths.snapshots, "v1")
    return Project(paths, config, Settings(), FixedClock(sample.NOW))


def rewrite(project: Project, file: str, edit: object) -> None:
    path = project.config / file
    content = yaml.safe_load(path.read_text())
    edit(content)  # type: ignore[operator]
    path.write_text(yaml.safe_dump(content))


def new_words(content: dict[str, object]) -> None:
    for action in content["actions"]:  # type: ignore[attr-defined]
        action["content"] = action["content"] | {"headline": "Another headline"}


def answers(folder: Path) -> dict[str, tuple[str, object]]:
    with closing(LiveSnapshot(SnapshotReader(folder))) as live:
        decided = {
            profile.customer_id: decide_for(live, person_of(profile), Question("home_hero"), Context(), sample.NOW)
            for profile in sample.profiles()
        }
    return {customer: (decision.action, decision.content) for customer, decision in decided.items()}


def test_an_edit_is_told_with_its_author_and_those_it_concerns(project: Project) -> None:
    root = project.paths.snapshots
    before = answers(root / "v1")
    rewrite(project, HERO, new_words)
    done = publish_config(project, "ann")
    after = answers(root / done.version)
    (act,) = acts_since(OpsStore(project.paths), sample.NOW - timedelta(days=1))
    differing = sum(before[customer] != after[customer] for customer in before)
    assert differing > 0
    assert (act.subject, act.people) == (HERO, f"{differing} of {len(before)}")
    assert all(".content.headline: " in line and line.endswith("-> Another headline") for line in act.details)
    assert "put live by ann" in act.what or act.actor == "ann"
    assert acts_since(OpsStore(project.paths), sample.NOW + timedelta(seconds=1)) == []


def test_publishing_the_same_files_again_is_no_edit(project: Project) -> None:
    publish_config(project, "ann")
    assert OpsStore(project.paths).edits(sample.NOW) == []


def test_a_rule_concerns_the_placements_it_names_and_a_new_one_in_front_edits_no_other(project: Project) -> None:
    old = load_content(project.config)
    rewrite(
        project,
        "policies/offers.yml",
        lambda content: content["rules"].insert(0, {**content["rules"][0], "name": "one_more"}),
    )
    (change,) = changes_between(old, load_content(project.config))
    assert change.fields
    assert all("[one_more]" in line for line in change.fields)


def test_an_experiment_that_begins_is_an_edit_of_its_placement(project: Project) -> None:
    old = load_content(project.config)
    name = sorted(one.name for one in old.experiments)[0]
    file = f"experiments/{name}.yml"
    rewrite(project, file, lambda content: content.update(owner="somebody else"))
    (change,) = changes_between(old, load_content(project.config))
    assert (change.file, change.what) == (file, "edited")
    assert change.placements == {one.placement for one in old.experiments if one.name == name}
    (project.config / file).unlink()
    assert [one.what for one in changes_between(old, load_content(project.config))] == ["removed"]


def test_an_edit_that_frees_a_layer_for_a_draft_is_recorded(project: Project) -> None:
    """Asked on the places that the new version gives its experiments, the old files would not fit."""
    root = project.paths.snapshots
    first, second = sorted(one.name for one in load_content(project.config).experiments if one.unit == "person")[:2]
    rewrite(
        project,
        f"experiments/{first}.yml",
        lambda content: content.update(layer="one", status="running", traffic=1.0, holdout=0.0),
    )
    rewrite(project, f"experiments/{second}.yml", lambda content: content.update(layer="one", traffic=1.0, holdout=0.0))
    publish_config(project, "ann")
    rewrite(project, f"experiments/{first}.yml", lambda content: content.update(status="stopped"))
    rewrite(project, f"experiments/{second}.yml", lambda content: content.update(status="running"))
    done = publish_config(project, "ann")
    edits = [edit for edit in OpsStore(project.paths).edits(sample.NOW) if edit.version == done.version]
    assert {edit.file for edit in edits} == {f"experiments/{first}.yml", f"experiments/{second}.yml"}
    assert pointer.current(root) == done.version


def test_a_version_that_cannot_be_read_any_more_stops_nothing(project: Project) -> None:
    damaged = project.paths.snapshots / "v1" / "experiments.json"
    damaged.write_text(damaged.read_text().replace('"status":"draft"', '"status":"unheard of"', 1))
    rewrite(project, HERO, new_words)
    assert record_edits(project, "v1", "v1", "ann", sample.NOW) == []


def test_a_pause_of_the_service_itself_is_no_act_of_a_person(project: Project) -> None:
    ops = OpsStore(project.paths)
    ops.set_pause("home_hero", reason="sale", actor="ann", at=sample.NOW)
    ops.record_looks([Look("all", "fallback_rate", "breach", "too many")], {"fallback_rate": Rule()}, sample.NOW)
    assert len(ops.pauses()) == 2
    assert [act.actor for act in acts_since(ops, sample.NOW)] == ["ann"]


def test_a_sample_of_people_stands_for_all(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    old = spoken(project.paths.snapshots / "v1")
    rewrite(project, HERO, new_words)
    done = publish_config(project, "ann")
    folder = project.paths.snapshots / done.version
    everybody = affected(folder, old, frozenset({"home_hero"}), sample.NOW)
    monkeypatch.setattr("orchestration.edits.affected.MOST_ASKED", 2)
    some = affected(folder, old, frozenset({"home_hero"}), sample.NOW)
    assert everybody.asked == everybody.people == len(sample.profiles())
    assert some.asked <= 2 < some.people
    assert 0 <= some.people_of(frozenset({"home_hero"})) <= some.people


def test_the_author_is_that_of_the_last_commit_or_else_the_owner(tmp_path: Path) -> None:
    file = tmp_path / "a.yml"
    file.write_text("1\n")
    assert author_of(file, "run") == file.owner()
    words = ["git", "-c", "user.name=Mia Marketer", "-c", "user.email=mia@example.org"]
    for command in (["init", "-q"], ["add", "a.yml"], ["commit", "-q", "-m", "one"]):
        subprocess.run([*words, *command], cwd=tmp_path, check=True)
    assert author_of(file, "run") == "Mia Marketer"
    file.write_text("2\n")
    assert author_of(file, "run") == file.owner()
    assert author_of(tmp_path / "gone" / "b.yml", "run") == "run"
