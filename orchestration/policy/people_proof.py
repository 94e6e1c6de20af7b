"""Consent and fairness: what each kind of person would be given, as the live rules decide."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from orchestration.policy.evidence import Breach, GroupFigure
from orchestration.policy.fairness_rules import FairnessRules
from orchestration.policy.people import Kind
from serving.decide import choose, decide_for, situation
from serving.live import LiveSnapshot
from serving.person import Person
from serving.placement import PRICE_INCENTIVES, Placement
from serving.question import Context, Question
from serving.rungs import Rung
from serving.snapshot.records import ProductRecord

Groups = Mapping[str, Mapping[str, str]]
"""Attribute to customer to group."""
CHANNEL_PURPOSES = {
    "email": "marketing_email",
    "sms": "marketing_sms",
    "push": "marketing_push",
    "phone": "marketing_phone",
    "post": "marketing_post",
    "ads": "marketing_ads",
}


def prove_consent(live: LiveSnapshot, people: Iterable[Person], now: datetime) -> tuple[list[Breach], int]:
    """Whoever lacks a purpose gets the answer without choosing; a placement of contact alone asks for its purpose.

    Returns:
        Breaches, and how many pairs of placement and consent were decided.
    """
    found = [
        Breach(
            "consent", p.name, p.plain, "consent", f"channel {channel} alone, and {purpose} is not among its consent"
        )
        for p in live.placements.values()
        for channel in p.channels
        if len(p.channels) == 1 and (purpose := CHANNEL_PURPOSES.get(channel)) and purpose not in p.consent
    ]
    distinct = {(person.granted, person.known): person for person in people}
    for placement in live.placements.values():
        for person in distinct.values():
            missing = person.missing_purpose(placement)
            if missing is None:
                continue
            given = decide_for(live, person, Question(placement.name), Context(), now)
            if given.rung is not Rung.NO_CONSENT:
                example = f"without {missing} the answer is {given.action} on the rung {given.rung.value}"
                found.append(Breach("consent", placement.name, given.action, "consent", example))
    return found, len(distinct) * len(live.placements)


def prove_fairness(
    live: LiveSnapshot,
    kinds: Sequence[Kind],
    groups: Groups,
    rules: FairnessRules,
    product: ProductRecord | None,
    now: datetime,
) -> tuple[list[Breach], list[GroupFigure]]:
    """Mean incentive value and share of people with an incentive open to them, by declared group.

    Args:
        live: the version.
        kinds: everybody.
        groups: who belongs to which group of which attribute.
        rules: gaps and counts.
        product: what lies in the reference cart; None leaves it empty.
        now: aware.
    """
    breaches, figures = [], []
    for placement in live.placements.values():
        if not any(action.incentive.kind != "none" for action in placement.actions):
            continue
        offered = _offered(live, placement, kinds, rules, product, now)
        for attribute, members in sorted(groups.items()):
            compared = _figures(placement.name, attribute, members, offered, rules)
            figures += compared
            breaches += _gaps(placement, attribute, compared, rules)
    return breaches, figures


def _offered(
    live: LiveSnapshot,
    placement: Placement,
    kinds: Sequence[Kind],
    rules: FairnessRules,
    product: ProductRecord | None,
    now: datetime,
) -> dict[str, tuple[float, bool]]:
    """Customer to expected value of the incentive, and whether one is open to them."""
    context = Context(
        cart_value=rules.reference_cart,
        product_id=None if product is None else product.product_id,
        page_type=placement.surfaces[0] if placement.surfaces else None,
    )
    found = {}
    for kind in kinds:
        if kind.person.missing_purpose(placement) is not None:
            told = 0.0, False
        else:
            told = _value(live, placement, kind.person, context, rules.reference_cart, now)
        found.update(dict.fromkeys(kind.customers, told))
    return found


def _value(
    live: LiveSnapshot, placement: Placement, person: Person, context: Context, cart: float, now: datetime
) -> tuple[float, bool]:
    at = situation(live, placement, person, context, now, None)
    values = {
        name: action.incentive.value * (cart if action.incentive.kind == "percent_off" else 1.0)
        for name, action in at.bench.permitted.items()
    }
    is_open = any(action.incentive.kind != "none" for action in at.bench.permitted.values())
    choice = choose(at)
    if choice.row and choice.candidates:
        return sum(p * values.get(name, 0.0) for name, p in zip(choice.candidates, choice.row, strict=True)), is_open
    return values.get(choice.action.name, 0.0), is_open


def _figures(
    placement: str,
    attribute: str,
    members: Mapping[str, str],
    offered: Mapping[str, tuple[float, bool]],
    rules: FairnessRules,
) -> list[GroupFigure]:
    by_group: dict[str, list[tuple[float, bool]]] = defaultdict(list)
    for customer, group in members.items():
        if customer in offered:
            by_group[group].append(offered[customer])
    figures = []
    for group, told in sorted(by_group.items()):
        mean = sum(value for value, _ in told) / len(told)
        share = sum(is_open for _, is_open in told) / len(told)
        verdict = "ok" if len(told) >= rules.minimum_count else "insufficient"
        figures.append(GroupFigure(attribute, group, placement, len(told), mean, share, verdict))
    return figures


def _gaps(placement: Placement, attribute: str, figures: Sequence[GroupFigure], rules: FairnessRules) -> list[Breach]:
    counted = [figure for figure in figures if figure.verdict != "insufficient"]
    breaches = []
    for words, name, bound in (
        ("mean incentive value", "mean_value", rules.maximum_value_gap),
        ("share with an incentive", "eligible_share", rules.maximum_eligibility_gap),
    ):
        ordered = sorted(counted, key=lambda figure: getattr(figure, name))
        if len(ordered) < 2 or getattr(ordered[-1], name) - getattr(ordered[0], name) <= bound:
            continue
        low, high = ordered[0], ordered[-1]
        example = (
            f"{words} is {getattr(high, name):.3f} in group {high.group!r} ({high.people} people) and "
            f"{getattr(low, name):.3f} in {low.group!r} ({low.people}); the gap may be {bound:g}"
        )
        actions = [action.name for action in placement.actions if action.incentive.kind in PRICE_INCENTIVES]
        breaches.append(Breach("fairness", placement.name, ",".join(actions) or "incentives", attribute, example))
    return breaches
