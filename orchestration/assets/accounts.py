"""The addresses that companies are known by."""

from dagster import MaterializeResult, asset

from orchestration.accounts import account_addresses
from orchestration.groups import OWNERS, WRITER_POOL, Group
from orchestration.resources import Workspace


@asset(
    key=["identity", "account_address"],
    group_name=Group.IDENTITY.value,
    owners=OWNERS,
    kinds={"python", "duckdb"},
    pool=WRITER_POOL,
    description="IP addresses listed for companies in config/accounts.yml, as keyed hashes. Grain: one row an address.",
)
def account_address(workspace: Workspace) -> MaterializeResult[None]:
    """Hash the listed addresses with the key of the data folder."""
    frame = account_addresses(workspace.project())
    workspace.warehouse().replace({"identity.account_address": frame})
    accounts = int(frame["account_id"].nunique())
    return MaterializeResult(metadata={"dagster/row_count": len(frame), "accounts": accounts})
