"""From the identifiers that were given to everything the ledger knows of the same people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import pandas as pd

from intake.event import HINT_TYPES, IDENTIFIER_TYPES
from intake.hashing import hash_identifier, identifier_key, normalise
from intake.keys import identifier_key_bytes
from intake.project import Project
from orchestration.erasure.scope import Held, Scope
from orchestration.warehouse import Warehouse

_END = "timestamp '9999-01-01'"
# Everybody whom the given identifiers name now; shared ones name nobody.
PEOPLE = f"""
    create or replace temporary table erased_customer as
    select distinct a.canonical_id as customer_id
    from identity.identity_assignment as a
    inner join erased_given as g on g.identifier_key = a.identifier_key
    inner join identity.identifier as i on i.identifier_key = a.identifier_key
    where a.system_to > {_END} and i.status not in ('shared', 'blocked', 'hint', 'erased')
"""
# Ids that were merged into theirs, however many steps ago.
FORMER = """
    create or replace temporary table erased_id as
    with recursive former as (
        select customer_id from erased_customer
        union
        select c.canonical_id from identity.canonical as c inner join former as f on c.redirect_to = f.customer_id
    )
    select customer_id from former
"""
HELD = f"""
    select distinct i.value_hash, i.type, i.status
    from identity.identity_assignment as a
    inner join erased_id as p on p.customer_id = a.canonical_id
    inner join identity.identifier as i on i.identifier_key = a.identifier_key
    where a.system_to > {_END}
"""
# Theirs once, and nobody's now.
ONCE = f"""
    select distinct i.value_hash, i.type, i.status
    from identity.identity_assignment as a
    inner join erased_id as p on p.customer_id = a.canonical_id
    inner join identity.identifier as i on i.identifier_key = a.identifier_key
    where a.system_to <= {_END} and not exists (
        select 1 from identity.identity_assignment as n
        where n.identifier_key = a.identifier_key and n.system_to > {_END}
    )
"""
ELSEWHERE = f"""
    select count(distinct a.identifier_key)
    from identity.identity_assignment as a
    inner join erased_id as p on p.customer_id = a.canonical_id
    where a.system_to <= {_END} and exists (
        select 1 from identity.identity_assignment as n
        where n.identifier_key = a.identifier_key and n.system_to > {_END}
            and n.canonical_id not in (select customer_id from erased_id)
    )
"""
SPELLS = f"""
    select i.value_hash, i.type, epoch_us(a.valid_from) as since, epoch_us(a.valid_to) as until
    from identity.identity_assignment as a
    inner join erased_id as p on p.customer_id = a.canonical_id
    inner join identity.identifier as i on i.identifier_key = a.identifier_key
    where a.system_to > {_END} and i.status = 'shared'
"""
# Seen beside theirs, and shared with others or a kiosk's.
BESIDE = """
    select distinct i.value_hash, i.type
    from identity.identity_edge as e
    inner join erased_own as o on o.identifier_key = e.a_key or o.identifier_key = e.b_key
    inner join identity.identifier as i
        on i.identifier_key = case when o.identifier_key = e.a_key then e.b_key else e.a_key end
    where i.status in ('shared', 'blocked', 'hint')
