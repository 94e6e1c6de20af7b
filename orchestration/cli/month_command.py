"""`concierge month`: four weeks of the demo company, lived hour by hour."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from orchestration.cli.errors import CommandError
from orchestration.cli.project import open_project


def month(
    days: Annotated[int, typer.Option("--days", min=1, max=92, help="28 is a month; fewer are a look.")] = 28,
    customers: Annotated[
        int, typer.Option("--customers", max=100_000, help="Who may visit, at least 150: the demo's, then strangers.")
    ] = 3_000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Same seed, same shoppers and same truth.")] = 20_180_102,
) -> None:
    """Live a month of the demo company hour by hour, through the real service, intake and learning.

    Shoppers respond to what they are shown by a truth that the system never sees: a bandit with a best arm by segment
    and an arm that does harm, an A/B test with a winner and one in which nothing happens. It lives in `month/` of the
    data folder, made anew each time; the demo stays as it was. Exit code 1 when something that was planted in a whole
    month was not found.
    """
    from zoneinfo import ZoneInfo

    from orchestration.cli.console import say
    from orchestration.month.flow import run_month
    from orchestration.month.summary import show_month, tell_day

    began, project = time.perf_counter(), open_project()
    zone = ZoneInfo(project.settings.time_zone)
    say(f"A month of {project.settings.project}: {days} days, {customers:,} shoppers, seed {seed}")
    result = run_month(project, days, customers, seed, lambda day: tell_day(day, zone))
    show_month(result)
    say(f"Done in {time.perf_counter() - began:.0f} s")
    failed = [promise.name for promise in result.promises if not promise.is_kept]
    if result.is_whole and failed:
        raise CommandError(f"not true: {'; '.join(failed)}")
    if not result.is_whole:
        say("Fewer than 28 days: what a month has to show was told, and not asked for.")
