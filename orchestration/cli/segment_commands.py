"""`concierge segments`: who the personas are, and whether segments by rule are right."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestration.cli.errors import CommandError
from orchestration.cli.project import open_project

segments = typer.Typer(help="Segments: personas, and those by rule (config/segments).", no_args_is_help=True)
PERSONAS = """
    select segment_id as segment, segment_name as name, customers, round(share, 3) as share from marts.segment_profile
    order by segment_id
"""
RULES = """
    select rule_segment as name, count(*) as customers from marts.customer_rule_segments group by rule_segment
    order by rule_segment
"""


@segments.command("list")
def list_segments() -> None:
    """Personas and segments by rule as last published, with their customers."""
    from orchestration.cli.console import say, show_table
    from orchestration.cli.published import Published
    from orchestration.segments.live import followed
    from orchestration.segments.rules import rule_segments

    project = open_project()
    published = Published.current(project.paths)
    personas = [tuple(row.values()) for row in published.rows(PERSONAS)]
    show_table(("segment", "name", "customers", "share"), personas, title="Personas")
    rules = [tuple(row.values()) for row in published.rows(RULES)]
    moves = {rule.name: followed(rule) for rule in rule_segments(project.config)[0]}
    shown = [(*row, moves.get(str(row[0]), "its file is gone or wrong")) for row in rules]
    show_table(("name", "customers", "members move"), shown, title="Segments by rule")
    say(f"Persona cards: {project.paths.data_docs / 'segments' / 'index.html'}")


@segments.command()
def check(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="FILE…", help="Files to check; all of config/segments.")
    ] = None,
) -> None:
    """Check segments by rule without running anything: file, line, field and what is allowed for each mistake."""
    from orchestration.cli.console import say
    from orchestration.segments.live import followed
    from orchestration.segments.rules import load_rule_segment, rule_files
    from serving.yaml_file import ConfigError

    project = open_project()
    found = files or rule_files(project.config)
    wrong = []
    for file in found:
        try:
            rule = load_rule_segment(file, project.config)
            say(f"{rule.name}: {' '.join(rule.where.split())} ({followed(rule)})")
        except ConfigError as error:
            wrong.append(str(error))
    if wrong:
        raise CommandError("; ".join(wrong))
    say(f"{len(found)} segments by rule are right" if found else f"{project.config / 'segments'}: no segments by rule")
