"""Where an export goes: a private file, or a webhook in batches."""

from __future__ import annotations

import json
import os
import re
import time
from hashlib import blake2b
from pathlib import Path
from typing import Final

import httpx
import pandas as pd

from intake.atomic_file import PRIVATE_FILE, publish

FORMATS = ("csv", "parquet")
BATCH_ROWS = 500
_ATTEMPTS, _PAUSE_SECONDS, _TIMEOUT_SECONDS = 4, 0.5, 30.0
_FORMULA: Final = re.compile(r"[\s\x00]*[=+\-@\uff1d\uff0b\uff0d\uff20]")
_NUMBER: Final = re.compile(r"[+-]?\d+(\.\d+)?")
_RETRIED = frozenset({408, 429, 500, 502, 503, 504})


class DeliveryError(RuntimeError):
    """A webhook did not take a batch; says which rows it has."""


def write_file(rows: pd.DataFrame, file: Path, form: str) -> None:
    """Write rows as CSV or parquet with mode 600, whole or not at all.

    Spreadsheets carry out a cell that begins with =, +, - or @: in CSV an apostrophe stands before it, but not before
    numbers, such as phone numbers in E.164. Somebody may have chosen such an address or id.
    """
    draft = file.with_name(f".{file.name}.partial")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE), "wb") as out:
        if form == "csv":
            rows.map(_inert).to_csv(out, index=False)
        else:
            rows.to_parquet(out, index=False)
    publish([(draft, file)])


def _inert(cell: object) -> object:
    is_formula = isinstance(cell, str) and _FORMULA.match(cell) is not None and _NUMBER.fullmatch(cell) is None
    return f"'{cell}" if is_formula else cell


def post(rows: pd.DataFrame, url: str, name: str, transport: httpx.BaseTransport | None = None) -> int:
    """Post rows as JSON, `BATCH_ROWS` at a time, each with a number that makes a repeated batch recognizable.

    Args:
        rows: what to send.
        url: http or https.
        name: of the export; with number and digest of the batch it is sent as `Idempotency-Key`, so that another
            audience or other members under the same name are no repetition.
        transport: of httpx, for tests.

    Returns:
        Batches that were taken.

    Raises:
        DeliveryError: a batch was refused or not answered, after retries.
    """
    batches = [rows.iloc[start : start + BATCH_ROWS] for start in range(0, len(rows), BATCH_ROWS)]
    with httpx.Client(timeout=_TIMEOUT_SECONDS, transport=transport) as client:
        for number, batch in enumerate(batches, 1):
            body = {"export": name, "batch": number, "of": len(batches), "rows": batch.to_dict(orient="records")}
            problem = _sent(client, url, body, f"{name}-{number}-{_digest(body)}")
            if problem:
                before = (number - 1) * BATCH_ROWS
                raise DeliveryError(
                    f"batch {number} of {len(batches)}: {problem}; the first {before:,} rows were taken"
                )
    return len(batches)


def _digest(body: dict[str, object]) -> str:
    return blake2b(json.dumps(body, sort_keys=True).encode(), digest_size=8).hexdigest()


def _sent(client: httpx.Client, url: str, body: dict[str, object], key: str) -> str:
    """What went wrong in the end, or nothing."""
    problem = ""
    for attempt in range(_ATTEMPTS):
        if attempt:
            time.sleep(_PAUSE_SECONDS * 2 ** (attempt - 1))
        try:
            response = client.post(url, json=body, headers={"Idempotency-Key": key})
        except httpx.HTTPError as error:
            problem = type(error).__name__
            continue
        if response.is_success:
            return ""
        problem = f"answered {response.status_code}"
        if response.status_code not in _RETRIED:
            break
    return problem
