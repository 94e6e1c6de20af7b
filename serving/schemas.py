"""JSON schemas of placement, policy and experiment files, so that editors complete and check them."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import BaseModel

from intake.paths import config_dir
from serving.experiments.definition import Experiment
from serving.placement import Placement
from serving.policy import Policy

_MODELS: dict[str, type[BaseModel]] = {
    "placement.schema.json": Placement,
    "policy.schema.json": Policy,
    "experiment.schema.json": Experiment,
}


def schema_texts() -> dict[str, str]:
    """Text of each schema by file name."""
    texts = {}
    for name, model in _MODELS.items():
        schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **model.model_json_schema()}
        texts[name] = json.dumps(schema, indent=2) + "\n"
    return texts


def write_schemas(folder: Path) -> None:
    """Write them into `folder`, which `config/schemas` is."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in schema_texts().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write_schemas(config_dir() / "schemas")
