"""The ledger's evidence from landing files: what intake and the daily models make of them, without the lake."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from intake.contract import SourceContract, load_contracts
from intake.hashing import hash_distinct, identifier_key
from intake.readers import read_chunks
from intake.values import as_moments, as_text
from intake.vault_roles import RECORD_TYPES, role_columns
from ml.identity import Evidence
from ml.matching import Matches

KEY = b"benchmark key of thirty-two bytes"
# The centre of an event's star: its own record, else its strongest identifier; as int_identity_pair_daily has it.
CENTRES = ("crm_id", "pos_id", "login", "loyalty_id", "email", "phone", "device_id", "cookie", "click_id")
# Whose an identifier is, strongest witness first; as orchestration.identity.evidence has it.
WITNESSES = ("login", "loyalty_id", "crm_id", "pos_id", "email", "phone")
CLAIMED = ("email", "phone", "device_id", "cookie", "click_id")


class Files:
    """Sightings (event, at, source, type, key) and matching records read from a company's landing files."""

    def __init__(self, contracts: Path) -> None:
        parts = [self._source(contract) for contract in load_contracts(contracts).values()]
        self.sightings = pd.concat([part[0] for part in parts], ignore_index=True)
        self.sightings["event"] = self.sightings.groupby(["source", "event"], sort=False).ngroup()
        self.records = pd.concat([part[1] for part in parts if part[1] is not None], ignore_index=True)

    def _source(self, contract: SourceContract) -> tuple[pd.DataFrame, pd.DataFrame | None]:
        sightings, records, first = [], [], 0
        for chunk in (chunk for location in contract.location for chunk in read_chunks(contract, Path(location))):
            table, rows = chunk.table, chunk.table.num_rows
            when = as_moments(
                table.column(contract.columns["occurred_at"].column or "").combine_chunks(),
                zone=contract.time_zone, unit=contract.time_unit, pattern=contract.time_format,
            )  # fmt: skip
            at = pd.Series(pd.to_datetime(when.micros, unit="us", utc=True))
            event = np.arange(first, first + rows)
            first += rows
            hashed: dict[str, pd.Series] = {}
            for spec in contract.identifiers:
                values = as_text(table.column(spec.column).combine_chunks()).to_pandas()
                hashed[str(spec.type)] = self._hashed(str(spec.type), values)
            for kind, hashes in hashed.items():
                shown = hashes.notna().to_numpy()
                sightings.append(
                    pd.DataFrame(
                        {"event": event[shown], "at": at[shown], "type": kind, "value_hash": hashes[shown].to_numpy()}
                    )
                )
            if contract.matching is not None:
                records.append(_records(contract, table, hashed, at))
        frame = pd.concat(sightings, ignore_index=True).assign(source=contract.name)
        frame["key"] = _keys(frame["value_hash"])
        return frame, pd.concat(records, ignore_index=True) if records else None

    def _hashed(self, kind: str, values: pd.Series) -> pd.Series:
        distinct = values.dropna().unique()
        known = dict(zip(distinct, hash_distinct(KEY, kind, distinct), strict=True))
        return values.map(known).astype(object)


def _keys(hashes: pd.Series) -> np.ndarray:
    codes, distinct = pd.factorize(hashes)
    return np.array([identifier_key(value) for value in distinct], dtype=np.int64)[codes]


def _keys_or_none(hashes: pd.Series) -> pd.Series:
    known = hashes.notna().to_numpy()
    keys = np.zeros(len(hashes), dtype=np.int64)
    keys[known] = _keys(hashes[known])
    return pd.Series(keys, index=hashes.index).astype("Int64").mask(~known)


def truth_keys(identifiers: pd.DataFrame) -> pd.DataFrame:
    """The truth's identifiers with their keys: key, type, person_id; values that intake refuses are left out."""
    parts = []
    for kind, rows in identifiers.groupby("type", sort=False):
        hashes = pd.Series(hash_distinct(KEY, str(kind), rows["value_clear"]), index=rows.index, dtype=object)
        shown = hashes.notna()
        parts.append(
            pd.DataFrame({"key": _keys(hashes[shown]), "type": kind, "person_id": rows.loc[shown, "person_id"]})
        )
    return pd.concat(parts, ignore_index=True)


