"""`concierge decide`: one decision from the live snapshot, without a service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli.errors import CommandError
from orchestration.cli.naming import check_type
from orchestration.cli.project import open_project

if TYPE_CHECKING:
    from intake.project import Project
    from serving.question import Context, Decision

LIST_FIELDS = frozenset({"product_ids", "filters"})


def decide(
    placement: Annotated[str, typer.Argument(metavar="PLACEMENT", help="Where: config/placements/PLACEMENT.yml.")],
    person: Annotated[
        list[str] | None,
        typer.Option("--as", metavar="TYPE=VALUE", help="An identifier in clear; again for more; none is a stranger."),
    ] = None,
    context: Annotated[
        list[str] | None,
        typer.Option("--context", metavar="KEY=VALUE", help="device_type, page_type, channel, hour, product_id …"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as the service would send it.")] = False,
) -> None:
    """Ask the live snapshot for one decision and see why it was made and what was blocked.

    The answer is the service's own; nothing is logged, so it counts neither as a decision nor as an exposure.
    """
    from orchestration.cli.console import say

    identifiers = [pair(text, "--as") for text in person or []]
    for kind, _ in identifiers:
        check_type(kind)
    moment = read_context([pair(text, "--context") for text in context or []])
    decision = ask(open_project(), placement, identifiers, moment)
    for line in [as_text(decision)] if as_json else readable(decision):
        say(line)


def pair(text: str, option: str) -> tuple[str, str]:
    """`left=right` as its two sides.

    Raises:
        typer.BadParameter: a side is missing.
    """
    left, separator, right = text.partition("=")
    if not (separator and left.strip() and right.strip()):
        raise typer.BadParameter(f"{option} {text!r}: write it as NAME=VALUE")
    return left.strip(), right.strip()


def read_context(pairs: list[tuple[str, str]]) -> Context:
    """The context of a question from text values.

    Raises:
        typer.BadParameter: an unknown field or a value outside its bounds.
    """
    import msgspec

    from serving.question import Context

    values = {key: value.split(",") if key in LIST_FIELDS else value for key, value in pairs}
    try:
        return msgspec.convert(values, Context, strict=False)
    except msgspec.ValidationError as error:
        raise typer.BadParameter(f"--context: {error}; fields: {', '.join(Context.__struct_fields__)}") from error


def ask(project: Project, placement: str, identifiers: list[tuple[str, str]], context: Context) -> Decision:
    """The decision of the live snapshot for identifiers in clear.

    Raises:
        CommandError: there is no live snapshot, or it has no such placement.
    """
    from intake.hashing import hash_identifier
    from intake.keys import identifier_key_bytes
    from intake.ops_store import OpsStore
    from intake.regime import load_consent_rules
    from serving.decide import decide_for
    from serving.live import LiveSnapshot
    from serving.person import find_person
    from serving.question import Question
    from serving.silence import under_regime
    from serving.snapshot import pointer
    from serving.snapshot.manifest import check_schema, read_manifest
    from serving.snapshot.reader import SnapshotReader

    version = pointer.current(project.paths.snapshots)
    if version is None:
        raise CommandError(f"{project.paths.snapshots}: there is no live snapshot; make one with: concierge run")
    check_schema(read_manifest(project.paths.snapshots / version))
    key, region = identifier_key_bytes(project.paths), project.settings.intake.default_region
    hashed = [(kind, found) for kind, value in identifiers if (found := hash_identifier(key, kind, value, region))]
    paused = frozenset(pause.scope for pause in OpsStore(project.paths).pauses())
    live = LiveSnapshot(SnapshotReader(project.paths.snapshots / version))
    try:
        if placement not in live.placements:
            raise CommandError(f"{placement!r} is not a placement; allowed: {', '.join(sorted(live.placements))}")
        rules = load_consent_rules(project.config)
        person = under_regime(find_person(live.reader, hashed), rules, context.country, context.region, [])
        return decide_for(live, person, Question(placement, tuple(hashed), paused), context, project.clock.now())
    finally:
        live.close()


def as_text(decision: Decision) -> str:
    """The decision as indented JSON."""
    import msgspec

    return msgspec.json.format(msgspec.json.encode(decision), indent=2).decode()


def tried(decision: Decision) -> list[str]:
    """What a decision has to do with experiments, as lines for people."""
    from serving.experiments.enrolment import Enrolment

    lines, part = [], decision.experiment
    if isinstance(part, Enrolment):
        row = ", ".join(f"{arm} {p:.3f}" for arm, p in part.probabilities.items())
        told = part.arm or ("the holdout" if part.traffic == "holdout" else "no arm: blocked, or the rules' side")
        table = f", table {part.table_version}" if part.table_version else ""
        again = ", drawn before" if part.remembered else ""
        lines.append(
            f"  tried     {part.key}: {told} ({part.traffic} by {part.unit_type}{again}{table}) of {row or '-'}"
        )
    shadow = decision.shadow if isinstance(decision.shadow, dict) else {}
    return lines + [f"  shadow    {key}: would have shown {arm}" for key, arm in shadow.items()]


def readable(decision: Decision) -> list[str]:
    """The decision as lines for people; a line for each alternative that was blocked."""
    import msgspec

    lines = [
        f"{decision.placement}: {decision.action}",
        f"  because   {decision.reason}",
        f"  shows     {msgspec.json.encode(decision.content).decode()}",
        f"  rung      {decision.rung.value}, propensity {decision.propensity:.3f}, segment {decision.segment_id}",
        f"  eligible  {', '.join(decision.eligible)}",
        *tried(decision),
    ]
    if isinstance(decision.expected_gain, float):
        lines.append(f"  expected  {decision.expected_gain:+.2f} of margin beside the plain action, after its cost")
    for blocked in decision.blocked:
        product = f" (product {blocked.product_id})" if blocked.product_id else ""
        lines.append(f"  blocked   {blocked.action}{product}: {blocked.why}")
    lines.append(f"  snapshot  {decision.snapshot_version}, personalization id {decision.personalization_id}")
    return lines
