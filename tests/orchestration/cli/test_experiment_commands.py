"""`concierge experiment check` and `list`, splits that are never edited, and probabilities on the same profiles."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from typer.testing import Result

from intake.ops_experiment_versions import VersionBook
from intake.ops_experiments import ExperimentBook, ExperimentEvent, TakenLook
from intake.paths import repository_root
from intake.project import Project
from orchestration.experiment_versions import note_live, require_unedited
from orchestration.experiments.life import Step, start
from orchestration.experiments_published import assigned, in_force, learned_now, live_shares, publish_probabilities
from orchestration.warehouse import Warehouse
from serving.content import Content
from serving.experiments.definition import Experiment
from serving.experiments.files import load_experiments
from serving.placement_files import load_placements
from serving.snapshot import pointer
from serving.snapshot.reader import SnapshotReader
from serving.snapshot.records import IdentifierRow, ProfileRecord, SnapshotContents
from serving.snapshot.relearned import write_relearned
from serving.snapshot.writer import write_snapshot
from serving.yaml_file import ConfigError

Concierge = Callable[..., Result]
EXAMPLE = repository_root() / "config" / "experiments"
BANDIT = "checkout_help"


def write(project: Project, example: str = "hero_specials", **changes: Any) -> Path:
    """An example of the repository, changed, in the project; it runs unless said otherwise."""
    folder = project.config / "experiments"
    folder.mkdir(exist_ok=True)
    raw = yaml.safe_load((EXAMPLE / f"{example}.yml").read_text()) | {"status": "running"} | changes
    path = folder / f"{raw['name']}.yml"
    path.write_text(yaml.safe_dump(raw, sort_keys=False))
    return path


def loaded(project: Project) -> list[Experiment]:
    return load_experiments(project.config / "experiments", load_placements(project.config / "placements"))


def live(project: Project, **profile: Any) -> str:
    """A small live version with the project's experiments."""
    content = Content(load_placements(project.config / "placements"), [])
    experiments = loaded(project)
    learned = learned_now(project, experiments)
    moment = project.clock.now()
    contents = SnapshotContents(
        [IdentifierRow("email", "ab" * 16, "c1")], [ProfileRecord("c1", **profile)], [], [], {}, {},
        content.placements, [], learned=learned,
    )  # fmt: skip
    write_snapshot(project.paths.snapshots, contents, version="first", as_of=moment, created_at=moment)
    pointer.switch(project.paths.snapshots, "first")
    note_live(project, learned)
    return "first"


def event(project: Project, kind: str, share: float | None = None, version: int = 1) -> None:
    step = ExperimentEvent("hero_specials", version, kind, project.clock.now(), "tests", "", share)
    ExperimentBook(project.paths).record_experiment_event(step)


def test_a_project_without_experiments_is_right(concierge: Concierge) -> None:
    result = concierge("experiment", "check")
    assert result.exit_code == 0
    assert "there is none" in result.output


def test_every_mistake_is_told_and_the_exit_code_is_one(concierge: Concierge, project: Project) -> None:
    write(project, traffic=1.5)
    write(project, BANDIT, arms={"a": {"action": "none"}, "b": {"action": "gift"}})
    result = concierge("experiment", "check")
    assert result.exit_code == 1
    for told in ("less than or equal to 1 (got 1.5)", "no arm is plain", "'gift' is unknown", "error: 3 mistakes"):
        assert told in result.output.replace("\n", " ")


def test_a_split_is_never_edited_under_its_version(concierge: Concierge, project: Project) -> None:
    path = write(project)
    live(project)
    write(project, owner="others", minimum_effect=0.5, status="paused")
    assert concierge("experiment", "check").exit_code == 0
    arms = {"welcome": {"action": "welcome", "is_plain": True}, "specials": {"action": "weekly_specials", "share": 3}}
    write(project, arms=arms, holdout=0.1)
    result = concierge("experiment", "check")
    assert result.exit_code == 1
    said = result.output.replace("\n", " ")
    assert f"{path}:" in said.replace(" ", "") or str(path) in said
    assert "holdout: 0.1, was 0.02 in version 1 as it was published" in said
    assert "arms.specials.share: 3.0, was 1.0" in said
    assert "set version: 2" in said
    write(project, arms=arms, holdout=0.1, version=2)
    assert concierge("experiment", "check").exit_code == 0
    note_live(project, learned_now(project, loaded(project)))
    write(project)
    with pytest.raises(ConfigError, match="version 2 has been live; allowed: 2 or higher"):
        require_unedited(project, loaded(project))


