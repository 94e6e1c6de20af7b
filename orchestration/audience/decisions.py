"""What each member of an audience is to be shown: the service's own decisions, logged as those of a page are."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import msgspec
import pandas as pd

from intake.project import Project
from serving.configuration import service_config
from serving.http.deciding import Asked, decided
from serving.live import LiveSnapshot
from serving.question import Context, Decision
from serving.service import Service

Hashed = tuple[tuple[str, str], ...]
MOST_IDENTIFIERS = 20
_AT_ONCE = 200
# The log is written beside; beyond this many lines the next people wait for it.
_MOST_QUEUED = 5_000


class AudienceError(ValueError):
    """Nothing can be decided; one line."""


def decide_members(
    project: Project, members: pd.DataFrame, owners: pd.DataFrame, placement: str, channel: str, name: str
) -> pd.DataFrame:
    """Members with what the live snapshot decides for them on a placement.

    Live consent, pauses and what the visitor did a moment ago count as for a page. Each decision is in the log, so that
    it can be explained, replayed and learned from; it is an exposure once somebody reports its `personalization_id`.

    Args:
        members: `customer_id` and more, which stays.
        owners: `customer_id`, `type`, `value_hash`.
        placement: of the live snapshot.
        channel: of the context.
        name: of the export; the same export again gives the same personalization ids.

    Returns:
        Members with `placement`, `action`, `content` (JSON), `why`, `rung`, `propensity`, `personalization_id`.

    Raises:
        AudienceError: no live snapshot, or it has no such placement, or the placement is made for other channels.
    """
    pairs = _pairs(owners.loc[owners["customer_id"].isin(set(members["customer_id"]))])
    asked = [
        Asked(pairs.get(customer, ()), [placement], Context(channel=channel), f"{name}/{customer}")
        for customer in members["customer_id"]
    ]
    answers = asyncio.run(_answers(Service(service_config(project)), asked))
    told = pd.DataFrame([_row(decision) for decision in answers], columns=list(_COLUMNS), index=members.index)
    return pd.concat([members, told], axis=1)


_COLUMNS = ("placement", "action", "content", "why", "rung", "propensity", "personalization_id")


def _row(decision: Decision) -> tuple[object, ...]:
    content = msgspec.json.encode(decision.content).decode()
    return (
        decision.placement, decision.action, content, decision.reason, decision.rung.value, decision.propensity,
        decision.personalization_id,
    )  # fmt: skip


def _pairs(owners: pd.DataFrame) -> Mapping[str, Hashed]:
    ordered = owners.sort_values(["customer_id", "type", "value_hash"])
    return {
        str(customer): tuple(zip(theirs["type"], theirs["value_hash"], strict=True))[:MOST_IDENTIFIERS]
        for customer, theirs in ordered.groupby("customer_id")
    }


async def _answers(service: Service, asked: Sequence[Asked]) -> list[Decision]:
    found: list[Decision] = []
    async with service.running():
        with service.store.lease() as live:
            _check(live, asked)
            assert live is not None  # noqa: S101 - checked
            for begin in range(0, len(asked), _AT_ONCE):
                now = service.config.clock.now()
                for one in asked[begin : begin + _AT_ONCE]:
                    found += decided(service, live, one, now)
                await asyncio.sleep(0)
                while service.decisions.queued > _MOST_QUEUED:
                    await asyncio.sleep(0.01)
    if service.decisions.lost:
        raise AudienceError(f"{service.decisions.lost:,} decisions could not be logged; nothing was handed over")
    return found


def _check(live: LiveSnapshot | None, asked: Sequence[Asked]) -> None:
    if live is None:
        raise AudienceError("there is no live snapshot; make one with: concierge run")
    there = ", ".join(sorted(live.placements))
    for name in {name for one in asked for name in one.placements} - live.placements.keys():
        raise AudienceError(f"{name!r} is no placement of {live.version}; there are: {there}")
    for name, channel in {(name, one.context.channel) for one in asked for name in one.placements}:
        made_for = live.placements[name].channels
        if channel not in made_for:
            raise AudienceError(
                f"{name} is made for {', '.join(made_for)}: over {channel} everybody gets its plain action"
            )
