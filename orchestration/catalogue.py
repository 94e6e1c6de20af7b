"""Pages made from the dbt YAML: the signal catalogue (docs/features.md) and the public tables (docs/tables.md)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from intake.paths import repository_root

FEATURES_MODEL = "customer_features"
PUBLIC_FOLDERS = ("marts", "published")
KINDS = {
    "behavioural": "What the customer did",
    "context": "Where and how the customer was last seen",
    "permission": "What the customer allows",
}


@dataclass(frozen=True)
class Signal:
    """One feature of `marts.customer_features`."""

    name: str
    description: str
    data_type: str
    kind: str
    unit: str
    window: str
    source: str
    is_model_input: bool


@dataclass(frozen=True)
class Column:
    """One column of a public table."""

    name: str
    data_type: str
    description: str


@dataclass(frozen=True)
class PublicTable:
    """One table of a public schema, as its contract says."""

    schema: str
    name: str
    description: str
    columns: tuple[Column, ...]


class CatalogueError(ValueError):
    """A model's YAML lacks what the catalogue needs."""


def signals(models: Path | None = None) -> list[Signal]:
    """Every column of `customer_features` with `meta.feature`, in YAML order.

    Raises:
        CatalogueError: the model is missing, or a feature lacks one of kind, unit, window, source and model.
    """
    for model in _models(models):
        if model["name"] == FEATURES_MODEL:
            features = [(column, _feature(column)) for column in model["columns"]]
            return [_signal(column, feature) for column, feature in features if feature]
    raise CatalogueError(f"no model {FEATURES_MODEL} in {_folder(models)}")


def public_tables(models: Path | None = None) -> list[PublicTable]:
    """Every table that dbt publishes with its columns, by schema and name."""
    tables = [
        PublicTable(
            model.get("config", {}).get("schema", "marts"),
            model["name"],
            _sentence(model),
            tuple(Column(c["name"], c["data_type"], _sentence(c)) for c in model["columns"]),
        )
        for model in _models(models)
    ]
    return sorted(tables, key=lambda table: (table.schema, table.name))


def features_page(models: Path | None = None) -> str:
    """The text of docs/features.md."""
    found = signals(models)
    inputs = sum(signal.is_model_input for signal in found)
    lines = [
        "# Signals of a customer",
        "",
        "Made from `dbt_project/models/marts/features.yml` by `python -m orchestration.catalogue`; do not edit.",
        "",
        f"`marts.customer_features` has {len(found)} signals of each customer, {inputs} of them inputs of the models.",
        "Windows are whole UTC days back from `as_of`. One definition serves training and scoring, cut by occurrence",
        "and by arrival. Null means undefined, never zero. Sensitive traits are reported on and never become a signal.",
    ]
    for kind, title in KINDS.items():
        lines += ["", f"## {title}", "", "| signal | meaning | unit | window | from | model input |"]
        lines += ["| --- | --- | --- | --- | --- | --- |"]
        lines += [_signal_row(signal) for signal in found if signal.kind == kind]
    return "\n".join(lines) + "\n"


def tables_page(models: Path | None = None) -> str:
    """The text of docs/tables.md."""
    tables = public_tables(models)
    lines = [
        "# Public tables",
        "",
        "Made from the YAML in `dbt_project/models` by `python -m orchestration.catalogue`; do not edit.",
        "",
        "Exported after each green run to `data/published/current` (parquet and `concierge.duckdb`).",
        "Their columns are contracts. Times are UTC without a zone, money is decimal in the row's currency.",
    ]
    for table in tables:
        columns = _feature_columns_note(table) or [_column_row(column) for column in table.columns]
        lines += ["", f"## {table.schema}.{table.name}", "", table.description, "", *columns]
    return "\n".join(lines) + "\n"


def write_pages(docs: Path | None = None) -> list[Path]:
    """Write both pages into `docs`; returns the files."""
    folder = docs or repository_root() / "docs"
    pages = {folder / "features.md": features_page(), folder / "tables.md": tables_page()}
    for file, text in pages.items():
        file.write_text(text, encoding="utf-8")
    return list(pages)


def _folder(models: Path | None) -> Path:
    return models or repository_root() / "dbt_project" / "models"


def _models(models: Path | None) -> Iterator[dict[str, Any]]:
    for name in PUBLIC_FOLDERS:
        for file in sorted((_folder(models) / name).glob("*.yml")):
            yield from _parsed(file.read_text(encoding="utf-8")).get("models", [])


@cache
def _parsed(text: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(text)
    return content


def _feature(column: Mapping[str, Any]) -> dict[str, Any] | None:
    feature: dict[str, Any] | None = column.get("config", {}).get("meta", {}).get("feature")
    return feature


def _signal(column: Mapping[str, Any], feature: Mapping[str, Any]) -> Signal:
    missing = [key for key in ("kind", "unit", "window", "source", "model") if key not in feature]
    if missing or feature["kind"] not in KINDS:
        wrong = f"lacks {missing[0]}" if missing else f"kind {feature['kind']!r}, allowed: {', '.join(KINDS)}"
        raise CatalogueError(f"{FEATURES_MODEL}.{column['name']}: meta.feature {wrong}")
    return Signal(
        name=column["name"],
        description=_sentence(column),
        data_type=column["data_type"],
        kind=feature["kind"],
        unit=str(feature["unit"]),
        window=str(feature["window"]),
        source=str(feature["source"]),
        is_model_input=bool(feature["model"]),
    )


def _sentence(described: Mapping[str, Any]) -> str:
    return " ".join(str(described.get("description", "")).split())


def _signal_row(signal: Signal) -> str:
    used = "yes" if signal.is_model_input else ""
    cells = (f"`{signal.name}`", signal.description, signal.unit, signal.window, signal.source, used)
    return f"| {' | '.join(cells)} |"


def _column_row(column: Column) -> str:
    return f"- `{column.name}` ({column.data_type}): {column.description}"


def _feature_columns_note(table: PublicTable) -> list[str]:
    signal_names = {signal.name for signal in signals()}
    others = [column for column in table.columns if column.name not in signal_names]
    if len(table.columns) - len(others) < len(signal_names):
        return []
    return [*map(_column_row, others), f"- and the {len(signal_names)} signals of [features.md](features.md)"]


if __name__ == "__main__":
    write_pages()
