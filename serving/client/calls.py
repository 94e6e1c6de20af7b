"""What each call sends. Ids are given here, so that a request that is sent again counts once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from uuid import uuid4

import httpx
import msgspec

from intake.purposes import Asked
from serving.http.messages import (
    BatchPerson,
    BatchRequest,
    ConsentRequest,
    DecideRequest,
    Event,
    EventsRequest,
    Fault,
    FeaturesRequest,
    Identifier,
    LookupRequest,
)
from serving.question import Context, Decision

PEOPLE_AT_ONCE = 1_000


class BatchResult(msgspec.Struct, frozen=True):
    """The answer for one person of a batch: decisions, or the error that stood in their place.

    `index` is the person's place (from 0) in what was given.
    """

    index: int
    decisions: list[Decision] = []
    error: Fault | None = None


def decide_request(
    placements: Sequence[str], identifiers: Mapping[str, str] | None, context: Context | None, request_id: str | None
) -> DecideRequest:
    """One person's question."""
    return DecideRequest(
        placements=list(placements),
        identifiers=named(identifiers),
        context=context or Context(),
        request_id=request_id or uuid4().hex,
    )


def batch_person(person: Mapping[str, str] | BatchPerson) -> BatchPerson:
    """A person of a batch, with an id of the request."""
    if isinstance(person, BatchPerson):
        return person if person.request_id else msgspec.structs.replace(person, request_id=uuid4().hex)
    return BatchPerson(identifiers=named(person), request_id=uuid4().hex)


def lookup_request(identifiers: Mapping[str, str]) -> LookupRequest:
    """Whose profile."""
    return LookupRequest(identifiers=named(identifiers))


def features_request(identifiers: Mapping[str, str], features: Iterable[str] | None) -> FeaturesRequest:
    """Whose features, and which: None asks for all."""
    return FeaturesRequest(identifiers=named(identifiers), features=None if features is None else list(features))


def events_request(events: Sequence[Event]) -> EventsRequest:
    """Events, each with an id."""
    return EventsRequest(events=[e if e.event_id else msgspec.structs.replace(e, event_id=uuid4().hex) for e in events])


def consent_request(
    identifiers: Mapping[str, str], purpose: Asked, granted: bool, user_token: str | None
) -> ConsentRequest:
    """One word of consent, with an id."""
    return ConsentRequest(
        identifiers=named(identifiers), purpose=purpose, granted=granted, event_id=uuid4().hex, user_token=user_token
    )


def named(identifiers: Mapping[str, str] | None) -> list[Identifier]:
    """Types and clear values as the service reads them.

    Raises:
        msgspec.ValidationError: a type or a value that no identifier can have.
    """
    pairs = [{"type": kind, "value": value} for kind, value in (identifiers or {}).items()]
    return msgspec.convert(pairs, list[Identifier])


@dataclass
class Portion:
    """Part of a batch: who is still to be answered; asked again, it goes on where the answer broke off."""

    begin: int
    people: list[BatchPerson]
    answered: int = 0

    @property
    def is_done(self) -> bool:
        """Whether everybody has an answer."""
        return self.answered == len(self.people)

    def request(self, placements: Sequence[str], context: Context | None) -> BatchRequest:
        """The question for those without an answer."""
        return BatchRequest(
            people=self.people[self.answered :], placements=list(placements), context=context or Context()
        )

    def check_complete(self) -> None:
        """Everybody has been answered.

        Raises:
            httpx.RemoteProtocolError: the answer ended before.
        """
        if not self.is_done:
            raise httpx.RemoteProtocolError(f"the answer ended after {self.answered} of {len(self.people)} people")

    def take(self, line: str) -> BatchResult:
        """The next line of the answer, with the person's place in the whole batch."""
        result = msgspec.json.decode(line, type=BatchResult)
        self.answered += 1
        return msgspec.structs.replace(result, index=self.begin + self.answered - 1)


def portions(people: Iterable[Mapping[str, str] | BatchPerson]) -> Iterator[Portion]:
    """The people of a batch, as many at a time as one request takes."""
    rest, begin = iter(people), 0
    while several := [batch_person(person) for person in islice(rest, PEOPLE_AT_ONCE)]:
        yield Portion(begin, several)
        begin += len(several)
