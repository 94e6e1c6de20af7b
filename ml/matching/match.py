"""Identity matching: records of people in, pairs that are probably one person out, with what forbids a merge."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

import numpy as np
import pandas as pd

from ml.matching.addresses import lookalikes
from ml.matching.clusters import joined_pairs
from ml.matching.commonness import Pairs, commonness
from ml.matching.evidence import agreeing, personal
from ml.matching.frames import Whole, arrival_rank, compared_records, moments
from ml.matching.homes import homes_are_shared
from ml.matching.model import Model, check_model, default_model
from ml.matching.predict import predict
from ml.matching.shared import households, instants, shared_contacts
from ml.matching.veto import vetoes

THRESHOLD: Final = 0.75
"""Probability from which a pair is proposed; merging on it needs the vetoes and the ledger's limits as well."""

RULE: Final = "splink"


@dataclass(frozen=True)
class Matches:
    """What matching found; every row depends only on records that had arrived at its `known_at`.

    Attributes:
        pair: a_key, b_key, rule, weight, probability, known_at, evidence (names of the equal roles).
        veto: a_key, b_key, reason, known_at: two people, among candidates and what candidates would join.
        flag: identifier_key, status, reason, known_at: e-mails and phones of several people.
        household: household_id, identifier_key, known_at.
    """

    pair: pd.DataFrame
    veto: pd.DataFrame
    flag: pd.DataFrame
    household: pd.DataFrame

    def tables(self) -> dict[str, pd.DataFrame]:
        """Frames by table name, as the warehouse has them."""
        names = {field.name: f"match_{field.name}" for field in fields(self)} | {"household": "household"}
        return {table: getattr(self, name) for name, table in names.items()}


def match_records(records: pd.DataFrame, model: Model | None = None, threshold: float = THRESHOLD) -> Matches:
    """Find pairs of identifiers that are probably one person's.

    A pair's probability is a function of its two records, of how common their values were among the records that had
    arrived by then, and of the model. No row changes when records arrive later: a ledger that reads up to any moment
    reads what a run at that moment would have found. Only the judgement whether people of this file share homes looks
    at all records, and decides how much a veto takes.

    Args:
        records: identifier_key (int64), received_at (UTC), optionally email_key and phone_key (nullable int64: the
            record's own e-mail and phone in the ledger), and any of the role columns as text. Several rows of an
            identifier are several versions of its record.
        model: a trained model; the one that comes with the code unless given.
        threshold: probability from which a pair is proposed.

    Raises:
        ValueError: the threshold is no probability, or the model was trained with other comparisons.
    """
    if not 0 < threshold < 1:
        raise ValueError(f"threshold must lie between 0 and 1 (got {threshold})")
    records = records.reset_index(drop=True)
    compared = compared_records(records)
    rank = arrival_rank(records)
    strict = homes_are_shared(compared)
    weights = check_model(model or default_model())
    found = weighed(predict(compared, weights, threshold), compared, rank, weights)
    found = found[found["probability"] >= threshold].reset_index(drop=True)
    candidates = _candidates(records, compared, found, strict=strict)
    return Matches(
        pair=_pairs(candidates[candidates["reason"].isna()], compared),
        veto=_vetoes(records, compared, candidates, rank, strict=strict),
        flag=shared_contacts(records, compared, rank, strict=strict),
        household=households(records, compared, rank),
    )


def weighed(found: pd.DataFrame, compared: pd.DataFrame, rank: Whole, model: Model) -> pd.DataFrame:
    """The pairs with their probabilities lowered by how common their values are and what their e-mails are worth."""
    pairs = Pairs(compared, rank, found["row_a"].to_numpy(), found["row_b"].to_numpy())
    even = np.clip(found["probability"].to_numpy(), 0.0, 1 - 1e-15)
    odds = even / (1 - even) * commonness(pairs, model) * lookalikes(pairs, model)
    return found.assign(probability=np.where(odds < even / (1 - even), odds / (1 + odds), found["probability"]))


