"""From the service's log to the probability of each arm: at once, and again after dbt has built the facts."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from intake.clock import FixedClock
from intake.log_line import with_checksum
from intake.ops_store import OpsStore
from intake.paths import DataPaths, repository_root
from intake.project import Project
from intake.settings import Settings
from orchestration.learning.registry import read_registry
from orchestration.learning.tick import Learned, learn, update
from orchestration.partitions import DayRange
from orchestration.pin import pin
from orchestration.warehouse import Warehouse
from tests.dbt.dbt_room import Room, hashed

DAILY = [
    *("stg_events", "int_events", "int_order_lines", "int_identifier_daily", "int_consent_events"),
    *("int_identifier_seen_daily", "int_identity_pair_daily", "int_product_daily"),
]
MODELS = [
    *("int_customer_consent", "int_consent_withdrawn", "int_identifier_customers"),
    *("dim_product", "int_outcomes_told", "int_orders_priced", "int_refunds_bounded"),
    *("fct_decision", "fct_exposure", "fct_outcome", "fct_offer", "int_lake_in_facts"),
]
DAY = datetime(2017, 1, 5, tzinfo=UTC)
BANDIT = """
name: hero
hypothesis: Tea earns more than a greeting.
kind: bandit
placement: home_hero
unit: person
arms: {plain: {action: welcome, is_plain: true}, tea: {action: weekly_specials}}
attribution_hours: 24
least_units: 1
owner: tests
status: running
"""
TABLES = ("ml.arm_stats", "ml.conversion_delay", "ml.attribution")
Line = dict[str, Any]


class Shop:
    """A data folder with the service's log, its lake and its warehouse."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.project = Project(
            DataPaths(root / "data"), root / "config", Settings(), FixedClock(DAY + timedelta(days=9))
        )
        self.project.paths.root.mkdir(exist_ok=True)
        self.room = Room(self.project.paths.root)
        self.segments = len(list(self.project.paths.service_log.glob("*/*.jsonl")))

    def copy_to(self, root: Path) -> Shop:
        """The same folder elsewhere."""
        shutil.copytree(self.root, root, dirs_exist_ok=True)
        return Shop(root)

    def log(self, kind: str, lines: Sequence[Line]) -> None:
        """A closed segment of the service's log."""
        folder = self.project.paths.service_log / kind
        folder.mkdir(parents=True, exist_ok=True)
        self.segments += 1
        text = b"".join(with_checksum(json.dumps(line).encode()) for line in lines)
        (folder / f"w1-{self.segments}.jsonl").write_bytes(text)

    def learn(self, at: datetime) -> Learned:
        """One look, nothing published."""
        return learn(self.project, at, live=False)

    def build(self, at: datetime, models: Sequence[str] = MODELS) -> None:
        """What an hourly run does before it learns."""
        pin(OpsStore(self.project.paths), Warehouse(self.room.warehouse), at)
        window = ["--event-time-start", "2017-01-01", "--event-time-end", "2017-01-15"]
        self.room.dbt("run", "--select", *DAILY, *window)
        self.room.execute("delete from ops.pending_day")
        self.room.resolve_identities()
        self.room.dbt("run", "--full-refresh", "--select", *models)

    def look_at_facts(self, at: datetime) -> Learned:
        """What the hourly run does after it has built them, or finds them as they were."""
        return update(self.project, read_registry(self.project), at, look_at_facts=True)

    def rewrite(self, name: Callable[[str], str]) -> None:
        """Write every file of the lake under another name."""
        store = OpsStore(self.project.paths)
        for file in store.visible_files():
            path = Path(file.path)
            new = path.with_stem(name(path.stem))
            (self.project.paths.root / path).rename(self.project.paths.root / new)
            with store.transaction() as connection:
                connection.execute("update lake_file set path = ? where path = ?", (str(new), file.path))

    def said(self) -> dict[str, list[tuple[Any, ...]]]:
        """All counts and credits."""
        return {address: self.room.table(address) for address in TABLES}


def who(name: str) -> list[dict[str, str]]:
    return [{"type": "login", "value": hashed("login", name)}]


def told(event_id: str, event_type: str, at: datetime, name: str, **fields: Any) -> Line:
    moment = at.isoformat()
    named = {"event_id": event_id, "event_type": event_type, "occurred_at": moment, "received_at": moment}
    return {**named, "identifiers": who(name), **fields}


def shown(number: int, at: datetime, name: str, arm: str, **changes: Any) -> tuple[Line, Line]:
    """A decision of the experiment and its exposure a second later."""
    properties = {
        "placement": "home_hero",
        "action": "weekly_specials",
        "propensity": 0.5,
        "experiment": "hero",
        "experiment_version": 1,
        "arm": arm,
        "traffic": "live",
        "segment_id": 2,
        "probabilities": {"plain": 0.5, "tea": 0.5},
        **changes,
    }
    name_of = {"personalization_id": f"p{number}"}
    decision = told(f"dp{number}", "decision_made", at, name, properties=properties, **name_of)
    exposure = told(f"xp{number}", "exposure_shown", at + timedelta(seconds=1), name, **name_of)
    return decision, exposure


