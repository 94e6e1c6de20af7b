"""Looks after a run: real rows in a real warehouse, judged, written down, told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy import stats

from intake.ops_store import OpsStore
from intake.paths import DataPaths
from intake.pause_records import arm_scope
from intake.project import Project
from orchestration.pausing.conversion_looks import none_look
from orchestration.pausing.tick import tick
from orchestration.pin import fold_operations
from orchestration.warehouse import Warehouse
from orchestration.warehouse_schema import create_source_tables, source_table

NOW = datetime(2026, 3, 10, 6, tzinfo=UTC)
TODAY = NOW.date()
PLACEMENT = """
name: home_hero
version: 1
description: The banner.
owner: merchandising
decision_right: content
channels: [web]
strategy: rules
plain: welcome
fallback: welcome
actions:
  - {name: welcome, type: banner, content: {headline: Welcome}, reason: Everybody sees this one.}
  - {name: specials, type: banner, content: {headline: Specials}, reason: Specials.}
  - {name: last_chance, type: banner, content: {headline: Last chance}, reason: Last chance.}
"""
ARMS = {
    "plain": {"action": "welcome", "share": 0.4, "is_plain": True},
    "good": {"action": "specials", "share": 0.3},
    "bad": {"action": "last_chance", "share": 0.3},
}


def experiment(arms: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    parts: dict[str, Any] = {
        "name": "banner", "version": 1, "hypothesis": "A banner sells.", "kind": "bandit", "placement": "home_hero",
        "unit": "session", "arms": dict(arms), "owner": "merchandising", "status": "running",
        "metrics": {"primary": "conversion"},
    }  # fmt: skip
    return parts | changes


class House:
    """One project folder with an empty warehouse."""

    def __init__(self, root: Path) -> None:
        self.config = root / "config"
        for folder in ("placements", "experiments"):
            (self.config / folder).mkdir(parents=True)
        (self.config / "placements" / "home_hero.yml").write_text(PLACEMENT, encoding="utf-8")
        self.paths = DataPaths(root / "data")
        self.ops = OpsStore(self.paths)
        self.warehouse = Warehouse(self.paths.warehouse)
        self.settings: dict[str, Any] = {}
        with self.warehouse.connect() as connection:
            create_source_tables(connection)
            connection.execute("create schema if not exists marts").fetchall()

    def set(self, **pausing: Any) -> None:
        (self.config / "settings.yml").write_text(yaml.safe_dump({"pausing": pausing}), encoding="utf-8")

    def experiment(self, definition: Mapping[str, Any]) -> None:
        file = self.config / "experiments" / f"{definition['name']}.yml"
        file.write_text(yaml.safe_dump(dict(definition)), encoding="utf-8")

    def table(self, address: str, frame: pd.DataFrame) -> None:
        with self.warehouse.connect() as connection:
            connection.register("given", frame)
            connection.execute(f"create or replace table {address} as select * from given").fetchall()

    def rates(self, by_day: Mapping[date, tuple[int, int]]) -> None:
        rows = [("web", day, events, matched) for day, (events, matched) in by_day.items()]
        self.table("marts.match_rate_daily", pd.DataFrame(rows, columns=["source", "event_date", "events", "matched"]))

    def stats(self, arms: Mapping[str, tuple[int, int, float]]) -> None:
        """By arm: exposures, complaints, and the mean margin of one exposure (cents, normal with deviation 100)."""
        draws, rows = np.random.default_rng(20260310), []
        for arm, (exposures, complaints, margin) in arms.items():
            cents = np.rint(draws.normal(margin, 100, exposures))
            squared = Decimal(int((cents**2).sum()))
            hour = NOW.replace(tzinfo=None) - timedelta(hours=30)
            counts = (exposures, exposures // 20, 0, complaints, 0)
            money = (0, int(cents.sum()) * 10_000, squared, 0, 0)
            rows.append(("banner", 1, -1, "any", arm, hour, *counts, *money))
        with self.warehouse.connect() as connection:
            connection.execute("delete from ml.arm_stats").fetchall()
            marks = ", ".join("?" * len(rows[0]))
            for row in rows:
                connection.execute(f"insert into ml.arm_stats values ({marks})", list(row)).fetchall()
        self.people()

    def cells(
        self,
        cells: Mapping[int, Mapping[str, tuple[int, int]]],
        spread: int = 20,
        apart: int = 0,
        sold: Mapping[str, tuple[int, int]] = MappingProxyType({}),
    ) -> None:
        """By segment and arm: exposures and their margin in cents, half of them `spread` above and half below.

        The plain arm is shown so many hours `apart` from the others; `sold` has orders and returns by arm.
        """
        names = list(source_table("ml.arm_stats").column_names)
        about = {"experiment": "banner", "experiment_version": 1, "context_bucket": "any"}
        hour = NOW.replace(tzinfo=None) - timedelta(hours=36)
        rows = [
            dict.fromkeys(names, 0) | about | {
                "hour": hour + timedelta(hours=apart * (arm == "plain")),
                "segment_id": segment, "arm": arm, "exposures": n, "margin_micros": n * cents * 10_000,
                "margin_cents_squared": Decimal(n * (cents**2 + spread**2)),
                "conversions": sold.get(arm, (0, 0))[0], "returns": sold.get(arm, (0, 0))[1],
            }
            for segment, arms in cells.items() for arm, (n, cents) in arms.items()
        ]  # fmt: skip
        self.warehouse.replace({"ml.arm_stats": pd.DataFrame(rows, columns=names)})
        self.people()

    def people(self, each: int = 1) -> None:
        """Who brought the sums by hour: people with so many exposures `each`, the first of them whatever was rare."""
        with self.warehouse.connect() as connection:
            connection.execute("delete from ml.arm_person").fetchall()
            rare = ", ".join(
                f"least(greatest({name} - i * {each}, 0), {each})" for name in ("conversions", "complaints", "returns")
            )
            connection.execute(
                f"insert into ml.arm_person select experiment, experiment_version, arm, concat('p', i), {each}, {rare},"
                f" margin // (exposures // {each}) from (select experiment, experiment_version, arm,"
                " sum(exposures) as exposures, sum(conversions) as conversions, sum(complaints) as complaints,"
                " sum(returns) as returns, sum(margin_micros) as margin from ml.arm_stats group by all) as s,"
                f" range(200_000) as t(i) where i < exposures // {each}"
            ).fetchall()

    def rows(self, address: str, rows: list[dict[str, Any]]) -> None:
        """Let a declared table hold these rows."""
        names = list(source_table(address).column_names)
        self.warehouse.replace({address: pd.DataFrame([dict.fromkeys(names) | row for row in rows], columns=names)})

    def tick(self, at: datetime = NOW) -> list[tuple[str, str, str]]:
        project = Project.open(self.paths, self.config)
        return [(step.kind, step.surface, step.cause) for step in tick(project, at)]


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def days(rate: float, since: int = 7, events: int = 1_000) -> dict[date, tuple[int, int]]:
    return {TODAY - timedelta(days=back): (events, int(events * rate)) for back in range(1, since + 1)}


def test_on_the_first_day_nothing_is_paused(tmp_path: Path) -> None:
    house = House(tmp_path)
    assert house.tick() == []
    empty = Project.open(DataPaths(tmp_path / "other"), house.config)
    assert tick(empty, NOW) == []
    assert not (tmp_path / "other" / "warehouse.duckdb").exists()


def test_a_match_rate_below_sixty_percent_pauses_everything_until_somebody_resumes(house: House) -> None:
    house.rates(days(0.61))
    assert house.tick() == []
    house.rates(days(0.59))
    assert house.tick() == [("pause", "all", "match_rate")]
    (pause,) = house.ops.pauses()
    assert (pause.evidence["match_rate"], pause.evidence["events"], pause.actor) == (0.59, 7_000, "run")
    (alert,) = house.ops.standing_alerts("pause:")
    assert (alert.cause, alert.severity) == ("pause:all:match_rate", "critical")
    house.rates(days(0.95))
    assert [house.tick(NOW + timedelta(hours=hour)) for hour in range(1, 4)] == [[]] * 3
    assert [pause.scope for pause in house.ops.pauses()] == ["all"]
    # One alert, told once.
    assert [(one.count, one.state) for one in house.ops.list_alerts()] == [(1, "open")]
    lifted = house.ops.lift("all", actor="ann", at=NOW, reason="mended", grace=timedelta(hours=24))
    assert [one.cause for one in lifted] == ["match_rate"]
    notes = house.ops.alert_notes(alert.alert_id)
    assert notes[-1].action == "resolved"
    assert "resumed by ann: mended; for the same reason not paused again before 2026-03-11" in notes[-1].note


def test_today_and_too_few_events_are_no_evidence(house: House) -> None:
    house.rates({TODAY: (50_000, 0)} | days(0.9))
    assert house.tick() == []
    house.rates(days(0.1, events=100))
    assert house.tick() == []


def test_it_resumes_by_itself_only_where_that_is_configured_and_not_for_ever(house: House) -> None:
    house.set(resume={"match_rate": "automatic"}, healthy_looks={"match_rate": 2}, most_resumes_a_day=1)
    steps = []
    for hour, rate in enumerate((0.5, 0.62, 0.95, 0.95, 0.5, 0.95, 0.95, 0.95)):
        house.rates(days(rate))
        steps.append([kind for kind, _, _ in house.tick(NOW + timedelta(minutes=hour))])
    # 0.62 lies between the bound and what is healthy; the second pause of the day waits for somebody.
    assert steps == [["pause"], [], [], ["resume"], ["pause"], [], [], []]
    assert len(house.ops.list_alerts()) == 2


def test_grace_ends_and_the_same_evidence_pauses_again(house: House) -> None:
    house.rates(days(0.5))
    house.tick()
    house.ops.lift("all", actor="ann", at=NOW, reason="I know", grace=timedelta(hours=2))
    assert house.tick(NOW + timedelta(hours=1)) == []
    assert house.tick(NOW + timedelta(hours=2)) == [("pause", "all", "match_rate")]


def test_drift_that_stands_pauses_unless_it_is_muted(house: House) -> None:
    def drifts(cause: str) -> str:
        return house.ops.open_alert(cause, severity="warning", title=cause, at=NOW).alert_id

    drifts("drift:traffic")
    assert house.tick() == []
    alert = drifts("drift:scores:churn")
    house.ops.mute(alert, until=NOW + timedelta(hours=1), at=NOW, actor="ann")
    assert house.tick() == []
    assert house.tick(NOW + timedelta(hours=1)) == [("pause", "all", "drift")]


def test_an_arm_that_does_harm_is_paused_alone_and_the_others_go_on(house: House) -> None:
    house.experiment(experiment(ARMS))
    house.stats({"plain": (4_000, 8, 300), "good": (4_000, 8, 320), "bad": (4_000, 8, 300)})
    assert house.tick() == []
    house.stats({"plain": (4_000, 8, 300), "good": (4_000, 8, 320), "bad": (4_000, 240, 30)})
    scope = arm_scope("banner", 1, "bad")
    assert house.tick(NOW + timedelta(hours=1)) == [("pause", scope, "guard_rail")]
    assert house.ops.paused_arms() == {("banner", 1, "bad")}
    (pause,) = house.ops.pauses()
    assert set(pause.evidence["subjects"]) == {"banner/1/bad/complaints", "banner/1/bad/margin"}
    (row,) = house.ops.rows("select kind, share, evidence from experiment_event")
    assert (row["kind"], row["share"]) == ("arm", None)
    assert yaml.safe_load(row["evidence"])["is_paused"] is True
    # It stands as long as the evidence does, and pauses nothing else.
    assert house.tick(NOW + timedelta(hours=2)) == []
    # Nor does it come back by itself once the evidence is gone, unless that is configured.
    house.set(healthy_looks={"guard_rail": 1})
    house.experiment(experiment(ARMS, status="stopped"))
    assert house.tick(NOW + timedelta(hours=3)) == []
    house.set(healthy_looks={"guard_rail": 1}, resume={"guard_rail": "automatic"})
    assert house.tick(NOW + timedelta(hours=4)) == [("resume", scope, "guard_rail")]


def test_the_only_arm_beside_the_plain_one_stops_its_placement(house: House) -> None:
    house.experiment(experiment({name: ARMS[name] for name in ("plain", "bad")}, kind="ab", unit="person"))
    house.stats({"plain": (4_000, 8, 300), "bad": (4_000, 240, 30)})
    assert house.tick() == [("pause", "home_hero", "guard_rail")]


def test_results_of_experiments_pause_their_placement_while_they_run(house: House) -> None:
    house.experiment(experiment(ARMS))
    about = {"experiment": "banner", "experiment_version": 1, "placement": "home_hero", "kind": "bandit"}
    harm = {"arm": "bad", "metric": "complaint_rate", "role": "guard_rail", "state": "harm", "high": -0.1, "n": 900}
    split = {"arm": "", "metric": "sample_ratio", "role": "sample_ratio", "state": "harm", "p_value": 0.00099, "n": 900}
    house.rows("ml.experiment_result", [about | harm, about | split])
    conflicts = {"experiment": "banner", "experiment_version": 1, "units": 1_000, "conflicts": 11, "share": 0.011}
    house.rows("ml.identity_conflict", [conflicts])
    steps = [
        ("pause", arm_scope("banner", 1, "bad"), "guard_rail"),
        ("pause", "home_hero", "identity_conflicts"),
        ("pause", "home_hero", "sample_ratio"),
    ]
    assert house.tick() == steps
    (split_alert,) = house.ops.standing_alerts("pause:home_hero:sample_ratio")
    assert split_alert.evidence["banner/1"]["p_value"] == 0.00099


def test_an_experiment_that_does_not_run_pauses_nothing(house: House) -> None:
    house.experiment(experiment(ARMS, status="stopped"))
    house.stats({"plain": (4_000, 8, 300), "good": (4_000, 8, 320), "bad": (4_000, 240, 30)})
    assert house.tick() == []


def test_one_conflict_in_a_hundred_is_allowed_and_a_little_more_is_not(house: House) -> None:
    house.experiment(experiment(ARMS))
    for conflicts, steps in ((10, []), (11, [("pause", "home_hero", "identity_conflicts")])):
        row = {"experiment": "banner", "experiment_version": 1, "units": 1_000, "conflicts": conflicts}
        house.rows("ml.identity_conflict", [row])
        assert house.tick() == steps


def barren(house: House, silent: int, **changes: Any) -> None:
    """30 of 1,000 exposures used to convert; then so many do not, which differ by `changes`."""
    usual = [(f"u{n}", NOW - timedelta(days=9) + timedelta(minutes=n)) for n in range(1_000)]
    later = [(f"s{n}", NOW - timedelta(days=5) + timedelta(minutes=n)) for n in range(silent)]
    frames = [pd.DataFrame(rows, columns=["personalization_id", "shown_at"]) for rows in (usual, later)]
    frame = pd.concat([frames[0], frames[1].assign(**changes)], ignore_index=True)
    frame["shown_at"] = frame["shown_at"].dt.tz_localize(None)
    columns = {"placement": "varchar", "experiment": "varchar", "experiment_version": "integer", "arm": "varchar",
               "traffic": "varchar", "is_bot": "boolean", "is_refused": "boolean"}  # fmt: skip
    with house.warehouse.connect() as connection:
        told = ", ".join(f"{name} {kind}" for name, kind in columns.items())
        connection.execute(
            f"create or replace table marts.fct_exposure (personalization_id varchar, shown_at timestamp, {told})"
        )
        connection.register("given", frame.assign(placement="home_hero"))
        connection.execute("insert into marts.fct_exposure by name select * from given")
    # Every 33rd brings something, the very last of the usual ones too.
    named = [f"u{n}" for n in range(999, 0, -33)][:30]
    house.table("marts.fct_outcome", pd.DataFrame({"personalization_id": named, "is_converted": True}))


def test_no_conversion_where_twenty_were_due(house: House) -> None:
    barren(house, 600)
    assert house.tick() == []
    barren(house, 700)
    assert house.tick() == [("pause", "home_hero", "zero_conversions")]
    (pause,) = house.ops.pauses()
    found = pause.evidence
    assert (found["exposures"], found["usual_conversions"], found["usual_exposures"]) == (700, 30, 1_000)
    assert found["due"] == pytest.approx(21.0)
    assert found["chance"] == pytest.approx(stats.binom.pmf(0, 30, 700 / 1_700), rel=1e-9)


def test_what_is_shown_no_more_and_who_can_bring_nothing_owe_no_conversion(house: House) -> None:
    tried = {"experiment": "banner", "experiment_version": 1, "arm": "bad", "traffic": "live"}
    arms = {name: arm | ({"is_paused": True} if name == "bad" else {}) for name, arm in ARMS.items()}
    barren(house, 700, **tried)
    for changed in (experiment(ARMS, ends_at=(NOW - timedelta(hours=1)).isoformat()), experiment(arms)):
        house.experiment(changed)
        assert house.tick() == []
    barren(house, 700, is_refused=True)
    assert house.tick() == []
    house.experiment(experiment(ARMS))
    barren(house, 700, **tried)
    assert house.tick() == [("pause", "home_hero", "zero_conversions")]


def test_what_no_experiment_drew_owes_only_what_names_it(house: House) -> None:
    """Orders that name nothing were credited to an experiment; after its end they are credited to nobody."""
    barren(house, 700)
    house.table("marts.fct_outcome", pd.DataFrame({"personalization_id": pd.Series(dtype=str), "is_converted": True}))
    with house.warehouse.connect() as connection:
        connection.execute("update marts.fct_exposure set experiment = 'banner' where personalization_id like 'u%'")
        columns = dict.fromkeys(source_table("ml.attribution").column_names)
        credits = [columns | {"personalization_id": f"u{n}", "is_converted": True} for n in range(999, 0, -33)][:30]
        connection.register("credits", pd.DataFrame(credits))
        connection.execute("insert into ml.attribution by name select * from credits").fetchall()
    assert house.tick() == []
    house.experiment(experiment(ARMS))
    with house.warehouse.connect() as connection:
        connection.execute(
            "update marts.fct_exposure set experiment = 'banner', experiment_version = 1, arm = 'bad', traffic = 'live'"
        ).fetchall()
    assert house.tick(NOW + timedelta(minutes=1)) == [("pause", "home_hero", "zero_conversions")]


def test_a_placement_that_is_gone_owes_no_conversion(house: House) -> None:
    barren(house, 700)
    folder = house.config / "placements"
    (folder / "home_hero.yml").unlink()
    (folder / "top.yml").write_text(PLACEMENT.replace("home_hero", "top"), encoding="utf-8")
    assert house.tick() == []


def test_a_pause_for_want_of_conversions_ends_by_itself_where_the_experiment_is_over(house: House) -> None:
    house.set(resume={"zero_conversions": "automatic"}, healthy_looks={"zero_conversions": 2})
    house.experiment(experiment(ARMS))
    barren(house, 700, experiment="banner", experiment_version=1, arm="bad")
    assert house.tick() == [("pause", "home_hero", "zero_conversions")]
    assert [house.tick(NOW + timedelta(minutes=minute)) for minute in (1, 2)] == [[], []]
    house.experiment(experiment(ARMS, status="stopped"))
    assert [house.tick(NOW + timedelta(minutes=minute)) for minute in (3, 4)] == [
        [], [("resume", "home_hero", "zero_conversions")],
    ]  # fmt: skip


def test_a_placement_that_never_converted_owes_nothing() -> None:
    assert none_look("home_hero", 10**6, 0, 0, 20).verdict == "silent"


def test_steps_are_exported_with_their_evidence(house: House) -> None:
    house.rates(days(0.5))
    house.tick()
    fold_operations(house.ops, house.warehouse)
    ((surface, kind, cause, at, evidence),) = house.warehouse.rows(
        "select surface, kind, cause, happened_at, evidence from ops.guardrail_event"
    )
    assert (surface, kind, cause, at) == ("all", "pause", "match_rate", NOW.replace(tzinfo=None))
    assert yaml.safe_load(str(evidence))["match_rate"] == 0.5


def test_switched_off_nothing_is_paused_and_what_is_stays(house: House) -> None:
    house.rates(days(0.5))
    house.tick()
    house.set(enabled=False)
    assert house.tick(NOW + timedelta(days=3)) == []
    assert [pause.cause for pause in house.ops.pauses()] == ["match_rate"]


def test_a_bandits_arm_is_held_against_the_plain_one_cell_by_cell(house: House) -> None:
    """Where people buy little the arm is drawn most: 120 cents an exposure against 210, and no harm in either cell."""
    house.experiment(experiment(ARMS))
    cells = {1: {"plain": (400, 300), "bad": (100, 300)}, 2: {"plain": (400, 100), "bad": (3_600, 100)}}
    house.cells(cells)
    assert house.tick() == []
    house.cells(cells | {1: {"plain": (400, 300), "bad": (3_600, 30)}})
    assert house.tick(NOW + timedelta(hours=1)) == [("pause", arm_scope("banner", 1, "bad"), "guard_rail")]


def test_where_few_come_days_are_compared_as_hours_have_but_one_of_the_arms(house: House) -> None:
    house.experiment(experiment(ARMS))
    seen = {1: {"plain": (400, 300), "bad": (400, 30)}}
    house.cells(seen, apart=24)
    assert house.tick() == []
    house.cells(seen, apart=1)
    assert house.tick(NOW + timedelta(hours=1)) == [("pause", arm_scope("banner", 1, "bad"), "guard_rail")]


def test_an_arm_that_sells_more_is_not_blamed_for_what_comes_back_of_it(house: House) -> None:
    house.experiment(experiment(ARMS))
    seen = {1: {"plain": (4_000, 300), "bad": (4_000, 300)}}
    house.cells(seen, sold={"plain": (100, 4), "bad": (1_000, 40)})
    assert house.tick() == []
    # An arm of which next to nothing has come back yet is not certain to keep to that.
    for hours, (orders, returns) in enumerate([(40, 0), (135, 1)], start=1):
        house.cells(seen, sold={"plain": (orders, returns), "bad": (522, 33)})
        assert house.tick(NOW + timedelta(hours=hours)) == []
    # Orders are few: those of other days are compared where an arm has none on the same.
    house.cells(seen, sold={"plain": (200, 8), "bad": (400, 160)}, apart=-48)
    assert house.tick(NOW + timedelta(hours=3)) == [("pause", arm_scope("banner", 1, "bad"), "guard_rail")]


def test_complaints_of_few_people_who_come_often_are_not_those_of_many(house: House) -> None:
    """160 of 4,000 exposures with a complaint: of 160 people, or of eight among two hundred who came twenty times."""
    house.experiment(experiment(ARMS))
    arms = {"plain": (4_000, 80, 300.0), "good": (4_000, 80, 300.0), "bad": (4_000, 160, 300.0)}
    house.stats(arms)
    house.people(each=20)
    assert house.tick() == []
    house.people()
    assert house.tick(NOW + timedelta(hours=1)) == [("pause", arm_scope("banner", 1, "bad"), "guard_rail")]


def test_what_thirty_people_brought_is_not_judged_before_there_are_so_many(house: House) -> None:
    house.experiment(experiment(ARMS))
    house.cells({1: {"plain": (4_000, 300), "bad": (4_000, 30)}})
    house.people(each=200)
    assert house.tick() == []
    house.people(each=100)
    assert house.tick(NOW + timedelta(hours=1)) == [("pause", arm_scope("banner", 1, "bad"), "guard_rail")]


def test_two_exposures_of_an_arm_are_no_evidence_of_harm(house: House) -> None:
    house.experiment(experiment(ARMS))
    house.cells({1: {"plain": (4_000, 90_000), "bad": (2, 0)}}, spread=1)
    assert house.tick() == []
