"""The demo's closing pages: what happened, how good it is, one person, and where to look next."""

from __future__ import annotations

from collections.abc import Sequence

from intake.project import Project
from orchestration.cli.console import say, show_table
from orchestration.cli.published import Published
from orchestration.cli.run_command import show_report
from orchestration.demo.flow import DemoResult
from orchestration.demo.intake_summary import show_intake
from orchestration.demo.model_summary import show_models
from orchestration.demo.people import acquaintances, products_to_ask_for
from orchestration.demo.people_summary import show_people, show_segments
from orchestration.demo.person import Followed, choose
from orchestration.demo.person_summary import show_person
from orchestration.demo.quality_summary import check_results, show_quality
from orchestration.demo.questions import Acquaintance
from orchestration.demo.replay_summary import show_replay
from orchestration.demo.service_summary import show_answers, show_snapshot
from orchestration.demo.truth import compare_with_truth

NEXT = """\
Where to look next
  make dev                      the asset graph, its checks and schedules: http://127.0.0.1:3000
  make serve                    the lookup service: http://127.0.0.1:8765/docs
  curl -s http://127.0.0.1:8765/v1/decide -H 'content-type: application/json' \\
    -d '{{"placements": ["home_hero"], "identifiers": [{{"type": "{kind}", "value": "{value}"}}]}}'
  concierge explain {kind} {value}
{commands}  concierge what-if --policies config --days 1          an edited copy of config, tried on what was asked
  concierge alerts list; concierge snapshots; concierge rollback; concierge status
  {docs}
  README.md, docs/cli.md, docs/data-folder.md; your own data: concierge init DIR"""


def show_summary(project: Project, result: DemoResult) -> None:
    """Print everything."""
    published = Published.current(project.paths)
    truth = project.paths.root / "truth"
    people = acquaintances(project, published, truth / "identifiers.parquet")
    say()
    show_intake(project)
    say()
    show_people(published, compare_with_truth(project, published, truth))
    show_segments(project, published)
    say()
    show_models(project)
    say()
    show_quality(project, check_results(project, result.run.dagster_runs))
    say()
    replayed = _show_service(project, result)
    say()
    followed = choose(project, published, people)
    _follow(project, published, followed, result)
    say()
    show_costs(result)
    say()
    _where_next(project, people, followed, replayed)


def _show_service(project: Project, result: DemoResult) -> str | None:
    """The snapshot and its answers; the id of a decision that replay makes again."""
    show_snapshot(project)
    if result.answers is None:
        return None
    show_answers(result.answers)
    return show_replay(project)


def _follow(project: Project, published: Published, followed: Followed | None, result: DemoResult) -> None:
    if followed is None:
        say("Nobody here shops, browses and reads letters with full consent, so nobody is followed")
        return
    products = products_to_ask_for(published)
    show_person(project, published, followed, products[0] if products else "", result.as_of)


def show_costs(result: DemoResult) -> None:
    """Time and memory by stage, and what did not have to be done again."""
    rows = [(stage.name, f"{stage.seconds:.1f}", f"{stage.peak_bytes / 1e9:.2f}") for stage in result.log.stages]
    show_table(("stage", "seconds", "peak GB"), rows, title="Time and memory")
    show_report(result.run)


def _where_next(
    project: Project, people: Sequence[Acquaintance], followed: Followed | None, replayed: str | None
) -> None:
    known = next((person.identifiers for person in people if person.agreed), {"loyalty_id": "1"})
    kind = "loyalty_id" if "loyalty_id" in known else next(iter(known))
    docs = f"open {project.paths.data_docs / 'index.html'}"
    say(NEXT.format(kind=kind, value=known[kind], docs=docs, commands=commands_about(followed, replayed)))


def commands_about(followed: Followed | None, replayed: str | None) -> str:
    """Lines to type: a decision made again, and what ties the followed person's card and cookie, parts them, or says
    what would go with an erasure; none about a person without one."""
    lines = [f"  concierge replay {replayed}"] if replayed else []
    if followed is not None:
        ends = " ".join(f"{kind}:{followed.identifiers[kind]}" for kind in ("loyalty_id", "cookie"))
        lines += [
            f"  concierge identity path {ends}",
            f"  concierge identity unlink {ends} --reason 'shared tablet'",
            f"  concierge erase loyalty_id {followed.identifiers['loyalty_id']} --dry-run",
        ]
    return "".join(f"{line}\n" for line in lines)
