"""What the network and the disk do to a service: slow clients, huge and broken requests, crowds, a full disk."""

from __future__ import annotations

import asyncio
import json
import select
import socket
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from intake.ops_store import OpsStore
from intake.paths import DataPaths, repository_root
from tests.system.service_process import PATIENCE_SECONDS, Served, first_version, serving, wait_for

pytestmark = pytest.mark.system

BODY_SECONDS = 1.0
ASK = {"placements": ["home_hero", "checkout_incentive"], "identifiers": [{"type": "loyalty_id", "value": "ann"}]}
CROWD = 300
FILE_LIMIT = 400_000


def configuration(root: Path, **serving_settings: Any) -> Path:
    """The shipped configuration with other settings of the service."""
    folder = root / "config"
    folder.mkdir()
    for entry in (repository_root() / "config").iterdir():
        if entry.name != "settings.yml":
            (folder / entry.name).symlink_to(entry)
    # The sample's snapshot is of 2018, and these services live by the wall clock.
    settings = {"serving": serving_settings, "pausing": {"snapshot_hours": None}}
    (folder / "settings.yml").write_text(json.dumps(settings), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    root = tmp_path_factory.mktemp("faults")
    first_version(DataPaths(root))
    config = configuration(root, body_seconds=BODY_SECONDS, max_connections=CROWD + 50, queue_limit=20)
    with serving(root, environment={"CONCIERGE_CONFIG": str(config)}) as service:
        yield service


def exchange(url: str, *pieces: bytes, pause: float = 0.0) -> bytes:
    """What the service answers to these bytes until it closes the connection."""
    parts = urlsplit(url)
    with socket.create_connection((str(parts.hostname), int(parts.port or 0)), timeout=PATIENCE_SECONDS) as connection:
        answer = b""
        try:
            for piece in pieces:
                connection.sendall(piece)
                if select.select([connection], [], [], pause)[0]:
                    break
            while block := connection.recv(65_536):
                answer += block
                if b"\r\n\r\n" in answer and b"keep" in pieces[0]:
                    break
        except (TimeoutError, ConnectionError):
            pass
        return answer


def problem(answer: bytes) -> tuple[int, str]:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head, answer[:500]
    return int(head.split()[1]), json.loads(body)["error"]["code"]


HEAD = b"POST /v1/decide HTTP/1.1\r\nhost: shop\r\ncontent-length: 50\r\n"


@pytest.mark.parametrize(
    ("pieces", "status", "code"),
    [
        ([b""], 408, "too_slow"),
        ([b"POST /v1/dec"], 408, "too_slow"),
        ([HEAD], 408, "too_slow"),
        ([HEAD + b'\r\n{"placements'], 408, "too_slow"),
        ([b"POST /v1/decide HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"pla\r\n"], 408, "too_slow"),
        ([b"GET /healthz HTTP/1.1\r\nx: " + b"a" * 40_000 + b"\r\n\r\n"], 431, "head_too_large"),
        ([b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\n\r\n"], 431, "head_too_large"),
        ([b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"], 400, "not_http"),
        ([b"GET / HTTP/9.9\r\n\r\n"], 400, "not_http"),
        ([b"GET /\xff HTTP/1.1\r\nhost: x\r\n\r\n"], 400, "not_http"),
        ([b"POST /v1/decide HTTP/1.1\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n{}"], 400, "not_http"),
    ],
)  # fmt: skip
def test_what_never_becomes_a_request_is_answered_and_cut_off(
    served: Served, pieces: list[bytes], status: int, code: str
) -> None:
    assert problem(exchange(served.url, *pieces)) == (status, code)


def test_a_drop_at_a_time_ends_when_its_time_is_up(served: Served) -> None:
    began = time.monotonic()
    assert problem(exchange(served.url, *[bytes([c]) for c in HEAD], pause=0.1)) == (408, "too_slow")
    assert time.monotonic() - began < 60


@pytest.mark.parametrize("path", ["/v1/decide", "/v1/decide/batch", "/v1/events", "/v1/track"])
def test_ten_megabytes_are_refused(served: Served, path: str) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(100):
            yield b" " * 100_000

    for content in (b" " * 10_000_000, chunks()):
        with httpx.Client(base_url=served.url, timeout=PATIENCE_SECONDS) as client:
            try:
                answer = client.post(path, content=content)
            except httpx.WriteError:
                continue
            assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")
            assert answer.json()["error"]["bound"] in (1 << 20, 4 << 20)


def test_a_crowd_is_answered_without_an_error_and_one_too_many_is_turned_away(served: Served) -> None:
    parts = urlsplit(served.url)
    content = json.dumps(ASK).encode()
    request = b"POST /v1/decide HTTP/1.1\r\nhost: keep\r\ncontent-length: %d\r\n\r\n%b" % (len(content), content)

    async def one(barrier: asyncio.Barrier) -> bytes:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        await barrier.wait()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        body = await reader.readexactly(length)
        await barrier.wait()
        writer.close()
        return head + body

    async def crowd() -> list[bytes]:
        barrier = asyncio.Barrier(CROWD)
        return await asyncio.gather(*(one(barrier) for _ in range(CROWD)))

    answers = asyncio.run(crowd())
    assert Counter(answer.split()[1] for answer in answers) == {b"200": CROWD}
    rungs = Counter(
        decision["rung"] for answer in answers for decision in json.loads(answer.partition(b"\r\n\r\n")[2])["decisions"]
    )
    counted = sum(
        float(line.split()[-1])
        for line in httpx.get(f"{served.url}/metrics").text.splitlines() if line.startswith("concierge_late_total")
    )  # fmt: skip
    assert rungs["late"] == counted > 0
    held = [socket.create_connection((str(parts.hostname), int(parts.port or 0))) for _ in range(CROWD + 50)]
    assert problem(exchange(served.url, b"")) == (503, "too_many_connections")
    for connection in held:
        connection.close()
    wait_for(lambda: httpx.get(f"{served.url}/healthz").status_code == 200, "the crowd to be gone")


def test_a_client_that_leaves_in_the_middle_is_no_failure(served: Served) -> None:
    parts = urlsplit(served.url)
    for number in range(20):
        with socket.create_connection((str(parts.hostname), int(parts.port or 0))) as connection:
            connection.sendall(HEAD + b"\r\n{" * (number % 2))
    assert httpx.post(f"{served.url}/v1/decide", json=ASK).status_code == 200


def test_a_full_disk_stops_no_decision_and_acknowledges_no_event(tmp_path: Path) -> None:
    paths = DataPaths(tmp_path)
    first_version(paths)
    OpsStore(paths).pauses()
    limited = {"CONCIERGE_TEST_FILE_LIMIT": str(FILE_LIMIT)}
    with (
        serving(tmp_path, environment=limited, program=LIMITED) as service,
        httpx.Client(base_url=service.url) as client,
    ):
        lost = 0
        for _ in range(40):
            for _ in range(20):
                assert client.post("/v1/decide", json=ASK).status_code == 200
            time.sleep(0.1)
            lost = client.get("/readyz").json()["decisions_lost"]
            if lost:
                break
        assert lost > 0
        assert 'concierge_decisions_lost{worker="' in client.get("/metrics").text
        page = {"event_type": "page_viewed", "properties": {"text": "x" * 5_000}}
        statuses = [client.post("/v1/events", json={"events": [page] * 40}).status_code for _ in range(6)]
        assert statuses[-1] == 503
        acknowledged = statuses.count(202) * 40
        wait_for(lambda: OpsStore(paths).list_alerts() != [], "the alert")
        assert client.post("/v1/decide", json=ASK).status_code == 200
        service.stop()
    events = paths.service_log / "events"
    assert sum(file.read_bytes().count(b"\n") for file in events.glob("*.jsonl")) == acknowledged
    assert [alert.severity for alert in OpsStore(paths).list_alerts()] == ["critical"]


LIMITED = """
import os, resource, signal
from intake.project import Project
from serving.server import serve
import sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
limit = int(os.environ["CONCIERGE_TEST_FILE_LIMIT"])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
serve(Project.open(), port=int(sys.argv[sys.argv.index("--port") + 1]), workers=1)
"""
