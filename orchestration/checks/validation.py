"""Runs a suite with Great Expectations and renders the result as Data Docs."""

from __future__ import annotations

import logging
import shutil
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from orchestration.checks.suites import Expectation, Suite

SITE = "local_site"


@dataclass(frozen=True)
class Outcome:
    """One expectation's result; `observed` is what was found, in words."""

    name: str
    kind: str
    success: bool
    observed: str
    sample: tuple[dict[str, Any], ...] = ()
    blocking: bool = True


def validate(suite: Suite, frame: pd.DataFrame, docs: Path | None) -> list[Outcome]:
    """Validate a frame; with `docs`, the result of this run replaces `<docs>/<suite>/`.

    Great Expectations is imported here because the import costs as much as all of Dagster (10 s of CPU), and most
    processes of the project never validate anything.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = _run(suite, frame, docs)
    return [
        _outcome(expectation, result, frame)
        for expectation, result in zip(suite.expectations, _in_order(suite, results), strict=True)
    ]


def _run(suite: Suite, frame: pd.DataFrame, docs: Path | None) -> list[Any]:
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    batch = context.data_sources.add_pandas("warehouse").add_dataframe_asset(suite.name)
    definition = batch.add_batch_definition_whole_dataframe("aggregated")
    demands = context.suites.add(gx.ExpectationSuite(suite.name))
    for expectation in suite.expectations:
        kind = getattr(gx.expectations, expectation.kind)
        demands.add_expectation(kind(**expectation.arguments, meta={"name": expectation.name}))
    validation = context.validation_definitions.add(
        gx.ValidationDefinition(name=suite.name, data=definition, suite=demands)
    )
    actions = [_docs_action(gx, context, docs / suite.name)] if docs else []
    checkpoint = context.checkpoints.add(
        gx.Checkpoint(name=suite.name, validation_definitions=[validation], actions=actions)
    )
    run = checkpoint.run(batch_parameters={"dataframe": frame})
    return list(next(iter(run.run_results.values())).results)


def _docs_action(gx: Any, context: Any, folder: Path) -> Any:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    site = {
        "class_name": "SiteBuilder",
        "show_how_to_buttons": False,
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)},
    }
    context.update_data_docs_site(SITE, site)
    return gx.checkpoint.UpdateDataDocsAction(name="render", site_names=[SITE])


def _in_order(suite: Suite, results: list[Any]) -> list[Any]:
    by_name = {result.expectation_config.meta["name"]: result for result in results}
    return [by_name[expectation.name] for expectation in suite.expectations]


def _outcome(expectation: Expectation, result: Any, frame: pd.DataFrame) -> Outcome:
    found = result.result
    if "observed_value" in found:
        observed = f"observed {found['observed_value']}"
    else:
        observed = f"{found.get('unexpected_count', '?')} of {found.get('element_count', '?')} rows break it"
    places = found.get("partial_unexpected_index_list") or []
    sample = () if result.success else tuple(_plain(frame.iloc[place].to_dict()) for place in places[:5])
    return Outcome(expectation.name, expectation.kind, bool(result.success), observed, sample, expectation.blocking)


def _plain(row: dict[Any, Any]) -> dict[str, Any]:
    return {str(key): value if isinstance(value, int | float | bool) else str(value) for key, value in row.items()}
