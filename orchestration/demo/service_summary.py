"""What the service answered, and how fast."""

from __future__ import annotations

from collections import Counter

from intake.project import Project
from orchestration.cli.console import say, show_table
from orchestration.demo.asking import Answers
from serving.rungs import DESCRIPTIONS, Rung
from serving.snapshot import pointer
from serving.snapshot.manifest import read_manifest

MEGABYTE = 1e6


def show_snapshot(project: Project) -> None:
    """The live snapshot: version, size, rows."""
    root = project.paths.snapshots
    version = pointer.current(root)
    if version is None:
        say("Snapshot: none is live")
        return
    manifest = read_manifest(root / version)
    size = sum(check.bytes for check in manifest.files.values()) / MEGABYTE
    counts = ", ".join(f"{rows:,} {table}" for table, rows in manifest.counts.items() if rows)
    say(f"Snapshot {version}, {size:.1f} MB, as of {manifest.as_of[:16]} UTC: {counts}")


def show_answers(answers: Answers) -> None:
    """Decisions by rung and by action, and latencies."""
    total = len(answers.milliseconds)
    rungs = [(rung, DESCRIPTIONS[Rung(rung)], count) for rung, count in answers.by_rung.most_common()]
    show_table(("rung", "what it means", "decisions"), rows=rungs, title=f"{total:,} decisions over HTTP, by rung")
    placements = sorted({placement for placement, _ in answers.by_action})
    show_table(
        ("placement", "actions chosen"),
        [(placement, _actions(answers, placement)) for placement in placements],
        title="Decisions by placement and action",
    )
    say(f"{answers.blocked:,} alternatives were blocked by rules; each answer says which and why")
    say(f"{answers.exposures:,} exposures and {answers.events:,} events posted; the next run takes them in")
    say(f"Latency p50 {answers.percentile(0.5):.1f} ms, p99 {answers.percentile(0.99):.1f} ms (one connection)")


def _actions(answers: Answers, placement: str) -> str:
    chosen = Counter({action: n for (where, action), n in answers.by_action.items() if where == placement})
    return ", ".join(f"{action} {count}" for action, count in chosen.most_common())
