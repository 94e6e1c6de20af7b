"""Purchase intent and ten-second bounce: trained weekly from past visits, scored live."""

from dagster import AssetExecutionContext, MaterializeResult, asset

from ml.errors import NotTrainable
from ml.visits.model import NUMBERS, TEXTS
from orchestration.assets.training import outcome
from orchestration.groups import OWNERS, WRITER_POOL, Group
from orchestration.resources import Workspace
from orchestration.training import Facts, Trained, train_and_store
from orchestration.visits.models import MODEL, train_visits
from orchestration.visits.moments import past_visits
from serving.session.reducer import shipped_reducer


@asset(
    key=["models", MODEL],
    deps=[["intermediate", "int_events"], ["marts", "fct_session"]],
    group_name=Group.TRAINING.value,
    owners=OWNERS,
    kinds={"python", "scikitlearn"},
    pool=WRITER_POOL,
    description="Chance of an order later in a visit, and of its end within ten seconds: points for bands of session "
    "features, read at moments of past visits by the reducer of the live service, judged on the later visits.",
)
def visit_model(context: AssetExecutionContext, workspace: Workspace) -> MaterializeResult[None]:
    """Read past visits, train both, store the points."""
    rows, goal = past_visits(workspace.warehouse(), shipped_reducer())

    def fit() -> tuple[Trained, Facts]:
        if all(own.empty for own in rows.values()):
            raise NotTrainable("visits: 0 with a session id; page events with sessions are needed")
        found = train_visits(rows, goal)
        for why in found.refused.values():
            context.log.warning("visits: %s", why)
        features = list(dict.fromkeys([*(name for own in NUMBERS.values() for name in own), *TEXTS]))
        return found, Facts(features, [], None, found.metrics, found.note)

    data = max(rows.values(), key=len)
    return outcome(context, train_and_store(workspace.project(), MODEL, data, workspace.as_of(context.run), fit))