def _records(contract: SourceContract, table: pa.Table, hashed: dict[str, pd.Series], at: pd.Series) -> pd.DataFrame:
    """Clear roles beside the record's own id, as the vault keeps them."""
    nothing = pd.Series([None] * table.num_rows, dtype=object)
    frame = {name: values.to_pandas() for name, values in role_columns(table, contract.matching).items()}
    record_value = nothing.copy()
    for kind in RECORD_TYPES:
        record_value = record_value.fillna(hashed.get(kind, nothing))
    named = pd.DataFrame(frame)[["given_name", "family_name", "full_name", "street_address"]].notna().any(axis=1)
    kept = named & record_value.notna()
    records = pd.DataFrame(frame).loc[kept]
    return records.assign(
        identifier_key=_keys(record_value[kept]),
        email_key=_keys_or_none(hashed.get("email", nothing)[kept]),
        phone_key=_keys_or_none(hashed.get("phone", nothing)[kept]),
        received_at=at[kept],
    )


def gathered(files: Files, matches: Matches) -> Evidence:
    """All evidence, as orchestration gathers it from the daily models and from matching's tables."""
    frames = evidence_frames(files.sightings)
    found = matches.pair.drop(columns=["rule", "weight", "evidence"]).rename(columns={"probability": "weight"})
    found = found.rename(columns={"known_at": "first_received_at"}).assign(
        rule="splink", source="matching", kind="probabilistic", n_observed=1
    )
    found["last_received_at"] = found["first_received_at"]
    pairs = pd.concat([frames["pairs"].assign(kind="deterministic", weight=1.0), found], ignore_index=True)
    return Evidence(
        frames["identifiers"],
        pairs,
        frames["claims"],
        flags=matches.flag.rename(columns={"known_at": "received_at"}),
        vetoes=matches.veto.rename(columns={"known_at": "received_at"}),
    )


def evidence_frames(sightings: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """`identifiers`, `pairs` and `claims` as the ledger takes them; arrival is the event's own time."""
    with duckdb.connect() as connection:
        connection.register("sightings", sightings)
        connection.execute(PAIRS_DAILY).fetchall()
        return {
            "identifiers": connection.execute(IDENTIFIERS).df(),
            "pairs": connection.execute(PAIRS).df(),
            "claims": connection.execute(CLAIMS).df(),
        }


def _rank(column: str, names: tuple[str, ...]) -> str:
    ranked = " ".join(f"when '{name}' then {place}" for place, name in enumerate(names))
    return f"case {column} {ranked} else {len(names)} end"


IDENTIFIERS = """
    select key as identifier_key, min(type) as type, min(value_hash) as value_hash, min("at") as first_seen_at,
        max("at") as last_seen_at, min("at") as first_received_at
    from sightings group by key
"""
PAIRS_DAILY = f"""
    create temporary table pairs_daily as
    with starred as (
        select *,
            first_value(key) over star as centre, first_value(type) over star as centre_type
        from sightings
        window star as (partition by event order by {_rank("type", CENTRES)}, value_hash)
    )
    select centre as a_key, key as b_key, centre_type as a_type, type as b_type, source,
        concat('same_event:', centre_type, '-', type) as rule, date_trunc('day', "at" at time zone 'UTC') as day,
        min("at") as first_received_at, max("at") as last_received_at, count(*) as n_observed
    from starred where centre <> key
    group by all
"""
PAIRS = """
    select a_key, b_key, rule, source, min(first_received_at) as first_received_at,
        max(last_received_at) as last_received_at, cast(sum(n_observed) as bigint) as n_observed
    from pairs_daily group by a_key, b_key, rule, source
"""
CLAIMS = f"""
    with sides as (
        select *, {_rank("a_type", WITNESSES)} as a_strength, {_rank("b_type", WITNESSES)} as b_strength
        from pairs_daily
    ), claims as (
        select case when a_strength < b_strength then b_key else a_key end as identifier_key,
            case when a_strength < b_strength then a_key else b_key end as owner_key,
            day as claim_date, first_received_at, n_observed
        from sides
        where a_strength <> b_strength and case when a_strength < b_strength then b_type else a_type end in {CLAIMED}
    )
    select identifier_key, owner_key, claim_date, first_received_at, cast(sum(n_observed) as bigint) as n_observed
    from claims group by identifier_key, owner_key, claim_date, first_received_at
"""
