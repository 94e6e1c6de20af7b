"""Everything that drift is read from, for one run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import pandas as pd

from intake.ops_store import OpsStore
from ml.cards.evidence import score_points
from orchestration.champions.matured import kept as matured_rows
from orchestration.champions.matured import matured
from orchestration.drift.features import compared, feature_readings
from orchestration.drift.mixes import SHARE, match_readings, segment_readings, traffic_readings
from orchestration.drift.reading import Reading
from orchestration.drift.scores import SCORES, loss_readings, score_reading
from orchestration.identity_metrics import match_rates
from orchestration.model_registry import ModelRegistry
from orchestration.warehouse import Warehouse

SHARES_SQL = """
    select segment_id, count(*) from ml.segment_assignment where rung <> 'everyone' group by segment_id order by 1
"""


@dataclass(frozen=True)
class Look:
    """Readings of today, the report of the features, and figures that are written down beside them."""

    readings: list[Reading]
    report: pd.DataFrame
    beside: list[tuple[str, str, float]]


@dataclass(frozen=True)
class Seer:
    """What one run looks at."""

    warehouse: Warehouse
    ops: OpsStore
    registry: ModelRegistry
    as_of: datetime

    @property
    def today(self) -> date:
        """The day of the run."""
        return self.as_of.date()

    def look(self, names: list[str]) -> Look:
        """Read everything; what there is no data for is left out.

        Args:
            names: features of the models.
        """
        report = compared(self.warehouse, names)
        found = matured(self.warehouse, self.as_of)
        shares = self._shares()
        readings = [*feature_readings(self.warehouse, report), *self._scores(), *self._mixes(shares)]
        for name, version in self.registry.in_use().items():
            card, figures = self.registry.card(name), found.get((name, version))
            if card is not None and figures:
                readings += loss_readings(name, card.metrics, figures)
        beside = [("feature_ks", str(row["feature"]), float(row["ks_statistic"])) for row in report.to_dict("records")]
        beside += [(SHARE, name, share) for name, share in shares.items()]
        return Look(readings, report, [*beside, *matured_rows(found)])

    def _scores(self) -> list[Reading]:
        found = []
        for name, (table, column) in SCORES.items():
            card = self.registry.card(name)
            if card is None or self.warehouse.count(table) == 0:
                continue
            sql = f"select {column} as score from {table} where basis = 'own' and {column} is not null"
            scores = self.warehouse.frame(sql)["score"].to_numpy(dtype=np.float64)
            fitted = card.evidence.get("score_points", ())
            reading = score_reading(name, scores, fitted, self.ops.score_points(name), self.today)
            if reading is not None:
                found.append(reading)
            if len(scores):
                self.ops.record_score_points(self.today, name, card.version, score_points(scores))
        return found

    def _mixes(self, shares: Mapping[str, float]) -> list[Reading]:
        card = self.registry.card("segments")
        fitted = None if card is None else datetime.fromisoformat(card.as_of).date()
        found = segment_readings(shares, self.ops.metrics(SHARE), self.today, fitted)
        if not self.warehouse.has_table("marts.match_rate_daily"):
            return found
        rates = match_rates(self.warehouse)
        rates = rates.assign(event_date=pd.to_datetime(rates["event_date"]).dt.date)
        return [*found, *traffic_readings(rates, self.today), *match_readings(rates, self.today)]

    def _shares(self) -> dict[str, float]:
        if self.warehouse.count("ml.segment_assignment") == 0:
            return {}
        counts = {str(segment): float(str(rows)) for segment, rows in self.warehouse.rows(SHARES_SQL)}
        total = sum(counts.values())
        return {segment: rows / total for segment, rows in counts.items()}
