"""Questions, answers and caps on two workers of one machine, as a shop would post and ask."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from serving.snapshot import pointer
from tests.serving import sample
from tests.serving.service_client import config, running

ANN = [{"type": "loyalty_id", "value": "ann"}]
BOB = [{"type": "loyalty_id", "value": "bob"}]
COOKIE = [{"type": "cookie", "value": "k1"}]
Scenario = Callable[[httpx.AsyncClient, httpx.AsyncClient], Awaitable[None]]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    sample.write(tmp_path / "snapshots", "v1")
    pointer.switch(tmp_path / "snapshots", "v1")
    return tmp_path


def play(root: Path, scenario: Scenario) -> None:
    changes: dict[str, Any] = {"overlay": root / "runtime", "overlay_megabytes": 16}

    async def run() -> None:
        async with (
            running(config(root, worker="one", **changes)) as first,
            running(config(root, worker="two", **changes)) as second,
        ):
            await scenario(first, second)

    asyncio.run(run())


async def post(client: httpx.AsyncClient, who: list[dict[str, str]], kind: str, **more: Any) -> None:
    events = [{"event_type": kind, "identifiers": who, **more}]
    response = await client.post("/v1/events", json={"events": events})
    assert response.status_code == 202, response.text


async def decide(client: httpx.AsyncClient, who: list[dict[str, str]], *placements: str) -> list[dict[str, Any]]:
    response = await client.post("/v1/decide", json={"placements": list(placements), "identifiers": who})
    assert response.status_code == 200, response.text
    answers: list[dict[str, Any]] = response.json()["decisions"]
    return answers


def test_asked_once_answered_and_used_at_once(root: Path) -> None:
    async def scenario(first: httpx.AsyncClient, second: httpx.AsyncClient) -> None:
        for number in range(2):
            await post(first, ANN, "size_guide_opened", event_id=f"s{number}")
        asked = await decide(second, ANN, "fit_help", "fit_help")
        assert [one["action"] for one in asked] == ["ask_for_the_fit", "size_table"]
        assert asked[1]["blocked"][0]["rule"] == "never_asked_again"
        # The other worker knows it, also by another identifier of the same customer.
        (again,) = await decide(first, COOKIE, "fit_help")
        assert again["action"] == "size_table"
        await post(first, ANN, "survey_answered", properties={"question": "preferred_fit", "answer": "loose"})
        (used,) = await decide(second, ANN, "fit_help")
        assert used["action"] == "suggest_a_size_up"
        assert "You told us that you like a loose fit." in used["reason"]

    play(root, scenario)


def test_a_cap_counts_what_was_posted_as_shown(root: Path) -> None:
    async def scenario(first: httpx.AsyncClient, second: httpx.AsyncClient) -> None:
        await post(first, BOB, "cart_added", product_id="p1")
        (free,) = await decide(second, BOB, "page_notice")
        shown = {"placement": "page_notice", "action": "eco_banner", "identifiers": BOB}
        for number in range(2):
            body = {"exposures": [{"personalization_id": f"{number:032x}", **shown, "occurred_at": at(number)}]}
            assert (await first.post("/v1/exposures", json=body)).status_code == 202
        (capped,) = await decide(second, BOB, "page_notice")
        assert "exposure_cap" not in {one["rule"] for one in free["blocked"]}
        assert ("eco_banner", "exposure_cap") in {(one["action"], one["rule"]) for one in capped["blocked"]}
        (other,) = await decide(second, ANN, "page_notice")
        assert "exposure_cap" not in {one["rule"] for one in other["blocked"]}

    play(root, scenario)


def at(minute: int) -> str:
    return f"2018-01-02T15:0{minute}:00Z"