"""


class NobodyNamedError(ValueError):
    """What was given can be no identifier."""


@dataclass(frozen=True)
class Given:
    """One identifier as it was given, in clear; its hash."""

    type: str
    value: str
    value_hash: str


def given_identifiers(project: Project, pairs: Sequence[tuple[str, str]]) -> list[Given]:
    """The identifiers to erase, hashed.

    Raises:
        NobodyNamedError: an unknown type, or a value that is no identifier of its type; the value is not repeated.
    """
    key, region = identifier_key_bytes(project.paths), project.settings.intake.default_region
    types = [name for name in IDENTIFIER_TYPES if name not in HINT_TYPES]
    found = []
    for number, (kind, value) in enumerate(pairs, 1):
        if kind not in types:
            raise NobodyNamedError(f"identifier {number}: type {kind!r} is none of {', '.join(types)}")
        value_hash = hash_identifier(key, kind, value, region)
        if value_hash is None:
            raise NobodyNamedError(f"identifier {number}: the value is a placeholder or no {kind}; it names nobody")
        found.append(Given(kind, value, value_hash))
    return found


def resolve(project: Project, given: Sequence[Given], scope: Scope) -> Scope:
    """Fill the scope: what was given, and what the ledger in the warehouse says of the same people."""
    region = project.settings.intake.default_region
    for one in given:
        scope.clear |= {one.value.strip(), str(normalise(one.type, one.value, region))}
    warehouse = Warehouse(project.paths.warehouse)
    if not warehouse.has_table("identity.identity_assignment"):
        for one in given:
            scope.add(one.value_hash, one.type)
        scope.notes.append("there is no identity ledger yet: only the identifiers that were given are erased")
        return scope
    with warehouse.connect() as connection:
        _people(connection, given)
        _own(connection, given, scope)
        scope.people = _number(connection, given, scope)
        _beside(connection, scope)
    return scope


def _people(connection: duckdb.DuckDBPyConnection, given: Sequence[Given]) -> None:
    keys = pd.DataFrame({"identifier_key": [identifier_key(one.value_hash) for one in given]}, dtype="int64")
    connection.register("given_keys", keys)
    connection.execute("create or replace temporary table erased_given as select * from given_keys").fetchall()
    connection.unregister("given_keys")
    for statement in (PEOPLE, FORMER):
        connection.execute(statement).fetchall()


def _own(connection: duckdb.DuckDBPyConnection, given: Sequence[Given], scope: Scope) -> None:
    status = dict(
        connection.execute(
            "select value_hash, status from identity.identifier"
            " where identifier_key in (select identifier_key from erased_given)"
        ).fetchall()
    )
    for one in given:
        if status.get(one.value_hash) in ("shared", "blocked"):
            scope.shared[one.value_hash] = one.type
            scope.notes.append(
                f"one {one.type} that was given is {status[one.value_hash]}: several people have it, so it was not"
                " erased; name an identifier that is theirs alone"
            )
        else:
            scope.add(one.value_hash, one.type)
    for value_hash, kind, state in [*connection.execute(HELD).fetchall(), *connection.execute(ONCE).fetchall()]:
        if state in ("shared", "blocked", "hint"):
            scope.shared[value_hash] = kind
        else:
            scope.add(value_hash, kind)
    scope.customer_ids |= {row[0] for row in connection.execute("select customer_id from erased_id").fetchall()}
    scope.spells = [Held(*row) for row in connection.execute(SPELLS).fetchall()]
    elsewhere = int(connection.execute(ELSEWHERE).fetchall()[0][0])
    if elsewhere:
        scope.notes.append(f"{elsewhere} identifiers were theirs once and are somebody else's now: not erased")


def _number(connection: duckdb.DuckDBPyConnection, given: Sequence[Given], scope: Scope) -> int:
    """Customers, and identifiers that no run has seen yet."""
    known = int(connection.execute("select count(*) from erased_customer").fetchall()[0][0])
    asked = pd.DataFrame({"asked": sorted({one.value_hash for one in given if one.value_hash in scope.hashes})})
    connection.register("asked_hashes", asked.astype("object"))
    unseen = int(
        connection.execute(
            "select count(*) from asked_hashes where asked not in (select value_hash from identity.identifier)"
        ).fetchall()[0][0]
    )
    connection.unregister("asked_hashes")
    if unseen:
        scope.notes.append(
            f"{unseen} of the identifiers that were given are unknown to the identity ledger: what came in since the"
            " last run is looked through for them; check type and spelling"
        )
    return known + unseen


def _beside(connection: duckdb.DuckDBPyConnection, scope: Scope) -> None:
    connection.register("own_keys", pd.DataFrame({"identifier_key": sorted(scope.keys)}, dtype="int64"))
    connection.execute("create or replace temporary table erased_own as select * from own_keys").fetchall()
    connection.unregister("own_keys")
    scope.shared |= {name: kind for name, kind in connection.execute(BESIDE).fetchall() if name not in scope.hashes}
    if scope.shared:
        kinds = ", ".join(sorted(set(scope.shared.values())))
        scope.notes.append(
            f"{len(scope.shared)} shared identifiers ({kinds}) stay for the others who have them; events that name"
            " nobody else, and days on which they were this person's, go"
        )
