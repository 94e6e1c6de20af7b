"""The persona cards as a page of the Data Docs and as metadata."""

import json

from dagster import AssetExecutionContext, MaterializeResult, MetadataValue, asset

from ml.segments import PersonaCard, persona_figure
from ml.segments.persona import Evidence
from orchestration.groups import OWNERS, WRITER_POOL, Group
from orchestration.page_file import write_page
from orchestration.previews import picture
from orchestration.resources import Workspace
from orchestration.segments.cards import cards_markdown, cards_page
from orchestration.segments.habits import habits

PROFILE_SQL = """
    select segment_id, segment_name, description, customers, share, evidence, top_categories, suggested_treatment,
        as_of, model_version
    from ml.segment_profile order by segment_id
"""


@asset(
    key=["segments", "persona_cards"],
    deps=[
        ["ml", "segment_assignment"],
        ["ml", "segment_profile"],
        ["ml", "churn_score"],
        ["ml", "value_score"],
        ["marts", "customer_features"],
        ["marts", "fct_order"],
    ],
    group_name=Group.SEGMENTS.value,
    owners=OWNERS,
    kinds={"python", "duckdb"},
    pool=WRITER_POOL,
    description="Who each persona is: size, value, what sets it apart with evidence, typical week, categories, channel "
    "and treatments. A page under data_docs/segments, and here.",
)
def persona_page(context: AssetExecutionContext, workspace: Workspace) -> MaterializeResult[None]:
    """Write the page and show the cards."""
    project, warehouse = workspace.project(), workspace.warehouse()
    rows = warehouse.rows(PROFILE_SQL)
    cards = [card_of(row) for row in rows]
    known = habits(warehouse, project.settings.time_zone) if cards else {}
    png = persona_figure(cards)
    as_of, version = (str(rows[0][-2]), str(rows[0][-1])) if rows else (str(workspace.as_of(context.run)), "")
    page = cards_page(cards, known, png, as_of=as_of, version=version, currency=project.settings.currency)
    file = write_page(project.paths.data_docs / "segments" / "index.html", page)
    return MaterializeResult(
        metadata={
            "dagster/row_count": len(cards),
            "cards": MetadataValue.md(cards_markdown(cards, known)),
            "picture": picture(png, "Personas"),
            "page": MetadataValue.path(file),
        }
    )


def card_of(row: tuple[object, ...]) -> PersonaCard:
    """A row of `ml.segment_profile` as the card that it was made from."""
    key, name, description, customers, share, evidence, categories, treatment, *_ = row
    return PersonaCard(
        segment_id=int(str(key)),
        name=str(name),
        description=str(description),
        customers=int(str(customers)),
        share=float(str(share)),
        evidence=tuple(Evidence(**fact) for fact in json.loads(str(evidence))),
        top_categories=tuple(json.loads(str(categories))),
        suggested_treatment=str(treatment),
    )
