"""What assets are given: the project, its warehouse and its model registry."""

from __future__ import annotations

from datetime import UTC, datetime

from dagster import ConfigurableResource, DagsterRun

from intake.ops_store import OpsStore
from intake.project import Project
from orchestration.model_registry import ModelRegistry
from orchestration.warehouse import Warehouse

AS_OF_TAG = "concierge/as_of"


class Workspace(ConfigurableResource[None]):
    """The project that `CONCIERGE_DATA` and `CONCIERGE_CONFIG` name, opened when asked."""

    def project(self) -> Project:
        """Folders, settings and clock."""
        return Project.open()

    def warehouse(self) -> Warehouse:
        """The DuckDB file, closed."""
        return Warehouse(self.project().paths.warehouse)

    def ops(self) -> OpsStore:
        """The operational store."""
        return OpsStore(self.project().paths)

    def models(self) -> ModelRegistry:
        """Trained models."""
        return ModelRegistry(self.project().paths.models)

    def as_of(self, run: DagsterRun) -> datetime:
        """The moment a run looks from: its tag, else the project's clock to the second; aware UTC."""
        tagged = run.tags.get(AS_OF_TAG)
        moment = datetime.fromisoformat(tagged) if tagged else self.project().clock.now()
        return moment.astimezone(UTC).replace(microsecond=0)
