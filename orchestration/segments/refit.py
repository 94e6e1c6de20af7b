"""What a refit of the segments changed: the migration matrix, and an alert when it moved too many."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pandas as pd
from dagster import MetadataValue

from intake.ops_records import Alert
from intake.project import Project
from ml.segments import SegmentModel
from orchestration.alerts import Finding, settle
from orchestration.model_registry import StoredModel
from orchestration.previews import markdown_table
from orchestration.warehouse import Warehouse

TABLE = "ops.segment_migration"
CAUSE = "segments:moved"
PERSONAS = "personas.json"
COLUMNS = ("from_segment_id", "from_segment_name", "to_segment_id", "to_segment_name", "customers", "share")


def note_refit(
    project: Project, warehouse: Warehouse, stored: StoredModel, previous: StoredModel | None
) -> pd.DataFrame:
    """Keep the migration matrix of a new version, and open or resolve the alert; returns the matrix."""
    moves = migration_rows(stored, previous)
    version = stored.card.version.replace("'", "''")
    warehouse.replace({TABLE: moves}, where=f"model_version = '{version}'")
    settle_moved(project, stored, moves)
    return moves


def migration_rows(stored: StoredModel, previous: StoredModel | None) -> pd.DataFrame:
    """Rows of `ops.segment_migration`: customers by segment under the model before and under this one."""
    model = SegmentModel.from_files(stored.files)
    before = {} if previous is None else persona_names(previous)
    after = persona_names(stored)
    total = sum(move.customers for move in model.migration)
    rows = [
        (move.before, before.get(move.before), move.after, after.get(move.after), move.customers,
         move.customers / total)
        for move in model.migration
    ]  # fmt: skip
    moment = pd.Timestamp(stored.card.as_of).tz_convert("UTC").tz_localize(None)
    return pd.DataFrame(rows, columns=list(COLUMNS)).assign(
        as_of=moment,
        model_version=stored.card.version,
        previous_version=None if previous is None else previous.card.version,
    )


def settle_moved(project: Project, stored: StoredModel, moves: pd.DataFrame) -> list[Alert]:
    """Alert when a larger share moved than `segments.moved_alert_share` allows; a quieter refit resolves it."""
    moved = moves.loc[moves["from_segment_id"] != moves["to_segment_id"]]
    share, bound = float(moved["share"].sum()), project.settings.segments.moved_alert_share
    if share <= bound:
        return settle(project, CAUSE, [], source="segments", exact=True)
    largest = moved.sort_values("customers", ascending=False, kind="stable").head(5)
    told = [
        f"{row['from_segment_name']} ({row['from_segment_id']}) to {row['to_segment_name']} ({row['to_segment_id']}): "
        f"{row['customers']:,} customers"
        for row in largest.to_dict("records")
    ]
    detail = (
        f"Refit {stored.card.version} puts {share:.0%} of customers into another segment than the version before would;"
        f" segments.moved_alert_share is {bound:.0%}. {'; '.join(told)}. The matrix is in {TABLE}."
    )
    title = f"segments moved at the refit of {stored.card.as_of[:10]}: {share:.0%} of customers"
    return settle(project, CAUSE, [Finding(CAUSE, title, detail)], source="segments", exact=True)


def refit_metadata(stored: StoredModel, moves: pd.DataFrame) -> Mapping[str, MetadataValue]:
    """How k was chosen, which bounds are missed and who moved, for the UI."""
    model = SegmentModel.from_files(stored.files)
    names = ("k", "stability", "stability_p10", "silhouette", "davies_bouldin", "smallest_share")
    tried = [tuple(getattr(one, name) for name in names) for one in model.candidates]
    shown = moves[list(COLUMNS)].itertuples(index=False)
    return {
        "candidates": MetadataValue.md(markdown_table(names, tried)),
        "missed_bounds": MetadataValue.text("; ".join(model.chosen.shortfalls()) or "none"),
        "migration": MetadataValue.md(markdown_table(COLUMNS, shown)),
    }


def persona_names(stored: StoredModel) -> dict[int, str]:
    """Name by segment id, as they were when the version was fitted."""
    return {int(key): str(name) for key, name in json.loads(stored.files[PERSONAS]).items()}
