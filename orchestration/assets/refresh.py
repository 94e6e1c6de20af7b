"""Whose rows a run makes again."""

from collections.abc import Iterator

from dagster import AssetExecutionContext, AssetSpec, MaterializeResult, multi_asset

from orchestration.fingerprint import definition_hash
from orchestration.groups import OWNERS, WRITER_POOL, Group
from orchestration.refresh.customers import touch_customers
from orchestration.refresh.marks import carry
from orchestration.resources import Workspace

DAILY = ("int_identifier_daily", "int_identifier_category_daily", "int_order_lines", "int_consent_events")
DESCRIPTIONS = {
    "customer": "Customers with a changed day or identity since their rows were made: an hourly run makes only theirs "
    "again. Grain: one row a customer id, former ones included.",
    "identifier": "Identifiers that decide to whom a row of these customers belongs. Grain: one row an identifier.",
    "day": "Days rebuilt since the facts were made. Grain: one row a day.",
    "outcome_event": "Reports of outcomes on these days, and those that name the same order or outcome. Grain: one row "
    "an event and what it says.",
    "product_cost": "What products cost whose price was told on these days, before it was. Grain: one row a product.",
}
SPECS = [
    AssetSpec(
        ["refresh", table],
        deps=[["identity", "identity_assignment"], *(["intermediate", name] for name in DAILY)],
        group_name=Group.IDENTITY.value,
        owners=OWNERS,
        kinds={"python", "duckdb"},
        description=description,
    )
    for table, description in DESCRIPTIONS.items()
]


@multi_asset(specs=SPECS, name="touched_customers", pool=WRITER_POOL)
def touched_customers(context: AssetExecutionContext, workspace: Workspace) -> Iterator[MaterializeResult[None]]:
    """Compare rebuilt days with what they said before, add what the ledger changed, and name the customers."""
    # First the marks: a day that is rebuilt from here on waits for the next run.
    carry(workspace.ops(), context.run.run_id)
    definition = definition_hash(workspace.project())
    warehouse = workspace.warehouse()
    touched = touch_customers(warehouse, definition, context.run.run_id)
    context.log.info("%s", touched)
    for table in DESCRIPTIONS:
        yield MaterializeResult(
            asset_key=["refresh", table],
            metadata={
                "dagster/row_count": warehouse.count(f"refresh.{table}"),
                "everybody": touched.everybody or "no",
            },
        )
