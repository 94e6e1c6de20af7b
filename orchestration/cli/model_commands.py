"""`concierge models`: which versions there are, how good they are, and which one serves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestration.cli.errors import CommandError
from orchestration.cli.project import open_project

if TYPE_CHECKING:
    from orchestration.champions.promotion import Named
    from orchestration.model_registry import ModelCard, ModelRegistry

models = typer.Typer(help="Models: versions, cards, champion and challenger.", no_args_is_help=True)
COLUMNS = ("model", "version", "state", "as of (UTC)", "cut-offs", "figure", "value")
REFUSED = ("model", "as of", "why")
HISTORY = ("at (UTC)", "what", "version", "by", "why")
MOST_HISTORY = 10
Version = Annotated[str, typer.Argument(metavar="VERSION", help="NAME/VERSION, a version or its end, or a model.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; kept with your name and the time.")]


@models.command("list")
def list_models(
    everything: Annotated[bool, typer.Option("--all", help="Retired versions as well.")] = False,
) -> None:
    """Champions, challengers and previous champions of every model, with one figure each; and what was not trained."""
    from intake.ops_store import OpsStore
    from orchestration.champions.kinds import kind_of
    from orchestration.champions.looks import refusals
    from orchestration.champions.promotion import trained
    from orchestration.cli.console import say, show_table
    from orchestration.model_registry import ModelRegistry

    project = open_project()
    registry = ModelRegistry(project.paths.models)
    rows = []
    for name in trained(registry):
        for version in reversed(registry.versions(name)):
            state, card = registry.state(name, version), registry.card(name, version)
            if card is None or (state == "retired" and not everything):
                continue
            figure = kind_of(name).figure
            rows.append(
                (name, version, state, card.as_of[:16], len(card.cutoffs), figure, headline(card.metrics, figure))
            )
    refused = [(event.name, f"{event.as_of:%Y-%m-%d}", event.reason) for event in refusals(OpsStore(project.paths))]
    if rows:
        show_table(COLUMNS, rows)
        say(f"Cards: {project.paths.data_docs / 'models' / 'index.html'}")
    else:
        say(f"no models in {project.paths.models}" + ("" if refused else "; train with: concierge run --train"))
    if refused:
        show_table(
            REFUSED, refused, title="Not trained at the last look; where there is an older version, it serves on"
        )


@models.command()
def show(version: Version) -> None:
    """A version's card: what it learned from, how good it is beside simple answers, and what became of it."""
    from intake.ops_store import OpsStore
    from orchestration.champions.kinds import kind_of
    from orchestration.champions.promotion import named_version
    from orchestration.cli.console import say, show_table
    from orchestration.model_registry import ModelRegistry

    project = open_project()
    registry = ModelRegistry(project.paths.models)
    named = named_version(registry, version)
    card = _card(registry, named)
    kind = kind_of(named.name)
    say(f"{named}: {registry.state(named.name, named.version)}")
    say(f"{kind.title}: {kind.says}")
    for line in told(card):
        say(line)
    show_table(("", "metric", "figure", "95 % low", "95 % high"), figures(card.metrics, card.intervals))
    voices = [tuple(row) for row in card.evidence.get("voices", ())][:10]
    if voices:
        show_table(("feature", "share of what speaks", "direction"), voices, title="Loudest features")
    events = [event for event in OpsStore(project.paths).model_events(named.name) if event.version == named.version]
    rows = [(f"{event.at:%Y-%m-%d %H:%M}", event.kind, event.version, event.actor, event.reason) for event in events]
    show_table(HISTORY, rows[-MOST_HISTORY:], title="What became of it")
    say(f"Card: {project.paths.models / named.name / named.version / 'card.html'}")


