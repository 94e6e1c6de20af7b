"""What an hour's changed customers cost on their way to the service, beside a whole snapshot of everybody.

A warehouse of synthetic customers (three identifiers and four recommendations each) is published whole; then some of
them change, and some come, and `publish_changed` puts them live: each time in a process of its own, whose CPU and
memory count.
"""

from __future__ import annotations

import argparse
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from intake.clock import FixedClock
from intake.paths import DataPaths, repository_root
from intake.project import Project
from intake.settings import Settings
from orchestration.changed_customers import publish_changed
from orchestration.model_registry import ModelRegistry
from orchestration.publish import publish_snapshot
from orchestration.warehouse import Warehouse
from serving.snapshot import pointer
from serving.snapshot.reader import SnapshotReader
from serving.snapshot.verify import verify

AS_OF = datetime(2018, 1, 2, tzinfo=UTC)
LOOKUPS, ROUNDS = 200_000, 5
# A tenth of those who are touched are new, with two identifiers each.
NEW_SHARE = 0.1
TABLES = """
create schema marts;
create schema intermediate;
create table intermediate.int_consent_events as select 'e' || i as event_id, i as identifier_key,
    'marketing_email' as purpose, timestamp '2017-05-01' as occurred_at, false as is_granted
    from range(0, {customers}, 50) as r (i);
create table marts.customer_consent as select 'c' || i as customer_id, true as is_profiled, true as is_tracked,
    true as marketing_email, true as profiling_price, true as marketing_sms, false as marketing_push,
    false as marketing_phone, false as marketing_post, false as marketing_ads, 'absent' as analytics_word,
    'granted' as personalization_word, 'granted' as profiling_price_word from range({customers}) as r (i);
create table marts.customer_segments as select customer_id, (hash(customer_id) % 8)::int as segment_id,
    'Segment' as segment_name, 'persona' as rung from marts.customer_consent;
create table marts.customer_scores as select customer_id, (hash(customer_id) % 1000) / 1000 as churn_probability,
    100.5::double as ltv_amount from marts.customer_consent;
create table marts.customer_features as select customer_id, (hash(customer_id) % 90)::bigint as recency_days,
    (hash(customer_id) % 30)::bigint as orders_91d, 'DELI' as top_category, 0.25::double as discount_share
    from marts.customer_consent;
create table marts.customer_recommendations as select customer_id, 'buy_again' as task, i as rank,
    'p' || i as product_id, 1.0 / (1 + i) as score, 'bought often' as reason
    from marts.customer_consent cross join range(4) as r (i);
create table marts.customer_product as select customer_id, 'p1' as product_id, timestamp '2017-12-30' as last_ordered_at
    from marts.customer_consent;
create table marts.dim_product as select 'p' || i as product_id, 'DELI' as category, 10.0 as list_price,
    8.0 as floor_price, 8.0 as map_price, 6.0 as cost, 50.0 as stock_quantity from range(1000) as r (i);
create table marts.product_pair (product_a varchar, product_b varchar, n_baskets int, lift double);
create table marts.product_popularity as select product_id, category, 1 as n_orders from marts.dim_product;
create table marts.decision_table (placement varchar, segment_id int, context_bucket varchar, action varchar,
    score double, basis varchar, n int);
insert into identity.identifier by name select i * 3 + k as identifier_key,
    ['loyalty_id', 'email', 'cookie'][k + 1] as type, md5((i * 3 + k)::varchar) as value_hash, 'active' as status
    from range({customers}) as r (i) cross join range(3) as s (k);
insert into identity.identity_assignment by name select i * 3 + k as identifier_key, 'c' || i as canonical_id,
    timestamp '2017-01-01' as valid_from, timestamp '9999-12-31' as valid_to, timestamp '9999-12-31' as system_to
    from range({customers}) as r (i) cross join range(3) as s (k);
insert into ops.run_context values (timestamp '2018-01-02')
"""
HOUR = """
delete from refresh.customer;
delete from refresh.identifier;
insert into refresh.customer select 'c' || (i * {step}) from range({known}) as r (i);
insert into refresh.customer select 'n' || i from range({new}) as r (i);
insert into refresh.identifier select i * {step} * 3 + k from range({known}) as r (i) cross join range(3) as s (k);
update marts.customer_features set orders_91d = orders_91d + 1, recency_days = 0
    where customer_id in (select customer_id from refresh.customer);
delete from marts.customer_consent where customer_id like 'n%';
insert into marts.customer_consent by name
    select c.* replace ('n' || i as customer_id) from marts.customer_consent as c
    cross join range({new}) as r (i) where customer_id = 'c0';
insert into identity.identifier by name select -1 - i as identifier_key, 'loyalty_id' as type,
    md5('new' || i) as value_hash, 'active' as status from range({new}) as r (i)
    where -1 - i not in (select identifier_key from identity.identifier);
insert into identity.identity_assignment by name select -1 - i as identifier_key, 'n' || i as canonical_id,
    timestamp '2018-01-01' as valid_from, timestamp '9999-12-31' as valid_to, timestamp '9999-12-31' as system_to
    from range({new}) as r (i) where -1 - i not in (select identifier_key from identity.identity_assignment);
update ops.run_context set as_of = as_of + interval 1 hour
"""


