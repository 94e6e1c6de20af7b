"""Trains model versions. Scoring uses what was trained; it never trains."""

import json
from dataclasses import asdict

import numpy as np
import pandas as pd
from dagster import AssetExecutionContext, MaterializeResult, MetadataValue, asset

from ml.champion import Twin
from ml.segments import SEGMENT_COLUMNS, SegmentModel, SegmentRecipe, fit_segments, persona_cards
from orchestration.champions.card_text import sentences
from orchestration.groups import OWNERS, WRITER_POOL, Group
from orchestration.horizons.training import judging_cutoff as judge_of
from orchestration.model_features import refuse_sensitive
from orchestration.model_registry import ModelRegistry, StoredModel
from orchestration.previews import markdown_table, picture
from orchestration.resources import Workspace
from orchestration.segments.people import segment_people
from orchestration.segments.refit import note_refit, refit_metadata
from orchestration.training import Facts, Trained, Training, train_and_store

CATEGORIES_SQL = """
    select customer_id, category, cast(sum(amount) as double) as amount from marts.customer_product
    where category not in (select category from intermediate.int_sensitive_categories)
    group by customer_id, category order by customer_id, category
"""
PERSONAS = "personas.json"


class NamedSegments:
    """A segment model with the names its personas had when it was fitted, so that names last as long as ids."""

    def __init__(self, model: SegmentModel, names: dict[int, str], buyers: pd.DataFrame | None = None) -> None:
        self.model, self.names = model, names
        self.twin = None if buyers is None else Twin(model, buyers, np.zeros(len(buyers)), {})

    def files(self) -> dict[str, bytes]:
        """The model's files and the names."""
        return {**self.model.files(), PERSONAS: json.dumps(self.names, indent=1).encode()}


@asset(
    key=["models", "segments"],
    deps=[["marts", "customer_features"], ["marts", "customer_product"]],
    group_name=Group.TRAINING.value,
    owners=OWNERS,
    kinds={"python", "scikitlearn"},
    pool=WRITER_POOL,
    description="KMeans or Ward over recency, frequency and money; k by stability; ids aligned to the version before, "
    "with the matrix of who moved in ops.segment_migration.",
)
def segment_model(context: AssetExecutionContext, workspace: Workspace) -> MaterializeResult[None]:
    """Fit, name the personas, store; note who moved since the version before."""
    project, warehouse, models = workspace.project(), workspace.warehouse(), workspace.models()
    stored = _readable(context, models)
    previous = None if stored is None else SegmentModel.from_files(stored.files)
    features, categories = segment_people(warehouse, previous), warehouse.frame(CATEGORIES_SQL)
    settings = project.settings

    def fit() -> tuple[Trained, Facts]:
        buyers = features.loc[features["orders_lifetime"] > 0]
        refuse_sensitive(SEGMENT_COLUMNS, "ml/segments/model.py: SEGMENT_COLUMNS", "segment")
        model = fit_segments(
            buyers,
            SEGMENT_COLUMNS,
            k_min=settings.segments.k_min,
            k_max=settings.segments.k_max,
            seed=settings.seed,
            previous=previous,
            recipe=SegmentRecipe(settings.segments.method, settings.segments.transform),
        )
        names = {card.segment_id: card.name for card in persona_cards(model, buyers, categories)}
        metrics = {**asdict(model.chosen), "moved_share": model.moved_share}
        recipe: dict[str, object] = {"method": settings.segments.method, "transform": settings.segments.transform}
        recipe |= {"k_min": settings.segments.k_min, "k_max": settings.segments.k_max}
        return NamedSegments(model, names, buyers), Facts(model.columns, [], None, metrics, recipe=recipe)

    done = train_and_store(project, "segments", features, workspace.as_of(context.run), fit)
    shown = outcome(context, done)
    if not done.serves:
        return shown
    moves = note_refit(project, warehouse, models.load("segments"), stored)
    return MaterializeResult(metadata={**(shown.metadata or {}), **refit_metadata(models.load("segments"), moves)})


def _readable(context: AssetExecutionContext, models: ModelRegistry) -> StoredModel | None:
    """The champion, if it can be read: ids and names go on from it."""
    if models.current_version("segments") is None:
        return None
    try:
        stored = models.load("segments")
        SegmentModel.from_files(stored.files)
    except (ValueError, LookupError, OSError) as error:
        context.log.warning("segments: the version in use cannot be read, ids begin anew: %s", error)
        return None
    return stored


def judging_cutoff(workspace: Workspace) -> tuple[pd.Timestamp, int]:
    """The later cut-off and the horizon.

    Raises:
        NotTrainable: the history is too short for any cut-off.
    """
    return judge_of(workspace.warehouse())


def outcome(context: AssetExecutionContext, done: Training) -> MaterializeResult[None]:
    """What a training shows in the UI; a verdict of the data is a warning, and the version before stays."""
    if done.card is None:
        context.log.warning("%s: not trained: %s", done.name, done.reason)
        return MaterializeResult(metadata={"trained": False, "reason": done.reason})
    card, became = done.card, done.launch
    if became is not None and became.is_loud:
        context.log.warning("%s: %s", done.name, became.why)
    pictured = {"card": picture(done.picture, f"Model card of {done.name}")} if done.picture else {}
    return MaterializeResult(
        metadata={
            **pictured,
            "in_short": MetadataValue.md("\n\n".join(sentences(card)) or "no figures"),
            "trained": True,
            "version": card.version,
            "state": "champion" if done.serves else "challenger (scores in the shadow)",
            "why": became.why if became else "",
            "dagster/row_count": card.rows,
            "metrics": MetadataValue.md(metrics_table(card.metrics)),
            "features": len(card.features),
            "cutoffs": ", ".join(card.cutoffs) or "none",
        }
    )


def metrics_table(metrics: object) -> str:
    """Metrics as a table: one row a competitor where there are several, else one row a metric."""
    if not isinstance(metrics, dict):
        return str(metrics)
    if all(isinstance(value, dict) for value in metrics.values()):
        names = list(dict.fromkeys(name for value in metrics.values() for name in value))
        rows = [(who, *(value.get(name, "") for name in names)) for who, value in metrics.items()]
        return markdown_table(("", *names), rows)
    return markdown_table(("metric", "value"), list(metrics.items()))
