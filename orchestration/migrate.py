"""A data folder of an earlier version, brought to the one that this program knows."""

from __future__ import annotations

from dataclasses import dataclass

from intake.ops_store import OpsStore
from intake.paths import DataPaths
from orchestration.locks import run_lock
from orchestration.warehouse import Warehouse
from orchestration.warehouse_migration import bring_up_to_date


@dataclass(frozen=True)
class Migration:
    """Schema version of `ops.sqlite` before and after, and what the warehouse gained."""

    before: int
    after: int
    added: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether everything was up to date."""
        return self.before == self.after and not self.added


def migrate(paths: DataPaths) -> Migration:
    """Add what is missing to `ops.sqlite` and to the warehouse; what people decided stays. Again: no effect.

    Raises:
        OpsStoreError: the folder was written by a newer version; then nothing is touched.
        RunInProgressError: a run is under way.
    """
    store = OpsStore(paths)
    with run_lock(paths):
        before = store.version()
        store.overrides()
        added = []
        if paths.warehouse.exists():
            with Warehouse(paths.warehouse).connect() as connection:
                added = bring_up_to_date(connection)
    return Migration(before, store.version(), tuple(added))
