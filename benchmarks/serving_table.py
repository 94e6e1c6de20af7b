"""`make bench-serving`: the service with a million profiles of 80 features, beside controls on its server, and Feast.

Cases of a round follow each other and rounds repeat, so that what the machine does meanwhile meets all of them; a ratio
is the median over rounds. wrk shares the cores with the servers. Needs wrk and redis-server of the system's packages.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import httpx
import msgspec

from benchmarks import serving, serving_feast
from benchmarks.paced import paced
from benchmarks.serving import KEY, start
from benchmarks.wrk import Case, Rate, load
from intake.paths import DataPaths, repository_root
from serving.snapshot import pointer

AUTHORIZED = {"authorization": f"Bearer {KEY}"}
CONTEXT = {"device_type": "mobile", "product_id": "p7", "product_ids": ["p7", "p8"], "cart_value": 40.0}
Row = tuple[str, str, str]


def cases(customers: int) -> dict[str, Case]:
    """What is compared; people are drawn at random."""
    rng = random.Random(2)  # noqa: S311 - a benchmark needs no secret
    people = [[{"type": "cookie", "value": f"{rng.randrange(customers)}@x.yz"}] for _ in range(4_000)]
    asked = [{"identifiers": p, "placements": ["checkout_incentive"], "context": CONTEXT} for p in people]
    batch = {"placements": ["checkout_incentive"], "context": CONTEXT}
    hundred = [{"people": [{"identifiers": p} for p in people[n : n + 100]], **batch} for n in range(0, 4_000, 100)]

    def post(name: str, path: str, bodies: list[object]) -> Case:
        return Case(name, "POST", path, [msgspec.json.encode(body) for body in bodies], AUTHORIZED)

    return {
        "static": Case("static GET", "GET", "/static"),
        "echo": post("POST echo", "/echo", list(asked)),
        "lookup": post("profile lookup", "/v1/profiles/lookup", [{"identifiers": p} for p in people]),
        "features": post("80 features", "/v1/features", [{"identifiers": p} for p in people]),
        "decide": post("full decision", "/v1/decide", list(asked)),
        "batch": post("batch of 100", "/v1/decide/batch", list(hundred)),
    }


def measured(work: Mapping[str, tuple[int, Case]], seconds: float, rounds: int) -> dict[str, list[Rate]]:
    """Each case in turn, `rounds` times."""
    found: dict[str, list[Rate]] = {name: [] for name in work}
    for _ in range(rounds):
        for name, (port, case) in work.items():
            found[name].append(load(case, port, seconds))
    return found


def ratio(found: Mapping[str, list[Rate]], one: str, other: str) -> float:
    """Median over rounds of the ratio of rates."""
    return statistics.median(a.rate / b.rate for a, b in zip(found[one], found[other], strict=True))


def ratios(found: Mapping[str, list[Rate]]) -> list[Row]:
    """The rows that compare cases of one run."""
    rows = [
        ("full decision / static GET", f"{ratio(found, 'decide', 'static'):.2f}", "0.26"),
        ("full decision / POST echo", f"{ratio(found, 'decide', 'echo'):.2f}", "0.35"),
        ("profile lookup / static GET", f"{ratio(found, 'lookup', 'static'):.2f}", "0.70"),
        ("batch of 100 / singles, per decision", f"{100 * ratio(found, 'batch', 'decide'):.1f}", "2"),
    ]
    stores = [name for name in found if name.startswith("feast")]
    if stores:
        best = max(stores, key=lambda name: statistics.median(r.rate for r in found[name]))
        rows.append((f"80 features / Feast ({best.partition(' ')[2]})", f"{ratio(found, 'features', best):.1f}", "25"))
        rows.append((f"decision / Feast ({best.partition(' ')[2]})", f"{ratio(found, 'decide', best):.1f}", "12"))
    return rows


def overload(port: int, work: Mapping[str, Case], rate: float, seconds: float) -> list[Row]:
    """Half of what saturates, by the clock, and far more than may wait at once."""
    calm = asyncio.run(paced(port, work["decide"], rate / 2, seconds))
    before = late_answers(port)
    crowd = load(work["decide"], port, seconds, connections=600)
    return [
        (f"p99 at half the saturation rate ({calm.rate:,.0f}/s)", f"{calm.p99_ms:.1f} ms", "10 ms"),
        (
            "600 connections at once: failed; prepared answers counted",
            f"{crowd.failed}; {late_answers(port) - before:,.0f} of {crowd.rate * seconds:,.0f}",
            "0",
        ),
    ]


def late_answers(port: int) -> float:
    """Answers prepared for everybody that were given for want of time, as the service counts them."""
    said = httpx.get(f"http://127.0.0.1:{port}/metrics", headers=AUTHORIZED).text
    return sum(
        float(value) for value in re.findall(r'^concierge_decisions_total\{[^}]*rung="late"[^}]*\} (\S+)', said, re.M)
    )


def switching(root: Path, port: int, case: Case, seconds: float) -> list[Row]:
    """Switch to and fro under load: what failed, and what it did to the slowest."""
    still = load(case, port, seconds)
    stop = threading.Event()

    def to_and_fro() -> None:
        while not stop.wait(0.7):
            pointer.switch(root, "bench2" if pointer.current(root) == "bench" else "bench")

    thread = threading.Thread(target=to_and_fro)
    thread.start()
    moving = load(case, port, seconds)
    stop.set()
    thread.join()
    return [
        ("switches under load: failed answers", str(moving.failed), "0"),
        ("switches under load: p99 / p99 without", f"{moving.p99_ms / still.p99_ms:.1f}", "2"),
    ]


def private_megabytes(parent: int) -> float:
    """Private memory of the busiest worker, outside the mapped store."""
    found = 0.0
    for pid in {parent, *(int(path.name) for path in Path("/proc").glob("[0-9]*") if _parent(path) == parent)}:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        found = max(found, sum(int(kb) for kb in re.findall(r"^Private_Dirty:\s+(\d+)", text, re.M)) / 1024)
    return found


def _parent(path: Path) -> int:
    try:
        return int((path / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def replayed(root: Path, last: int) -> Row:
    """Decisions of the run made again."""
    environment = os.environ | {"CONCIERGE_DATA": str(root), "CONCIERGE_CONFIG": str(repository_root() / "config")}
    command = [str(Path(sys.executable).parent / "concierge"), "replay", "--last", str(last)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return "replay of logged decisions", " ".join(done.stdout.split()) or done.stderr.strip(), "all the same"


def main() -> None:
    """Build, measure, print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serving_table", description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=4.0, help="per case and round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--feast", type=Path, help="folder of an environment with Feast; else one is made")
    parser.add_argument("--without-feast", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        rows = table(Path(scratch), given)
    print("| measure | measured | at least / at most |\n|---|---|---|")
    for row in rows:
        print(f"| {' | '.join(row)} |")


def table(scratch: Path, given: argparse.Namespace) -> list[Row]:
    """All rows."""
    paths, work = DataPaths(scratch / "data"), cases(given.customers)
    cpu = serving.build(paths, given.customers, serving_feast.FEATURES)
    rows = [(f"build and verify, {given.customers:,} profiles x 80", f"{cpu:.0f} CPU s", "60 CPU s")]
    serving.second_version(paths)
    process, port = start(paths.root, 1, KEY)
    try:
        load(work["decide"], port, 2)
        found = beside_feast(scratch, given, {name: (port, case) for name, case in work.items()})
        for name, rates in found.items():
            middle = statistics.median(r.rate for r in rates)
            print(
                f"{name:16} {middle:10,.0f} a second, p99 {statistics.median(r.p99_ms for r in rates):.1f} ms",
                flush=True,
            )
        rows += ratios(found)
        rows += overload(port, work, statistics.median(r.rate for r in found["decide"]), given.seconds)
        rows += switching(paths.snapshots, port, work["decide"], given.seconds)
        one = load(work["decide"], port, given.seconds)
        rows.append(("private memory of the worker", f"{private_megabytes(process.pid):.0f} MB", "store: 20 MB"))
    finally:
        process.terminate()
        process.wait()
    rows += [
        two_workers(paths, work["decide"], given.seconds, one),
        small_store(scratch, given),
        replayed(paths.root, 10_000),
    ]
    return rows


def beside_feast(scratch: Path, given: argparse.Namespace, work: dict[str, tuple[int, Case]]) -> dict[str, list[Rate]]:
    """All cases, with Feast's in between unless it is left out."""
    with ExitStack() as stack:
        if not given.without_feast:
            python = serving_feast.environment(given.feast or scratch / "feast")
            for store in ("sqlite", "redis"):
                work[f"feast {store}"] = stack.enter_context(serving_feast.serving(python, scratch, store))
        return measured(work, given.seconds, given.rounds)


def two_workers(paths: DataPaths, case: Case, seconds: float, one: Rate) -> Row:
    """The rate of two workers on what cores there are."""
    process, port = start(paths.root, 2, KEY)
    try:
        load(case, port, 2)
        two = load(case, port, seconds)
    finally:
        process.terminate()
        process.wait()
    return f"two workers / one (wrk on the same {os.cpu_count()} cores)", f"{two.rate / one.rate:.2f}", "1.6"


def small_store(scratch: Path, given: argparse.Namespace) -> Row:
    """Private memory of a worker over a thousand profiles, to take the program from the store's."""
    paths, work = DataPaths(scratch / "small"), cases(1_000)
    serving.build(paths, 1_000, serving_feast.FEATURES)
    process, port = start(paths.root, 1, KEY)
    try:
        for case in ("decide", "features", "lookup", "batch"):
            load(work[case], port, given.seconds)
        return "the same over 1,000 profiles", f"{private_megabytes(process.pid):.0f} MB", ""
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    began = time.monotonic()
    main()
    print(f"{time.monotonic() - began:.0f} s")