def _candidates(records: pd.DataFrame, compared: pd.DataFrame, found: pd.DataFrame, *, strict: bool) -> pd.DataFrame:
    a, b = found["row_a"].to_numpy(), found["row_b"].to_numpy()
    keys = records["identifier_key"].to_numpy()
    kept = (keys[a] != keys[b]) & (personal(compared, a, b) | (not strict))
    found, a, b = found[kept], a[kept], b[kept]
    found = found.assign(reason=vetoes(compared, a, b, strict=strict).to_numpy(), known=_later(records, a, b))
    return _keyed(found, keys[a], keys[b]).sort_values(
        ["known", "probability", "a_key", "b_key", "row_a", "row_b"],
        ascending=[True, False, True, True, True, True],
        ignore_index=True,
    )


def _keyed(found: pd.DataFrame, a_keys: Whole, b_keys: Whole) -> pd.DataFrame:
    return found.assign(a_key=np.minimum(a_keys, b_keys), b_key=np.maximum(a_keys, b_keys))


def _later(records: pd.DataFrame, a: Whole, b: Whole) -> Whole:
    arrived = moments(records)
    return np.maximum(arrived[a], arrived[b])


def _pairs(candidates: pd.DataFrame, compared: pd.DataFrame) -> pd.DataFrame:
    """One row a pair of identifiers: what was known first."""
    first = candidates.drop_duplicates(["a_key", "b_key"]).reset_index(drop=True)
    return pd.DataFrame(
        {
            "a_key": first["a_key"],
            "b_key": first["b_key"],
            "rule": RULE,
            "weight": first["probability"],
            "probability": first["probability"],
            "known_at": instants(first["known"]),
            "evidence": agreeing(compared, first["row_a"].to_numpy(), first["row_b"].to_numpy()),
        }
    )


def _vetoes(
    records: pd.DataFrame, compared: pd.DataFrame, candidates: pd.DataFrame, rank: Whole, *, strict: bool
) -> pd.DataFrame:
    direct = candidates[candidates["reason"].notna()][["a_key", "b_key", "reason", "known"]]
    links = pd.concat([candidates[candidates["reason"].isna()][["row_a", "row_b", "known"]], _versions(records, rank)])
    links = links.sort_values("known", kind="stable", ignore_index=True)
    joined = joined_pairs(len(records), links["row_a"].to_numpy(), links["row_b"].to_numpy())
    keys = records["identifier_key"].to_numpy()
    indirect = pd.DataFrame({"reason": vetoes(compared, joined.a, joined.b, strict=strict)})
    indirect["known"] = links["known"].to_numpy()[joined.via]
    indirect = _keyed(indirect, keys[joined.a], keys[joined.b])
    indirect = indirect[indirect["reason"].notna() & (indirect["a_key"] != indirect["b_key"])]
    every = pd.concat([direct, indirect]).sort_values(["known", "a_key", "b_key", "reason"])
    first = every.drop_duplicates(["a_key", "b_key"]).reset_index(drop=True)
    return pd.DataFrame(
        {
            "a_key": first["a_key"].astype("int64"),
            "b_key": first["b_key"].astype("int64"),
            "reason": first["reason"].astype("str"),
            "known_at": instants(first["known"]),
        }
    )


def _versions(records: pd.DataFrame, rank: Whole) -> pd.DataFrame:
    """Links between the versions of one identifier's record, each known when the later one arrived."""
    rows = pd.DataFrame({"key": records["identifier_key"], "row": np.arange(len(records)), "rank": rank})
    rows = rows[rows.duplicated("key", keep=False)].sort_values("rank")
    before = rows.groupby("key")["row"].shift()
    later = before.notna()
    pairs = pd.DataFrame({"row_a": before[later].astype("int64"), "row_b": rows["row"][later]})
    return pairs.assign(known=moments(records)[pairs["row_b"].to_numpy()])
