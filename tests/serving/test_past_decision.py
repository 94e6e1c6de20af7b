"""A decision looked up by its id: as it was logged, in words, whether it was shown, and never whose it was."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest

from serving.explanation import record_of
from serving.log.lookup import decision_lines, logged_decision, logged_exposures
from serving.log.segment import SegmentWriter
from serving.snapshot import pointer
from tests.serving import sample
from tests.serving.service_client import config, logged, running, until
from tests.serving.test_openapi import schema

ANN = [{"type": "loyalty_id", "value": "ann"}]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    sample.write(tmp_path / "snapshots", "v1")
    pointer.switch(tmp_path / "snapshots", "v1")
    return tmp_path


async def decide(client: httpx.AsyncClient, placement: str, **context: Any) -> dict[str, Any]:
    body = {"identifiers": ANN, "placements": [placement], "context": context}
    answer: dict[str, Any] = (await client.post("/v1/decide", json=body)).json()["decisions"][0]
    return answer


async def looked_up(client: httpx.AsyncClient, name: str) -> httpx.Response:
    answers: list[httpx.Response] = []

    async def holds() -> bool:
        answers.append(await client.get(f"/v1/decisions/{name}"))
        return answers[-1].status_code != 404

    await until(holds)
    return answers[-1]


def test_a_decision_is_told_as_it_was_made_and_whether_it_was_shown(root: Path) -> None:
    async def run() -> None:
        async with running(config(root)) as client:
            made = await decide(client, "home_hero", channel="web")
            other = await decide(client, "product_recommendation", product_id="p1")
            response = await looked_up(client, made["personalization_id"])
            told = response.json()
            jsonschema.validate(told, schema("DecisionRecord"))
            shared = set(made) & set(told) - {"missing_purpose"}
            assert {name: told[name] for name in shared} == {name: made[name] for name in shared}
            assert told["explanation"] == (
                "On 2018-01-02 15:30:00 UTC (web) home_hero chose 'produce': "
                '"Shoppers like you buy a lot of fresh produce."'
                " Why: best permitted action of the person's segment in the decision table; segment 0; chosen with"
                " probability 0.933 before deli, meat; from snapshot v1. Not permitted: we_missed_you (This banner"
                " greets people who have been away for 60 days)."
                " Nothing says that it was shown."
            )
            assert '"ann"' not in response.text
            assert sample.value_hash("loyalty_id", "ann") not in response.text
            shown = {"personalization_id": made["personalization_id"], "identifiers": ANN}
            assert (await client.post("/v1/exposures", json={"exposures": [shown]})).status_code == 202
            again = (await looked_up(client, made["personalization_id"])).json()
            assert again["explanation"].endswith("It was shown at 2018-01-02 15:30:00 UTC.")
            listed = (await looked_up(client, other["personalization_id"])).json()
            assert listed["items"] == [item["product_id"] for item in other["content"]["items"]]
            assert listed["rung"] == other["rung"]

    asyncio.run(run())


def test_a_segment_that_is_closed_while_the_log_is_read_is_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer, glob = SegmentWriter(tmp_path / "decisions", "w"), Path.glob
    writer.write(b"one\n", durable=False)

    def closing(folder: Path, kind: str) -> Iterator[Path]:
        found = list(glob(folder, kind))
        writer.close()
        return iter(found)

    monkeypatch.setattr(Path, "glob", closing)
    assert list(decision_lines(tmp_path, b"one")) == [b"one"]


@pytest.mark.parametrize(("name", "status", "code"), [("0" * 32, 404, "unknown_decision"), ("x", 422, "wrong_field")])
def test_what_is_not_on_record_is_said_so(root: Path, name: str, status: int, code: str) -> None:
    async def run() -> None:
        async with running(config(root)) as client:
            response = await client.get(f"/v1/decisions/{name}")
            assert (response.status_code, response.json()["error"]["code"]) == (status, code)

    asyncio.run(run())


def test_it_needs_the_key(root: Path) -> None:
    async def run() -> None:
        async with running(config(root, api_key="a-long-enough-api-key")) as client:
            assert (await client.get(f"/v1/decisions/{'0' * 32}")).status_code == 401

    asyncio.run(run())


def test_every_decision_of_every_segment_is_found_and_torn_or_blanked_lines_are_not(root: Path) -> None:
    async def run(worker: str) -> None:
        async with running(config(root, worker=worker)) as client:
            for product in ("p1", "p2", "p3"):
                await decide(client, "home_hero", product_id=product)
                await decide(client, "checkout_incentive", product_ids=[product], cart_value=30.0)

    for worker in ("a", "b"):
        asyncio.run(run(worker))
    log = root / "service_log"
    lines = logged(root, "decisions")
    assert len(lines) == 12
    for line in lines:
        found = logged_decision(log, line["personalization_id"])
        assert found == line
        record = record_of(found, logged_exposures(log, line["personalization_id"]))
        assert record.explanation.startswith("On 2018-01-02 15:30:00 UTC")
        assert len(record.blocked) == len(line["properties"]["blocked"])
    (file, *_) = sorted((log / "decisions").glob("*.jsonl"))
    first, rest = file.read_bytes().split(b"\n", 1)
    file.write_bytes(b" " * len(first) + b"\n" + rest[: rest.index(b"\n") - 5])
    gone = {line["personalization_id"] for line in lines[:6]}
    assert [logged_decision(log, name) for name in gone] == [None] * len(gone)
