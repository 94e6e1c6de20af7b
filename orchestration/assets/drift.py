"""Whether today's customers look like those the models learned from."""

from collections.abc import Iterator

import pandas as pd
from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetExecutionContext,
    MaterializeResult,
    asset,
)

from ml.drift import drift_report
from orchestration.alerts import check_failed, check_holds
from orchestration.groups import OWNERS, WRITER_POOL, Group
from orchestration.model_features import model_features
from orchestration.previews import frame_preview
from orchestration.resources import Workspace
from orchestration.warehouse import Warehouse

# Features are compared a few at a time: a frame of all of them at eight cut-offs would not fit beside a run.
FEATURES_AT_A_TIME = 8
# Windows over a lifetime grow with every day, so some features always move; a quarter of them moving is news.
WORST_SHIFTED_SHARE = 0.25
KEY = ["ops", "metric_daily"]
Drifted = MaterializeResult[None] | AssetCheckResult


@asset(
    key=KEY,
    deps=[["marts", "customer_features"], ["models", "churn"]],
    check_specs=[AssetCheckSpec("feature_drift", asset=KEY, description="Fewer than a quarter of the features moved.")],
    group_name=Group.DRIFT.value,
    owners=OWNERS,
    kinds={"python", "duckdb"},
    pool=WRITER_POOL,
    description="Population stability of every model feature against the training frame, kept by day.",
)
def drift(context: AssetExecutionContext, workspace: Workspace) -> Iterator[Drifted]:
    """Compare, keep the index of every feature, warn when many moved."""
    report = compared(workspace.warehouse())
    project, ops = workspace.project(), workspace.ops()
    now = project.clock.now()
    day = workspace.as_of(context.run).date()
    for feature, index in zip(report["feature"], report["psi"], strict=True):
        ops.record_metric(day, "feature_psi", float(index), at=now, dimension=str(feature))
    shifted = report.loc[report["level"] == "shifted", "feature"].tolist()
    share = len(shifted) / len(report) if len(report) else 0.0
    sentence = f"{len(shifted)} of {len(report)} features moved (index of 0.25 or more): {', '.join(shifted) or 'none'}"
    passed = share < WORST_SHIFTED_SHARE
    if passed:
        check_holds(project, "/".join(KEY), "feature_drift")
    else:
        title = f"model features drifted on {day}: {len(shifted)} of {len(report)} moved"
        check_failed(project, "/".join(KEY), "feature_drift", sentence, title=title)
    yield MaterializeResult(
        metadata={"dagster/row_count": len(report), "shifted": len(shifted), "preview": frame_preview(report, rows=15)}
    )
    yield AssetCheckResult(
        check_name="feature_drift", passed=passed, severity=AssetCheckSeverity.WARN, description=sentence
    )


def compared(warehouse: Warehouse) -> pd.DataFrame:
    """The drift report of all model features, most shifted first; empty before the first training frame."""
    known = warehouse.count("marts.training_frame") > 0
    features = model_features() if known else []
    starts = range(0, len(features), FEATURES_AT_A_TIME)
    parts = [_compared(warehouse, features[start : start + FEATURES_AT_A_TIME]) for start in starts]
    if not parts:
        return drift_report(pd.DataFrame(), pd.DataFrame(), [])
    report = pd.concat(parts, ignore_index=True)
    return report.sort_values(["psi", "feature"], ascending=[False, True], ignore_index=True)


def _compared(warehouse: Warehouse, names: list[str]) -> pd.DataFrame:
    columns = ", ".join(f'"{name}"' for name in names)
    before, now = (
        warehouse.frame(f"select {columns} from marts.{table}") for table in ("training_frame", "customer_features")
    )
    return drift_report(before, now, names)
