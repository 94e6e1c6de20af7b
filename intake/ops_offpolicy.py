"""Judgements of candidate policies on logged traffic."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from intake.ops_database import OpsDatabase
from intake.ops_records import from_text, to_text


@dataclass(frozen=True)
class OpeReport:
    """One candidate at one placement. `evidence` holds figures only, never a person's."""

    report_id: str
    candidate: str
    placement: str
    judged_at: datetime
    verdict: str
    evidence: Mapping[str, Any] = field(default_factory=dict)


class OffPolicyBook(OpsDatabase):
    """What was judged."""

    def record_ope_report(self, report: OpeReport) -> None:
        """Add a judgement; the same one again replaces it."""
        row = report.report_id, report.candidate, report.placement, to_text(report.judged_at), report.verdict
        with self.transaction() as connection:
            connection.execute(
                "insert or replace into ope_report values (?, ?, ?, ?, ?, ?)",
                (*row, json.dumps(report.evidence, sort_keys=True, default=str)),
            )

    def ope_reports(self, placement: str | None = None) -> list[OpeReport]:
        """Judgements of a placement, or all, newest first."""
        where, values = ("", ()) if placement is None else (" where placement = ?", (placement,))
        query = f"select * from ope_report{where} order by at desc, report_id"
        return [
            OpeReport(
                row["report_id"],
                row["candidate"],
                row["placement"],
                from_text(row["at"]),
                row["verdict"],
                json.loads(row["evidence"]),
            )
            for row in self.rows(query, *values)
        ]
