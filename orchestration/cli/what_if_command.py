"""`concierge what-if`: logged traffic under a changed set of policies."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli.errors import CommandError
from orchestration.cli.project import open_project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from intake.project import Project
    from serving.content import Content


def what_if(
    policies: Annotated[
        Path,
        typer.Option("--policies", metavar="DIR", help="Changed policies; or a folder with policies/ and placements/."),
    ],
    days: Annotated[int, typer.Option("--days", min=1, max=3_660, help="How far back, in days.")] = 7,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Where the reports go.")] = None,
) -> None:
    """Ask the logged questions again under changed files: who changes, which floors are hit, what it does to margin.

    Both answers are made on the live snapshot, so only the rules differ. Writes what_if.html and what_if.json.
    """
    from contextlib import closing

    import msgspec

    from orchestration.cli.console import say
    from orchestration.policy.publish_config import fairness_of
    from orchestration.policy.what_if import questions_of
    from orchestration.policy.what_if import what_if as compare
    from orchestration.policy.what_if_page import page, summary
    from serving.edited import edited
    from serving.live import LiveSnapshot
    from serving.snapshot import pointer
    from serving.snapshot.manifest import check_schema, read_manifest
    from serving.snapshot.reader import SnapshotReader

    project = open_project()
    content = changed_content(project, policies)
    version = pointer.current(project.paths.snapshots)
    if version is None:
        raise CommandError(f"{project.paths.snapshots}: there is no live snapshot; make one with: concierge run")
    folder = (project.paths.snapshots / version).resolve()
    check_schema(read_manifest(folder))
    lines = logged(project.paths.service_log, project.clock.now(), days)
    with closing(LiveSnapshot(SnapshotReader(folder))) as now, closing(edited(folder, content)) as then:
        report = compare(now, then, questions_of(lines), days, fairness_of(project).groups)
    if not report.decisions:
        raise CommandError(f"{project.paths.service_log}: no decision of the last {days} days is on record")
    target = out or project.paths.data_docs / "what_if"
    target.mkdir(parents=True, exist_ok=True)
    (target / "what_if.json").write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=1))
    (target / "what_if.html").write_text(page(report), encoding="utf-8")
    say(summary(report))
    for change in report.changes[:10]:
        say(f"  {change.placement}: {change.before} -> {change.after}: {change.decisions} ({change.people} people)")
    say(f"reports: {target / 'what_if.html'} and what_if.json")


def changed_content(project: Project, folder: Path) -> Content:
    """Policies of a folder, or of its `policies`; placements and experiments of its own, else the project's.

    Raises:
        CommandError: there is no such folder, or it has no policy.
        ConfigError: a file is wrong.
    """
    from intake.sensitive import load_sensitive
    from serving.content import Content
    from serving.experiments.files import load_experiments
    from serving.placement_files import load_placements
    from serving.policy import load_policies
    from serving.references import check_references

    policies = folder / "policies" if (folder / "policies").is_dir() else folder
    if not list(policies.glob("*.yml")):
        raise CommandError(f"{policies}: no policy (*.yml) found")
    placements = folder / "placements" if (folder / "placements").is_dir() else project.config / "placements"
    sensitive = load_sensitive(project.config)
    experiments = folder / "experiments" if (folder / "experiments").is_dir() else project.config / "experiments"
    found = load_placements(placements, sensitive)
    content = Content(found, load_policies(policies, sensitive), load_experiments(experiments, found))
    check_references(content.policies, content.placements)
    return content


def logged(service_log: Path, now: datetime, days: int) -> Iterator[bytes]:
    """Lines of decisions made in the last days."""
    from datetime import timedelta

    from serving.log.lookup import decision_lines

    mark = b'"occurred_at":"'
    since = f"{(now - timedelta(days=days)):%Y-%m-%dT%H:%M:%S}".encode()
    for line in decision_lines(service_log):
        at = line.find(mark) + len(mark)
        if line[at : at + len(since)] >= since:
            yield line
