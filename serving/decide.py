"""One question, one answer: a pure function of snapshot, question, context and time.

Order: identity, consent, kill switch, rules, decision table or recommendations, fallback, plain.
"""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import blake2b

import msgspec

from serving.answers import because
from serving.choice import Choice, Situation, left_over
from serving.evidence import Evidence, gather, local_time
from serving.experiments.assigning import shadow_arms
from serving.filling import fill
from serving.judge import Bench, added_reasons, forced, judge
from serving.live import LiveSnapshot
from serving.membership import segments_of
from serving.person import Person, find_person
from serving.placement import Placement
from serving.question import Context, Decision, Question
from serving.reclassified import up_to_date
from serving.rungs import REASONS, Rung
from serving.showings import NOTHING_SHOWN, showings_of
from serving.snapshot.records import ProductRecord
from serving.strategies import chosen
from serving.uplift import advice_of
from serving.visit import Visit

PAUSE_ALL = "all"
_CONTEXT = msgspec.json.Encoder(order="deterministic")
_NOTHING = Bench(Evidence({}, (), None))


def decide(live: LiveSnapshot, question: Question, context: Context, now: datetime) -> Decision:
    """Answer one question.

    Args:
        live: the snapshot to answer from.
        question: placement, hashed identifiers, kill switch scopes.
        context: the moment.
        now: aware; decides what runs and, in the shop's time zone, hour and weekday.

    Raises:
        KeyError: the snapshot has no such placement.
    """
    return decide_for(live, find_person(live.reader, question.identifiers), question, context, now)


def decide_for(
    live: LiveSnapshot,
    person: Person,
    question: Question,
    context: Context,
    now: datetime,
    visit: Visit | None = None,
) -> Decision:
    """`decide` for a person found already, and what they are doing now, where that is known."""
    placement = live.placements[question.placement]
    missing = person.missing_purpose(placement)
    early = _without_choosing(placement, missing, question.paused) or _elsewhere(placement, context)
    if early is not None:
        decision = _decision(live, placement, person, question, context, now, early, _NOTHING, [])
        return msgspec.structs.replace(decision, missing_purpose=missing)
    at = situation(live, placement, person, context, now, visit, question.paused)
    person, choice = at.person, choose(at)
    extra = added_reasons(live, placement, choice.action, at.bench)
    decision = _decision(live, placement, person, question, context, now, choice, at.bench, extra)
    if at.evidence.segments is not None:
        decision = msgspec.structs.replace(decision, segments=at.evidence.segments)
    if at.evidence.clicks is not None:
        decision = msgspec.structs.replace(decision, clicks=at.evidence.clicks)
    shadow = shadow_arms(at)
    return msgspec.structs.replace(decision, shadow=shadow) if shadow else decision


def situation(
    live: LiveSnapshot,
    placement: Placement,
    person: Person,
    context: Context,
    now: datetime,
    visit: Visit | None,
    paused: frozenset[str] = frozenset(),
) -> Situation:
    """All that a choice looks at: values, and the actions that no rule, cap or missing data takes away.

    `person` is as the snapshot knows them; the situation's is brought up to date by the visit.
    """
    known, person = person, up_to_date(person, visit, now, live.as_of) if visit else person
    name = placement.name
    wanted, reader = live.wanted[name], live.reader
    cart: list[ProductRecord | None] = []
    if wanted.needs_cart:
        named = context.products()
        cart = [reader.product(one) for one in named] if wanted.needs_products else [None] * len(named)
    shown = showings_of(live.watched, person, visit, now) if name in live.remembering else NOTHING_SHOWN
    viewed = reader.product(context.product_id) if wanted.viewed and context.product_id else None
    local = local_time(now, live.zone) if wanted.needs_time else None
    evidence = gather(person, context, cart, local, visit, viewed, shown.answers, wanted)
    if name in live.informed:
        _inform(live, placement, known, person, now, visit, evidence)
    bench = judge(live, placement, evidence, now, shown, context.channel)
    if name in live.filling:
        fill(live, context, shown, bench)
    return Situation(live, placement, person, context, evidence, bench, now, visit, paused)


