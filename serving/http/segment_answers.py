"""`GET /v1/placements/{placement}/{segment}`: answers that name nobody, so that caches may hold them."""

from __future__ import annotations

from hashlib import blake2b

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from serving.choice import EVERYONE
from serving.decide import PAUSE_ALL, decide_for
from serving.http.deciding import unready
from serving.http.messages import SegmentAnswer
from serving.http.problems import refuse
from serving.lines import decision_line
from serving.live import LiveSnapshot
from serving.person import Person
from serving.prepared import plain
from serving.question import Context, Decision, Question
from serving.rungs import Rung
from serving.service import Service
from serving.snapshot.records import ProfileRecord

PLAIN, POPULAR, PERSONA = "plain", "popular", "persona"
QUERY = ("device_type", "page_type", "channel", "product_id")
_LONGEST = 200
# Whoever asks for a persona's answer has looked at consent when they learned the persona; nothing else is granted.
_GRANTED = frozenset({"analytics", "personalization"})


async def segment_answer(request: Request) -> Response:
    """`GET /v1/placements/{placement}/{segment}`: `plain`, `popular`, or what one segment (its number) sees.

    It may be cached for max-age: so long it may outlive a new snapshot or a pause. A cache that asks again with the
    entity tag is answered 304 as long as nothing has changed.
    """
    service: Service = request.app.state.service
    context = _context(request)
    with service.store.lease() as live:
        if live is None:
            raise unready()
        answer, decision = _answer(service, live, request, context)
    content = msgspec.json.encode(answer)
    tag = f'"{answer.snapshot_version}-{blake2b(content, digest_size=8).hexdigest()}"'
    headers = {"cache-control": f"public, max-age={service.config.cache_seconds}", "etag": tag}
    if _has(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=headers)
    if service.first_told(decision.personalization_id):
        service.decisions.offer(decision_line(decision, (), context, service.config.clock.now()))
    return Response(content, headers=headers, media_type="application/json")


def _answer(
    service: Service, live: LiveSnapshot, request: Request, context: Context
) -> tuple[SegmentAnswer, Decision]:  # fmt: skip
    name, asked = request.path_params["placement"], request.path_params["segment"]
    if name not in live.placements:
        known = sorted(live.placements)
        raise refuse(404, "unknown_placement", "There is no such placement.", field="placement", allowed=known)
    level, person = _whose(live, asked)
    decision = _decision(service, live, name, level, person, context)
    return SegmentAnswer(
        placement=name,
        level=level,  # type: ignore[arg-type]
        segment_id=None if person.profile is None else person.profile.segment_id,
        action=decision.action,
        content=decision.content,
        reason=decision.reason,
        rung=decision.rung,
        snapshot_version=live.version,
        personalization_id=decision.personalization_id,
    ), decision


def _whose(live: LiveSnapshot, asked: str) -> tuple[str, Person]:
    if asked in (PLAIN, POPULAR):
        return asked, Person(None, "", frozenset())
    known = sorted({segment for _, segment, _ in live.decisions if segment != EVERYONE})
    if not (asked.isascii() and asked.isdigit() and len(asked) < 10 and int(asked) in known):
        allowed = [PLAIN, POPULAR, *map(str, known)]
        raise refuse(404, "unknown_segment", "There is no such segment.", field="segment", allowed=allowed)
    granted = {f"consent_{purpose}": True for purpose in _GRANTED}
    profile = ProfileRecord(customer_id="", segment_id=int(asked), **granted)  # type: ignore[arg-type]
    return PERSONA, Person(profile, "", _GRANTED)


def _decision(
    service: Service, live: LiveSnapshot, placement: str, level: str, person: Person, context: Context
) -> Decision:  # fmt: skip
    segment = "" if person.profile is None else person.profile.segment_id
    question = Question(placement, (), service.paused, f"{level}{segment}")
    decision = decide_for(service.prepared.calm(live), person, question, context, service.config.clock.now())
    named = decision.personalization_id
    if level == PLAIN:
        paused = PAUSE_ALL in service.paused or placement in service.paused
        decision = plain(live, live.placements[placement], Rung.PAUSED if paused else Rung.PLAIN)
    # The same question may be answered otherwise under a pause or at another hour: then it is another decision.
    name = "\x1f".join((named, decision.action, decision.rung)).encode()
    return msgspec.structs.replace(decision, personalization_id=blake2b(name, digest_size=16).hexdigest())


def _context(request: Request) -> Context:
    given: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name not in QUERY or name in given:
            message = "Unknown or repeated: what names a person has no place in an address."
            raise refuse(422, "wrong_field", message, field=name[:100], allowed=list(QUERY))
        if not 0 < len(value) <= _LONGEST:
            raise refuse(422, "wrong_field", "Too short or too long.", field=name, bound=f"length 1 to {_LONGEST}")
        given[name] = value
    return Context(**given)  # type: ignore[arg-type]


def _has(header: str, tag: str) -> bool:
    tags = [part.strip().removeprefix("W/") for part in header.split(",")]
    return tag in tags or "*" in tags
