"""Run one Dagster job in this process and say in one line why it failed."""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dagster import AssetKey, DagsterEvent, DagsterInstance, Definitions, ExecuteInProcessResult

from orchestration.alerts import BLOCKED
from orchestration.instance import PROCESS_TAG
from orchestration.stages import StageClock

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
LONGEST_REASON = 400


@dataclass(frozen=True)
class StepFailure:
    """The first step that failed, and the innermost reason."""

    step: str
    reason: str


@dataclass(frozen=True)
class Execution:
    """One Dagster run in this process."""

    run_id: str
    failure: StepFailure | None


def execute(
    definitions: Definitions,
    instance: DagsterInstance,
    job: str,
    clock: StageClock,
    *,
    tags: Mapping[str, str],
    assets: Sequence[AssetKey] | None = None,
) -> Execution:
    """Execute a job (or some of its assets) with its steps timed; a failure is returned, not raised."""
    run_id = str(uuid.uuid4())
    instance.add_event_listener(run_id, clock.listen)
    result = definitions.resolve_job_def(job).execute_in_process(
        run_config=QUIET,
        instance=instance,
        run_id=run_id,
        tags={**tags, PROCESS_TAG: str(os.getpid())},
        asset_selection=list(assets) if assets is not None else None,
        raise_on_error=False,
    )
    return Execution(run_id, None if result.success else first_failure(result))


def first_failure(result: ExecuteInProcessResult) -> StepFailure:
    """The first failed step, or the run itself when no step could start."""
    for event in result.all_events:
        if event.is_step_failure:
            return StepFailure(event.step_key or result.job_def.name, reason(event))
    failed = [event for event in result.all_events if event.is_job_event and event.is_failure]
    return StepFailure(result.job_def.name, failed[-1].message if failed and failed[-1].message else "unknown reason")


def reason(event: DagsterEvent) -> str:
    """The innermost error of a step failure as one line."""
    error = event.step_failure_data.error
    if error is None:
        return event.message or "unknown reason"
    while error.cause is not None:
        error = error.cause
    told = one_line(error.message)
    return f"{told}; what it found: concierge alerts list" if BLOCKED in told else told


def one_line(message: str) -> str:
    """A message without line breaks and without the exception's module path, at most 400 characters."""
    text = " ".join(message.split())
    head, separator, rest = text.partition(": ")
    if separator and " " not in head and head.isidentifier() | ("." in head):
        text = rest
    return text if len(text) <= LONGEST_REASON else f"{text[:LONGEST_REASON]}…"