def test_a_draft_may_be_edited_and_a_bandit_may_get_and_lose_arms(project: Project) -> None:
    write(project, status="draft")
    write(project, BANDIT)
    live(project)
    assert [(one.name, one.version) for one in VersionBook(project.paths).live_versions()] == [(BANDIT, 1)]
    write(project, status="draft", holdout=0.2)
    arms = {"nothing": {"action": "none", "is_plain": True}, "discount": {"action": "ten_percent_off"}}
    write(project, BANDIT, arms=arms)
    require_unedited(project, loaded(project))
    note_live(project, learned_now(project, loaded(project)))
    # An arm that comes back has to show what it showed.
    write(project, BANDIT, arms=arms | {"shipping": {"action": "ten_percent_off"}})
    with pytest.raises(ConfigError, match=r"arms.shipping.action: 'ten_percent_off', was 'free_shipping'"):
        require_unedited(project, loaded(project))


def test_what_runs_is_said_by_file_and_commands(project: Project) -> None:
    write(project, status="draft")
    assert in_force(project, loaded(project)) == {}
    event(project, "start", 0.025)
    assert in_force(project, loaded(project)) == {"hero_specials/1": 0.025}
    event(project, "ramp", 0.125)
    event(project, "hold")
    event(project, "arm")
    assert in_force(project, loaded(project)) == {"hero_specials/1": 0.125}
    for status in ("paused", "stopped"):
        write(project, status=status)
        assert in_force(project, loaded(project)) == {}
    write(project, version=2)
    # No step of version 2 is known: its file begins with the first step of the ramp.
    assert in_force(project, loaded(project)) == {"hero_specials/2": pytest.approx(0.5 * 0.05)}
    write(project)
    event(project, "stop", 0.0)
    assert in_force(project, loaded(project)) == {}
    assert learned_now(project, loaded(project)).ended == ["hero_specials/1"]


def test_probabilities_and_shares_go_live_on_the_same_profiles(concierge: Concierge, project: Project) -> None:
    assert publish_probabilities(project) is None
    write(project)
    write(project, BANDIT)
    first = live(project)
    warehouse = Warehouse(project.paths.warehouse)
    warehouse.prepare()
    assert publish_probabilities(project) is None
    event(project, "ramp", 0.5)
    row = {
        "experiment": BANDIT, "experiment_version": 1, "segment_id": -1, "context_bucket": "any", "weight": 0.5,
        "basis": "pooled", "n": 900, "table_version": "t7", "as_of": pd.Timestamp("2018-01-02"),
    }  # fmt: skip
    arms = {"nothing": 0.25, "shipping": 0.7, "discount": 0.05}
    table = pd.DataFrame([{**row, "arm": arm, "probability": p} for arm, p in arms.items()])
    warehouse.replace({"ml.arm_probability": table})
    second = publish_probabilities(project)
    assert second is not None
    assert pointer.current(project.paths.snapshots) == second != first
    files = [project.paths.snapshots / version / "data.mdb" for version in (first, second)]
    assert len({file.stat().st_ino for file in files}) == 1
    with SnapshotReader(project.paths.snapshots / second) as reader:
        assert reader.profile("c1") is not None
        assert reader.learned.shares["hero_specials/1"] == 0.5
        assert {row.arm: row.probability for row in reader.learned.probabilities} == arms
    assert publish_probabilities(project) is None
    shown = concierge("experiment", "list").output
    assert "50.00%" in shown
    assert "not live" not in shown


