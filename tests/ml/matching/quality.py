"""How well matching and the ledger together find people: published sets and made-up companies, records in, F1 out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import recordlinkage

from ml.identity import Evidence, resolve
from ml.match_quality import MatchQuality, match_quality
from ml.matching import Matches, match_records
from tests.ml.matching.people import Company

FEBRL = {"1": ("1",), "2": ("2",), "3": ("3",), "4": ("4a", "4b")}
ARRIVED = pd.Timestamp("2017-01-01", tz="UTC")


def febrl(number: str, seed: int = 1) -> Company:
    """A FEBRL set (Christen 2008, in the package recordlinkage) under the names of roles, its rows shuffled."""
    folder = Path(recordlinkage.__file__).parent / "datasets" / "febrl"
    files = [folder / f"dataset{part}.csv" for part in FEBRL[number]]
    rows = pd.concat([pd.read_csv(file, skipinitialspace=True, dtype=str) for file in files], ignore_index=True)
    rows = rows.sample(frac=1, random_state=seed, ignore_index=True)
    street = rows[["street_number", "address_1", "address_2"]].fillna("").agg(" ".join, axis=1)
    records = pd.DataFrame(
        {
            "identifier_key": np.arange(1, len(rows) + 1),
            "received_at": ARRIVED,
            "given_name": rows["given_name"],
            "family_name": rows["surname"],
            "street_address": street,
            "city": rows["suburb"],
            "postal_code": rows["postcode"],
            "region": rows["state"],
            "birth_date": rows["date_of_birth"],
        }
    )
    return Company(records, rows["rec_id"].str.extract(r"rec-(\d+)-")[0].astype("int64").to_numpy())


def people_found(data: Company, matches: Matches | None = None) -> MatchQuality:
    """Records as matching and the ledger's constrained merge put them together, against who they are."""
    found = matches or match_records(data.records)
    assigned = merged(data.records, found)
    sessions = data.records[["identifier_key"]].merge(assigned, on="identifier_key", how="left")
    sessions = sessions.rename(columns={"identifier_key": "session_id", "canonical_id": "customer_id"})
    truth = pd.DataFrame({"session_id": data.records["identifier_key"], "person_id": data.person, "is_bot": False})
    return match_quality(sessions, truth)


def merged(records: pd.DataFrame, matches: Matches) -> pd.DataFrame:
    """identifier_key and canonical_id as the ledger has them in the end."""
    first = records.groupby("identifier_key", as_index=False)["received_at"].min()
    identifiers = pd.DataFrame(
        {
            "identifier_key": first["identifier_key"],
            "type": "crm_id",
            "value_hash": first["identifier_key"].map("{:032x}".format).astype("str"),
            "first_seen_at": first["received_at"],
            "last_seen_at": first["received_at"],
            "first_received_at": first["received_at"],
        }
    )
    pair = matches.pair.rename(columns={"known_at": "first_received_at"})
    pairs = pair[["a_key", "b_key", "rule", "weight", "first_received_at"]].assign(
        source="matching", kind="probabilistic", last_received_at=pair["first_received_at"], n_observed=1
    )
    vetoes = matches.veto.rename(columns={"known_at": "received_at"})
    resolution = resolve(Evidence(identifiers=identifiers, pairs=pairs, vetoes=vetoes))
    forever = resolution.assignment["system_to"].max()
    current = resolution.assignment[resolution.assignment["system_to"] == forever]
    return current[["identifier_key", "canonical_id"]].drop_duplicates("identifier_key")
