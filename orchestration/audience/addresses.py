"""Under which id members are handed over: ours, an address of the vault or its hash, or the shop's own from a file."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from intake.contract import load_contracts
from intake.hashing import hash_distinct, normalise
from intake.keys import identifier_key_bytes
from intake.project import Project

OURS = "customer_id"
ADDRESSES = ("email", "phone")
HASHED = "_sha256"
KINDS = (OURS, *ADDRESSES, *(f"{name}{HASHED}" for name in ADDRESSES))


class AddressError(ValueError):
    """Ids cannot be made; one line."""


def addresses(project: Project, owners: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Addresses of customers out of the vault: `customer_id`, `id`; of several the one that arrived last.

    Args:
        project: whose vault.
        owners: `customer_id` by `value_hash`.
        kind: one of `KINDS` but `customer_id`; `…_sha256` is the hash that advertising networks take: SHA-256 in hex
            of the address in lower case without blanks, of a phone number in E.164.

    Raises:
        AddressError: the vault has no address of this type.
    """
    address = kind.removesuffix(HASHED)
    parts = [part for part in _given(project, address) if not part.empty] if project.paths.vault.is_dir() else []
    if not parts:
        raise AddressError(f"{project.paths.vault}: no source has given an address of type {address}")
    latest = (
        pd.concat(parts, ignore_index=True)
        .sort_values("received_at", kind="stable")
        .drop_duplicates("value", keep="last")
    )
    found = _owned(project, owners, latest, address)
    latest_of = found.sort_values("received_at", kind="stable").drop_duplicates("customer_id", keep="last")
    result = latest_of[["customer_id", "value"]].rename(columns={"value": "id"}).reset_index(drop=True)
    if kind.endswith(HASHED):
        result["id"] = [sha256(text.encode()).hexdigest() for text in result["id"]]
    return result


def own_ids(project: Project, owners: pd.DataFrame, kind: str, file: Path) -> pd.DataFrame:
    """The shop's own ids, from a list of them: `customer_id`, `id`. Nothing of the list is kept.

    Args:
        project: whose key hashes them.
        owners: `customer_id` by `value_hash`.
        kind: type of identifier, as login or loyalty_id.
        file: CSV (`,`, `;` or tab), its first column; a first line that names the type is passed over.

    Raises:
        AddressError: the file is empty or cannot be read.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            rows = csv.reader(stream, delimiter=_delimiter(stream.readline()))
            stream.seek(0)
            values = [row[0].strip() for row in rows if row and row[0].strip()]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise AddressError(f"{file}: {error}") from error
    values = values[1:] if values and values[0].lower() in (kind, "id") else values
    if not values:
        raise AddressError(f"{file}: holds no ids")
    listed = pd.DataFrame({"value": list(dict.fromkeys(values)), "received_at": pd.Timestamp(0, tz="UTC")})
    found = _owned(project, owners, listed, kind)
    return found[["customer_id", "value"]].rename(columns={"value": "id"}).drop_duplicates("customer_id")


def _delimiter(first_line: str) -> str:
    """What parts the columns of a list; spreadsheets of many countries write semicolons."""
    return next((mark for mark in (";", "\t") if mark in first_line), ",")


def _owned(project: Project, owners: pd.DataFrame, given: pd.DataFrame, kind: str) -> pd.DataFrame:
    key, region = identifier_key_bytes(project.paths), project.settings.intake.default_region
    hashes = pd.Series(hash_distinct(key, kind, given["value"].tolist(), region), index=given.index, dtype=object)
    hashed = given.assign(value_hash=hashes)
    clear = _normaliser(kind, region)
    owned = hashed.dropna(subset=["value_hash"]).merge(owners, on="value_hash")
    return owned.assign(value=[clear(text) for text in owned["value"]])


def _normaliser(kind: str, region: str) -> Callable[[str], str]:
    """An address as it is written to: mail in lower case, a phone number in E.164; the shop's own ids as they are."""
    if kind == "email":
        return lambda text: text.strip().lower()
    return (lambda text: normalise(kind, text, region) or text) if kind == "phone" else str


def _given(project: Project, address: str) -> Iterator[pd.DataFrame]:
    contracts = load_contracts(project.sources)
    for file in sorted(project.paths.vault.rglob("*.parquet")):
        rows = pq.read_table(file)
        source = rows.column("source")[0].as_py() if rows.num_rows else ""
        specs = contracts[source].identifiers if source in contracts else ()
        named = {spec.column for spec in specs if spec.type == address} | {address}
        for name in sorted(named & set(rows.column_names)):
            yield _column(rows, name)


def _column(rows: pa.Table, name: str) -> pd.DataFrame:
    frame: pd.DataFrame = rows.select([name, "received_at"]).to_pandas()
    return frame.rename(columns={name: "value"}).dropna(subset=["value"])
