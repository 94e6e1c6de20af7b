"""A small shop whose service really answers: it draws, its log is taken in, and the models' own words make the facts.

What people do is known beforehand and kept apart, so that a read-out can be counted again by hand.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import yaml
from msgspec.structs import replace

from intake.clock import SteppedClock
from intake.log_line import payload
from intake.paths import DataPaths
from intake.project import Project
from intake.regime import ConsentRules
from intake.settings import load_settings
from orchestration.experiments_published import learned_now
from orchestration.learning.rendering import STEPS, expression, rendered
from orchestration.learning.tick import SERVICE_LOG, learn
from orchestration.month.shop import Shop as Asked
from orchestration.month.shop import open_shop
from orchestration.warehouse_schema import create_source_tables
from serving.configuration import service_config
from serving.experiments.files import load_experiments
from serving.experiments.learned import ArmRow
from serving.placement_files import load_placements
from serving.snapshot import pointer
from serving.snapshot.records import IdentifierRow, ProfileRecord, SnapshotContents
from serving.snapshot.writer import write_snapshot
from tests.serving import sample

ZONE = "UTC"
EMPTY = {
    "marts.fct_offer": "assignment_id VARCHAR",
    "intermediate.int_lake_in_facts": "path VARCHAR, as_of TIMESTAMP",
    "marts.dim_product": "product_id VARCHAR, cost DECIMAL(18,4)",
    "marts.customer_sensitive": "customer_id VARCHAR, attribute VARCHAR, value VARCHAR",
    "intermediate.int_identifier_customers": "identifier_key BIGINT, customer_id VARCHAR, valid_from_date DATE,"
    " valid_to_date DATE, is_tracked BOOLEAN",
}
EXPOSED_AFTER = timedelta(seconds=1)


@dataclass(frozen=True)
class Visit:
    """One visit: when, of whom, and as what."""

    at: datetime
    customer: str
    session_id: str


Respond = Callable[[int, Visit, dict[str, Any]], list[dict[str, Any]]]


class LivedShop:
    """Placements `one`, `two`, … with an experiment each, a running service, a lake and a warehouse."""

    def __init__(self, root: Path, experiments: Sequence[dict[str, Any]], actions: Sequence[str], at: datetime) -> None:
        """Write the configuration; the clock stands at `at`."""
        config = root / "config"
        for folder in ("placements", "experiments", "policies", "sources"):
            (config / folder).mkdir(parents=True)
        for name in ("event_types.yml", "consent.yml", "sensitive.yml"):
            shutil.copy(sample.CONFIG / name, config / name)
        for name in SERVICE_LOG:
            shutil.copy(sample.CONFIG / "sources" / f"{name}.yml", config / "sources" / f"{name}.yml")
        # Minutes of this machine are days of the shop.
        serving = {"deadline_ms": 60_000}
        settings = {"project": "lived", "time_zone": ZONE, "currency": "EUR", "seed": 1, "serving": serving}
        (config / "settings.yml").write_text(yaml.safe_dump(settings))
        for one in experiments:
            (config / "placements" / f"{one['placement']}.yml").write_text(
                yaml.safe_dump(_placement(one["placement"], actions))
            )
            (config / "experiments" / f"{one['name']}.yml").write_text(yaml.safe_dump(one, sort_keys=False))
        self.clock = SteppedClock(at)
        self.project = Project(DataPaths(root / "data"), config, load_settings(config), self.clock)
        self.project.paths.root.mkdir()
        self.places = [str(one["placement"]) for one in experiments]
        self.events: list[dict[str, Any]] = []
        hasher = service_config(self.project).hash_identifier
        self.hashed: Callable[[str], str] = lambda login: str(hasher("login", login))

    def publish(self, profiles: Sequence[ProfileRecord], probabilities: Sequence[ArmRow] = ()) -> None:
        """Put a version live that knows these people by their login, and draws bandits' arms from that table."""
        project, placements = self.project, load_placements(self.project.config / "placements")
        learned = learned_now(project, load_experiments(project.config / "experiments", placements))
        contents = SnapshotContents(
            identifiers=[IdentifierRow("login", self.hashed(one.customer_id), one.customer_id) for one in profiles],
            profiles=list(profiles), decision_rows=[], products=[], popular={}, together={},
            placements=placements, policies=[], time_zone=ZONE, model_versions={}, totals={},
            learned=replace(learned, probabilities=list(probabilities)),
        )  # fmt: skip
        now = self.clock.now()
        write_snapshot(project.paths.snapshots, contents, version="v1", as_of=now, created_at=now)
        pointer.switch(project.paths.snapshots, "v1")

    def live(self, visits: Sequence[Visit], respond: Respond, until: datetime, unseen: Collection[int] = ()) -> None:
        """Everybody comes, is answered, sees it (but for the visits `unseen`) and does until then what they do."""
        asyncio.run(self._live(visits, respond, until, unseen))

    async def _live(self, visits: Sequence[Visit], respond: Respond, until: datetime, unseen: Collection[int]) -> None:
        exposures: list[dict[str, Any]] = []
        async with open_shop(self.project) as shop:
            for number, visit in enumerate(visits):
                answers = await self._ask(shop, visit)
                if number not in unseen:
                    exposures += [_exposure(visit, one) for one in answers]
                shown = {one["placement"]: one for one in answers}
                self.events += respond(number, visit, shown)
            self.events = [one for one in self.events if datetime.fromisoformat(one["occurred_at"]) < until]
            self.clock.move_to(until - timedelta(minutes=1))
            await shop.report("exposures", exposures)
            await shop.report("events", self.events)
            await shop.end_hour()

    async def _ask(self, shop: Asked, visit: Visit) -> list[dict[str, Any]]:
        self.clock.move_to(visit.at)
        context = {"device_type": "desktop", "channel": "web", "session_id": visit.session_id}
        return await shop.decide(self.places, _who(visit), context)

    def build(self, visits: Sequence[Visit], customers: Sequence[str], as_of: datetime) -> None:
        """Take the log in, learn from it, and make the facts by the models' own words."""
        people = pd.DataFrame({"value": [self.hashed(one) for one in customers], "customer_id": customers})
        with self.connect() as connection:
            create_source_tables(connection)
            for name, columns in EMPTY.items():
                connection.execute(f"create schema if not exists {name.split('.')[0]}")
                connection.execute(f"create table {name} ({columns})")
            rules = ", ".join(str(tuple(row)) for row in ConsentRules().rows())
            connection.execute(f"insert into ops.consent_regime values {rules}")
            connection.execute("create table intermediate.int_events as from ml.fresh_event limit 0")
            connection.register("people", people)
            key = expression("{{ identifier_key('value') }}")
            connection.execute(
                f"insert into intermediate.int_identifier_customers select {key}, customer_id, date '2000-01-01',"
                " date '9999-12-31', true from people"
            )
            connection.execute(
                "insert into identity.identifier (identifier_key)"
                " select identifier_key from intermediate.int_identifier_customers"
            )
            _make_facts(connection)
        assert learn(self.project, as_of, live=False).is_ready
        with self.connect() as connection:
            _make_facts(connection)
            connection.register("visit", _sessions(visits))
            connection.execute("create table marts.fct_session as from visit")

    def connect(self) -> duckdb.DuckDBPyConnection:
        """The warehouse."""
        return duckdb.connect(str(self.project.paths.warehouse))

    def logged(self) -> pd.DataFrame:
        """Every decision as a row: what the service itself wrote down."""
        files = sorted((self.project.paths.service_log / "decisions").glob("*.jsonl*"))
        lines = [json.loads(payload(line)) for file in files for line in file.read_bytes().splitlines()]
        return pd.DataFrame([{**line, **line["properties"]} for line in lines])

    def frame(self, sql: str) -> pd.DataFrame:
        """The result of one query."""
        with self.connect() as connection:
            return connection.execute(sql).df()


