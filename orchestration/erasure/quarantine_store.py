"""Erasure in the quarantine: originals are opened, rows that name the person go, counts follow."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from intake.atomic_file import write_private_table
from intake.contract import ContractError, load_contract
from intake.keys import quarantine_cipher
from intake.lake import HASH_IN_NAME
from intake.ops_store import OpsStore
from intake.project import Project
from intake.tombstones import identifier_fields
from orchestration.erasure.matching import Matcher, mentions_of
from orchestration.erasure.scope import Scope

ORIGINAL, REASON = "original", "reason"


def erase(project: Project, scope: Scope) -> int:
    """Rewrite the files that name them; rows that went. They count as suppressed from then on."""
    cipher, mentions, matcher, gone = quarantine_cipher(project.paths), mentions_of(project, scope), Matcher(scope), 0
    for file in files(project):
        rows, fields = pq.read_table(file), fields_of(project, file.parent.name)
        originals = [cipher.decrypt(value) for value in rows.column(ORIGINAL).to_pylist()]
        stays = [
            not (mentions.inside(text, fields) or matcher.in_text(text.decode("utf-8", errors="replace")))
            for text in originals
        ]
        if not all(stays):
            gone += stays.count(False)
            write_private_table(rows.filter(pa.array(stays)), file)
        _recount(project, file)
    return gone


def files(project: Project) -> list[Path]:
    """The quarantine's files."""
    return sorted(project.paths.quarantine.rglob("*.parquet"))


def fields_of(project: Project, source: str) -> frozenset[str]:
    """Where a source's records hold identifiers; nothing when its contract is gone or wrong."""
    try:
        return identifier_fields(load_contract(project.sources / f"{source}.yml"))
    except ContractError:
        return frozenset()


def _recount(project: Project, file: Path) -> None:
    """Bring a batch's counts to what its file holds; what went counts as suppressed, so the sum stays true."""
    ops, source, prefix = OpsStore(project.paths), file.parent.name, file.stem
    batches = [batch for batch in ops.batches(source) if batch.batch_id[:HASH_IN_NAME] == prefix]
    if len(batches) != 1:
        return
    batch, held = batches[0], Counter(pq.read_table(file, columns=[REASON]).column(REASON).to_pylist())
    lost = batch.quarantined - sum(held.values())
    if lost <= 0:
        return
    with ops.transaction() as connection:
        connection.execute(
            "update batch set quarantined = quarantined - ?, suppressed = suppressed + ? where batch_id = ?",
            (lost, lost, batch.batch_id),
        )
        connection.execute("delete from quarantine_row_count where batch_id = ?", (batch.batch_id,))
        connection.executemany(
            "insert into quarantine_row_count (batch_id, reason, rows) values (?, ?, ?)",
            [(batch.batch_id, reason, rows) for reason, rows in sorted(held.items())],
        )
