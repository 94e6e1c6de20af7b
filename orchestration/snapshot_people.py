"""Customers and their identifiers as a serving snapshot has them: of everybody, or of whom an hourly run looks at."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from intake.purposes import MARKETING
from orchestration.experiments_published import accounts, assigned
from orchestration.incentives.advice import advice_now
from orchestration.refresh.whose import EVERYBODY, Whose
from orchestration.segments.carried import segments_now
from orchestration.snapshot_facts import account_stages, shown_before
from orchestration.warehouse import Warehouse
from serving.experiments.definition import Experiment
from serving.experiments.enrolment import Remembered
from serving.lean import attributes_used
from serving.membership import carried
from serving.placement import Placement
from serving.policy import Policy, variables_in
from serving.segment_definitions import SegmentDefinitions
from serving.showings import watched_in
from serving.snapshot.records import FeatureValue, IdentifierRow, ProfileRecord, Recommended
from serving.uplift import advised_actions
from serving.variables import ACCOUNT_STAGE

# Bought-together lists leave out what the customer got lately; four weeks is the cycle of a weekly grocery shop.
RECENT_DAYS = 28
# A hundred thousand customers with their lists take a gigabyte while they are put together.
CUSTOMERS_AT_ONCE = 100_000
FIRSTS = """
    select customer_id from (
        select customer_id, row_number() over (order by customer_id) as place from marts.customer_consent
    ) as placed
    where place > 1 and (place - 1) % {customers} = 0 order by customer_id
"""

# Nobody may see another's profile: of shared identifiers only the browser's own go in, for whoever used it last. Those
# of people without a profile go in as well: they have to be answered as people who refused, not as strangers.
IDENTIFIERS = """
    select i.type, i.value_hash, a.canonical_id
    from identity.identity_assignment as a
    inner join identity.identifier as i using (identifier_key)
    inner join marts.customer_consent as c on c.customer_id = a.canonical_id
    cross join ops.run_context as run
    where a.system_to >= timestamp '9999-01-01'
        and a.valid_to >= timestamp '9999-01-01'
        and a.valid_from <= run.as_of
        and (i.status = 'active' or (i.status = 'shared' and i.type in ('device_id', 'cookie')))
        and {among}
    order by i.type, i.value_hash
"""
TOUCHED_KEYS = "i.identifier_key in (select identifier_key from refresh.identifier)"
PROFILES = """
    select c.customer_id, s.segment_id, s.segment_name, coalesce(s.rung, 'everyone') as rung,
        p.churn_probability, p.ltv_amount,
        c.is_profiled, c.marketing_email, c.profiling_price, c.is_tracked,
        c.analytics_word, c.personalization_word, c.profiling_price_word
        {channels}{features}
    from marts.customer_consent as c
    left join marts.customer_segments as s on c.customer_id = s.customer_id and c.is_profiled
    left join marts.customer_scores as p on c.customer_id = p.customer_id and c.is_profiled
    left join marts.customer_features as f on c.customer_id = f.customer_id and c.is_profiled
    where {among}
    order by c.customer_id
"""
CHANNELS = tuple(purpose for purpose in MARKETING if purpose != "marketing_email")
SAID = ("analytics", "personalization", "profiling_price")
CONSENT_COLUMNS = 10 + len(SAID)
PROFILE_COLUMNS = CONSENT_COLUMNS + len(CHANNELS)
# Of two words at one moment the refusal counts.
REFUSALS = """
    select a.canonical_id, w.purpose, w.identifier_key, epoch_us(w.occurred_at) as refused_us
    from (
        select identifier_key, purpose, occurred_at, is_granted, row_number() over (
            partition by identifier_key, purpose order by occurred_at desc, is_granted, event_id
        ) as place
        from intermediate.int_consent_events
    ) as w
    inner join identity.identity_assignment as a using (identifier_key)
    where w.place = 1 and not w.is_granted
        and a.system_to >= timestamp '9999-01-01' and a.valid_to >= timestamp '9999-01-01'
        and {among}
    order by a.canonical_id, w.purpose, w.identifier_key
"""
RECOMMENDATIONS = """
    select customer_id, task, product_id, score, reason from marts.customer_recommendations
    where customer_id in (select customer_id from marts.customer_consent where is_profiled) and {among}
    order by customer_id, task, rank
"""
RECENTLY_BOUGHT = f"""
    select customer_id, product_id from marts.customer_product
    where last_ordered_at >= (select max(as_of) from ops.run_context) - interval {RECENT_DAYS} day
        and customer_id in (select customer_id from marts.customer_consent where is_profiled) and {{among}}
    order by customer_id, product_id