def _inform(
    live: LiveSnapshot,
    placement: Placement,
    known: Person,
    person: Person,
    now: datetime,
    visit: Visit | None,
    evidence: Evidence,
) -> None:
    """Let the values know what models and segments say, where a rule of the placement asks for it."""
    if placement.name in live.advised and (advice := advice_of(placement, person)) is not None:
        evidence.advise(advice)
    if placement.name in live.segmented:
        evidence.belong(segments_of(live.segments, known, visit, now, live.as_of))
    if placement.name in live.click_led:
        evidence.follow(live.click_drivers.of(person.profile.segment_id if person.profile else None))


def _without_choosing(placement: Placement, purpose: str | None, paused: frozenset[str]) -> Choice | None:
    if purpose is not None:
        named = placement.no_consent if purpose in placement.consent and placement.no_consent else placement.plain
        action = placement.action(named)
        return Choice(action, Rung.NO_CONSENT, reason=action.reason if named == placement.no_consent else "")
    if paused and (PAUSE_ALL in paused or placement.name in paused):
        return Choice(placement.action(placement.plain), Rung.PAUSED)
    return None


def _elsewhere(placement: Placement, context: Context) -> Choice | None:
    """The plain action where a placement is asked for in a channel or on a page it is not made for."""
    is_here = context.channel is None or context.channel in placement.channels
    if is_here and (context.page_type is None or not placement.surfaces or context.page_type in placement.surfaces):
        return None
    return Choice(placement.action(placement.plain), Rung.PLAIN)


def choose(at: Situation) -> Choice:
    """The answer: a force rule's, the strategy's, or what is left."""
    rule = forced(at.live, at.placement, at.bench)
    ruled = None if rule is None or rule.action.task is not None else Choice(rule.action, Rung.RULE, reason=rule.reason)
    if rule is not None and ruled is not None and (told := because(at.live, rule.rule.when, at.evidence.values)):
        ruled = msgspec.structs.replace(ruled, reason=f"{rule.reason} {told}")
    return chosen(at, ruled) or left_over(at)


def _decision(
    live: LiveSnapshot,
    placement: Placement,
    person: Person,
    question: Question,
    context: Context,
    now: datetime,
    choice: Choice,
    bench: Bench,
    extra: list[str],
) -> Decision:
    action, rung = choice.action, choice.rung
    content = action.content | {"items": choice.items} if choice.items else action.content
    if action.name in bench.filled:
        content = content | bench.filled[action.name]
    reason = choice.reason or REASONS.get(rung, "") or action.reason
    if extra:
        reason = " ".join(sentence for sentence in (reason, *extra) if sentence)
    return Decision(
        placement=placement.name,
        action=action.name,
        content=content,
        reason=reason,
        propensity=choice.propensity,
        rung=rung,
        snapshot_version=live.version,
        personalization_id=_personalization_id(live, person, question, context, now, rung),
        segment_id=None if person.profile is None or rung is Rung.NO_CONSENT else person.profile.segment_id,
        eligible=list(choice.candidates or bench.permitted) or [action.name],
        blocked=bench.blocked,
        conditional_propensity=choice.conditional,
        experiment=choice.enrolment or msgspec.UNSET,
        expected_gain=msgspec.UNSET if choice.gain is None else choice.gain,
    )


def _personalization_id(
    live: LiveSnapshot, person: Person, question: Question, context: Context, now: datetime, rung: Rung
) -> str:
    moment = question.request_id or now.astimezone(UTC).isoformat()
    parts: tuple[str, ...] = (live.version, question.placement, person.unit, moment)
    if rung is Rung.PAUSED:
        # A question that is repeated under a pause has another answer, which must not pass for the first one's showing.
        parts += (rung,)
    return blake2b("\x1f".join(parts).encode() + _CONTEXT.encode(context), digest_size=16).hexdigest()
