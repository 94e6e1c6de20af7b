"""Which identifiers have evidence that the ledger has not seen yet, and whom that may concern."""

from __future__ import annotations

import hashlib
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

import ml.identity
from ml.identity import IdentityRules, affected
from orchestration.identity.evidence import PARTS, Keys, ties

SEEN = "identity.evidence_seen"
CHANGED = f"""
    select coalesce(now_seen.identifier_key, before.identifier_key) as identifier_key
    from evidence_now as now_seen
    full outer join {SEEN} as before on now_seen.identifier_key = before.identifier_key
    where now_seen.fingerprint is distinct from before.fingerprint
"""
# Negative keys are tombstones: no evidence speaks of them.
EVERYTHING = f"""
    select identifier_key from evidence_now
    union select identifier_key from {SEEN}
    union select identifier_key from identity.identifier where identifier_key >= 0
"""


def salt(rules: IdentityRules) -> str:
    """Changes whenever the same evidence might be read differently: with the rules, or the code of the ledger."""
    digest = hashlib.sha256(repr(rules).encode())
    for file in sorted(Path(ml.identity.__file__).parent.glob("*.py")):
        digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()


def touch(connection: duckdb.DuckDBPyConnection, rules: IdentityRules, *, full: bool) -> int:
    """Fill the temporary tables `evidence_now` (fingerprints) and `touched`; returns the identifiers touched.

    Touched is every identifier that any evidence connects with a changed one. Evidence that is gone needs no path of
    its own: both of its ends have changed. `full` touches everything, also what evidence no longer names.
    """
    _fingerprint(connection, salt(rules))
    found = connection.execute(EVERYTHING if full else CHANGED).fetchnumpy()["identifier_key"]
    changed: Keys = np.asarray(found, dtype=np.int64)
    keys = changed if full or not len(changed) else np.union1d(changed, affected(changed, *ties(connection)))
    connection.register("touched_keys", pd.DataFrame({"identifier_key": keys}))
    connection.execute("create or replace temporary table touched as select * from touched_keys").fetchall()
    connection.unregister("touched_keys")
    return len(keys)


def _fingerprint(connection: duckdb.DuckDBPyConnection, salted: str) -> None:
    """One number an identifier: the sum of the hashes of all evidence about it, whatever its order."""
    hashes = " union all ".join(
        f"select {end} as identifier_key, hash(part, '{part.name}', '{salted}') as fingerprint"
        f" from evidence_{part.name} as part"
        for part in PARTS
        for end in part.ends
    )
    connection.execute(
        "create or replace temporary table evidence_now as"
        f" select identifier_key, sum(fingerprint) as fingerprint from ({hashes}) as hashes group by identifier_key"
    ).fetchall()


def remember_seen(connection: duckdb.DuckDBPyConnection) -> None:
    """Note what the ledger has seen of the touched identifiers."""
    connection.execute(f"delete from {SEEN} where identifier_key in (select identifier_key from touched)").fetchall()
    connection.execute(
        f"insert into {SEEN} select identifier_key, fingerprint from evidence_now"
        " where identifier_key in (select identifier_key from touched)"
    ).fetchall()


def note_changed(connection: duckdb.DuckDBPyConnection) -> None:
    """Note whose assignment was written differently: the rows of their customers are made again by the next run."""
    connection.execute(
        "insert into refresh.changed_identifier"
        " select identifier_key from stale_identity_assignment"
        " union all select identifier_key from fresh_identity_assignment"
    ).fetchall()
