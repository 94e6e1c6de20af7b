"""Where an export goes: a private file, or a webhook in batches."""

from __future__ import annotations

import os
import time
from pathlib import Path

import httpx
import pandas as pd

from intake.atomic_file import PRIVATE_FILE, publish

FORMATS = ("csv", "parquet")
BATCH_ROWS = 500
_ATTEMPTS, _PAUSE_SECONDS, _TIMEOUT_SECONDS = 4, 0.5, 30.0
_RETRIED = frozenset({408, 429, 500, 502, 503, 504})


class DeliveryError(RuntimeError):
    """A webhook did not take a batch; says which rows it has."""


def write_file(rows: pd.DataFrame, file: Path, form: str) -> None:
    """Write rows as CSV or parquet with mode 600, whole or not at all."""
    draft = file.with_name(f".{file.name}.partial")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE), "wb") as out:
        if form == "csv":
            rows.to_csv(out, index=False)
        else:
            rows.to_parquet(out, index=False)
    publish([(draft, file)])


def post(rows: pd.DataFrame, url: str, name: str, transport: httpx.BaseTransport | None = None) -> int:
    """Post rows as JSON, `BATCH_ROWS` at a time, each with a number that makes a repeated batch recognizable.

    Args:
        rows: what to send.
        url: http or https.
        name: of the export; with the batch's number it is sent as `Idempotency-Key`.
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
            problem = _sent(client, url, body, f"{name}-{number}")
            if problem:
                before = (number - 1) * BATCH_ROWS
                raise DeliveryError(
                    f"batch {number} of {len(batches)}: {problem}; the first {before:,} rows were taken"
                )
    return len(batches)


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
