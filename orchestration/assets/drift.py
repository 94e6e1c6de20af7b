"""Whether today looks like what the models learned from, and whether their earlier promises held."""

from collections.abc import Iterator

from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetExecutionContext,
    MaterializeResult,
    MetadataValue,
    asset,
)

from intake.ops_records import Metric
from intake.ops_store import OpsStore
from intake.settings_drift import DriftSettings
from orchestration.champions.card_files import write_pages
from orchestration.champions.shadow import TABLE, write_down
from orchestration.drift.desk import settle_drift
from orchestration.drift.look import Seer
from orchestration.drift.reading import FEATURE, LOSS, METRICS, SCORE, Judged, judged, thresholds
from orchestration.groups import OWNERS, WRITER_POOL, Group
from orchestration.model_features import model_features
from orchestration.previews import frame_preview, markdown_table
from orchestration.resources import Workspace

KEY = ["ops", "metric_daily"]
HISTORY = ["ml", "score_history"]
MOST_SHOWN = 25
SEEN = [
    ["marts", "customer_features"],
    ["marts", "match_rate_daily"],
    ["marts", "fct_order"],
    ["ml", "segment_assignment"],
    ["ml", "churn_score"],
    ["ml", "value_score"],
]
Drifted = MaterializeResult[None] | AssetCheckResult


@asset(
    key=HISTORY,
    deps=[["marts", "customer_features"], ["marts", "customer_consent"], ["models", "churn"], ["models", "value"]],
    group_name=Group.SCORES.value,
    owners=OWNERS,
    kinds={"python", "lightgbm"},
    pool=WRITER_POOL,
    description="Scores of champion and challenger on a sample, once a week, until their labels are known. Grain: one "
    "row a model, version, moment and customer.",
)
def score_history(context: AssetExecutionContext, workspace: Workspace) -> MaterializeResult[None]:
    """Write down what is due; a challenger that cannot answer is told and left out."""
    warehouse = workspace.warehouse()
    rows, failed = write_down(warehouse, workspace.models(), workspace.as_of(context.run))
    for line in failed:
        context.log.warning("scores in the shadow: %s", line)
    return MaterializeResult(metadata={"dagster/row_count": warehouse.count(TABLE), "written": rows})


@asset(
    key=KEY,
    deps=[*SEEN, HISTORY, ["models", "churn"], ["models", "value"]],
    check_specs=[AssetCheckSpec("feature_drift", asset=KEY, description="No drift of a model feature stands.")],
    group_name=Group.DRIFT.value,
    owners=OWNERS,
    kinds={"python", "duckdb"},
    pool=WRITER_POOL,
    description="Drift of features, scores, matured performance, segments, identities and traffic, kept by day; what "
    "stands is an alert. The cards of all models follow.",
)
def drift(context: AssetExecutionContext, workspace: Workspace) -> Iterator[Drifted]:
    """Read, keep, compare with the days before, open or resolve alerts, write the cards."""
    project, ops = workspace.project(), workspace.ops()
    seer = Seer(workspace.warehouse(), ops, workspace.models(), workspace.as_of(context.run))
    look = seer.look(model_features())
    found = judged(look.readings, earlier(ops), seer.today, project.settings.drift)
    figures = [(one.metric, one.dimension, one.value) for one in look.readings]
    ops.record_metrics(seer.today, [*figures, *look.beside], at=project.clock.now())
    standing = settle_drift(project, found, seer.today)
    rows = table(found, project.settings.drift)
    index = write_pages(project, by_model(rows))
    yield MaterializeResult(
        metadata={
            "dagster/row_count": len(look.readings),
            "standing": ", ".join(standing) or "none",
            "readings": MetadataValue.md(markdown_table(HEADER, rows[:MOST_SHOWN])),
            "preview": frame_preview(look.report, rows=15),
            "cards": MetadataValue.path(index),
        }
    )
    drifted = [one for one in found if one.reading.metric == FEATURE and one.standing.is_open]
    yield AssetCheckResult(
        check_name="feature_drift",
        passed=not drifted,
        severity=AssetCheckSeverity.WARN,
        description="; ".join(one.reading.told for one in drifted[:MOST_SHOWN]) or "no drift of a model feature stands",
    )


HEADER = ("what", "where", "value", "opens at", "state")


def earlier(ops: OpsStore) -> dict[tuple[str, str], list[Metric]]:
    """What earlier days found, by metric and dimension."""
    kept: dict[tuple[str, str], list[Metric]] = {}
    for metric in METRICS:
        for item in ops.metrics(metric):
            kept.setdefault((metric, item.dimension), []).append(item)
    return kept


def table(found: list[Judged], settings: DriftSettings) -> list[tuple[object, ...]]:
    """A row a reading: those that stand first, then by their value."""
    shown = sorted(found, key=lambda one: (not one.standing.is_open, not one.reading.watched, -one.reading.value))
    return [
        (
            one.reading.metric,
            one.reading.dimension,
            one.reading.value,
            thresholds(one.reading.metric, settings).open_at,
            f"drift since {one.since}" if one.since else "quiet" if one.reading.watched else "grows with the history",
        )
        for one in shown
    ]


def by_model(rows: list[tuple[object, ...]]) -> dict[str, list[tuple[object, ...]]]:
    """Rows of the cards: features for the models that read them, scores and losses for their own."""
    features = [row for row in rows if row[0] == FEATURE][:MOST_SHOWN]
    names = ("churn", "churn_near", "value", "value_near")
    own = {
        name: [row for row in rows if row[0] in (SCORE, LOSS) and str(row[1]).split(":")[0] == name] for name in names
    }
    return {name: own[name] + features for name in names}
