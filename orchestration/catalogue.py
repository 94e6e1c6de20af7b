"""Pages made from the dbt YAML: the signal catalogue (docs/features.md) and the public tables (docs/tables.md)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from intake.paths import repository_root
from orchestration.feature_users import feature_users

FEATURES_MODEL = "customer_features"
SCORES_MODEL = "customer_scores"
PUBLIC_FOLDERS = ("marts", "published")
KINDS = {
    "behavioural": "What the customer did",
    "temporal": "When, and in which rhythm",
    "zero-party": "What the customer said",
    "contextual": "Where and how the customer is seen",
    "permission": "What the customer allows",
    "predictive": "What models expect of the customer",
}
HEADINGS = ("signal", "kind", "meaning", "unit", "window", "from", "purpose", "used by")
PURPOSES = frozenset({"contract", "analytics", "personalization", "profiling_price", "marketing_email"})


@dataclass(frozen=True)
class Signal:
    """One feature of `marts.customer_features`, or a score of `marts.customer_scores`."""

    name: str
    description: str
    data_type: str
    kind: str
    unit: str
    window: str
    source: str
    purpose: str
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
        CatalogueError: the model is missing, or a feature lacks one of kind, unit, window, source, purpose and model.
    """
    return _signals_of(FEATURES_MODEL, models)


def predictions(models: Path | None = None) -> list[Signal]:
    """Every column of `customer_scores` with `meta.feature`: what models say of a customer; raises as `signals`."""
    return _signals_of(SCORES_MODEL, models)


def _signals_of(name: str, models: Path | None) -> list[Signal]:
    for model in _models(models):
        if model["name"] == name:
            features = [(column, _feature(column)) for column in model["columns"]]
            return [_signal(name, column, feature) for column, feature in features if feature]
    raise CatalogueError(f"no model {name} in {_folder(models)}")


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
    listed = [*found, *predictions(models)]
    inputs = [signal.name for signal in found if signal.is_model_input]
    users = feature_users(inputs)
    counts = ", ".join(f"{sum(s.kind == kind for s in listed)} {kind}" for kind in KINDS)
    lines = [
        "# Signals of a customer",
        "",
        "Made from `dbt_project/models/marts/features.yml`, the models and `config/` by",
        "`python -m orchestration.catalogue`; do not edit.",
        "",
        f"`marts.customer_features` has {len(found)} signals of each customer, {len(inputs)} of them inputs of models;",
        f"`marts.customer_scores` adds {len(listed) - len(found)} predictions. By kind: {counts}.",
        "",
        "Windows are whole UTC days back from `as_of`: 1, 7, 30, 90 and 365 days and ever for the main counters, and",
        "91 days (13 weeks) where weekdays must balance ([ADR 8](adr/0008-thirteen-weeks.md)). One definition serves",
        "training and scoring, cut by occurrence and arrival. Null means undefined, never zero. Sensitive traits are",
        "reported on and never become a signal. Purpose is the consent a signal needs; users are those of the code and",
        "of `config/`. A signal reaches the serving snapshot only when a rule in force names it.",
    ]
    for kind, title in KINDS.items():
        lines += ["", f"## {title}", "", f"| {' | '.join(HEADINGS)} |", f"|{' --- |' * len(HEADINGS)}"]
        lines += [_signal_row(signal, users) for signal in listed if signal.kind == kind]
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


def _signal(model: str, column: Mapping[str, Any], feature: Mapping[str, Any]) -> Signal:
    missing = [key for key in ("kind", "unit", "window", "source", "purpose", "model") if key not in feature]
    if missing:
        raise CatalogueError(f"{model}.{column['name']}: meta.feature lacks {missing[0]}")
    for key, allowed in (("kind", KINDS), ("purpose", PURPOSES)):
        if feature[key] not in allowed:
            listed = ", ".join(sorted(allowed))
            raise CatalogueError(f"{model}.{column['name']}: meta.feature {key} {feature[key]!r}, allowed: {listed}")
    return Signal(
        name=column["name"],
        description=_sentence(column),
        data_type=column["data_type"],
        kind=feature["kind"],
        unit=str(feature["unit"]),
        window=str(feature["window"]),
        source=str(feature["source"]),
        purpose=str(feature["purpose"]),
        is_model_input=bool(feature["model"]),
    )


def _sentence(described: Mapping[str, Any]) -> str:
    return " ".join(str(described.get("description", "")).split())


def _signal_row(signal: Signal, users: Mapping[str, Sequence[str]]) -> str:
    told = (signal.kind, signal.description, signal.unit, signal.window, signal.source, signal.purpose)
    return f"| {' | '.join((f'`{signal.name}`', *told, '; '.join(users.get(signal.name, ()))))} |"


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
