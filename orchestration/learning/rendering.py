"""The dbt models of decisions, exposures and outcomes as plain SQL, over other relations than the warehouse's.

Learning looks at events within the hour, before dbt has staged them. It says by the very same models what they mean,
so that a rebuilt day says the same. Only macros that make text are read, which is all that these models use.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, StrictUndefined
from jinja2.environment import TemplateModule

from intake.yaml_text import from_yaml
from orchestration.environment import dbt_project_dir

MACROS: Final = ("portable", "portable_values", "identifiers", "customer_of", "outcomes")
MODELS: Final = {
    "int_order_lines": "intermediate/daily",
    "fct_decision": "marts",
    "int_outcomes_told": "intermediate/profiles",
    "int_orders_priced": "intermediate/profiles",
    "int_refunds_bounded": "intermediate/profiles",
    "fct_exposure": "marts",
    "fct_outcome": "marts",
}
# What the two last ones read besides events, customers and products, in the order in which it is made.
STEPS: Final = tuple(name for name in MODELS if name not in {"fct_exposure", "fct_outcome"})


class _Adapter:
    """Answers `adapter.dispatch` with the implementation for DuckDB, the default of every macro."""

    def __init__(self) -> None:
        self.module: TemplateModule | None = None

    def dispatch(self, name: str, package: str) -> Callable[..., str]:
        """The macro `default__<name>`; there is one package."""
        if self.module is None:
            raise RuntimeError(f"macro {package}.{name} is called before the macros are read")
        found: Callable[..., str] = getattr(self.module, f"default__{name}")
        return found


@cache
def rendered(model: str, time_zone: str) -> str:
    """The query of a model, each `ref` as its bare name: relations of those names are to stand in its place.

    `time_zone` is the shop's, by which a delivery comes on its day or late.
    """
    environment, macros = _macros(time_zone)
    text = (dbt_project_dir() / "models" / MODELS[model] / f"{model}.sql").read_text(encoding="utf-8")
    return environment.from_string(text).render(macros)


@cache
def expression(text: str) -> str:
    """An expression that is written with macros, as plain SQL."""
    environment, macros = _macros("UTC")
    return environment.from_string(text).render(macros)


@cache
def _macros(time_zone: str) -> tuple[Environment, dict[str, Any]]:
    environment = Environment(undefined=StrictUndefined, autoescape=False)  # noqa: S701 - SQL, not a page
    adapter, settings = _Adapter(), _settings(dbt_project_dir())
    context: dict[str, Any] = {
        "adapter": adapter,
        "return": lambda value: value,
        "var": settings.__getitem__,
        "env_var": lambda name, default="": {"CONCIERGE_TIME_ZONE": time_zone}.get(name, default),
        "ref": lambda name: name,
        "source": lambda schema, table: f"{schema}.{table}",
        "config": lambda **_: "",
        "only_touched": lambda: False,
    }
    folder = dbt_project_dir() / "macros"
    text = "\n".join((folder / f"{name}.sql").read_text(encoding="utf-8") for name in MACROS)
    adapter.module = environment.from_string(text).make_module(context)
    named = {name: value for name, value in vars(adapter.module).items() if not name.startswith("_")}
    return environment, {**context, **named}


def _settings(project: Path) -> dict[str, Any]:
    found: dict[str, Any] = from_yaml((project / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]
    return found
