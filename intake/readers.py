"""Reads an input file in chunks of source rows, whatever its format."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pyarrow as pa

from intake.chunk import Chunk, UnreadableInputError
from intake.contract import SourceContract
from intake.reader_csv import read_csv
from intake.reader_jsonl import read_jsonl
from intake.reader_parquet import read_parquet
from intake.sealed import Unseal
from intake.shape import shaped
from intake.source_columns import ColumnWatch

CHUNK_ROWS = 250_000

_READERS = {"parquet": read_parquet, "csv": read_csv}


def read_chunks(
    contract: SourceContract,
    file: Path,
    rows: int = CHUNK_ROWS,
    unseal: Unseal | None = None,
    watch: ColumnWatch | None = None,
) -> Iterator[Chunk]:
    """Chunks of at most `rows` source rows; nothing for an empty file.

    Args:
        unseal: opens sealed JSON lines.
        watch: follows the columns of the source, and says which new ones are read.

    Raises:
        UnreadableInputError: one line that says what is wrong with the file.
    """
    try:
        if file.stat().st_size:
            reader = partial(read_jsonl, unseal=unseal) if contract.format == "jsonl" else _READERS[contract.format]
            for chunk in reader(contract, file, rows, watch):
                yield shaped(watched(chunk, contract, watch), contract)
    except PermissionError as error:
        raise UnreadableInputError(f"{file}: no permission to read it") from error
    except UnicodeError as error:
        raise UnreadableInputError(f"{file}: not written in {contract.encoding}: {_one_line(error)}") from error
    except OSError as error:
        raise UnreadableInputError(f"{file}: {_io_problem(contract, error)}") from error
    except pa.ArrowException as error:
        reason = f"cut short or not {contract.format}: {_one_line(error)}"
        raise UnreadableInputError(f"{file}: cannot be read as {contract.format}: {reason}") from error


def watched(chunk: Chunk, contract: SourceContract, watch: ColumnWatch | None) -> Chunk:
    """The chunk without new columns that look personal; the others are named."""
    if watch is None or not chunk.names:
        return chunk
    watch.observe(chunk.table, chunk.names)
    flowing = watch.flowing(chunk.names)
    kept = watch.kept(chunk.table, flowing)
    table = chunk.table.drop_columns(sorted(set(flowing) & set(chunk.table.column_names) - set(kept)))
    return replace(chunk, table=table, unmapped=() if contract.properties == "rest" else kept)


def _io_problem(contract: SourceContract, error: OSError) -> str:
    reason = error.strerror or _one_line(error)
    if reason.startswith("Truncated compressed stream"):
        return f"compressed stream ends early: {reason}"
    return f"cannot be read as {contract.format}: {reason}"


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200]
