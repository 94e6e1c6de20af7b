"""Which columns are model features: read from the dbt YAML, where every feature is described."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from intake.paths import config_dir
from intake.sensitive import load_sensitive

FEATURES_MODEL = "customer_features"


def model_features(manifest: Path | None = None) -> list[str]:
    """Columns of `marts.customer_features` whose `meta.feature.model` is true, in YAML order.

    Raises:
        LookupError: the manifest has no such model, or none of its columns is marked.
        SensitiveUseError: a marked column is a sensitive attribute; the message names file, field and attribute.
    """
    file = manifest or Path(os.environ["DBT_TARGET_PATH"]) / "manifest.json"
    nodes = json.loads(file.read_text(encoding="utf-8"))["nodes"].values()
    columns = next((node["columns"] for node in nodes if node["name"] == FEATURES_MODEL), None)
    if columns is None:
        raise LookupError(f"{file}: no dbt model {FEATURES_MODEL}")
    found = [name for name, column in columns.items() if _is_model_feature(column)]
    refuse_sensitive(found, f"dbt_project/models/marts/features.yml: {FEATURES_MODEL}.columns")
    if not found:
        raise LookupError(f"{file}: no column of {FEATURES_MODEL} has `meta: {{feature: {{model: true}}}}`")
    return found


def refuse_sensitive(names: Sequence[str], where: str, use: str = "model") -> None:
    """Refuse sensitive attributes of this project among columns that a model or segment would read.

    Raises:
        SensitiveUseError: names where, the column, the attribute and the use.
    """
    load_sensitive(config_dir()).check(names, where, use)


def _is_model_feature(column: dict[str, object]) -> bool:
    for holder in (column, column.get("config")):
        meta = holder.get("meta") if isinstance(holder, dict) else None
        feature = meta.get("feature") if isinstance(meta, dict) else None
        if isinstance(feature, dict):
            return bool(feature.get("model"))
    return False
