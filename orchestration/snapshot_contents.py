"""What goes from the warehouse into a serving snapshot."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from intake.project import Project
from intake.purposes import MARKETING
from orchestration.experiment_versions import require_unedited
from orchestration.experiments_published import accounts, assigned, learned_now
from orchestration.incentives.advice import advice_now
from orchestration.snapshot_facts import (
    REVIEWS_PER_PRODUCT,
    ProductFacts,
    account_stages,
    all_reviews,
    parity_column,
    product_facts,
    promises,
    shown_before,
)
from orchestration.warehouse import Warehouse
from serving.experiments.definition import Experiment
from serving.experiments.enrolment import Remembered
from serving.experiments.files import load_experiments
from serving.lean import attributes_used
from serving.live import REFUSED_ANALYTICS
from serving.placement import Placement
from serving.placement_files import load_placements
from serving.policy import Policy, load_policies, variables_in
from serving.showings import watched_in
from serving.snapshot.records import (
    DecisionRow,
    FeatureValue,
    IdentifierRow,
    ProductRecord,
    ProfileRecord,
    Recommended,
    SnapshotContents,
)
from serving.uplift import advised_actions
from serving.variables import ACCOUNT_STAGE

# Bought-together lists leave out what the customer got lately; four weeks is the cycle of a weekly grocery shop.
RECENT_DAYS = 28
TOGETHER_PER_PRODUCT = 12
POPULAR_PER_CATEGORY = 24

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
    order by i.type, i.value_hash
"""
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
    order by a.canonical_id, w.purpose, w.identifier_key
"""
RECOMMENDATIONS = """
    select customer_id, task, product_id, score, reason from marts.customer_recommendations
    where customer_id in (select customer_id from marts.customer_consent where is_profiled)
    order by customer_id, task, rank
"""
RECENTLY_BOUGHT = f"""
    select customer_id, product_id from marts.customer_product
    where last_ordered_at >= (select max(as_of) from ops.run_context) - interval {RECENT_DAYS} day
        and customer_id in (select customer_id from marts.customer_consent where is_profiled)
    order by customer_id, product_id
"""
PRODUCTS = """
    select product_id, category, list_price, floor_price, map_price, cost, stock_quantity, {parity}
    from marts.dim_product
    order by product_id
"""
TOGETHER = f"""
    select product_a, product_b from (
        select product_a, product_b, row_number() over (
            partition by product_a order by lift desc, n_baskets desc, product_b
        ) as place from (
            select product_a, product_b, lift, n_baskets from marts.product_pair
            union
            select product_b, product_a, lift, n_baskets from marts.product_pair
        ) as pairs
    ) as placed where place <= {TOGETHER_PER_PRODUCT} order by product_a, place
"""
POPULAR = f"""
    select category, product_id from (
        select p.category, p.product_id, row_number() over (
            partition by p.category order by p.popularity desc, p.product_id
        ) as place from ({{popularity}}) as p
    ) as placed where place <= {POPULAR_PER_CATEGORY} order by category, place
"""
POPULARITY = "select coalesce(category, 'other') as category, product_id, n_orders as popularity from {table}"
OVERALL = "select '' as category, product_id, n_orders as popularity from {table}"
DECISIONS = """
    select placement, segment_id, context_bucket, action, score, basis, n from marts.decision_table
    order by placement, segment_id, context_bucket, action
