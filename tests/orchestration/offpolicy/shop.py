"""A shop with one banner whose best action is drawn with 2/3 and two others with 1/6: its log, and its true values.

450 people in two segments see it. What follows is set by action and segment, so every policy's value over
these people is known by enumeration. Ids begin with a letter for which the draws of so few come out near their shares.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from intake.hashing import keyed_hash
from intake.paths import DataPaths
from intake.project import Project
from orchestration.cli.init_command import write_project
from serving.content import load_content
from serving.decide import decide_for
from serving.lines import decision_line
from serving.live import LiveSnapshot
from serving.person import find_person
from serving.question import Context, Question
from serving.replay.inputs import inputs_of
from serving.snapshot import pointer
from serving.snapshot.reader import SnapshotReader
from serving.snapshot.records import DecisionRow, IdentifierRow, ProfileRecord, SnapshotContents
from serving.snapshot.writer import write_snapshot

NOW = datetime(2018, 3, 1, 12, tzinfo=UTC)
PEOPLE, VISITS = 450, 1
ACTIONS = ("calm", "loud", "plain")
WORTH = {
    0: {"calm": 3.0, "loud": 1.0, "plain": 1.5},
    1: {"calm": 1.0, "loud": 3.0, "plain": 1.5},
}
"""Expected margin of an exposure by segment. The log's best action is calm for both segments."""
BANNER = """
name: banner
version: 1
description: A banner.
owner: shop
decision_right: content
channels: [web]
strategy: {strategy}
plain: plain
fallback: {fallback}
explore_share: {explore}
actions:
  - {{name: plain, type: none}}
  - {{name: calm, type: banner}}
  - {{name: loud, type: banner}}
"""
POLICY = """
name: banner_rules
version: 1
description: Rules of the banner.
owner: shop
rules:
  - name: segment_one_is_loud
    effect: force
    when: "{when}"
    reason: Because.
    placements: [banner]
    actions: [loud]
"""
NEVER, BEST = "segment_id == 99", "segment_id == 1"


def write_files(config: Path, when: str = NEVER, explore: float = 0.5, fallback: str = "plain") -> None:
    """The banner and its rule."""
    for part, name, text in (
        ("placements", "banner", BANNER.format(strategy="decision_table", explore=explore, fallback=fallback)),
        ("policies", "banner_rules", POLICY.format(when=when)),
    ):
        (config / part).mkdir(parents=True, exist_ok=True)
        (config / part / f"{name}.yml").write_text(text, encoding="utf-8")


def clear_files(config: Path) -> None:
    """Take away what comes along with a new project."""
    for part in ("placements", "policies", "experiments"):
        for file in (config / part).glob("*.yml"):
            file.unlink()


def set_clock(config: Path) -> None:
    """Project time is NOW; few exposures are enough."""
    settings = config / "settings.yml"
    told = "\nclock:\n  start: 2018-03-01T12:00:00Z\noffpolicy:\n  least_effective: 100\n  required: false\n"
    settings.write_text(settings.read_text() + told, encoding="utf-8")


def open_project(root: Path) -> Project:
    return Project.open(DataPaths(root / "data"), root / "config")


def value_hash(who: str) -> str:
    return keyed_hash(b"k", "loyalty_id", who)


def make_shop(root: Path, *, explore: float = 0.5) -> Project:
    """The project with its live snapshot, logged decisions and published tables."""
    write_project(root)
    clear_files(root / "config")
    write_files(root / "config", explore=explore)
    set_clock(root / "config")
    project = open_project(root)
    folder = _snapshot(project)
    rows = _decide(project, folder)
    publish_tables(project, rows)
    return project


def _snapshot(project: Project) -> Path:
    content = load_content(project.config)
    people = [f"v{number}" for number in range(PEOPLE)]
    profiles = [ProfileRecord(who, int(who[1:]) % 2, consent_personalization=True) for who in people]
    rows = [
        DecisionRow("banner", segment, "any", action, score, "test", 1000)
        for segment in (0, 1)
        for action, score in (("calm", 3.0), ("plain", 2.0), ("loud", 1.0))
    ]
    contents = SnapshotContents(
        [IdentifierRow("loyalty_id", value_hash(who), who) for who in people],
        profiles, rows, [], {}, {}, content.placements, content.policies,
    )  # fmt: skip
    project.paths.snapshots.mkdir(parents=True, exist_ok=True)
    folder = write_snapshot(project.paths.snapshots, contents, version="v1", as_of=NOW, created_at=NOW)
    pointer.switch(project.paths.snapshots, "v1")
    return folder