def ordered(number: str, at: datetime, name: str, amount: float, **properties: Any) -> Line:
    fields = {"order_id": number, "amount": amount, "currency": "USD", "properties": properties}
    return told(f"o{number}", "order_completed", at, name, **fields)


def first_hours(shop: Shop) -> None:
    """Two people see the experiment, one buys, one only clicks; a crawler and a holdout count nowhere."""
    people = [
        shown(1, DAY, "ann", "tea"),
        shown(2, DAY + timedelta(minutes=30), "bob", "plain"),
        shown(3, DAY, "cyd", "tea", traffic="holdout"),
        shown(4, DAY, "dee", "tea", is_bot=True),
    ]
    shop.log("decisions", [decision for decision, _ in people])
    shop.log("exposures", [exposure for _, exposure in people])
    after = DAY + timedelta(hours=2, minutes=1)
    shop.log(
        "events",
        [
            ordered("1", after, "ann", 20.0, margin_amount=6.5, cost_amount=1),
            told("c1", "content_clicked", after, "bob", personalization_id="p2"),
            told("c2", "content_clicked", after + timedelta(minutes=1), "bob", personalization_id="p2"),
            told("c3", "content_clicked", after, "bob", personalization_id="nobody-knows"),
            ordered("2", DAY - timedelta(hours=1), "bob", 50.0),
        ],
    )


