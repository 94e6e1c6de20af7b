"""Feast beside the service: 80 features of one customer over HTTP, from the faster of its local online stores.

Feast lives in an environment of its own, made in a temporary folder, since its dependencies are not ours.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import msgspec

from benchmarks.wrk import Case

FEATURES = [f"f{number}" for number in range(80)]
# Writing a row of 80 features takes Feast 1 to 2 ms of CPU; reading one does not depend on how many there are.
CUSTOMERS = 5_000
_STORES = {
    "sqlite": "  type: sqlite\n  path: online.db\n",
    "redis": '  type: redis\n  connection_string: "127.0.0.1:{port}"\n',
}
_SETTINGS = """project: bench
registry: registry.db
provider: local
online_store:
{store}offline_store:
  type: file
entity_key_serialization_version: 3
"""
_FILL = """
import sys
from datetime import timedelta
import numpy as np, pandas as pd
from feast import Entity, FeatureService, FeatureStore, FeatureView, Field, FileSource, ValueType
from feast.types import Float64
count, names = int(sys.argv[1]), sys.argv[2].split(",")
rows = pd.DataFrame(np.random.default_rng(1).random((count, len(names))), columns=names)
rows.insert(0, "customer", [f"c{n}" for n in range(count)])
rows["event_timestamp"] = pd.Timestamp("2018-01-01", tz="UTC")
rows.head(1).to_parquet("rows.parquet")
customer = Entity(name="customer", join_keys=["customer"], value_type=ValueType.STRING)
view = FeatureView(name="profile", entities=[customer], ttl=timedelta(0), source=FileSource(
    path="rows.parquet", timestamp_field="event_timestamp"), schema=[Field(name=n, dtype=Float64) for n in names])
store = FeatureStore(repo_path=".")
store.apply([customer, view, FeatureService(name="everything", features=[view])])
for begin in range(0, count, 5000):
    store.write_to_online_store("profile", rows.iloc[begin:begin + 5000])
"""


def environment(folder: Path) -> Path:
    """Python of an environment with Feast in it."""
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run(
            [sys.executable, "-m", "uv", "pip", "install", "-q", "--python", str(python), "feast[redis]"], check=True
        )
    return python


@contextmanager
def serving(python: Path, scratch: Path, store: str) -> Iterator[tuple[int, Case]]:
    """A feature server over one online store: its port, and a read of all features of one customer."""
    repo = scratch / store
    repo.mkdir()
    with _redis(store) as redis_port:
        (repo / "feature_store.yaml").write_text(_SETTINGS.format(store=_STORES[store].format(port=redis_port)))
        subprocess.run(
            [str(python), "-c", _FILL, str(CUSTOMERS), ",".join(FEATURES)], cwd=repo, check=True, capture_output=True
        )
        port = free_port()
        command = [str(python.parent / "feast"), "serve", "--host", "127.0.0.1", "--port", str(port), "--no-access-log",
                   "--workers", "1", "--max-requests", "100000000", "--registry_ttl_sec", "3600"]  # fmt: skip
        process = subprocess.Popen(command, cwd=repo, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _wait(port)
            yield port, read_of_all()
        finally:
            process.terminate()
            process.wait()


def read_of_all() -> Case:
    """Everything of one customer, another one each time."""
    bodies = [
        msgspec.json.encode({"feature_service": "everything", "entities": {"customer": [f"c{n * 7 % CUSTOMERS}"]}})
        for n in range(CUSTOMERS)
    ]
    return Case("Feast: 80 features", "POST", "/get-online-features", bodies)


@contextmanager
def _redis(store: str) -> Iterator[int]:
    if store != "redis":
        yield 0
        return
    server, port = shutil.which("redis-server") or shutil.which("valkey-server"), free_port()
    if server is None:
        raise SystemExit("redis-server is missing: apt-get install redis-server")
    command = [server, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        yield port
    finally:
        process.terminate()
        process.wait()


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(port: int) -> None:
    for _ in range(900):
        try:
            if httpx.get(f"http://127.0.0.1:{port}/health").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise SystemExit("Feast did not become ready")
