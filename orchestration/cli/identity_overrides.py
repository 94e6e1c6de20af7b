"""`concierge identity link`, `unlink` and `override`: an analyst's word on two identifiers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli.actor import current_actor
from orchestration.cli.errors import CommandError
from orchestration.cli.project import open_project

if TYPE_CHECKING:
    from intake.ops_records import IdentityOverride, OverrideKind
    from intake.paths import DataPaths
    from orchestration.cli.published import Published

override = typer.Typer(help="What analysts have said of two identifiers: list, remove.", no_args_is_help=True)

One = Annotated[str, typer.Argument(metavar="A", help="TYPE:VALUE, as email:ada@example.org, or a customer id.")]
Other = Annotated[str, typer.Argument(metavar="B", help="The other one, written likewise.")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it is kept with the override.")]
Actor = Annotated[str, typer.Option("--by", metavar="NAME", help="Who says so; you.")]

SAID = {"must_link": "link", "cannot_link": "unlink"}
NEXT_RUN = "it takes effect with the next run: concierge run"


def link(a: One, b: Other, reason: Reason, by: Actor = "") -> None:
    """Say that two identifiers are one person, whatever the evidence; it survives every rebuild.

    Refused when it contradicts what was said before, also through others: with a linked to b and b kept apart from c,
    a cannot be linked to c.
    """
    _record(a, b, "must_link", reason, by)


def unlink(a: One, b: Other, reason: Reason, by: Actor = "") -> None:
    """Say that two identifiers are two people; who was merged is split at the weakest tie between them.

    Refused when links that were said before tie the two together; they are named.
    """
    _record(a, b, "cannot_link", reason, by)


@override.command("list")
def list_overrides(
    removed: Annotated[bool, typer.Option("--removed", help="Those that were taken back, and by whom.")] = False,
) -> None:
    """List the overrides that stand, oldest first, and whether the published ledger has them yet."""
    from intake.ops_store import OpsStore
    from orchestration.cli.console import say, show_table
    from orchestration.cli.naming import shown_keys
    from orchestration.cli.published import Published

    project = open_project()
    store = OpsStore(project.paths)
    published = Published.current(project.paths) if Published.exists(project.paths) else None
    if removed:
        ended = "taken back"
        rows = [(item.override, f"{item.removed_by}, {item.removed_at:%Y-%m-%d}") for item in store.removed_overrides()]
    else:
        ended, in_force = "state", _in_force(published)
        rows = [
            (item, "in force" if (*item.pair, item.kind) in in_force else "waits for a run")
            for item in store.overrides()
        ]
    if not rows:
        say("no overrides")
        return
    names = shown_keys(published, [key for item, _ in rows for key in item.pair])
    cells = [
        (
            SAID[item.kind],
            *(names[key] for key in item.pair),
            item.actor,
            f"{item.created_at:%Y-%m-%d %H:%M}",
            end,
            item.reason,
        )
        for item, end in rows
    ]
    show_table(("override", "one", "other", "by", "when (UTC)", ended, "reason"), cells)


@override.command("remove")
def remove(a: One, b: Other, by: Actor = "") -> None:
    """Take back what was said of two identifiers; evidence alone decides again, from the next run on."""
    from intake.ops_store import OpsStore
    from orchestration.cli.console import say
    from orchestration.cli.naming import named

    project = open_project()
    one, other = named(project, a), named(project, b)
    store = OpsStore(project.paths)
    gone = store.remove_override(one.key, other.key, actor=by or current_actor(), at=project.clock.now())
    if gone is None:
        raise CommandError(
            f"{one.shown} and {other.shown}: no override stands for the two; see: identity override list"
        )
    say(f"removed: {told(gone, {one.key: one.shown, other.key: other.shown})}; {NEXT_RUN}")


def told(item: IdentityOverride, names: dict[int, str]) -> str:
    """An override as words: what, of whom, by whom, when and why."""
    pair = " and ".join(names[key] for key in item.pair)
    return f"{SAID[item.kind]} of {pair} ({item.actor}, {item.created_at:%Y-%m-%d %H:%M} UTC: {item.reason})"


def _record(a: str, b: str, kind: OverrideKind, reason: str, by: str) -> None:
    from intake.ops_overrides import OverrideConflictError
    from intake.ops_records import IdentityOverride
    from intake.ops_store import OpsStore
    from orchestration.cli.console import say
    from orchestration.cli.naming import seen, shown_keys
    from orchestration.cli.published import Published

    if not reason.strip():
        raise typer.BadParameter("--reason: say why; whoever reads the ledger later needs it")
    project = open_project()
    published = Published.current(project.paths)
    one, other = seen(project, published, a), seen(project, published, b)
    if one.key == other.key:
        raise CommandError(f"{one.shown}: both ends are the same identifier")
    low, high = sorted((one.key, other.key))
    said = IdentityOverride(low, high, kind, by or current_actor(), reason, project.clock.now())
    names = shown_keys(published, said.pair)
    try:
        new = OpsStore(project.paths).record_override(said)
    except OverrideConflictError as error:
        names |= shown_keys(published, [key for item in error.standing for key in item.pair])
        against = "; ".join(told(item, names) for item in error.standing)
        raise CommandError(f"refused: {told(said, names)} contradicts {against}") from None
    say(f"{told(said, names)}; {NEXT_RUN}" if new else f"nothing to do: {_standing(project.paths, said, names)}")


def _standing(paths: DataPaths, said: IdentityOverride, names: dict[int, str]) -> str:
    from intake.ops_store import OpsStore

    (found,) = (item for item in OpsStore(paths).overrides() if item.pair == said.pair)
    return f"{told(found, names)} stands already"


def _in_force(published: Published | None) -> set[tuple[int, int, str]]:
    if published is None:
        return set()
    rows = published.rows("select a_key, b_key, kind from identity.identity_override")
    return {(row["a_key"], row["b_key"], row["kind"]) for row in rows}
