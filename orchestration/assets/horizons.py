"""Churn and value: two models each, and their scores of today's customers."""

from collections.abc import Callable, Sequence

import pandas as pd
from dagster import AssetExecutionContext, MaterializeResult, asset

from ml.churn import ChurnModel, train_churn
from ml.lifetime.history import COLUMNS as HISTORY
from ml.standing import enough_history
from ml.value import ValueModel, train_value
from orchestration.assets.scores import UNTRAINED, touched_features
from orchestration.assets.training import outcome
from orchestration.groups import OWNERS, WRITER_POOL, Group
from orchestration.horizons.names import NEAR_SUFFIX
from orchestration.horizons.scores import CHURN, VALUE, Known, churn_rows, value_rows
from orchestration.horizons.training import Lesson, Train, train_horizons
from orchestration.model_registry import StoredModel
from orchestration.refresh.scope import WHERE_TOUCHED, makes_everybody
from orchestration.resources import Workspace
from orchestration.scoring import empty

LABELLED = [["marts", "training_frame"], ["marts", "training_label"]]
SCORED = [["marts", "customer_features"], ["marts", "customer_consent"], ["ml", "segment_assignment"]]
SEGMENT_SQL = "select customer_id, segment_id from ml.segment_assignment where rung <> 'everyone'"
# In an hourly run, those whose rows stay as they are: they speak for their segments with the touched.
OTHERS_SQL = f"select * from {{table}} where basis = 'own' and not {WHERE_TOUCHED}"
EVERYBODY_SQL = """
    select {columns} from marts.customer_features
    where customer_id in (select customer_id from marts.customer_consent where is_profiled) order by customer_id
"""
Score = Callable[[StoredModel | None, StoredModel | None, pd.DataFrame, Known], pd.DataFrame]


def _taught_churn(lesson: Lesson, features: Sequence[str]) -> ChurnModel:
    return train_churn(lesson.frame, features, judge=lesson.judge, horizon_days=lesson.horizon_days, seed=lesson.seed)


def _taught_value(lesson: Lesson, features: Sequence[str]) -> ValueModel:
    return train_value(lesson.frame, features, judge=lesson.judge, horizon_days=lesson.horizon_days, seed=lesson.seed)


@asset(
    key=["models", "churn"],
    deps=LABELLED,
    group_name=Group.TRAINING.value,
    owners=OWNERS,
    kinds={"python", "lightgbm"},
    pool=WRITER_POOL,
    description="Probability of no order within the far and the near horizon: trained on earlier cut-offs, judged on a "
    "later one against recency, the previous period and BG/NBD, then refitted on all.",
)
def churn_model(context: AssetExecutionContext, workspace: Workspace) -> MaterializeResult[None]:
    """Train, judge, store."""
    return _trained(context, workspace, "churn", _taught_churn)


@asset(
    key=["models", "value"],
    deps=LABELLED,
    group_name=Group.TRAINING.value,
    owners=OWNERS,
    kinds={"python", "lightgbm"},
    pool=WRITER_POOL,
    description="Spend within both horizons with an 80 % interval: trained and judged as churn is, against the spend "
    "of the last equal period, the mean and BG/NBD with Gamma-Gamma.",
)
def value_model(context: AssetExecutionContext, workspace: Workspace) -> MaterializeResult[None]:
    """Train, judge, store."""
    return _trained(context, workspace, "value", _taught_value)


def _trained(context: AssetExecutionContext, workspace: Workspace, name: str, train: Train) -> MaterializeResult[None]:
    as_of = workspace.as_of(context.run)
    far, *near = train_horizons(workspace.project(), workspace.warehouse(), name, as_of, train)
    shown = dict(outcome(context, far).metadata or {})
    for other in near:
        shown |= {f"near/{key}": value for key, value in (outcome(context, other).metadata or {}).items()}
    return MaterializeResult(metadata=shown)


@asset(
    key=["ml", "churn_score"],
    deps=[*SCORED, ["models", "churn"]],
    group_name=Group.SCORES.value,
    owners=OWNERS,
    kinds={"python", "lightgbm"},
    pool=WRITER_POOL,
    description="Probability of no order within both horizons, and what it rests on. Grain: one row a customer.",
)
def churn_score(context: AssetExecutionContext, workspace: Workspace) -> MaterializeResult[None]:
    """Score with the current churn models; never trains."""
    return _scored(context, workspace, "churn", CHURN, churn_rows)


@asset(
    key=["ml", "value_score"],
    deps=[*SCORED, ["models", "value"]],
    group_name=Group.SCORES.value,
    owners=OWNERS,
    kinds={"python", "lightgbm"},
    pool=WRITER_POOL,
    description="Spend within both horizons with 80 % intervals, and what it rests on. Grain: one row a customer.",
)
def value_score(context: AssetExecutionContext, workspace: Workspace) -> MaterializeResult[None]:
    """Score with the current value models; never trains."""
    return _scored(context, workspace, "value", VALUE, value_rows)


def _everybody_sql(stored: Sequence[StoredModel]) -> str:
    """Today's features that these models read, of everybody who may be profiled."""
    read = [*(name for model in stored for name in model.card.features), *HISTORY]
    columns = ", ".join(f'"{name}"' for name in dict.fromkeys(["customer_id", "as_of", *read]))
    return EVERYBODY_SQL.format(columns=columns)


def _scored(
    context: AssetExecutionContext, workspace: Workspace, model: str, table: str, score: Score
) -> MaterializeResult[None]:
    """Score everybody, or in an hourly run the touched, and replace their rows."""
    models, warehouse = workspace.models(), workspace.warehouse()
    everybody = makes_everybody(context.run, warehouse)
    where = "true" if everybody else WHERE_TOUCHED
    asked = workspace.project().settings.models.near_horizon_days
    near = models.load(model + NEAR_SUFFIX) if asked and models.current_version(model + NEAR_SUFFIX) else None
    far = models.load(model) if models.current_version(model) else None
    stored = [each for each in (far, near) if each]
    if not stored:
        context.log.warning(UNTRAINED)
        warehouse.replace({table: empty(table)}, where=where)
        return MaterializeResult(metadata={"dagster/row_count": 0, "note": UNTRAINED})
    features = warehouse.frame(_everybody_sql(stored)) if everybody else touched_features(warehouse)
    # Nobody else's scores are needed where all have a history of their own: an hour then reads the touched alone.
    alone = everybody or features.empty or bool(enough_history(features).all())
    others = empty(table) if alone else warehouse.frame(OTHERS_SQL.format(table=table))
    known = Known(warehouse.frame(SEGMENT_SQL), others)
    frame = score(far, near, features, known) if len(features) else empty(table)
    warehouse.replace({table: frame}, where=where)
    bases = {str(basis): int(rows) for basis, rows in frame["basis"].value_counts().items()}
    return MaterializeResult(metadata={"dagster/row_count": len(frame), "by_basis": bases})
