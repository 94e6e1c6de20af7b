"""What an incentive changes for whom: trained weekly from the randomised log, scored daily."""

import pandas as pd
from dagster import AssetExecutionContext, MaterializeResult, asset

from intake.project import Project
from orchestration.assets.training import outcome
from orchestration.groups import OWNERS, WRITER_POOL, Group
from orchestration.incentives.facts import FEATURES
from orchestration.incentives.frames import past_offers, people_now
from orchestration.incentives.models import PlacementModels, train_placements
from orchestration.incentives.scores import MODEL, TABLE, uplift_rows
from orchestration.pin import current_as_of
from orchestration.previews import frame_preview
from orchestration.resources import Workspace
from orchestration.scoring import empty
from orchestration.training import Facts, Trained, train_and_store
from serving.placement_files import load_placements

DEPS = [
    ["intermediate", "int_customer_activity_daily"],
    ["marts", "customer_consent"],
    ["marts", "dim_customer"],
]


@asset(
    key=["models", MODEL],
    deps=[
        *DEPS,
        ["marts", "fct_offer"],
        ["marts", "fct_decision"],
        ["marts", "fct_exposure"],
        ["marts", "fct_outcome"],
    ],
    group_name=Group.TRAINING.value,
    owners=OWNERS,
    kinds={"python", "lightgbm"},
    pool=WRITER_POOL,
    description="Uplift of each incentive on conversion and margin, from randomised exposures: learners judged by Qini "
    "over repeated splits against a response model and one treatment for all.",
)
def incentive_model(context: AssetExecutionContext, workspace: Workspace) -> MaterializeResult[None]:
    """Check the log, judge the learners, store one model a placement."""
    project, offers = workspace.project(), past_offers(workspace.warehouse())

    def fit() -> tuple[Trained, Facts]:
        found = train_placements(offers, _plain_actions(project), project.settings.seed)
        for why in (*found.refused.values(), *(w for model in found.models.values() for w in model.refused.values())):
            context.log.warning("incentives: %s", why)
        return found, Facts(FEATURES, [], None, found.metrics, found.note)

    done = train_and_store(project, MODEL, offers, workspace.as_of(context.run), fit)
    shown = outcome(context, done)
    if done.card is None:
        return shown
    return MaterializeResult(metadata={**(shown.metadata or {}), "verdict": done.card.note})


@asset(
    key=["ml", "incentive_uplift"],
    deps=[*DEPS, ["models", MODEL]],
    group_name=Group.SCORES.value,
    owners=OWNERS,
    kinds={"python", "lightgbm"},
    pool=WRITER_POOL,
    description="Expected uplift of each incentive on conversion and margin, with errors, the incentive to give and "
    "why. Only people who agreed to price profiling and to marketing. Grain: one row a customer, placement and arm.",
)
def incentive_uplift(context: AssetExecutionContext, workspace: Workspace) -> MaterializeResult[None]:
    """Score everybody who may be offered something with the current model; never trains."""
    frame = _scored(workspace)
    workspace.warehouse().replace({TABLE: frame})
    if frame.empty:
        context.log.warning("no trained model of incentives, or nobody agreed to be offered any: no rows")
    given = frame.loc[frame["is_recommended"].astype(bool)]
    return MaterializeResult(
        metadata={
            "dagster/row_count": len(frame),
            "customers": int(frame["customer_id"].nunique()),
            "recommended": {str(arm): int(count) for arm, count in given["arm"].value_counts().items()},
            "preview": frame_preview(given, rows=10, columns=14),
        }
    )


def _scored(workspace: Workspace) -> pd.DataFrame:
    warehouse, models = workspace.warehouse(), workspace.models()
    as_of = current_as_of(warehouse)
    if as_of is None or models.current_version(MODEL) is None:
        return empty(TABLE)
    people = people_now(warehouse, as_of)
    if people.empty:
        return empty(TABLE)
    stored = models.load(MODEL)
    found = PlacementModels.from_files(stored.files)
    return uplift_rows(people, found, stored.card.version, pd.Timestamp(as_of).floor("h"))


def _plain_actions(project: Project) -> dict[str, str]:
    """Placement → the action that gives nothing, where it is configured."""
    return {placement.name: placement.plain for placement in load_placements(project.config / "placements")}