"""


@dataclass(frozen=True)
class Rules:
    """What decides which attributes a profile carries."""

    placements: Sequence[Placement]
    policies: Sequence[Policy]
    experiments: Sequence[Experiment]
    segments: SegmentDefinitions = field(default_factory=SegmentDefinitions)


def identifiers_of(warehouse: Warehouse, whose: Whose = EVERYBODY) -> Iterator[IdentifierRow]:
    """Identifiers with whom they belong to; in an hourly run those of `refresh.identifier` and of touched customers."""
    own = whose.among("a.canonical_id")
    rows = warehouse.batches(IDENTIFIERS.format(among=f"({own} or {TOUCHED_KEYS})" if whose.only_touched else own))
    return (IdentifierRow(*map(str, row)) for row in chain.from_iterable(rows))


def stretches(warehouse: Warehouse, customers: int = CUSTOMERS_AT_ONCE) -> list[Whose]:
    """Everybody, so many customers at a time by the order of their ids."""
    firsts = [None, *(str(first) for (first,) in warehouse.rows(FIRSTS.format(customers=customers)))]
    return [Whose(first=first, before=before) for first, before in zip(firsts, [*firsts[1:], None], strict=True)]


def everybody(warehouse: Warehouse, rules: Rules) -> Iterator[ProfileRecord]:
    """`profiles_of` everybody in the memory of a stretch of them."""
    return chain.from_iterable(profiles_of(warehouse, rules, whose) for whose in stretches(warehouse))


def profiles_of(warehouse: Warehouse, rules: Rules, whose: Whose) -> Iterator[ProfileRecord]:
    """Records by customer id; they carry only what a placement or a policy names."""
    of_segments = carried(rules.segments, rules.placements, rules.policies)
    used = attributes_used(rules.placements, rules.policies) | of_segments
    features = sorted(used & set(_feature_columns(warehouse)))
    named = {name for policy in rules.policies for rule in policy.rules for name in variables_in(rule.when)}
    extra = _Extra(
        account_stages(warehouse, whose) if ACCOUNT_STAGE in named else {},
        advice_now(warehouse, advised_actions(rules.placements, rules.policies), whose),
        segments_now(warehouse, of_segments, whose),
        shown_before(warehouse, watched_in(rules.placements), whose),
        assigned(warehouse, rules.experiments, whose),
        accounts(warehouse, rules.experiments, whose),
    )
    return _profiles(warehouse, features, extra, whose)


@dataclass(frozen=True)
class _Extra:
    """By customer: the stage of their company, advised incentives, segments, what they were shown and drew, and their
    account."""

    stages: Mapping[str, str]
    advice: Mapping[str, Mapping[str, FeatureValue]]
    segments: Mapping[str, Mapping[str, FeatureValue]]
    shown: Mapping[str, dict[str, list[int]]]
    assigned: Mapping[str, dict[str, Remembered]]
    accounts: Mapping[str, str]

    def features(self, customer: str) -> dict[str, FeatureValue]:
        found = {**self.advice.get(customer, {}), **self.segments.get(customer, {})}
        return found | {ACCOUNT_STAGE: self.stages[customer]} if customer in self.stages else found


def _feature_columns(warehouse: Warehouse) -> list[str]:
    rows = warehouse.rows(
        "select column_name from information_schema.columns"
        " where table_schema = 'marts' and table_name = 'customer_features'"
    )
    return [str(row[0]) for row in rows]


def _profiles(warehouse: Warehouse, features: Sequence[str], extra: _Extra, whose: Whose) -> Iterator[ProfileRecord]:
    own = whose.among("customer_id")
    recommended = _recommendations(warehouse, own)
    recent = grouped(warehouse.rows(RECENTLY_BOUGHT.format(among=own)))
    refusals = _refusals(warehouse, whose.among("a.canonical_id"))
    selected = "".join(f', f."{name}"' for name in features)
    channels = "".join(f", c.{name}" for name in CHANNELS)
    for row in warehouse.rows(
        PROFILES.format(channels=channels, features=selected, among=whose.among("c.customer_id"))
    ):
        customer = str(row[0])
        yield ProfileRecord(
            customer_id=customer,
            segment_id=None if row[1] is None else int(str(row[1])),
            segment_name=text_of(row[2]),
            rung=str(row[3]),
            churn_probability=number_of(row[4]),
            ltv_amount=number_of(row[5]),
            consent_personalization=bool(row[6]),
            consent_marketing_email=bool(row[7]),
            consent_profiling_price=bool(row[8]),
            consent_channels=[name for name, allowed in zip(CHANNELS, row[CONSENT_COLUMNS:], strict=False) if allowed],
            features=dict(zip(features, map(_feature, row[PROFILE_COLUMNS:]), strict=True)) | extra.features(customer),
            recommendations=recommended.get(customer, {}),
            recently_bought=recent.get(customer, []),
            refusals=refusals.get(customer, {}),
            consent_analytics=bool(row[9]),
            shown=extra.shown.get(customer, {}),
            assigned=extra.assigned.get(customer, {}) if row[6] else {},
            account_id=extra.accounts.get(customer) if row[6] else None,
            agreed=[name for name, word in zip(SAID, row[10:], strict=False) if word == "granted"],
        )


def _refusals(warehouse: Warehouse, whose: str) -> dict[str, dict[str, list[tuple[int, int]]]]:
    found: dict[str, dict[str, list[tuple[int, int]]]] = {}
    for customer, purpose, key, at_us in warehouse.rows(REFUSALS.format(among=whose)):
        said = found.setdefault(str(customer), {}).setdefault(str(purpose), [])
        said.append((int(str(key)), int(str(at_us))))
    return found


def _recommendations(warehouse: Warehouse, whose: str) -> dict[str, dict[str, list[Recommended]]]:
    found: dict[str, dict[str, list[Recommended]]] = defaultdict(lambda: defaultdict(list))
    for customer, task, product, score, reason in warehouse.rows(RECOMMENDATIONS.format(among=whose)):
        found[str(customer)][str(task)].append(Recommended(str(product), float(str(score)), str(reason or "")))
    return {customer: dict(tasks) for customer, tasks in found.items()}


def grouped(rows: Iterable[Sequence[object]]) -> dict[str, list[str]]:
    """Second column by the first, in order."""
    found: dict[str, list[str]] = {}
    for key, value in rows:
        found.setdefault(str(key), []).append(str(value))
    return found


def text_of(value: object) -> str | None:
    """Text as a record has it."""
    return None if value is None else str(value)


def number_of(value: object) -> float | None:
    """A number as a record has it; None for what is none."""
    if value is None:
        return None
    number = float(str(value))
    return None if math.isnan(number) else number


def _feature(value: object) -> FeatureValue:
    if value is None or isinstance(value, bool | int | str):
        return value
    try:
        return number_of(value)
    except ValueError:
        return str(value)
