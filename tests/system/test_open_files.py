"""A service that may open few files: it holds the connections it has room for, answers the others, and goes on."""

from __future__ import annotations

import json
import socket
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from intake.paths import DataPaths
from serving.open_files import OWN_FILES
from tests.system.service_process import PATIENCE_SECONDS, first_version, serving, wait_for

pytestmark = pytest.mark.system

ALLOWED, CROWD = 200, 250
FEW_FILES = f"""
import resource, sys
from intake.project import Project
from serving.server import serve
resource.setrlimit(resource.RLIMIT_NOFILE, ({ALLOWED // 2}, {ALLOWED}))
serve(Project.open(), port=int(sys.argv[sys.argv.index("--port") + 1]), workers=1)
"""
REQUEST = b"GET /healthz HTTP/1.1\r\nhost: shop\r\n\r\n"


def answer(connection: socket.socket) -> str:
    """Status and code of the problem, if it is one."""
    text = connection.recv(65_536).decode()
    head, _, body = text.partition("\r\n\r\n")
    return " ".join([head.split()[1], *([json.loads(body)["error"]["code"]] if "problem+json" in head else [])])


def test_more_connections_than_open_files_are_answered_and_what_goes_on_goes_on(tmp_path: Path) -> None:
    first_version(DataPaths(tmp_path))
    with serving(tmp_path, program=FEW_FILES) as served, httpx.Client(base_url=served.url) as held:
        parts = urlsplit(served.url)
        # A connection of its own, which stays.
        assert held.get("/healthz").status_code == 200
        crowd, told = [], Counter[str]()
        for _ in range(CROWD):
            connection = socket.create_connection((str(parts.hostname), int(parts.port or 0)), timeout=PATIENCE_SECONDS)
            connection.sendall(REQUEST)
            told[answer(connection)] += 1
            crowd.append(connection)
        room = ALLOWED - OWN_FILES
        assert set(told) == {"200", "503 too_many_connections"}
        # The connection of whoever asked whether it is ready may still be counted.
        assert room - 2 <= told["200"] <= room
        event = {"event_type": "product_viewed", "product_id": "p1", "identifiers": [{"type": "cookie", "value": "k"}]}
        assert held.post("/v1/events", json={"events": [event]}).status_code == 202
        assert held.post("/v1/decide", json={"placements": ["home_hero"]}).status_code == 200
        for connection in crowd:
            connection.close()
        wait_for(lambda: httpx.get(f"{served.url}/healthz").status_code == 200, "the crowd to be gone")
