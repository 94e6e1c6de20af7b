"""Members of segments by rule, and the history of who was in which segment."""

from collections.abc import Iterator, Mapping

from dagster import AssetExecutionContext, AssetSpec, MaterializeResult, MetadataValue, multi_asset

from intake.project import Project
from orchestration.alerts import Finding, settle
from orchestration.groups import OWNERS, WRITER_POOL, Group
from orchestration.pin import current_as_of
from orchestration.previews import markdown_table
from orchestration.resources import Workspace
from orchestration.segments.condition import SensitiveConditionError
from orchestration.segments.membership import members, note_history, write_members
from orchestration.segments.rules import rule_segments
from serving.yaml_file import ConfigError

FAMILY = "segments:rule:"
MEMBERS, HISTORY = (
    AssetSpec(
        ["ml", name],
        deps=[
            ["ml", "segment_assignment"],
            ["ml", "micro_segment"],
            ["marts", "customer_features"],
            ["marts", "customer_consent"],
            ["marts", "dim_customer"],
        ],
        group_name=Group.SEGMENTS.value,
        owners=OWNERS,
        kinds={"duckdb"},
        description=description,
    )
    for name, description in (
        ("rule_segment_member", "Customers of each segment in config/segments. Grain: one row a customer and segment."),
        ("segment_history", "Since when, and until when, a customer was in a segment. Grain: one row a stay."),
    )
)


@multi_asset(specs=[MEMBERS, HISTORY], name="segment_membership", pool=WRITER_POOL)
def segment_membership(context: AssetExecutionContext, workspace: Workspace) -> Iterator[MaterializeResult[None]]:
    """Find the members; a file that is wrong alerts, and its members stay as they were."""
    project, warehouse = workspace.project(), workspace.warehouse()
    rules, wrong = rule_segments(project.config)
    refused = {name: str(error) for name, error in wrong.items() if is_sensitive(error)}
    broken = {name: str(error) for name, error in wrong.items() if name not in refused}
    failed = write_members(warehouse, rules, keep=list(broken))
    tell(project, {**broken, **failed}, refused)
    sizes = members(warehouse)
    yield MaterializeResult(
        asset_key=MEMBERS.key,
        metadata={
            "dagster/row_count": sum(sizes.values()),
            "sizes": MetadataValue.md(markdown_table(("segment", "customers"), list(sizes.items()))),
            "wrong": MetadataValue.text("; ".join([*map(str, wrong.values()), *failed.values()]) or "none"),
        },
    )
    as_of = current_as_of(warehouse) or workspace.as_of(context.run)
    moved = note_history(warehouse, as_of.date())
    yield MaterializeResult(asset_key=HISTORY.key, metadata={"entered": moved["entered_on"], "left": moved["left_on"]})


def is_sensitive(error: ConfigError) -> bool:
    """Whether a rule asks for what nothing may be decided by: then nobody stays in it."""
    return isinstance(error.__cause__, SensitiveConditionError)


def tell(project: Project, broken: Mapping[str, str], refused: Mapping[str, str]) -> None:
    """An alert for each segment whose rule cannot be used, resolved when it can."""
    findings = [
        Finding(f"{FAMILY}{name}", f"segment {name}: its rule cannot be used", f"{error}. Members stay as they were.")
        for name, error in sorted(broken.items())
    ]
    findings += [
        Finding(f"{FAMILY}{name}", f"segment {name}: refused", f"{error}. It has no members now.")
        for name, error in sorted(refused.items())
    ]
    settle(project, FAMILY, findings, source="segments")
