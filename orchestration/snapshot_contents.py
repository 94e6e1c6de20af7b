"""What goes from the warehouse into a serving snapshot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from intake.project import Project
from orchestration.clicks.drivers import click_drivers
from orchestration.experiment_versions import require_unedited
from orchestration.experiments_published import learned_now
from orchestration.segments.live import definitions_of
from orchestration.segments.rules import rule_segments
from orchestration.snapshot_facts import (
    REVIEWS_PER_PRODUCT,
    ProductFacts,
    all_reviews,
    parity_column,
    product_facts,
    promises,
)
from orchestration.snapshot_people import (
    IDENTIFIERS,
    REFUSALS,
    Rules,
    everybody,
    grouped,
    identifiers_of,
    number_of,
    text_of,
)
from orchestration.warehouse import Warehouse
from serving.experiments.files import load_experiments
from serving.placement_files import load_placements
from serving.policy import load_policies
from serving.snapshot.records import (
    REFUSED_ANALYTICS,
    DecisionRow,
    ProductRecord,
    SnapshotContents,
)

TOGETHER_PER_PRODUCT = 12
POPULAR_PER_CATEGORY = 24

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
COUNTS = {
    "customers": "select count(*) from marts.customer_consent",
    "identifiers": f"select count(*) from ({IDENTIFIERS.format(among='true')}) as identifiers",
    "segments": """
        select count(distinct s.segment_id) from marts.customer_segments as s
        inner join marts.customer_consent as c on s.customer_id = c.customer_id and c.is_profiled
    """,
    REFUSED_ANALYTICS: f"""
        select count(distinct r.canonical_id) from ({REFUSALS.format(among="true")}) as r
        inner join marts.customer_consent as c on r.canonical_id = c.customer_id
        where r.purpose = 'analytics'
    """,
}
DECISIONS = """
    select placement, segment_id, context_bucket, action, score, basis, n from marts.decision_table
    order by placement, segment_id, context_bucket, action
"""


def load_configuration(project: Project, warehouse: Warehouse | None = None) -> Rules:
    """Placements, policies, experiments and segments of the project, valid; no split is edited under its version."""
    placements = load_placements(project.config / "placements")
    experiments = load_experiments(project.config / "experiments", placements)
    require_unedited(project, experiments)
    segments = definitions_of(rule_segments(project.config)[0], warehouse)
    return Rules(placements, load_policies(project.config / "policies"), experiments, segments)


def collect(project: Project, warehouse: Warehouse, model_versions: Mapping[str, str]) -> SnapshotContents:
    """What a snapshot holds; profiles carry only what a placement or a policy names.

    Customers and identifiers are read when they are asked for, once, so that they need not fit into memory together.
    """
    configured = load_configuration(project, warehouse)
    reviews = all_reviews(warehouse)
    facts = product_facts(warehouse, reviews)
    rows = warehouse.rows(PRODUCTS.format(parity=parity_column(warehouse)))
    products = [_product(row, facts.get(str(row[0]), ProductFacts())) for row in rows]
    promised = promises(warehouse)
    decisions = [_decision(row) for row in warehouse.rows(DECISIONS)]
    return SnapshotContents(
        identifiers=identifiers_of(warehouse),
        profiles=everybody(warehouse, configured),
        decision_rows=decisions,
        products=products,
        popular=_popular(warehouse),
        together=grouped(warehouse.rows(TOGETHER)),
        placements=configured.placements,
        policies=configured.policies,
        time_zone=project.settings.time_zone,
        model_versions=model_versions,
        totals={
            **{name: int(str(warehouse.rows(sql)[0][0])) for name, sql in COUNTS.items()},
            "products": len(products),
            "decisions": len(decisions),
            "promises": len(promised),
        },
        promises=promised,
        segments=configured.segments,
        click_drivers=click_drivers(warehouse),
        learned=learned_now(project, configured.experiments, warehouse),
        reviews={name: [review for _, review in rated[:REVIEWS_PER_PRODUCT]] for name, rated in reviews.items()},
    )


def _product(row: Sequence[object], facts: ProductFacts) -> ProductRecord:
    list_price, floor_price, map_price, cost, stock, parity_price = map(number_of, row[2:])
    return ProductRecord(
        str(row[0]),
        text_of(row[1]),
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


def _popular(warehouse: Warehouse) -> dict[str, list[str]]:
    table = "marts.product_popularity"
    overall = warehouse.rows(POPULAR.format(popularity=OVERALL.format(table=table)))
    by_category = warehouse.rows(POPULAR.format(popularity=POPULARITY.format(table=table)))
    return grouped([*overall, *by_category])


def _decision(row: Sequence[object]) -> DecisionRow:
    placement, segment, bucket, action, score, basis, n = row
    return DecisionRow(
        str(placement), int(str(segment)), str(bucket), str(action), float(str(score)), str(basis), int(str(n))
    )
