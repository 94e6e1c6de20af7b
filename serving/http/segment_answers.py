"""`GET /v1/placements/{placement}/{segment}`: answers that name nobody, so that caches may hold them."""

from __future__ import annotations

from hashlib import blake2b

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from serving.choice import EVERYONE
from serving.for_segments import PLAIN, POPULAR, decide_for_segment
from serving.http.deciding import unready
from serving.http.messages import SegmentAnswer
from serving.http.problems import refuse
from serving.lines import decision_line
from serving.live import LiveSnapshot
from serving.placement import Placement
from serving.question import Context, Decision, Question
from serving.replay.inputs import inputs_for_everybody
from serving.rungs import Rung
from serving.service import Service

PERSONA = "persona"
QUERY = ("device_type", "page_type", "channel", "product_id")
_LONGEST = 200


async def segment_answer(request: Request) -> Response:
    """`GET /v1/placements/{placement}/{segment}`: `plain`, `popular`, or what one segment (its number) sees.

    It may be cached for max-age: so long the plain answer may outlive a new snapshot. What a pause would change, and
    what a pause answers, is held for no longer than one tick. A cache that asks again with the entity tag is answered
    304 as long as nothing has changed.
    """
    service: Service = request.app.state.service
    context, now = _context(request), service.config.clock.now()
    with service.store.lease() as live:
        if live is None:
            raise unready()
        question = _question(live, request, service.paused)
        decision = decide_for_segment(live, service.prepared, question, context, now)
        answer = _answer(question, decision)
        seconds = _seconds(service, live.placements[question.placement], decision)
    content = msgspec.json.encode(answer)
    tag = f'"{answer.snapshot_version}-{blake2b(content, digest_size=8).hexdigest()}"'
    headers = {"cache-control": f"public, max-age={seconds}, must-revalidate", "etag": tag}
    if _has(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=headers)
    if service.first_told(decision.personalization_id):
        inputs = inputs_for_everybody(decision, question, segment=question.request_id)
        service.decisions.offer(decision_line(decision, (), context, now, inputs=inputs))
    return Response(content, headers=headers, media_type="application/json")


def _question(live: LiveSnapshot, request: Request, paused: frozenset[str]) -> Question:
    name, asked = request.path_params["placement"], request.path_params["segment"]
    if name not in live.placements:
        known = sorted(live.placements)
        raise refuse(404, "unknown_placement", "There is no such placement.", field="placement", allowed=known)
    if asked not in (PLAIN, POPULAR):
        numbers = sorted({segment for _, segment, _ in live.decisions if segment != EVERYONE})
        if not (asked.isascii() and asked.isdigit() and len(asked) < 10 and int(asked) in numbers):
            allowed = [PLAIN, POPULAR, *map(str, numbers)]
            raise refuse(404, "unknown_segment", "There is no such segment.", field="segment", allowed=allowed)
    return Question(name, (), paused, asked)


def _seconds(service: Service, placement: Placement, decision: Decision) -> int:
    """How long caches may hold an answer: of what a pause changes, and of what it answers, no longer than a tick."""
    lasts = decision.action == placement.plain and decision.rung != Rung.PAUSED
    usual = service.config.cache_seconds
    return usual if lasts else min(usual, int(service.config.pausing.tick_seconds))


def _answer(question: Question, decision: Decision) -> SegmentAnswer:
    is_persona = question.request_id not in (PLAIN, POPULAR)
    return SegmentAnswer(
        placement=decision.placement,
        level=PERSONA if is_persona else question.request_id,  # type: ignore[arg-type]
        segment_id=int(question.request_id) if is_persona else None,
        action=decision.action,
        content=decision.content,
        reason=decision.reason,
        rung=decision.rung,
        snapshot_version=decision.snapshot_version,
        personalization_id=decision.personalization_id,
    )


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
