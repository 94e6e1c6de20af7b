"""The client that waits for each answer."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
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


class Concierge:
    """A connection to the service. Every request may be sent again, since ids are given here.

    Args:
        url: base address, as `http://127.0.0.1:8765`.
        api_key: sent as a bearer token.
        timeout_seconds: for one attempt; 1.0 keeps a page from waiting. A batch waits that long for each piece.
        attempts: how often in all; a pause of 0.05 s, doubled each time, lies between.
        fallback: placement to content that `decide` gives when the service cannot be asked.
        transport: of httpx, for tests.
    """

    def __init__(
        self,
        url: str,
        *,
        api_key: str | None = None,
        timeout_seconds: float = 1.0,
        attempts: int = 3,
        fallback: Fallback | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._settings = ClientSettings(api_key, attempts, fallback)
        self._http = httpx.Client(
            base_url=url, headers=self._settings.headers, timeout=timeout_seconds, transport=transport
        )

    def decide(
        self,
        placements: Sequence[str],
        identifiers: Mapping[str, str] | None = None,
        context: Context | None = None,
        *,
        request_id: str | None = None,
    ) -> list[Decision]:
        """One decision for each placement; `identifiers` maps types to clear values.

        When the service cannot be asked and `fallback` has content for all of them, that content comes back, with the
        rung `late` and an empty `personalization_id`.

        Raises:
            ServiceRefusalError: the request is wrong, or the service cannot answer.
            httpx.TransportError: the service cannot be reached.
        """
        body, fallback = calls.decide_request(placements, identifiers, context, request_id), self._settings.fallback
        try:
            return self._post("/v1/decide", body, DecideAnswer).decisions
        except (ServiceRefusalError, httpx.TransportError) as error:
            if not self._settings.may_help(error) or fallback is None or not covers(fallback, placements):
                raise
            return local_decisions(fallback, placements)

    def decide_batch(
        self,
        placements: Sequence[str],
        people: Iterable[Mapping[str, str] | BatchPerson],
        context: Context | None = None,
    ) -> Iterator[BatchResult]:
        """Decisions for many people, in their order, as they come; a broken answer is taken up where it broke.

        `people` are identifiers by type, or persons with a context of their own; they may be more than memory holds.
        Errors as in `decide`; one person's failure is in that person's result.
        """
        for portion in calls.portions(people):
            for attempt in self._tries():
                try:
                    yield from self._streamed(portion, placements, context)
                except (ServiceRefusalError, httpx.TransportError) as error:
                    if attempt == self._settings.attempts or not self._settings.may_help(error):
                        raise
                if portion.is_done:
                    break

    def lookup(self, identifiers: Mapping[str, str]) -> LookupAnswer:
        """What decisions know of a person; errors as in `decide`."""
        return self._post("/v1/profiles/lookup", calls.lookup_request(identifiers), LookupAnswer)

    def features(self, identifiers: Mapping[str, str], features: Iterable[str] | None = None) -> FeaturesAnswer:
        """A person's features, all or those named, with those of the visit under way; errors as in `decide`."""
        return self._post("/v1/features", calls.features_request(identifiers, features), FeaturesAnswer)

    def post_events(self, events: Sequence[Event]) -> list[str]:
        """Ids of the events that are on disk (those of people who refused analytics are not); errors as in `decide`."""
        return self._post("/v1/events", calls.events_request(events), Accepted).event_ids

    def post_consent(
        self, identifiers: Mapping[str, str], purpose: Asked, granted: bool, user_token: str | None = None
    ) -> str:
        """Id of the word once it is on disk and in force for every worker; errors as in `decide`.

        Without a `user_token` of the shop a yes counts for cookies and devices only.
        """
        body = calls.consent_request(identifiers, purpose, granted, user_token)
        return self._post("/v1/consent", body, Accepted).event_ids[0]

    def post_exposures(self, exposures: Sequence[Exposure]) -> list[str]:
        """Ids of the exposures once they are on disk; errors as in `decide`."""
        return self._post("/v1/exposures", ExposuresRequest(exposures=list(exposures)), Accepted).event_ids

    def readiness(self) -> Readiness:
        """Readiness of the worker that answers, ready or not."""
        return msgspec.json.decode(self._http.get("/readyz").content, type=Readiness)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _tries(self) -> Iterator[int]:
        yield 1
        for attempt in range(2, self._settings.attempts + 1):
            time.sleep(pause_before(attempt))
            yield attempt

    def _post(self, path: str, body: msgspec.Struct, kind: type[Answer]) -> Answer:
        content = msgspec.json.encode(body)
        for attempt in self._tries():
            is_last = attempt == self._settings.attempts
            try:
                response = self._http.post(path, content=content, headers={"content-type": "application/json"})
            except httpx.TransportError:
                if is_last:
                    raise
            else:
                if is_last or not may_pass(response):
                    return read(response, kind)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _streamed(self, portion: Portion, placements: Sequence[str], context: Context | None) -> Iterator[BatchResult]:
        content = msgspec.json.encode(portion.request(placements, context))
        headers = {"content-type": "application/json", "accept": LINES}
        with self._http.stream("POST", "/v1/decide/batch", content=content, headers=headers) as response:
            if not response.is_success:
                raise ServiceRefusalError(response.status_code, response.read())
            for line in response.iter_lines():
                yield portion.take(line)
        portion.check_complete()