@models.command()
def compare(first: Version, second: Version) -> None:
    """Two versions of one model side by side: figures of their own judging, and on labels that came since."""
    from intake.ops_store import OpsStore
    from orchestration.champions.matured import METRIC, dimension
    from orchestration.champions.promotion import named_version
    from orchestration.cli.console import say, show_table
    from orchestration.model_registry import ModelRegistry

    project = open_project()
    registry = ModelRegistry(project.paths.models)
    both = [named_version(registry, text) for text in (first, second)]
    if both[0].name != both[1].name:
        raise CommandError(f"{both[0]} and {both[1]}: two versions of one model are needed")
    if both[0] == both[1]:
        raise CommandError(f"{both[0]}: two different versions are needed")
    cards = [_card(registry, one) for one in both]
    columns = ("", "metric", *(f"{one.version} ({registry.state(one.name, one.version)})" for one in both))
    sides = [{(who, metric): value for who, metric, value, *_ in figures(card.metrics, {})} for card in cards]
    rows = [(*key, *(side.get(key) for side in sides)) for key in dict.fromkeys(key for side in sides for key in side)]
    show_table(columns, rows, title=f"{both[0].name}: each on its own later period")
    ops = OpsStore(project.paths)
    matured = {one.version: {} for one in both}  # type: dict[str, dict[str, float]]
    for one in both:
        for item in ops.metrics(METRIC):
            if item.dimension.startswith(dimension(one.name, one.version)):
                matured[one.version][item.dimension.rpartition(":")[2]] = item.value
    names = list(dict.fromkeys(name for side in matured.values() for name in side))
    rows_since = [(name, *(matured[one.version].get(name) for one in both)) for name in names]
    show_table(("metric", *(one.version for one in both)), rows_since, title="On labels that came since")
    for event in ops.model_events(both[0].name):
        if event.version in (both[0].version, both[1].version):
            say(f"{event.at:%Y-%m-%d %H:%M} {event.version} {event.kind}: {event.reason}")


@models.command()
def promote(version: Version, reason: Reason) -> None:
    """Make a version champion; the next run scores and publishes with it."""
    from orchestration.champions.promotion import named_version, promote_by_hand
    from orchestration.cli.actor import current_actor
    from orchestration.cli.console import say
    from orchestration.model_registry import ModelRegistry

    project = open_project()
    target = named_version(ModelRegistry(project.paths.models), version)
    before = promote_by_hand(project, target, reason=_given(reason), actor=current_actor())
    say(f"{target} serves from the next run or `concierge publish` on; before: {before or 'none'}")


@models.command()
def rollback(
    name: Annotated[str, typer.Argument(metavar="MODEL", help="The model whose previous champion is to serve.")],
    reason: Reason,
) -> None:
    """Make the champion before the current one serve again."""
    from orchestration.champions.promotion import roll_back
    from orchestration.cli.actor import current_actor
    from orchestration.cli.console import say

    now, until = roll_back(open_project(), name, reason=_given(reason), actor=current_actor())
    say(f"{name}/{now} serves from the next run or `concierge publish` on; before: {until}")


def _card(registry: ModelRegistry, named: Named) -> ModelCard:
    """The card of a version whose files are whole."""
    try:
        return registry.load(named.name, named.version).card
    except (ValueError, LookupError, OSError) as error:
        raise CommandError(f"{named} cannot be read: {error}") from error


def _given(reason: str) -> str:
    if not reason.strip():
        raise CommandError("--reason: it is empty; say why, it is kept with your name")
    return reason.strip()


def told(card: Any) -> Iterator[str]:
    """What a version was made from, a line each."""
    yield f"as of {card.as_of[:16]} UTC, trained {card.trained_at[:16]} on {card.rows:,} rows"
    yield f"cut-offs: {', '.join(card.cutoffs) or 'none'}; horizon: {card.horizon_days or '-'} days; seed {card.seed}"
    yield f"data {card.data_hash}, code {card.code_version}; {len(card.features)} features"
    if card.note:
        yield card.note


def headline(metrics: Mapping[str, Any], figure: str) -> float | None:
    """The model's own figure, or the first competitor's that has one; None without."""
    rows = [metrics.get("model"), *metrics.values(), metrics]
    found = [row[figure] for row in rows if isinstance(row, Mapping) and isinstance(row.get(figure), int | float)]
    return float(found[0]) if found else None


def figures(metrics: Mapping[str, Any], intervals: Mapping[str, Any]) -> list[tuple[str, str, float, Any, Any]]:
    """Competitor, metric, figure and the ends of its interval, where there is one."""
    rows: list[tuple[str, str, float, Any, Any]] = []
    for who, row in metrics.items():
        for metric, value in (row if isinstance(row, Mapping) else {who: row}).items():
            if isinstance(value, int | float):
                low, high = intervals.get(who, {}).get(metric, (None, None))
                rows.append((who if isinstance(row, Mapping) else "", metric, float(value), low, high))
    return rows