def _make_facts(connection: duckdb.DuckDBPyConnection) -> None:
    """The models over all that learning has read so far."""
    connection.execute("create or replace temp view int_events as from ml.fresh_event")
    connection.execute("create or replace temp view dim_product as from marts.dim_product")
    connection.execute(
        "create or replace temp view int_identifier_customers as from intermediate.int_identifier_customers"
    )
    for model in STEPS:
        connection.execute(f"create or replace temp table {model} as {rendered(model, ZONE)}")
    for model in ("fct_exposure", "fct_outcome"):
        connection.execute(f"create or replace table marts.{model} as {rendered(model, ZONE)}")
    connection.execute("create or replace table marts.fct_decision as from temp.fct_decision")
    connection.execute(
        "create or replace table marts.fct_order as select order_id, customer_id, occurred_at as ordered_at,"
        " revenue_amount as order_amount from marts.fct_outcome where kind = 'order'"
    )


def _placement(name: str, actions: Sequence[str]) -> dict[str, Any]:
    told = [
        {"name": action, "type": "banner", "content": {"headline": action}, "reason": "A picture."}
        for action in actions
    ]  # fmt: skip
    return {
        "name": name, "version": 1, "description": "A place.", "owner": "tests", "decision_right": "content",
        "channels": ["web"], "strategy": "rules", "plain": actions[0], "fallback": actions[0], "actions": told,
    }  # fmt: skip


def _who(visit: Visit) -> list[dict[str, str]]:
    return [{"type": "login", "value": visit.customer}]


def _exposure(visit: Visit, answer: dict[str, Any]) -> dict[str, Any]:
    return {
        "personalization_id": answer["personalization_id"], "placement": answer["placement"],
        "action": answer["action"], "occurred_at": (visit.at + EXPOSED_AFTER).isoformat(), "channel": "web",
        "session_id": visit.session_id, "identifiers": _who(visit),
    }  # fmt: skip


def told(visit: Visit, name: str, event_type: str, after: timedelta, **fields: Any) -> dict[str, Any]:
    """An event of the person of a visit, so long after it."""
    return {
        "event_type": event_type, "event_id": f"{name}-{visit.session_id}", "channel": "web",
        "occurred_at": (visit.at + after).isoformat(), "identifiers": _who(visit), **fields,
    }  # fmt: skip


def _sessions(visits: Sequence[Visit]) -> pd.DataFrame:
    started = [visit.at.replace(tzinfo=None) for visit in visits]
    return pd.DataFrame(
        {
            "session_id": [visit.session_id for visit in visits],
            "customer_id": [visit.customer for visit in visits],
            "started_at": started,
            "ended_at": [moment + timedelta(minutes=5) for moment in started],
            "duration_ms": np.int64(300_000),
            "is_bounce": False,
            "is_bot": False,
        }
    )
