"""The three ways an action is chosen: by the decision table, by recommendations, or because nothing else is left."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec

from serving.cell import Cell, Offer
from serving.draw import Draw, draw_best, uniform
from serving.evidence import Evidence
from serving.experiments.enrolment import Enrolment
from serving.judge import Bench, permitted_products
from serving.live import LiveSnapshot
from serving.person import Person
from serving.placement import Action, Placement
from serving.question import Context
from serving.rungs import Rung
from serving.visit import Visit

EVERYONE = -1
ANY_CONTEXT = "any"
_BEST = Draw(0, 1.0, explored=False)


class Choice(msgspec.Struct, frozen=True):
    """What was chosen and on which rung. `reason` "" leaves the sentence to the action or the rung; `row` holds the
    probabilities of the candidates, `conditional` that of the action under the model alone of a hybrid; `enrolment` is
    its part in an experiment, `gain` the margin that the uplift model expects of it."""

    action: Action
    rung: Rung
    propensity: float = 1.0
    reason: str = ""
    items: list[dict[str, Any]] = []
    candidates: tuple[str, ...] = ()
    row: tuple[float, ...] = ()
    conditional: float | None = None
    enrolment: Enrolment | None = None
    gain: float | None = None


class Situation(msgspec.Struct, frozen=True):
    """All that a choice looks at; `paused` holds scopes of the kill switch, arms of experiments among them."""

    live: LiveSnapshot
    placement: Placement
    person: Person
    context: Context
    evidence: Evidence
    bench: Bench
    now: datetime
    visit: Visit | None = None
    paused: frozenset[str] = frozenset()


def from_table(at: Situation) -> Choice | None:
    """Best permitted row of the person's segment, else of everyone; None when no row is usable."""
    profile = at.person.profile
    if profile is not None and profile.segment_id is not None:
        own = _offer(at, profile.segment_id)
        if own is not None:
            return _draw(at, own, Rung.EVERYONE if profile.segment_id == EVERYONE else Rung.SEGMENT)
    offer = _offer(at, EVERYONE)
    if offer is not None:
        return _draw(at, offer, Rung.EVERYONE)
    declared = _offered(at, at.live.declared[at.placement.name])
    return None if declared is None else _draw(at, declared, Rung.DECLARED)


def _offer(at: Situation, segment: int) -> Offer | None:
    name, device, cells = at.placement.name, at.context.device_type, at.live.cells
    cell = cells.get((name, segment, device)) if device else None
    found = None if cell is None else _offered(at, cell)
    if found is None and (cell := cells.get((name, segment, ANY_CONTEXT))) is not None:
        found = _offered(at, cell)
    return found


def _offered(at: Situation, cell: Cell) -> Offer | None:
    """What a cell offers; what it takes off the bench is gone, whatever is chosen then."""
    offer = cell.offer(at.bench.permitted, at.person.profile)
    for blocked in offer.blocked:
        at.bench.take_off(blocked)
    return offer if offer.names else None


def _draw(at: Situation, offer: Offer, best: Rung) -> Choice:
    person, placement, candidates = at.person, at.placement, offer.names
    drawn, share, floor = _BEST, 0.0, 0.0
    if person.known:
        share = placement.explore_share
        floor = share / len(candidates)
        u = uniform(person.unit, placement.name, str(placement.version))
        drawn = draw_best(len(candidates), share, u)
    action = offer.actions[drawn.rank]
    row = (1.0 - share + floor, *[floor] * (len(candidates) - 1))
    rung = Rung.EXPLORED if drawn.explored else best
    if rung is Rung.DECLARED:
        return Choice(action, rung, drawn.propensity, action.reason, candidates=candidates, row=row)
    if not person.known:
        return Choice(action, Rung.POPULAR, candidates=candidates, row=row)
    return Choice(action, rung, drawn.propensity, _table_reason(action, rung), candidates=candidates, row=row)


def _table_reason(action: Action, rung: Rung) -> str:
    return action.reason if rung is Rung.SEGMENT or action.type == "none" else ""


def from_recommendations(at: Situation) -> Choice | None:
    """First list with a permitted product: bought together, buy again, discovery, popular; None when all are empty."""
    for task, product_ids, rung in _lists(at):
        for action in list(at.bench.permitted.values()):
            if action.task == task:
                choice = _with_items(at, action, product_ids, rung)
                if choice is not None:
                    return choice
    return None


def listed(at: Situation, action: Action) -> Choice | None:
    """An action with the products of its task; None when there are none to show."""
    found = (_with_items(at, action, products, rung) for task, products, rung in _lists(at) if task == action.task)
    return next((choice for choice in found if choice is not None), None)


def _lists(at: Situation) -> Iterator[tuple[str, list[str], Rung]]:
    profile, reader = at.person.profile, at.live.reader
    own = {} if profile is None else profile.recommendations
    if at.context.product_id is not None:
        owned = set() if profile is None else set(profile.recently_bought)
        together = [p for p in reader.together(at.context.product_id) if p not in owned]
        yield "bought_together", together, Rung.RECOMMENDATION
    for task in ("buy_again", "bought_together", "discovery", "popular"):
        yield task, [item.product_id for item in own.get(task, [])], Rung.RECOMMENDATION
    yield "popular", reader.popular(), Rung.POPULAR


def _with_items(at: Situation, action: Action, product_ids: list[str], rung: Rung) -> Choice | None:
    seen = set(at.context.products())
    fresh = [product_id for product_id in product_ids if product_id not in seen]
    items = [
        {
            "product_id": product_id,
            "category": product and product.category,
            "list_price": product and product.list_price,
        }
        for product_id, product in permitted_products(at.live, at.placement, action, at.bench, at.evidence, fresh)
    ]
    return Choice(action, rung, reason=action.reason, items=items) if items else None


def left_over(at: Situation) -> Choice:
    """The fallback when it is permitted and has something to show, else the plain action."""
    action = at.bench.permitted.get(at.placement.fallback)
    if action is not None and action.task is not None:
        popular = _with_items(at, action, at.live.reader.popular(), Rung.FALLBACK)
        if popular is not None:
            return popular
    elif action is not None:
        return Choice(action, Rung.FALLBACK, reason=action.reason)
    return Choice(at.placement.action(at.placement.plain), Rung.PLAIN)
