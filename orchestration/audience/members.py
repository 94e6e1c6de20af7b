"""Who belongs to a segment and may be reached: the published tables, less whoever has refused since."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from intake.ops_store import OpsStore
from intake.project import Project
from intake.purposes import MARKETING
from orchestration.audience.refusals import refused_since
from orchestration.cli.published import Published
from orchestration.segments.rules import rule_segments

CHANNELS = tuple(purpose.removeprefix("marketing_") for purpose in MARKETING)
EVERYBODY = "all"

_PERSONAS = "select distinct cast(segment_id as varchar) as id, segment_name as name from marts.customer_segments"
_RULES = "select distinct rule_segment as name from marts.customer_rule_segments"
_MEMBERS = """
select s.customer_id, s.segment_name as persona, coalesce(c.is_profiled, false) as is_profiled,
    coalesce(c.{purpose}, false) as is_reachable
from marts.customer_segments s
left join marts.customer_consent c using (customer_id)
left join marts.customer_rule_segments r on r.customer_id = s.customer_id and r.rule_segment = $1
where $2 = 'all' or ($2 = 'rule' and r.customer_id is not null)
    or ($2 = 'persona' and $1 in (cast(s.segment_id as varchar), s.segment_name))
order by s.customer_id
"""
_DESCRIPTIONS = "select cast(segment_id as varchar) as id, segment_name, description from marts.segment_profile"
_OWNERS = """
select a.canonical_id as customer_id, i.type, i.value_hash
from identity.identity_assignment a join identity.identifier i using (identifier_key)
where a.system_to > timestamp '9999-01-01' and a.valid_to > timestamp '9999-01-01'
"""


class UnknownSegmentError(ValueError):
    """There is no such segment; the message lists those there are."""


@dataclass(frozen=True)
class Audience:
    """Members by customer_id with `persona`, `segment` and `reason`, and how many were left out for want of consent."""

    segment: str
    members: pd.DataFrame
    without_consent: int


def audience(project: Project, published: Published, segment: str, channel: str) -> Audience:
    """The members of a persona (name or id), of a rule segment, or `all`, who may be reached over a channel.

    Args:
        project: whose.
        published: the tables to read.
        segment: as people call it.
        channel: one of `CHANNELS`.

    Raises:
        UnknownSegmentError: there is no such segment.
    """
    kind = _kind(published, segment)
    purpose = f"marketing_{channel}"
    found = published.frame(_MEMBERS.format(purpose=purpose), [segment, kind])
    refused = refused_since(project, purpose)
    allowed = found["is_profiled"] & found["is_reachable"] & ~found["customer_id"].isin(_owners(published, refused))
    kept = found.loc[allowed, ["customer_id", "persona"]].reset_index(drop=True)
    kept["segment"] = segment
    kept["reason"] = _reason(project, published, segment, kind)
    return Audience(segment, kept, int((~allowed).sum()))


def _kind(published: Published, segment: str) -> str:
    personas = {str(row[name]) for row in published.rows(_PERSONAS) for name in ("id", "name")}
    rules = {str(row["name"]) for row in published.rows(_RULES)}
    if segment == EVERYBODY:
        return EVERYBODY
    if segment in rules:
        return "rule"
    if segment in personas:
        return "persona"
    names = ", ".join(sorted(rules | personas))
    raise UnknownSegmentError(f"{segment!r} is no segment with members; there are: {EVERYBODY}, {names}")


def _reason(project: Project, published: Published, segment: str, kind: str) -> str:
    if kind == "rule":
        known, _ = rule_segments(project.config)
        return next((rule.description for rule in known if rule.name == segment), segment)
    if kind == "persona":
        rows = published.rows(_DESCRIPTIONS)
        return next((str(row["description"]) for row in rows if segment in (row["id"], row["segment_name"])), segment)
    return "Everybody who may be reached."


def _owners(published: Published, hashes: set[str]) -> set[str]:
    """Customers to whom any of these identifiers belongs."""
    if not hashes:
        return set()
    owners = published.frame(f"{_OWNERS} and list_contains($1, i.value_hash)", [sorted(hashes)])
    return set(owners["customer_id"])


def owners_of(published: Published) -> pd.DataFrame:
    """Every identifier that is tied to a customer now: `customer_id`, `type`, `value_hash`."""
    return published.frame(_OWNERS)


def noted(project: Project, segment: str, members: int, actor: str, target: str) -> None:
    """Note that an audience left the house: who, when, how many and where to; nobody's name."""
    with OpsStore(project.paths).transaction() as connection:
        connection.execute(
            "insert into audience_export (at, actor, segment, target, members) values (?, ?, ?, ?, ?)",
            (project.clock.now().isoformat(), actor, segment, target, members),
        )