def test_a_stop_goes_live_upon_what_went_live_meanwhile(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    write(project)
    live(project)
    event(project, "stop", 0.0)
    root, left = project.paths.snapshots, ["first-2", "second"]

    def written(*args: Any, **kwargs: Any) -> Path:
        # One takes the name that was free, then a run goes live.
        if left:
            version = left.pop(0)
            with SnapshotReader(root / "first") as reader:
                write_relearned(root, "first", reader.learned, version=version, created_at=project.clock.now())
            if not left:
                pointer.switch(root, version)
        return write_relearned(*args, **kwargs)

    monkeypatch.setattr("orchestration.experiments_published.write_relearned", written)
    assert publish_probabilities(project) == pointer.current(root) == "second-2"
    assert live_shares(project) == {}
    assert {manifest.version for manifest in pointer.list_versions(root)} == {"first", "first-2", "second", "second-2"}


def test_first_arms_of_customers_come_from_the_table_of_assignments(project: Project) -> None:
    write(project)
    warehouse = Warehouse(project.paths.warehouse)
    warehouse.prepare()
    moment = pd.Timestamp("2018-01-02")
    base = {
        "experiment": "hero_specials", "experiment_version": 1, "unit_type": "person", "propensity": 0.5,
        "probabilities": '{"welcome": 0.5, "specials": 0.5}', "segment_id": -1, "context_bucket": "any",
        "table_version": "", "exposures": 3, "is_excluded": False, "reason": "",
    }  # fmt: skip
    told = [
        ("c1", "c1", "specials", moment), ("cookie/x", "c1", "welcome", moment + timedelta(days=1)),
        ("c2", "c2", "holdout", moment), ("cookie/y", None, "welcome", moment),
    ]  # fmt: skip
    rows = [
        {**base, "unit_id": unit, "customer_id": who, "arm": arm, "first_exposed_at": at} for unit, who, arm, at in told
    ]
    rows += [{**rows[0], "experiment_version": 2}, {**rows[0], "unit_type": "session", "unit_id": "s1"}]
    warehouse.replace({"ml.assignment": pd.DataFrame(rows)})
    found = assigned(warehouse, loaded(project))
    assert set(found) == {"c1", "c2"}
    first = found["c1"]["hero_specials/1"]
    assert (first.arm, first.propensity, first.unit_id, first.row["specials"]) == ("specials", 0.5, "c1", 0.5)
    assert first.exposed_at == int(moment.timestamp())
    assert (found["c2"]["hero_specials/1"].arm, found["c2"]["hero_specials/1"].traffic) == ("", "holdout")


def test_an_edited_split_does_not_go_live_and_a_new_version_does(concierge: Concierge, project: Project) -> None:
    write(project)
    first = live(project)
    arms = {"welcome": {"action": "welcome", "is_plain": True}, "produce": {"action": "produce"}}
    write(project, arms=arms)
    refused = concierge("publish", "--config-only")
    assert refused.exit_code == 1
    assert "arm 'produce' is new in version 1 as it was published" in refused.output.replace("\n", " ")
    assert pointer.current(project.paths.snapshots) == first
    write(project, arms=arms, version=2)
    done = concierge("publish", "--config-only")
    assert done.exit_code == 0, done.output
    version = pointer.current(project.paths.snapshots)
    assert version is not None
    assert version != first
    with SnapshotReader(project.paths.snapshots / version) as reader:
        assert list(reader.learned.shares) == ["hero_specials/2"]
    assert [one.version for one in VersionBook(project.paths).live_versions()] == [1, 2]
    shown = concierge("decide", "home_hero", "--as", "cookie=abc", "--context", "device_type=mobile")
    assert shown.exit_code == 0, shown.output


def test_a_draft_is_not_started_where_it_could_not_run(project: Project) -> None:
    write(project, name="first", traffic=0.7)
    write(project, name="second", traffic=0.4, status="draft")
    write(project, name="third", traffic=0.2, status="draft", layer="other")
    step = Step("tests", "to see", project.clock.now())
    with pytest.raises(ConfigError, match=r"traffic: 0.4 does not fit into layer 'default'.*at most 0.3"):
        start(project, "second", step)
    with pytest.raises(ConfigError, match="experiments on one placement share a layer"):
        start(project, "third", step)
    write(project, name="second", traffic=0.3, status="draft")
    start(project, "second", step)
    shares = in_force(project, loaded(project))
    assert shares == {"first/1": pytest.approx(0.7 * 0.05), "second/1": pytest.approx(0.3 * 0.05)}


def test_history_tells_the_looks_of_every_version_also_of_those_without_a_step(
    concierge: Concierge, project: Project
) -> None:
    write(project, version=3)
    taken = TakenLook("hero_specials", 3, "conversion", "specials", 2, project.clock.now(), 0.7, 900, 1.5, 2.6, 0.2,
                      -0.1, 0.2, "", False)  # fmt: skip
    ExperimentBook(project.paths).record_looks([taken])
    told = concierge("experiment", "history", "hero_specials").output
    assert "nothing has happened" not in told
    assert "+1.50" in told


@pytest.mark.parametrize("words", [("plan",), ("start",), ("stop",), ("report",), ("history",), ("ship", "specials")])
def test_an_experiment_that_does_not_exist_is_told_with_those_that_do(
    project: Project, concierge: Concierge, words: tuple[str, ...]
) -> None:
    write(project)
    told = concierge("experiment", words[0], "hero_special", *words[1:])
    assert (told.exit_code, told.stderr) == (
        1,
        f"error: experiment 'hero_special' does not exist in {project.config / 'experiments'}; there are: "
        "hero_specials\n",
    )
