"""The three ways an action is chosen: by the decision table, by recommendations, or because nothing else is left."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec

from serving.draw import Draw, draw_best, uniform
from serving.evidence import Evidence
from serving.experiments.enrolment import Enrolment
from serving.judge import Bench, permitted_products
from serving.live import LiveSnapshot
from serving.person import Person
from serving.placement import OTHER_INCENTIVES, PRICE_INCENTIVES, Action, Placement
from serving.question import Context
from serving.rungs import Rung
from serving.scoring import declared_rows, rescored
from serving.snapshot.records import DecisionRow
from serving.visit import Visit

EVERYONE = -1
ANY_CONTEXT = "any"
_BEST = Draw(0, 1.0, explored=False)
_INCENTIVES_FIRST = "Another incentive promises nearly as much without lowering prices."


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
    segments = [profile.segment_id] if profile is not None and profile.segment_id is not None else []
    for segment in (*segments, EVERYONE):
        rows = _usable_rows(at, segment)
        if rows:
            return _draw(at, segment, rows)
    declared = declared_rows(at.placement, at.bench.permitted)
    declared = _incentives_before_price(at, declared) if declared else []
    return _draw(at, EVERYONE, declared, is_declared=True) if declared else None


def _usable_rows(at: Situation, segment: int) -> list[DecisionRow]:
    permitted, name = at.bench.permitted, at.placement.name
    for bucket in (at.context.device_type, ANY_CONTEXT):
        rows = (
            [r for r in at.live.supported.get((name, segment, bucket), ()) if r.action in permitted] if bucket else []
        )
        if rows and name in at.live.weighted:
            rows = rescored(at.placement, rows, permitted, at.person.profile)
        if rows:
            return _incentives_before_price(at, rows)
    return []


def _incentives_before_price(at: Situation, rows: list[DecisionRow]) -> list[DecisionRow]:
    permitted = at.bench.permitted
    kinds = [permitted[row.action].incentive.kind for row in rows]
    others = [row.score for row, kind in zip(rows, kinds, strict=True) if kind in OTHER_INCENTIVES]
    if not others:
        return rows
    best = max(others)
    needed = best + abs(best) * at.placement.price_advantage
    kept = []
    for row, kind in zip(rows, kinds, strict=True):
        if kind in PRICE_INCENTIVES and row.score < needed:
            at.bench.block(row.action, _INCENTIVES_FIRST, "incentives_before_price")
        else:
            kept.append(row)
    return kept


def _draw(at: Situation, segment: int, rows: list[DecisionRow], *, is_declared: bool = False) -> Choice:
    drawn, share = _BEST, 0.0
    if at.person.known:
        share = at.placement.explore_share
        u = uniform(at.person.unit, at.placement.name, str(at.placement.version))
        drawn = draw_best(len(rows), share, u)
    action = at.bench.permitted[rows[drawn.rank].action]
    candidates = tuple([row.action for row in rows])
    floor = share / len(rows)
    row = (1.0 - share + floor, *[floor] * (len(rows) - 1))
    if is_declared and not drawn.explored:
        return Choice(action, Rung.DECLARED, drawn.propensity, action.reason, candidates=candidates, row=row)
    if not at.person.known:
        return Choice(action, Rung.POPULAR, candidates=candidates, row=row)
    best_rung = Rung.EVERYONE if segment == EVERYONE else Rung.SEGMENT
    rung = Rung.EXPLORED if drawn.explored else best_rung
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
