"""What identity matching is given: records from the vault that a run may see, and the model to compare them with."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from intake.atomic_file import publish
from intake.hashing import identifier_key
from intake.matching_roles import ROLES
from intake.ops_records import BatchRecord
from intake.paths import DataPaths
from intake.project import Project
from intake.vault import vault_file_name
from ml.matching import Model, check_model, default_model
from orchestration.warehouse import Warehouse

HASHES = {"identifier_key": "record_value", "email_key": "email_hash", "phone_key": "phone_hash"}
MODEL = Path("identity_matching") / "model.json"

_log = logging.getLogger(__name__)


def role_records(project: Project, batches: list[BatchRecord], as_of: datetime) -> pd.DataFrame:
    """Records with a matching role that arrived before `as_of`; what one says again counts once, as it arrived first.

    Returns:
        identifier_key, email_key, phone_key (nullable int64), received_at (UTC) and the text columns of `ROLES`.
    """
    parts = [_read(file, as_of) for file in _vault_files(project.paths, batches)]
    found = pd.concat(parts, ignore_index=True) if parts else _none()
    found = found.dropna(subset=["record_value"]).sort_values("received_at", kind="stable")
    found = found.drop_duplicates(["record_value", "email_hash", "phone_hash", *ROLES], ignore_index=True)
    keys = {name: _keys(found[column]) for name, column in HASHES.items()}
    return found[["received_at", *ROLES]].assign(**keys).astype({"identifier_key": "int64"})


def seen_batches(batches: list[BatchRecord], warehouse: Warehouse) -> list[BatchRecord]:
    """Batches that the pinned lake list holds: intake records them one after the other."""
    rows = warehouse.rows("SELECT max(loaded_at) FROM ops.lake_file")
    newest = rows[0][0]
    if newest is None:
        return []
    last = pd.Timestamp(str(newest), tz="UTC").to_pydatetime()
    return [batch for batch in batches if batch.state == "visible" and batch.started_at <= last]


def load_model(paths: DataPaths) -> Model:
    """The project's own model where one was trained with this version's comparisons, else the one with the code."""
    file = paths.models / MODEL
    if not file.exists():
        return default_model()
    try:
        return check_model(json.loads(file.read_text(encoding="utf-8")))
    except (ValueError, KeyError) as error:
        _log.warning("%s is not used, the model that comes with the code is: %s", file, error)
        return default_model()


def save_model(paths: DataPaths, model: Model) -> Path:
    """Keep a trained model in the data folder, where `load_model` finds it."""
    file = paths.models / MODEL
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.partial")
    draft.write_text(json.dumps(model, indent=2), encoding="utf-8")
    publish([(draft, file)])
    return file


def _vault_files(paths: DataPaths, batches: list[BatchRecord]) -> Iterator[Path]:
    for batch in batches:
        file = paths.vault / vault_file_name(batch.source, batch.batch_id)
        if file.exists() and "record_type" in pq.read_schema(file).names:
            yield file


def _read(file: Path, as_of: datetime) -> pd.DataFrame:
    columns = ["received_at", *HASHES.values(), *ROLES]
    frame: pd.DataFrame = pq.read_table(file, columns=columns, filters=[("received_at", "<", as_of)]).to_pandas()
    return frame


def _none() -> pd.DataFrame:
    text = {name: pd.Series([], dtype="str") for name in (*HASHES.values(), *ROLES)}
    return pd.DataFrame({"received_at": pd.Series([], dtype="datetime64[us, UTC]"), **text})


def _keys(hashes: pd.Series) -> pd.Series:
    keys = [None if pd.isna(value) else identifier_key(value) for value in hashes]
    return pd.Series(keys, index=hashes.index, dtype="Int64")