def next_hours(shop: Shop) -> None:
    """The order goes back in part, is told again, and a decision comes in after its exposure."""
    at = DAY + timedelta(days=3)
    decision, exposure = shown(5, at, "ann", "plain")
    shop.log("exposures", [exposure])
    shop.log("decisions", [decision])
    about = {"personalization_id": "p2", "properties": {"topic": "complaint"}}
    complaint = told("t1", "support_ticket_opened", DAY + timedelta(hours=20), "bob", **about)
    back = {"order_id": "1", "amount": 5.0, "currency": "USD"}
    shop.log(
        "events",
        [
            {**ordered("1", at, "ann", 20.0, margin_amount=6.5), "event_id": "told-again"},
            told("r1", "order_refunded", at + timedelta(hours=1), "ann", **back),
            told("r2", "order_refunded", at + timedelta(hours=1), "ann", **back),
            ordered("3", at + timedelta(hours=2), "ann", 8.0, margin_amount=-2),
            {**complaint, "received_at": at.isoformat()},
        ],
    )


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The facts built after the first hours, then a look; the next hours learned at once, then built and looked at."""
    root = tmp_path_factory.mktemp("learning")
    shutil.copytree(repository_root() / "config", root / "config", ignore=shutil.ignore_patterns("experiments"))
    (root / "config" / "experiments").mkdir()
    (root / "config" / "experiments" / "hero.yml").write_text(BANDIT, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONCIERGE_KEY", "a key for tests, long enough")
        shop = Shop(root)
        live_through(shop)
        yield shop


@pytest.fixture
def shop(lived: Shop, tmp_path: Path) -> Shop:
    """A copy, so that no test builds on another."""
    return lived.copy_to(tmp_path)


def sums(shop: Shop) -> dict[tuple[str, datetime], tuple[int, ...]]:
    rows = shop.room.execute(
        "select arm, hour, exposures, conversions, clicks, complaints, revenue_micros, margin_micros, cost_micros"
        " from ml.arm_stats where experiment = 'hero' and experiment_version = 1 and segment_id = 2"
    )
    return {(row[0], row[1].replace(tzinfo=UTC)): row[2:] for row in rows}


def live_through(shop: Shop) -> None:
    """From the log to the probability of each arm, step by step, each looked at."""
    assert not shop.learn(DAY).is_ready, "before dbt has built the facts there is nothing to learn from"
    first_hours(shop)
    assert not shop.learn(DAY + timedelta(hours=3)).is_ready
    shop.build(DAY + timedelta(hours=3))
    done = shop.learn(DAY + timedelta(hours=3))
    assert (done.orphans, done.exposures) == (1, 4)
    million = 1_000_000
    expected = {
        ("tea", DAY): (1, 1, 0, 0, 20 * million, 6_500_000, million),
        ("plain", DAY): (1, 0, 1, 0, 0, 0, 0),
    }
    assert sums(shop) == expected
    assert shop.room.table("ml.conversion_delay") == [("hero", 2, 1)]

    next_hours(shop)
    later = DAY + timedelta(days=4)
    fresh = shop.learn(later)
    assert fresh.fresh_events == 7
    # Half of the order went back, and half of its margin with it.
    expected[("tea", DAY)] = (1, 1, 0, 0, 10 * million, 3_250_000, million)
    expected[("plain", DAY)] = (1, 0, 1, 1, 0, 0, 0)
    expected[("plain", DAY + timedelta(days=3))] = (1, 1, 0, 0, 8 * million, -2 * million, 0)
    assert sums(shop) == expected
    before = shop.said()
    again = shop.learn(later)
    assert (again.fresh_events, again.exposures, again.outcomes) == (0, 0, 0)
    assert shop.said() == before

    shop.build(later, [*MODELS, "arm_stats", "conversion_delay", "arm_probability", "fct_attribution"])
    built = shop.learn(later)
    assert not built.recounted
    assert shop.said() == before, "what was learned at once is what the models say of the staged days"
    assert shop.room.execute("select count(*) from ml.fresh_event") == [(0,)]
    assert built.table_version == again.table_version


def test_the_loop_from_the_log_to_the_probability_of_each_arm(shop: Shop) -> None:
    probability = shop.room.table("marts.arm_probability", "arm, probability", "segment_id = -1")
    assert dict(probability)["plain"] == pytest.approx(0.5)
    assert sum(share for _, share in probability) == pytest.approx(1.0, abs=1e-12)
    assert len(shop.room.table("marts.arm_stats")) == 3


def land_late(shop: Shop) -> None:
    """An order that was received before the facts' moment, and landed after it: a log's last segment is closed late."""
    shop.log("events", [ordered("4", DAY + timedelta(days=3, hours=5), "ann", 5.0)])
    assert shop.learn(DAY + timedelta(days=4)).fresh_events == 1


def test_what_the_facts_do_not_hold_yet_stays_until_they_do(shop: Shop) -> None:
    later = DAY + timedelta(days=4)
    land_late(shop)
    assert sums(shop)[("plain", DAY + timedelta(days=3))][4] == 13_000_000
    before = shop.said()
    shop.look_at_facts(later)
    assert shop.said() == before
    # A run stages the days, and learning looks before, or instead of, the rebuild of the facts.
    everything = DayRange(date(2017, 1, 1), date(2017, 1, 15))
    pin(OpsStore(shop.project.paths), Warehouse(shop.room.warehouse), later + timedelta(hours=1), everything)
    for look in (shop.learn, shop.look_at_facts):
        done = look(later + timedelta(hours=1))
        assert (done.exposures, done.outcomes, done.recounted) == (0, 0, False)
        assert shop.said() == before


def test_a_file_that_is_written_again_is_no_news(shop: Shop) -> None:
    land_late(shop)
    before, at = shop.said(), DAY + timedelta(days=4, hours=1)
    for ending in ("-erased-0123456789ab", "-erased-ba9876543210"):
        shop.rewrite(lambda name, ending=ending: name.partition("-erased-")[0] + ending)
        assert shop.learn(at).fresh_events == 0
        assert shop.said() == before
    # As a replay leaves it: other names, the same events.
    shop.rewrite(lambda name: f"again-{name}")
    done = shop.learn(at)
    assert (done.exposures, done.outcomes, done.recounted) == (0, 0, False)
    assert shop.said() == before


def test_what_a_withdrawn_file_said_goes(shop: Shop) -> None:
    land_late(shop)
    at = DAY + timedelta(days=4, hours=2)
    before = shop.said()
    shop.log("events", [ordered("5", DAY + timedelta(days=3, hours=6), "ann", 7.0)])
    known = {file.path for file in OpsStore(shop.project.paths).visible_files()}
    assert shop.learn(at).fresh_events == 1
    assert shop.said() != before
    (landed,) = {file.path for file in OpsStore(shop.project.paths).visible_files()} - known
    with OpsStore(shop.project.paths).transaction() as connection:
        connection.execute("update lake_file set state = 'retired' where path = ?", (landed,))
    shop.learn(at)
    assert shop.said() == before


def test_a_look_that_was_cut_off_is_healed_and_an_erasure_counted(shop: Shop) -> None:
    later, before = DAY + timedelta(days=4), shop.said()
    with duckdb.connect(str(shop.room.warehouse)) as connection:
        connection.execute("insert into ml.learned_day values ('under way', date '1970-01-01', 0)").fetchall()
        connection.execute("delete from ml.attribution where kind = 'order'").fetchall()
        connection.execute("update ml.arm_stats set exposures = 7").fetchall()
    assert shop.learn(later).recounted
    assert shop.said() == before
    shop.room.execute("delete from ml.learned_exposure where personalization_id = 'p2'")
    assert shop.learn(later).recounted
    assert {arm for arm, hour in sums(shop) if hour == DAY} == {"tea"}


def test_another_window_credits_anew(shop: Shop) -> None:
    file = shop.project.config / "experiments" / "hero.yml"
    file.write_text(BANDIT.replace("attribution_hours: 24", "attribution_hours: 1"), encoding="utf-8")
    assert shop.learn(DAY + timedelta(days=4)).recounted
    assert sums(shop)[("tea", DAY)][1] == 0
