"""What the ledger is made from: the daily evidence summed up, what matching found, what people decided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.identity import Evidence

Keys = npt.NDArray[np.int64]

AS_OF: Final = "(select max(as_of) from ops.run_context)"
# Whose an identifier is, strongest witness first: the weaker end of a pair is claimed by the stronger one.
WITNESSES: Final = ("login", "loyalty_id", "crm_id", "pos_id", "email", "phone")
CLAIMED: Final = ("email", "phone", "device_id", "cookie", "click_id")


@dataclass(frozen=True)
class Part:
    """One frame of `Evidence`: its query, and which of its columns name identifiers."""

    name: str
    query: str
    ends: tuple[str, ...]


# Type and value follow from the key, and are read of touched identifiers alone: of all, they cost twice the rest.
IDENTIFIERS = Part(
    "identifiers",
    f"""
    select identifier_key, min(first_occurred_at) as first_seen_at,
        max(last_occurred_at) as last_seen_at, min(first_received_at) as first_received_at
    from intermediate.int_identifier_seen_daily
    where first_received_at < {AS_OF}
    group by identifier_key
    """,
    ("identifier_key",),
)
# A match may name a record whose events were erased or a bot's since: then it ties nobody.
PAIRS = Part(
    "pairs",
    f"""
    select a_key, b_key, rule, source, 'deterministic' as kind, cast(1 as double) as weight,
        min(first_occurred_at) as first_seen_at, max(last_occurred_at) as last_seen_at,
        min(first_received_at) as first_received_at, max(last_received_at) as last_received_at,
        cast(sum(n_observed) as bigint) as n_observed
    from intermediate.int_identity_pair_daily
    where first_received_at < {AS_OF}
    group by a_key, b_key, rule, source
    union all
    select m.a_key, m.b_key, m.rule, 'matching', 'probabilistic', m.probability,
        m.known_at, m.known_at, m.known_at, m.known_at, cast(1 as bigint)
    from identity.match_pair as m
    inner join evidence_identifiers as a on a.identifier_key = m.a_key
    inner join evidence_identifiers as b on b.identifier_key = m.b_key
    where m.known_at < {AS_OF}
    """,
    ("a_key", "b_key"),
)


def _strength(column: str) -> str:
    ranked = " ".join(f"when '{name}' then {place}" for place, name in enumerate(WITNESSES))
    return f"case {column} {ranked} else {len(WITNESSES)} end"


# Days matter only for what may be shared: seen with two owners of one type, or said to be shared from outside.
CLAIMS = Part(
    "claims",
    f"""
    with sides as (
        select *, {_strength("a_type")} as a_strength, {_strength("b_type")} as b_strength
        from intermediate.int_identity_pair_daily
        where first_received_at < {AS_OF}
    ), claims as (
        select
            case when a_strength < b_strength then b_key else a_key end as identifier_key,
            case when a_strength < b_strength then a_key else b_key end as owner_key,
            case when a_strength < b_strength then a_type else b_type end as owner_type,
            cast(event_date as timestamp) as claim_date, first_received_at, n_observed
        from sides
        where a_strength <> b_strength
            and case when a_strength < b_strength then b_type else a_type end in {CLAIMED}
    )
    select identifier_key, owner_key, claim_date, first_received_at, cast(sum(n_observed) as bigint) as n_observed
    from claims
    where identifier_key in (
        select identifier_key from claims
        group by identifier_key, owner_type
        having min(owner_key) <> max(owner_key)
        union
        select identifier_key from identity.match_flag where known_at < {AS_OF}
    )
    group by identifier_key, owner_key, claim_date, first_received_at
    """,
    ("identifier_key", "owner_key"),
)
FLAGS = Part(
    "flags",
    f"""
    select identifier_key, status, reason, known_at as received_at from identity.match_flag
    where known_at < {AS_OF}
    """,
    ("identifier_key",),
)
VETOES = Part(
    "vetoes",
    f"select a_key, b_key, reason, known_at as received_at from identity.match_veto where known_at < {AS_OF}",
    ("a_key", "b_key"),
)
OVERRIDES = Part(
    "overrides",
    f"""
    select a_key, b_key, kind, actor, reason, created_at from identity.identity_override
    where created_at < {AS_OF}
    """,
    ("a_key", "b_key"),
)
PARTS: Final = (IDENTIFIERS, PAIRS, CLAIMS, FLAGS, VETOES, OVERRIDES)
# A claim has its pair and a flag one end: these alone make groups.
TIES: Final = " union all ".join(
    f"select a_key, b_key from evidence_{name}" for name in ("pairs", "vetoes", "overrides")
)


def gather(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Sum the evidence up into temporary tables `evidence_<part>`; returns their rows by part."""
    rows: dict[str, int] = {}
    for part in PARTS:
        connection.execute(f"create or replace temporary table evidence_{part.name} as {part.query}").fetchall()
        counted = connection.execute(f"select count(*) from evidence_{part.name}").fetchall()
        rows[part.name] = int(counted[0][0])
    return rows


def ties(connection: duckdb.DuckDBPyConnection) -> tuple[Keys, Keys]:
    """Both ends of all evidence about two identifiers."""
    ends = connection.execute(TIES).fetchnumpy()
    return np.asarray(ends["a_key"], dtype=np.int64), np.asarray(ends["b_key"], dtype=np.int64)


def evidence_about_touched(connection: duckdb.DuckDBPyConnection, *, full: bool = True) -> Evidence:
    """The gathered evidence whose identifiers all stand in the temporary table `touched (identifier_key)`.

    Args:
        connection: where it was gathered.
        full: read type and value from the evidence also of identifiers that the ledger knows.
    """
    _name_touched(connection, full=full)
    frames: dict[str, pd.DataFrame] = {}
    for part in PARTS:
        inside = " and ".join(f"{end} in (select identifier_key from touched)" for end in part.ends)
        named = " inner join evidence_name using (identifier_key)" if part is IDENTIFIERS else ""
        frames[part.name] = connection.execute(f"select * from evidence_{part.name}{named} where {inside}").df()
    return Evidence(**frames)


def _name_touched(connection: duckdb.DuckDBPyConnection, *, full: bool) -> None:
    """Fill `evidence_name` with type and value of the touched identifiers, of the evidence where the ledger has none.

    By place, between the first and the last: new identifiers stand in the newest days, and other rows are not read.
    """
    ledger, daily = "identity.identifier", "intermediate.int_identifier_seen_daily"
    known = "false" if full else "value_hash <> '' and identifier_key in (select identifier_key from touched)"
    for sql in (
        f"create or replace temporary table evidence_name as select identifier_key, type, value_hash from {ledger}"
        f" where {known}",
        f"create or replace temporary table unnamed_place as select rowid as place from {daily} where identifier_key in"
        " (select identifier_key from touched except select identifier_key from evidence_name)",
    ):
        connection.execute(sql).fetchall()
    first, last = connection.execute("select min(place), max(place) from unnamed_place").fetchall()[0]
    if first is not None:
        connection.execute(
            "insert into evidence_name select identifier_key, min(type), min(value_hash)"
            f" from {daily} where first_received_at < {AS_OF} and rowid between {first} and {last}"
            " and rowid in (select place from unnamed_place) group by identifier_key"
        ).fetchall()
