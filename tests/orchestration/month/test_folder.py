"""Where a month lives: begun from a finished demo alone, in a folder of its own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest
import yaml

from intake.ops_store import OpsStore
from intake.paths import DataPaths, repository_root
from intake.project import Project
from orchestration.cli.errors import CommandError
from orchestration.month.folder import (
    FEWEST,
    LEAST_PLANNED,
    MARKER,
    PLANNED_SHARE,
    first_midnight,
    make_month,
    only_month,
    write_config,
)
from orchestration.month.owners import show_to_everybody
from serving.content import load_content
from serving.snapshot import pointer
from simulation.month.planted import BANNER, BANNERS, DELIVERIES, DELIVERY, NOTE, NOTES
from tests.orchestration.month import empty_warehouse
from tests.serving import sample

CONFIG = repository_root() / "config"
AT = datetime(2018, 1, 2, 4, tzinfo=UTC)


def finished_demo(root: Path) -> Project:
    """What a month begins from: a live snapshot, the tables, and the truth beside them."""
    project = Project.open(DataPaths(root), CONFIG)
    sample.write(project.paths.snapshots)
    pointer.switch(project.paths.snapshots, "v1")
    for folder in ("truth", "lake", "models", "keys", "published/current"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    (root / "truth" / "identifiers.parquet").touch()
    OpsStore(project.paths).pauses()
    empty_warehouse.make(project.paths.warehouse)
    return project


def lived_before(root: Path) -> Path:
    """A file of the month that was lived in this data folder last."""
    (root / "month").mkdir(parents=True)
    (root / "month" / MARKER).touch()
    page = root / "month" / "page.html"
    page.touch()
    return page


def test_without_a_finished_demo_there_is_nothing_to_begin_from(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="holds no finished demo to begin from; run: make demo"):
        make_month(Project.open(DataPaths(tmp_path), CONFIG), 1_000)


@pytest.mark.parametrize("lost", ["truth/identifiers.parquet", "warehouse.duckdb"])
def test_a_demo_that_is_not_whole_costs_no_month_that_was_lived(tmp_path: Path, lost: str) -> None:
    base, page = finished_demo(tmp_path), lived_before(tmp_path)
    (tmp_path / lost).rename(tmp_path / "aside")
    with pytest.raises(
        CommandError, match=f"holds no finished demo to begin from \\(it lacks {lost}\\); run: make demo"
    ):
        make_month(base, 1_000)
    assert page.exists()
    assert not (tmp_path / lost).exists()
    (tmp_path / "aside").rename(tmp_path / lost)
    make_month(base, 1_000)
    assert not page.exists()


def test_a_demo_whose_tables_learning_cannot_read_costs_no_month_either(tmp_path: Path) -> None:
    base, page = finished_demo(tmp_path), lived_before(tmp_path)
    with duckdb.connect(str(base.paths.warehouse)) as connection:
        connection.execute("drop table marts.fct_offer")
    with pytest.raises(CommandError, match="learning cannot read the demo's tables, which another version built"):
        make_month(base, 1_000)
    assert page.exists()


def test_too_few_customers_are_refused_before_anything_is_cleared(tmp_path: Path) -> None:
    base, page = finished_demo(tmp_path), lived_before(tmp_path)
    with pytest.raises(CommandError, match="customers: 149 is fewer than 150: A/B tests are planned for at least 200"):
        make_month(base, 149)
    assert page.exists()
    assert PLANNED_SHARE * FEWEST >= LEAST_PLANNED


def test_a_folder_that_is_no_month_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "month").mkdir()
    (tmp_path / "month" / "thesis.txt").write_text("mine")
    with pytest.raises(CommandError, match=f"is no simulated month \\(it has no {MARKER}\\)"):
        make_month(Project.open(DataPaths(tmp_path), CONFIG), 1_000)
    assert (tmp_path / "month" / "thesis.txt").read_text() == "mine"


def test_what_was_paused_in_the_demo_is_not_paused_in_the_month(tmp_path: Path) -> None:
    base = finished_demo(tmp_path)
    store = OpsStore(base.paths)
    store.set_pause("all", reason="a fair", actor="somebody", at=AT)
    store.set_pause("home_hero", reason="looks odd", actor="somebody", at=AT)
    store.lift("home_hero", actor="somebody", at=AT, reason="mended", grace=timedelta(0))
    with store.transaction() as connection:
        connection.execute(
            "insert into guardrail_look values ('home_hero', 'margin', ?, 'breach', 2, 0, 'it fell', '{}')",
            (AT.isoformat(),),
        )
    month = OpsStore(make_month(base, 1_000).project.paths)
    assert (month.pauses(), month.pause_events(), month.standings(AT)) == ([], [], {})
    assert [pause.scope for pause in store.pauses()] == ["all"]
    assert len(store.pause_events()) == 3


def test_two_months_are_not_lived_in_one_folder(tmp_path: Path) -> None:
    project = Project.open(DataPaths(tmp_path), CONFIG)
    with (
        only_month(project),
        pytest.raises(CommandError, match="a month is lived there now; wait for it, or stop it"),
        only_month(project),
    ):
        pass
    with only_month(project):
        pass


def test_the_month_begins_at_the_next_local_midnight() -> None:
    zone = ZoneInfo("America/New_York")
    assert first_midnight("2018-01-02T00:00:00+00:00", zone) == datetime(2018, 1, 2, 5, tzinfo=UTC)
    assert first_midnight("2018-01-02T05:00:00+00:00", zone) == datetime(2018, 1, 3, 5, tzinfo=UTC)
    # The night before was summer time.
    assert first_midnight("2018-11-04T12:00:00+00:00", zone) == datetime(2018, 11, 5, 5, tzinfo=UTC)


def test_the_months_files_are_sound_and_show_what_is_planted(tmp_path: Path) -> None:
    config = write_config(CONFIG, tmp_path / "config", datetime(2018, 1, 2, 5, tzinfo=UTC), 2_000)
    content = load_content(config)
    placements = {one.name: one for one in content.placements}
    for name, actions in ((BANNER, BANNERS), (DELIVERY, DELIVERIES), (NOTE, NOTES)):
        assert [action.name for action in placements[name].actions] == list(actions)
        assert placements[name].plain == actions[0]
    experiments = {one.name: one for one in content.experiments}
    assert set(experiments) == {BANNER, DELIVERY, NOTE}
    assert experiments[DELIVERY].planned_size == 2_800
    assert experiments[BANNER].planned_size is None
    settings = yaml.safe_load((config / "settings.yml").read_text())
    assert settings["clock"] == {"start": "2018-01-02T05:00:00+00:00"}


def test_what_is_shipped_is_what_everybody_sees_without_an_experiment(tmp_path: Path) -> None:
    config = write_config(CONFIG, tmp_path / "config", datetime(2018, 1, 2, 5, tzinfo=UTC), 2_000)
    show_to_everybody(config, DELIVERY, DELIVERIES[1])
    placement = next(one for one in load_content(config).placements if one.name == DELIVERY)
    assert (placement.fallback, placement.plain, placement.version) == (DELIVERIES[1], DELIVERIES[0], 2)
