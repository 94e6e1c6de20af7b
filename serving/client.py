"""Python client of the lookup service."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar
from uuid import uuid4

import httpx
import msgspec

from intake.purposes import Asked
from serving.http.messages import (
    Accepted,
    ConsentRequest,
    DecideAnswer,
    DecideRequest,
    Event,
    EventsRequest,
    Exposure,
    ExposuresRequest,
    Identifier,
    LookupAnswer,
    LookupRequest,
    Readiness,
)
from serving.question import Context, Decision

Answer = TypeVar("Answer", bound=msgspec.Struct)
_RETRIED = frozenset({502, 503, 504})


class ServiceRefusalError(Exception):
    """The service refused; `status`, `code`, and for a wrong body `field`."""

    def __init__(self, status: int, body: bytes) -> None:
        error = _error_of(body)
        self.status = status
        self.code = str(error.get("code", "unknown"))
        self.field = error.get("field")
        place = f"{self.field}: " if self.field else ""
        super().__init__(f"{status} {self.code}: {place}{error.get('message', 'no message')}")


class Concierge:
    """A connection to the service. Every request may be sent again, since ids are given here.

    Args:
        url: base address, as `http://127.0.0.1:8765`.
        api_key: sent as a bearer token.
        timeout_seconds: for one attempt; 1.0 keeps a page from waiting.
        attempts: how often in all; a pause of 0.05 s, doubled each time, lies between.
        transport: of httpx, for tests.
    """

    def __init__(
        self,
        url: str,
        *,
        api_key: str | None = None,
        timeout_seconds: float = 1.0,
        attempts: int = 3,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        if attempts < 1:
            raise ValueError(f"attempts: {attempts} is below 1")
        headers = {"authorization": f"Bearer {api_key}"} if api_key else {}
        self._attempts = attempts
        self._http = httpx.Client(base_url=url, headers=headers, timeout=timeout_seconds, transport=transport)

    def decide(
        self,
        placements: Sequence[str],
        identifiers: Mapping[str, str] | None = None,
        context: Context | None = None,
        *,
        request_id: str | None = None,
    ) -> list[Decision]:
        """One decision for each placement; `identifiers` maps types to clear values.

        Raises:
            ServiceRefusalError: the request is wrong, or the service cannot answer.
            httpx.TransportError: the service cannot be reached.
        """
        body = DecideRequest(
            placements=list(placements),
            identifiers=_identifiers(identifiers),
            context=context or Context(),
            request_id=request_id or uuid4().hex,
        )
        return self._post("/v1/decide", body, DecideAnswer).decisions

    def lookup(self, identifiers: Mapping[str, str]) -> LookupAnswer:
        """What decisions know of a person; errors as in `decide`."""
        return self._post("/v1/profiles/lookup", LookupRequest(identifiers=_identifiers(identifiers)), LookupAnswer)

    def post_events(self, events: Sequence[Event]) -> list[str]:
        """Ids of the events that are on disk (those of people who refused analytics are not); errors as in `decide`."""
        named = [e if e.event_id else msgspec.structs.replace(e, event_id=uuid4().hex) for e in events]
        return self._post("/v1/events", EventsRequest(events=named), Accepted).event_ids

    def post_consent(
        self, identifiers: Mapping[str, str], purpose: Asked, granted: bool, user_token: str | None = None
    ) -> str:
        """Id of the word once it is on disk and in force for every worker; errors as in `decide`.

        Without a `user_token` of the shop a yes counts for cookies and devices only.
        """
        body = ConsentRequest(
            identifiers=_identifiers(identifiers),
            purpose=purpose,
            granted=granted,
            event_id=uuid4().hex,
            user_token=user_token,
        )
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

    def _post(self, path: str, body: msgspec.Struct, kind: type[Answer]) -> Answer:
        response = self._send(path, msgspec.json.encode(body))
        if response.is_success:
            return msgspec.json.decode(response.content, type=kind)
        raise ServiceRefusalError(response.status_code, response.content)

    def _send(self, path: str, content: bytes) -> httpx.Response:
        for attempt in range(1, self._attempts + 1):
            last = attempt == self._attempts
            try:
                response = self._http.post(path, content=content, headers={"content-type": "application/json"})
            except httpx.TransportError:
                if last:
                    raise
            else:
                if last or response.status_code not in _RETRIED:
                    return response
            time.sleep(0.05 * 2 ** (attempt - 1))
        raise AssertionError("unreachable: the last attempt returns or raises")


def _identifiers(identifiers: Mapping[str, str] | None) -> list[Identifier]:
    pairs = [{"type": kind, "value": value} for kind, value in (identifiers or {}).items()]
    return msgspec.convert(pairs, list[Identifier])


def _error_of(body: bytes) -> dict[str, Any]:
    try:
        decoded = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
    error = decoded.get("error") if isinstance(decoded, dict) else None
    return error if isinstance(error, dict) else {}
