"""`concierge policy` and `preview`: whether the files are right, what every rule says, and what would be shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli.project import open_project

if TYPE_CHECKING:
    from intake.project import Project
    from serving.content import Content
    from serving.trace import Trace
    from serving.variables import Value

policy = typer.Typer(help="Placements and policies: check them, and see what every rule says.", no_args_is_help=True)

Who = Annotated[
    list[str] | None,
    typer.Option(
        "--as",
        metavar="TYPE=VALUE",
        help="An identifier in clear, again for more; segment=ID or segment=NAME; stranger is the default.",
    ),
]
At = Annotated[str | None, typer.Option("--at", metavar="TIME", help="2018-01-02T20:30:00Z; now by default.")]
Device = Annotated[str | None, typer.Option("--device", metavar="DEVICE", help="desktop, mobile, tablet …")]
Moment = Annotated[
    list[str] | None,
    typer.Option("--context", metavar="KEY=VALUE", help="page_type, channel, product_id, cart_value …"),
]
Session = Annotated[
    list[str] | None,
    typer.Option("--session", metavar="KEY=VALUE", help="A variable of the visit, session_… , or answer_<question>."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
COLUMNS = ("action", "rule", "effect", "priority", "said", "outcome", "read")


@policy.command()
def check() -> None:
    """Check every placement and policy file: file, line, field and what is allowed, for each mistake.

    Exit code 1 when something is wrong. Rules that can never matter are told as well; they are no mistakes.
    """
    from orchestration.cli.console import say

    content = content_of(open_project())
    from serving.idle_rules import idle_rules

    for rule, why in idle_rules(content.placements, content.policies):
        say(f"note: rule {rule}: {why}")
    rules = sum(len(one.rules) for one in content.policies)
    say(f"{len(content.placements)} placements and {len(content.policies)} policies with {rules} rules are right")


@policy.command("trace")
def trace_rules(
    placement: Annotated[str, typer.Argument(metavar="PLACEMENT", help="Where: config/placements/PLACEMENT.yml.")],
    who: Who = None,
    at: At = None,
    device: Device = None,
    context: Moment = None,
    session: Session = None,
    every: Annotated[bool, typer.Option("--all", help="Rules that said nothing as well.")] = False,
    as_json: Json = False,
) -> None:
    """Tell which rules fired, blocked, or were shadowed by others, under the files as they stand now."""
    from orchestration.cli.console import say, show_table
    from orchestration.cli.decide_command import tried

    found = _trace(placement, who, at, device, context, session)
    if as_json:
        say(_json(found))
        return
    say(f"{found.decision.placement}: {found.decision.action} ({found.decision.rung.value}): {found.decision.reason}")
    for line in tried(found.decision):
        say(line)
    if found.note:
        say(found.note)
    rows = [
        (r.action, r.rule, r.effect, r.priority, r.said, r.outcome, _read(r.read))
        for r in found.rules
        if every or not r.outcome.startswith(("silent", "passed"))
    ]
    show_table(COLUMNS, rows)
    if not every:
        say(f"{len(found.rules) - len(rows)} more passed or were silent; --all shows them")


def preview(
    placement: Annotated[str, typer.Argument(metavar="PLACEMENT", help="Where: config/placements/PLACEMENT.yml.")],
    who: Who = None,
    at: At = None,
    device: Device = None,
    context: Moment = None,
    session: Session = None,
    as_json: Json = False,
) -> None:
    """Show the answer that the edited files would give, and why, without publishing them.

    Profiles, products and scores are those of the live snapshot; nothing is logged.
    """
    from orchestration.cli.console import say
    from orchestration.cli.decide_command import as_text, readable

    found = _trace(placement, who, at, device, context, session)
    for line in [as_text(found.decision)] if as_json else readable(found.decision):
        say(line)
    fired = [r for r in found.rules if r.outcome.startswith("fired")]
    for rule in [] if as_json else fired:
        say(f"  rule      {rule.rule} ({rule.policy}, {rule.owner}) read {_read(rule.read)}")


def content_of(project: Project) -> Content:
    """What people edit; exit code 1 with every mistake when it is wrong."""
    from orchestration.cli.console import warn
    from serving.content import load_content
    from serving.yaml_file import ConfigError

    try:
        return load_content(project.config)
    except ConfigError as error:
        for mistake in error.mistakes:
            warn(mistake)
        warn(f"error: {len(error.mistakes)} mistakes" if len(error.mistakes) > 1 else "error: 1 mistake")
        raise typer.Exit(1) from error


def _trace(
    placement: str,
    who: list[str] | None,
    at: str | None,
    device: str | None,
    context: list[str] | None,
    session: list[str] | None,
) -> Trace:
    from orchestration.cli.decide_command import pair, read_context
    from orchestration.cli.moments import instant
    from orchestration.cli.naming import check_type
    from orchestration.policy.asking import SEGMENT, STRANGER, asker, open_edited
    from serving.trace import trace

    project = open_project()
    content = content_of(project)
    people = [pair(text, "--as") for text in who or [] if text != STRANGER]
    for kind in {kind for kind, _ in people} - {SEGMENT}:
        check_type(kind)
    moment = [pair(text, "--context") for text in context or []] + ([("device_type", device)] if device else [])
    live = open_edited(project, content)
    try:
        asked = asker(
            project,
            live,
            placement,
            people,
            read_context(moment),
            instant(at) if at else project.clock.now(),
            dict(pair(text, "--session") for text in session or []),
        )
        return trace(live, asked.person, asked.question, asked.context, asked.now, asked.visit)
    finally:
        live.close()


def _read(values: Mapping[str, Value | None]) -> str:
    return ", ".join(f"{name}={_shown(value)}" for name, value in values.items())


def _shown(value: Value | None) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(value)}]"
    return "?" if value is None else str(value)


def _json(found: Trace) -> str:
    import msgspec

    return msgspec.json.format(msgspec.json.encode(found), indent=2).decode()
