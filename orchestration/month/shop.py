"""The shop's side: it asks the service in this process, over its real HTTP application, and reports what happened."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx

from intake.project import Project
from serving.app import create_app
from serving.configuration import service_config
from serving.service import Service

# The driver itself says when to look at snapshot and pauses, and when to close the log's segments.
_NEVER_SECONDS = 1e9
_AT_ONCE = 1_000


class Shop:
    """A client of the running service, and the service itself for what an hour's end needs."""

    def __init__(self, client: httpx.AsyncClient, service: Service) -> None:
        self._client = client
        self._service = service

    async def decide(
        self, placements: Sequence[str], identifiers: list[dict[str, str]], context: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """A decision for each placement."""
        body = {"placements": list(placements), "identifiers": identifiers, "context": context}
        answer = await self._client.post("/v1/decide", json=body)
        _require(answer)
        decisions: list[dict[str, Any]] = answer.json()["decisions"]
        return decisions

    async def report(self, what: str, items: Sequence[dict[str, Any]]) -> tuple[int, int]:
        """Post `exposures` or `events`; how many were taken in, and how many left out for want of consent."""
        taken = left = 0
        for first in range(0, len(items), _AT_ONCE):
            answer = await self._client.post(f"/v1/{what}", json={what: list(items[first : first + _AT_ONCE])})
            _require(answer)
            told = answer.json()
            taken += int(told["accepted"])
            left += len(told.get("suppressed", []))
        return taken, left

    async def end_hour(self) -> None:
        """Close the log's segments, so that intake finds them."""
        await self._service.turn_over()

    def follow(self) -> None:
        """Look at pointer and pauses once more, as a worker does twice a second."""
        self._service.follow()
        self._service.prepare()

    @property
    def decisions_lost(self) -> int:
        """Decisions that never reached the log."""
        return self._service.decisions.lost


@asynccontextmanager
async def open_shop(project: Project) -> AsyncIterator[Shop]:
    """The service of a project for as long as the block runs, on the project's own clock."""
    config = replace(service_config(project), poll_seconds=_NEVER_SECONDS, segment_seconds=_NEVER_SECONDS)
    app = create_app(config)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://shop") as client,
    ):
        yield Shop(client, app.state.service)


def _require(answer: httpx.Response) -> None:
    if answer.status_code >= httpx.codes.BAD_REQUEST:
        raise RuntimeError(f"{answer.request.url.path}: {answer.status_code} {answer.text[:500]}")
