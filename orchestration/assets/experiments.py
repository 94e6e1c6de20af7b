"""What came of experiments: who was in which arm, what they did, what it means."""

from collections.abc import Iterator, Sequence

from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetExecutionContext,
    AssetKey,
    AssetSpec,
    MaterializeResult,
    MetadataValue,
    multi_asset,
)

from orchestration.experiments.analysis import ASSIGNMENT, CONFLICT, UNIT, analyse
from orchestration.experiments.health import MOST_CONFLICTS
from orchestration.experiments.pages import folder_of
from orchestration.experiments.reading import Reading
from orchestration.experiments.result_rows import RESULT
from orchestration.groups import OWNERS, WRITER_POOL, Group
from orchestration.previews import markdown_table
from orchestration.resources import Workspace

READ = [
    *(["marts", f"fct_{name}"] for name in ("exposure", "outcome", "decision", "session", "order")),
    ["marts", "customer_sensitive"],
    ["ml", "value_score"],
]
DESCRIPTIONS = {
    ASSIGNMENT: "Arm of each unit, by its earliest exposure; whoever saw two is left out. Grain: one row a unit.",
    CONFLICT: "How many units saw two arms. Grain: one row an experiment version.",
    UNIT: "What each unit did before its first exposure (28 days) and within the window. Grain: one row a unit.",
    RESULT: "Comparisons with the plain arm and the holdout, guard rails, looks and the verdict. Grain: one row an "
    "experiment version, arm, metric and role.",
}
HEADER = ("experiment", "verdict", "in words", "health")


def _key(address: str) -> AssetKey:
    return AssetKey(address.split("."))


SPECS = [
    AssetSpec(
        _key(address),
        deps=READ,
        group_name=Group.DECISIONS.value,
        owners=OWNERS,
        kinds={"python", "duckdb"},
        description=description,
    )
    for address, description in DESCRIPTIONS.items()
]
CHECK = AssetCheckSpec(
    "few_identity_conflicts",
    asset=_key(CONFLICT),
    description=f"At most {MOST_CONFLICTS:.0%} of the units of an experiment saw two arms.",
)
Told = MaterializeResult[None] | AssetCheckResult


@multi_asset(specs=SPECS, check_specs=[CHECK], name="experiments", pool=WRITER_POOL)
def experiments(context: AssetExecutionContext, workspace: Workspace) -> Iterator[Told]:
    """Read out every experiment, take the looks that are due, move the ramps on, write the pages."""
    project, warehouse = workspace.project(), workspace.warehouse()
    readings = analyse(project, workspace.as_of(context.run))
    for address in (ASSIGNMENT, CONFLICT, UNIT):
        yield MaterializeResult(asset_key=_key(address), metadata={"dagster/row_count": warehouse.count(address)})
    rows = [(one.design.key, one.verdict, one.words, one.health) for one in readings]
    yield MaterializeResult(
        asset_key=_key(RESULT),
        metadata={
            "dagster/row_count": warehouse.count(RESULT),
            "verdicts": MetadataValue.md(markdown_table(HEADER, rows)),
            "pages": MetadataValue.path(folder_of(project) / "index.html"),
        },
    )
    yield _conflicts(readings)


def _conflicts(readings: Sequence[Reading]) -> AssetCheckResult:
    found = [(one, check) for one in readings for check in one.checks if check.name == "identities" and not check.is_ok]
    words = "; ".join(f"{one.design.key}: {check.words}" for one, check in found)
    return AssetCheckResult(
        asset_key=_key(CONFLICT),
        check_name=CHECK.name,
        passed=not found,
        severity=AssetCheckSeverity.WARN,
        description=words or "few units saw two arms",
    )
