"""The client for code that does other things while it waits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Self

import httpx
import msgspec

from intake.purposes import Asked
from serving.client import calls
from serving.client.answers import Answer, ServiceRefusalError, may_pass, pause_before, read
from serving.client.calls import BatchResult, Portion
from serving.client.fallback import Fallback, covers, local_decisions
from serving.client.settings import LINES, ClientSettings
from serving.http.messages import (
    Accepted,
    BatchPerson,
    DecideAnswer,
    Event,
    Exposure,
    ExposuresRequest,
    FeaturesAnswer,
    LookupAnswer,
    Readiness,
)
from serving.question import Context, Decision


class AsyncConcierge:
    """`Concierge` for asyncio: the same arguments, calls and errors, each to be awaited."""

    def __init__(
        self,
        url: str,
        *,
        api_key: str | None = None,
        timeout_seconds: float = 1.0,
        attempts: int = 3,
        fallback: Fallback | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._settings = ClientSettings(api_key, attempts, fallback)
        self._http = httpx.AsyncClient(
            base_url=url, headers=self._settings.headers, timeout=timeout_seconds, transport=transport
        )

    async def decide(
        self,
        placements: Sequence[str],
        identifiers: Mapping[str, str] | None = None,
        context: Context | None = None,
        *,
        request_id: str | None = None,
    ) -> list[Decision]:
        """One decision for each placement, or the content of `fallback`; see `Concierge.decide`."""
        body, fallback = calls.decide_request(placements, identifiers, context, request_id), self._settings.fallback
        try:
            return (await self._post("/v1/decide", body, DecideAnswer)).decisions
        except (ServiceRefusalError, httpx.TransportError) as error:
            if not self._settings.may_help(error) or fallback is None or not covers(fallback, placements):
                raise
            return local_decisions(fallback, placements)

    async def decide_batch(
        self,
        placements: Sequence[str],
        people: Iterable[Mapping[str, str] | BatchPerson],
        context: Context | None = None,
    ) -> AsyncIterator[BatchResult]:
        """Decisions for many people, in their order, as they come; see `Concierge.decide_batch`."""
        for portion in calls.portions(people):
            async for attempt in self._tries():
                try:
                    async for result in self._streamed(portion, placements, context):
                        yield result
                except (ServiceRefusalError, httpx.TransportError) as error:
                    if attempt == self._settings.attempts or not self._settings.may_help(error):
                        raise
                if portion.is_done:
                    break

    async def lookup(self, identifiers: Mapping[str, str]) -> LookupAnswer:
        """What decisions know of a person."""
        return await self._post("/v1/profiles/lookup", calls.lookup_request(identifiers), LookupAnswer)

    async def features(self, identifiers: Mapping[str, str], features: Iterable[str] | None = None) -> FeaturesAnswer:
        """A person's features, all or those named, with those of the visit under way."""
        return await self._post("/v1/features", calls.features_request(identifiers, features), FeaturesAnswer)

    async def post_events(self, events: Sequence[Event]) -> list[str]:
        """Ids of the events that are on disk (those of people who refused analytics are not)."""
        return (await self._post("/v1/events", calls.events_request(events), Accepted)).event_ids

    async def post_consent(
        self, identifiers: Mapping[str, str], purpose: Asked, granted: bool, user_token: str | None = None
    ) -> str:
        """Id of the word once it is on disk and in force for every worker; see `Concierge.post_consent`."""
        body = calls.consent_request(identifiers, purpose, granted, user_token)
        return (await self._post("/v1/consent", body, Accepted)).event_ids[0]

    async def post_exposures(self, exposures: Sequence[Exposure]) -> list[str]:
        """Ids of the exposures once they are on disk."""
        return (await self._post("/v1/exposures", ExposuresRequest(exposures=list(exposures)), Accepted)).event_ids

    async def readiness(self) -> Readiness:
        """Readiness of the worker that answers, ready or not."""
        return msgspec.json.decode((await self._http.get("/readyz")).content, type=Readiness)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _tries(self) -> AsyncIterator[int]:
        yield 1
        for attempt in range(2, self._settings.attempts + 1):
            await asyncio.sleep(pause_before(attempt))
            yield attempt

    async def _post(self, path: str, body: msgspec.Struct, kind: type[Answer]) -> Answer:
        content = msgspec.json.encode(body)
        async for attempt in self._tries():
            is_last = attempt == self._settings.attempts
            try:
                response = await self._http.post(path, content=content, headers={"content-type": "application/json"})
            except httpx.TransportError:
                if is_last:
                    raise
            else:
                if is_last or not may_pass(response):
                    return read(response, kind)
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def _streamed(
        self, portion: Portion, placements: Sequence[str], context: Context | None
    ) -> AsyncIterator[BatchResult]:
        content = msgspec.json.encode(portion.request(placements, context))
        headers = {"content-type": "application/json", "accept": LINES}
        async with self._http.stream("POST", "/v1/decide/batch", content=content, headers=headers) as response:
            if not response.is_success:
                raise ServiceRefusalError(response.status_code, await response.aread())
            async for line in response.aiter_lines():
                yield portion.take(line)
        portion.check_complete()