"""


@dataclass(frozen=True)
class Published:
    """The policy side of a snapshot, as configured."""

    placements: Sequence[Placement]
    policies: Sequence[Policy]
    experiments: Sequence[Experiment] = ()


def load_configuration(project: Project) -> Published:
    """Placements, policies and experiments of the project, validated; no split is edited under its version."""
    placements = load_placements(project.config / "placements")
    experiments = load_experiments(project.config / "experiments", placements)
    require_unedited(project, experiments)
    return Published(placements, load_policies(project.config / "policies"), experiments)


def collect(project: Project, warehouse: Warehouse, model_versions: Mapping[str, str]) -> SnapshotContents:
    """Read everything that a snapshot holds; profiles carry only what a placement or a policy names."""
    configured = load_configuration(project)
    used = attributes_used(configured.placements, configured.policies)
    features = sorted(used & set(_feature_columns(warehouse)))
    identifiers = [IdentifierRow(*map(str, row)) for row in warehouse.rows(IDENTIFIERS)]
    named = {name for policy in configured.policies for rule in policy.rules for name in variables_in(rule.when)}
    extra = _Extra(
        account_stages(warehouse) if ACCOUNT_STAGE in named else {},
        advice_now(warehouse, advised_actions(configured.placements, configured.policies)),
        shown_before(warehouse, watched_in(configured.placements)),
        assigned(warehouse, configured.experiments),
        accounts(warehouse, configured.experiments),
    )
    profiles = list(_profiles(warehouse, features, extra))
    reviews = all_reviews(warehouse)
    facts = product_facts(warehouse, reviews)
    rows = warehouse.rows(PRODUCTS.format(parity=parity_column(warehouse)))
    products = [_product(row, facts.get(str(row[0]), ProductFacts())) for row in rows]
    promised = promises(warehouse)
    decisions = [_decision(row) for row in warehouse.rows(DECISIONS)]
    return SnapshotContents(
        identifiers=identifiers,
        profiles=profiles,
        decision_rows=decisions,
        products=products,
        popular=_popular(warehouse),
        together=_grouped(warehouse.rows(TOGETHER)),
        placements=configured.placements,
        policies=configured.policies,
        time_zone=project.settings.time_zone,
        model_versions=model_versions,
        totals={
            "customers": len(profiles),
            "identifiers": len(identifiers),
            "segments": len({profile.segment_id for profile in profiles if profile.segment_id is not None}),
            "products": len(products),
            "decisions": len(decisions),
            "promises": len(promised),
            REFUSED_ANALYTICS: sum("analytics" in profile.refusals for profile in profiles),
        },
        promises=promised,
        learned=learned_now(project, configured.experiments, warehouse),
        reviews={name: [review for _, review in rated[:REVIEWS_PER_PRODUCT]] for name, rated in reviews.items()},
    )


@dataclass(frozen=True)
class _Extra:
    """By customer: the stage of their company, advised incentives, what they were shown and drew, and their account."""

    stages: Mapping[str, str]
    advice: Mapping[str, Mapping[str, FeatureValue]]
    shown: Mapping[str, dict[str, list[int]]]
    assigned: Mapping[str, dict[str, Remembered]]
    accounts: Mapping[str, str]

    def features(self, customer: str) -> dict[str, FeatureValue]:
        found = dict(self.advice.get(customer, {}))
        return found | {ACCOUNT_STAGE: self.stages[customer]} if customer in self.stages else found


def _product(row: Sequence[object], facts: ProductFacts) -> ProductRecord:
    list_price, floor_price, map_price, cost, stock, parity_price = map(_number, row[2:])
    return ProductRecord(
        str(row[0]),
        _text(row[1]),
        list_price,
        floor_price,
        map_price,
        cost,
        stock,
        parity_price,
        facts.returns_rate,
        facts.units_28d,
        facts.reviews,
        facts.rating,
    )


def _feature_columns(warehouse: Warehouse) -> list[str]:
    rows = warehouse.rows(
        "select column_name from information_schema.columns"
        " where table_schema = 'marts' and table_name = 'customer_features'"
    )
    return [str(row[0]) for row in rows]


def _profiles(warehouse: Warehouse, features: Sequence[str], extra: _Extra) -> Iterable[ProfileRecord]:
    recommended = _recommendations(warehouse)
    recent = _grouped(warehouse.rows(RECENTLY_BOUGHT))
    refusals = _refusals(warehouse)
    selected = "".join(f', f."{name}"' for name in features)
    channels = "".join(f", c.{name}" for name in CHANNELS)
    for row in warehouse.rows(PROFILES.format(channels=channels, features=selected)):
        customer = str(row[0])
        yield ProfileRecord(
            customer_id=customer,
            segment_id=None if row[1] is None else int(str(row[1])),
            segment_name=_text(row[2]),
            rung=str(row[3]),
            churn_probability=_number(row[4]),
            ltv_amount=_number(row[5]),
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


def _refusals(warehouse: Warehouse) -> dict[str, dict[str, list[tuple[int, int]]]]:
    found: dict[str, dict[str, list[tuple[int, int]]]] = {}
    for customer, purpose, key, at_us in warehouse.rows(REFUSALS):
        said = found.setdefault(str(customer), {}).setdefault(str(purpose), [])
        said.append((int(str(key)), int(str(at_us))))
    return found


def _recommendations(warehouse: Warehouse) -> dict[str, dict[str, list[Recommended]]]:
    found: dict[str, dict[str, list[Recommended]]] = defaultdict(lambda: defaultdict(list))
    for customer, task, product, score, reason in warehouse.rows(RECOMMENDATIONS):
        found[str(customer)][str(task)].append(Recommended(str(product), float(str(score)), str(reason or "")))
    return {customer: dict(tasks) for customer, tasks in found.items()}


def _popular(warehouse: Warehouse) -> dict[str, list[str]]:
    table = "marts.product_popularity"
    overall = warehouse.rows(POPULAR.format(popularity=OVERALL.format(table=table)))
    by_category = warehouse.rows(POPULAR.format(popularity=POPULARITY.format(table=table)))
    return _grouped([*overall, *by_category])


def _grouped(rows: Iterable[Sequence[object]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for key, value in rows:
        found.setdefault(str(key), []).append(str(value))
    return found


def _decision(row: Sequence[object]) -> DecisionRow:
    placement, segment, bucket, action, score, basis, n = row
    return DecisionRow(
        str(placement), int(str(segment)), str(bucket), str(action), float(str(score)), str(basis), int(str(n))
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _number(value: object) -> float | None:
    if value is None:
        return None
    number = float(str(value))
    return None if math.isnan(number) else number


def _feature(value: object) -> FeatureValue:
    if value is None or isinstance(value, bool | int | str):
        return value
    try:
        return _number(value)
    except ValueError:
        return str(value)
