"""Contact details that several people use, and people who share a home; both from records in order of arrival."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from ml.matching.frames import Whole, moments
from ml.matching.homes import home_of
from ml.matching.veto import vetoes

USERS_COMPARED: Final = 20
"""Records of one address or number that are compared with each other, the earliest."""


def shared_contacts(records: pd.DataFrame, normal: pd.DataFrame, rank: Whole, *, strict: bool) -> pd.DataFrame:
    """E-mails and phones (by `email_key` and `phone_key`) that records of different people use; `strict` as in vetoes.

    Returns:
        identifier_key, status `shared`, reason `household`, and known_at: when the second of them arrived.
    """
    found = [
        _shared(records, normal, rank, column, strict)
        for column in ("email_key", "phone_key")
        if column in records.columns
    ]
    table = pd.concat([*found, pd.DataFrame({"identifier_key": [], "known": []}).astype("int64")])
    first = table.groupby("identifier_key", sort=True)["known"].min().reset_index()
    return pd.DataFrame(
        {
            "identifier_key": first["identifier_key"].astype("int64"),
            "status": "shared",
            "reason": "household",
            "known_at": instants(first["known"]),
        }
    )


def _shared(records: pd.DataFrame, normal: pd.DataFrame, rank: Whole, column: str, strict: bool) -> pd.DataFrame:
    # As it is: keys have 60 bits, and a nullable column as numpy would be floats of 53.
    users = pd.DataFrame({"contact": records[column].array, "row": np.arange(len(records)), "rank": rank})
    users = users.dropna(subset="contact").sort_values("rank")
    users = users[users.groupby("contact").cumcount() < USERS_COMPARED]
    users = users[users.duplicated("contact", keep=False)]
    pairs = users.merge(users, on="contact", suffixes=("_a", "_b"))
    pairs = pairs[pairs["rank_a"] < pairs["rank_b"]]
    a, b = pairs["row_a"].to_numpy(), pairs["row_b"].to_numpy()
    different = vetoes(normal, a, b, strict=strict).notna().to_numpy()
    known = moments(records)[pairs["row_b"].to_numpy()]
    return pd.DataFrame({"identifier_key": pairs["contact"].astype("int64"), "known": known})[different]


def households(records: pd.DataFrame, normal: pd.DataFrame, rank: Whole) -> pd.DataFrame:
    """Records with the same address and family name.

    A household is named after the identifier that was there first, so that its name never changes.

    Returns:
        household_id, identifier_key and known_at: its arrival, for the first of a household the second's.
    """
    people = pd.DataFrame({"key": records["identifier_key"], "rank": rank, "known": moments(records)})
    people = people.assign(home=home_of(normal).array).dropna(subset="home").sort_values("rank")
    people = people.drop_duplicates(["home", "key"])
    people["place"] = people.groupby("home").cumcount()
    people["homes_before"] = people.groupby("key").cumcount()
    people = people[people.duplicated("home", keep=False)]
    first = people[people["place"] == 0].set_index("home")
    names = [f"h{key:015x}-{before}" for key, before in zip(first["key"], first["homes_before"], strict=True)]
    name = pd.Series(names, index=first.index, dtype="str")
    second = people[people["place"] == 1].set_index("home")["known"]
    known = people["known"].where(people["place"] > 0, people["home"].map(second))
    table = {
        "household_id": people["home"].map(name).astype("str"),
        "identifier_key": people["key"].astype("int64"),
        "known_at": instants(known),
    }
    return pd.DataFrame(table).sort_values(["household_id", "identifier_key"], ignore_index=True)


def instants(micros: pd.Series) -> pd.Series:
    """Microseconds since 1970 as UTC timestamps."""
    return micros.astype("int64").astype("datetime64[us]").dt.tz_localize("UTC")
