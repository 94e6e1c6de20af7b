"""Segment's own libraries deliver to the service, and what they sent reaches the lake and one person's profile."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from intake.hashing import hash_identifier
from intake.keys import identifier_key_bytes
from intake.paths import DataPaths, repository_root
from intake.project import Project
from intake.scan import scan_locations
from tests.intake.scene import lake_rows
from tests.system.service_process import PATIENCE_SECONDS, first_version, serving

pytestmark = pytest.mark.system

NODE = Path(__file__).with_name("node")
SENT = Counter(
    profile_updated=2, product_viewed=1, order_completed=1, page_viewed=2, account_described=1
)  # identify and alias; page and screen
PYTHON_CLIENT = """
import sys
import segment.analytics as analytics
analytics.host, analytics.write_key, analytics.gzip, analytics.max_retries = sys.argv[1], sys.argv[2], True, 0
failed = []
analytics.on_error = lambda error, batch: failed.append(error)
user = "python-user"
analytics.identify(user, {"email": "python@shop.example"}, anonymous_id="python-cookie")
analytics.track(user, "Product Viewed", {"product_id": "p1"})
lines = [{"product_id": "p1", "price": 4, "quantity": 1}]
analytics.track(user, "Order Completed", {"order_id": "p-1", "products": lines})
analytics.page(user, "", "Home", {"url": "https://shop.example/"})
analytics.screen(user, "", "Cart")
analytics.group(user, "acme", {"industry": "toys"})
analytics.alias("python-cookie", user)
analytics.shutdown()
sys.exit(str(failed) if failed else 0)
"""


def command_of(client: str) -> list[str]:
    if client == "python":
        return [sys.executable, "-c", PYTHON_CLIENT]
    return [str(Path(sys.executable).with_name("node")), str(NODE / "send.mjs")]


def persons(events: list[dict[str, Any]], paths: DataPaths) -> dict[tuple[str, str], int]:
    key = identifier_key_bytes(paths)
    clear = {"login": ["python-user", "node-user"], "cookie": ["python-cookie", "node-cookie"]}
    names = {hash_identifier(key, kind, value): (kind, value) for kind in clear for value in clear[kind]}
    return Counter(names[pair["value"]] for event in events for pair in event["identifiers"] if pair["value"] in names)


@pytest.mark.parametrize("client", ["python", "node"])
def test_every_kind_of_call_reaches_the_lake(tmp_path: Path, client: str) -> None:
    paths = DataPaths(tmp_path)
    first_version(paths)
    # The clients send the machine's own time.
    environment = {"CONCIERGE_CONFIG": str(wall_clock_configuration(tmp_path))}
    with serving(tmp_path, environment=environment) as served:
        done = subprocess.run(
            [*command_of(client), served.url, "any"],
            env=os.environ,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
        )
        assert done.returncode == 0, done.stderr
        served.stop()
    project = Project.open(paths, tmp_path / "config")
    reports = scan_locations(project, ["segment_events", "segment_groups"])
    assert sum(report.total("quarantined") for report in reports) == 0
    events = lake_rows(project)
    assert Counter(event["event_type"] for event in events) == SENT
    found = persons(events, paths)
    assert found[("login", f"{client}-user")] == 7
    assert found[("cookie", f"{client}-cookie")] >= 1
    order = next(event for event in events if event["event_type"] == "order_completed")
    assert float(order["amount"]) == {"python": 4.0, "node": 19.0}[client]
    assert {event["source"] for event in events} == {"segment_events", "segment_groups"}


def wall_clock_configuration(root: Path) -> Path:
    """The shipped configuration without its fixed clock."""
    folder = root / "config"
    folder.mkdir()
    for entry in (repository_root() / "config").iterdir():
        if entry.name != "settings.yml":
            (folder / entry.name).symlink_to(entry)
    (folder / "settings.yml").write_text("project: clients\n", encoding="utf-8")
    return folder
