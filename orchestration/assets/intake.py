"""Takes in what has landed at the declared locations."""

from collections import Counter
from typing import Literal

from dagster import AssetExecutionContext, MaterializeResult, MetadataValue, asset

from intake.scan import scan_locations
from orchestration.groups import OWNERS, Group
from orchestration.previews import markdown_table
from orchestration.resources import Workspace

Count = Literal["rows_read", "accepted", "duplicate", "quarantined", "suppressed"]


@asset(
    key=["intake", "landed_files"],
    group_name=Group.INTAKE.value,
    owners=OWNERS,
    kinds={"python", "parquet"},
    description="Every contract's location, scanned by content hash: new files are validated, hashed and put into the "
    "lake; rows that break the contract go to quarantine; the days they touch are noted for the daily tables.",
)
def landed_files(context: AssetExecutionContext, workspace: Workspace) -> MaterializeResult[None]:
    """Scan all locations; a file that cannot be read is reported and stops nothing else."""
    reports = scan_locations(workspace.project())
    files = [file for report in reports for file in report.files]
    states = Counter(str(file.state) for file in files)
    counts: list[Count] = ["rows_read", "accepted", "duplicate", "quarantined", "suppressed"]
    rows = [(report.source, len(report.files), *(report.total(count) for count in counts)) for report in reports]
    context.log.info("scanned %d files: %s", len(files), dict(states))
    return MaterializeResult(
        metadata={
            "files": len(files),
            "dagster/row_count": sum(report.total("accepted") for report in reports),
            "quarantined": sum(report.total("quarantined") for report in reports),
            "by_source": MetadataValue.md(markdown_table(("source", "files", *counts), rows)),
        }
    )