def _decide(project: Project, folder: Path) -> pd.DataFrame:
    """Decide as the service does, write its log, and return what the tables say of it."""
    log = project.paths.service_log / "decisions"
    log.mkdir(parents=True, exist_ok=True)
    random, rows, lines = np.random.default_rng(5), [], []
    live = LiveSnapshot(SnapshotReader(folder))
    for number in range(PEOPLE):
        pairs = (("loyalty_id", value_hash(f"v{number}")),)
        for visit in range(VISITS):
            at = NOW - timedelta(days=20 - visit, seconds=number)
            question, context = Question("banner", pairs), Context(device_type="desktop", channel="web")
            person = find_person(live.reader, pairs)
            decision = decide_for(live, person, question, context, at)
            lines.append(
                decision_line(decision, pairs, context, at, None, inputs_of(decision, question, person, person))
            )
            margin = WORTH[number % 2][decision.action] + random.normal(0.0, 0.5)
            rows.append(
                {
                    "personalization_id": decision.personalization_id, "customer_id": f"v{number}",
                    "shown_at": at.replace(tzinfo=None), "action": decision.action,
                    "propensity": decision.propensity, "rung": decision.rung.value,
                    "segment_id": decision.segment_id, "eligible": json.dumps(decision.eligible), "margin": margin,
                }
            )  # fmt: skip
    live.close()
    (log / "20180301T000000-1-aa-000001.jsonl").write_bytes(b"".join(lines))
    return pd.DataFrame(rows)


def publish_tables(project: Project, rows: pd.DataFrame, statements: str | None = None) -> None:
    """The four tables as dbt lays them out, in the published database."""
    folder = project.paths.published / "v1"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "concierge.duckdb").unlink(missing_ok=True)
    with duckdb.connect(str(folder / "concierge.duckdb")) as connection:
        for statement in ("create schema if not exists marts", "create schema if not exists ops"):
            connection.execute(statement).fetchall()
        connection.register("given", rows)
        connection.execute(tables() if statements is None else statements).fetchall()
    link = project.paths.published / "current"
    if not link.exists():
        link.symlink_to("v1")


_TABLES = """
    create table marts.fct_exposure as select personalization_id, customer_id, shown_at, 'banner' as placement, action,
        cast(propensity as decimal(18, 9)) as propensity, rung, segment_id, {experiment} as experiment,
        {version} as experiment_version, {arm} as arm, 'person' as unit_type,
        customer_id as unit_id, null::varchar as context_bucket, {probabilities} as probabilities,
        null::decimal(18, 9) as conditional_propensity, null::varchar as table_version,
        {draw_u} as draw_u, {traffic} as traffic, {shadow} as shadow, 'v1' as snapshot_version,
        false as is_bot, false as is_refused from given;
    create table marts.fct_decision as select personalization_id, eligible, {experiment} as experiment,
        customer_id as unit_id, {draw_u} as draw_u, {traffic} as traffic, shown_at as decided_at
        from given;
    create table marts.fct_outcome as select 'o' || personalization_id as outcome_id, 'order' as kind, customer_id,
        shown_at + interval 1 hour as occurred_at, 'o' || personalization_id as order_id, personalization_id,
        null::varchar as assignment_id, true as is_converted, cast(margin as decimal(18, 4)) as margin_amount,
        cast(margin as decimal(18, 4)) as revenue_amount
        from given;
    create table marts.customer_features (customer_id varchar);
    create table marts.fct_offer (assignment_id varchar, customer_id varchar, placement varchar, arm varchar,
        propensity decimal(18, 9), assigned_at timestamp, observed_at timestamp)
"""


_OUTSIDE = {
    "experiment": "null::varchar", "version": "null::integer", "arm": "null::varchar", "traffic": "null::varchar",
    "probabilities": "null::varchar", "draw_u": "null::decimal(18, 17)", "shadow": "null::varchar",
}  # fmt: skip
_INSIDE = {
    "experiment": "'trial'", "version": "1", "arm": "arm", "traffic": "traffic", "probabilities": "probabilities",
    "draw_u": "cast(draw_u as decimal(18, 17))", "shadow": "shadow",
}  # fmt: skip


def tables(*, in_experiment: bool = False) -> str:
    """The statements, for decisions within an experiment or outside of any."""
    return _TABLES.format(**(_INSIDE if in_experiment else _OUTSIDE))


def true_value(policy: dict[int, dict[str, float]]) -> float:
    """Expected margin of an exposure under probabilities by segment, by enumeration."""
    return float(np.mean([sum(p * WORTH[s][a] for a, p in policy[s].items()) for s in (0, 1)]))


LOGGED = {"calm": 2 / 3, "loud": 1 / 6, "plain": 1 / 6}