def project_in(root: Path) -> Project:
    """A project with the shipped rules."""
    return Project(DataPaths(root), repository_root() / "config", Settings(), FixedClock(AS_OF))


def prepare(root: Path, customers: int) -> None:
    """The warehouse of everybody."""
    warehouse = Warehouse(project_in(root).paths.warehouse)
    warehouse.prepare()
    _run(warehouse, TABLES.format(customers=customers))


def touch(root: Path, customers: int, touched: int) -> None:
    """So many customers change within the next hour."""
    new = int(touched * NEW_SHARE)
    known = touched - new
    _run(Warehouse(project_in(root).paths.warehouse), HOUR.format(step=customers // known, known=known, new=new))


def publish(root: Path, *, everybody: bool) -> str:
    """Publish in this process; what came of it."""
    project = project_in(root)
    warehouse = Warehouse(project.paths.warehouse)
    before = resource.getrusage(resource.RUSAGE_SELF)
    if everybody:
        done = publish_snapshot(project, warehouse, ModelRegistry(project.paths.models))
        rows, name = done.counts["profile"], done.version
    else:
        changed = publish_changed(project, warehouse)
        if changed is None:
            raise RuntimeError("nothing has changed")
        rows, name = changed.rows["profile"], changed.version
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    own = sum(file.stat().st_size for file in (project.paths.snapshots / name).iterdir() if file.stat().st_nlink == 1)
    return (
        f"{rows:,} profiles, {own / 2**20:.1f} MiB written, {cpu:.1f} CPU s, {used.ru_maxrss / 2**20:.2f} GiB at most"
    )


def lookups(root: Path, versions: Sequence[str], customers: int) -> list[str]:
    """By version the microseconds of CPU to find one profile: the best of several rounds, in which they take turns."""
    rng = random.Random(1)  # noqa: S311 - a benchmark needs no secret
    names = [f"c{rng.randrange(customers)}" for _ in range(LOOKUPS)]
    best = dict.fromkeys(versions, float("inf"))
    for version in [*versions] * ROUNDS:
        folder = project_in(root).paths.snapshots / version
        verify(folder)
        with SnapshotReader(folder) as reader:
            began = time.process_time()
            for name in names:
                reader.profile(name)
            best[version] = min(best[version], (time.process_time() - began) / LOOKUPS * 1e6)
    return [f"{cost:.2f}" for cost in best.values()]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--touched", type=int, nargs="+", default=[1_000, 10_000])
    parser.add_argument("--publish", choices=["everybody", "touched"], help=argparse.SUPPRESS)
    parser.add_argument("--root", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if asked.publish:
        _say(publish(asked.root, everybody=asked.publish == "everybody"))
        return
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        prepare(root, asked.customers)
        _say(f"whole snapshot: {_measured(root, 'everybody')}")
        base = live = str(pointer.current(project_in(root).paths.snapshots))
        for touched in asked.touched:
            touch(root, asked.customers, touched)
            _say(f"{touched:,} touched: {_measured(root, 'touched')}")
            live = str(pointer.current(project_in(root).paths.snapshots))
        found = " and ".join(lookups(root, [base, live], asked.customers))
        _say(f"us to find a profile, without and with a delta: {found}")


def _measured(root: Path, what: str) -> str:
    command = [sys.executable, "-m", "benchmarks.changed_customers", "--root", str(root), "--publish", what]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def _run(warehouse: Warehouse, sql: str) -> None:
    with warehouse.connect() as connection:
        for statement in filter(str.strip, sql.split(";\n")):
            connection.execute(statement).fetchall()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
