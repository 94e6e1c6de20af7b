"""What became of each training, and who made which version serve."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from intake.ops_database import OpsDatabase
from intake.ops_records import from_text, to_text


@dataclass(frozen=True)
class ModelEvent:
    """One look at a model, or one word of a person about it.

    Attributes:
        version: the version it is about; empty where none could be trained.
        kind: `first`, `unreadable`, `other`, `better` and `fresh` made it champion, `kept` put it into the shadow,
            `same` trained what serves already, `refused` trained nothing; `promoted` and `rolled_back` are people's.
        replaced: the champion until then; empty where it stayed or there was none.
        as_of: the moment the training looked from.
    """

    name: str
    version: str
    kind: str
    at: datetime
    as_of: datetime
    actor: str
    replaced: str
    reason: str


class ModelBook(OpsDatabase):
    """The history of models, and the figures by day that drift is read from."""

    def record_model_event(self, event: ModelEvent) -> None:
        """Add one line to the history."""
        values = (
            event.name, event.version, event.kind, to_text(event.at), to_text(event.as_of), event.actor,
            event.replaced, event.reason,
        )  # fmt: skip
        with self.transaction() as connection:
            connection.execute(
                "insert into model_event (name, version, kind, at, as_of, actor, replaced, reason)"
                " values (?, ?, ?, ?, ?, ?, ?, ?)",
                values,
            )

    def model_events(self, name: str | None = None) -> list[ModelEvent]:
        """The history in order, of one model or of all."""
        rows = self.rows("select * from model_event where ? is null or name = ? order by event_id", name, name)
        return [
            ModelEvent(
                row["name"], row["version"], row["kind"], from_text(row["at"]), from_text(row["as_of"]), row["actor"],
                row["replaced"], row["reason"],
            )
            for row in rows
        ]  # fmt: skip

    def record_metrics(
        self, day: date, figures: Iterable[tuple[str, str, float]], *, at: datetime, whole: Sequence[str] = ()
    ) -> int:
        """Write several figures (metric, dimension, value) of one day at once; the last one written counts.

        Of the metrics in `whole` the figures are all there are: dimensions that are not among them go.
        """
        rows = [(day.isoformat(), metric, dimension, float(value), to_text(at)) for metric, dimension, value in figures]
        with self.transaction() as connection:
            connection.executemany(
                "delete from metric_daily where metric_date = ? and metric = ?",
                [(day.isoformat(), name) for name in whole],
            )
            connection.executemany("insert or replace into metric_daily values (?, ?, ?, ?, ?)", rows)
        return len(rows)

    def record_score_points(self, day: date, subject: str, version: str, points: Iterable[float]) -> None:
        """Keep the quantiles of one day's scores under a model; the last ones written count."""
        values = (day.isoformat(), subject, version, json.dumps(list(points)))
        with self.transaction() as connection:
            connection.execute("insert or replace into score_points values (?, ?, ?, ?)", values)

    def score_points(self, subject: str) -> Mapping[date, list[float]]:
        """Quantiles of a model's scores by day."""
        rows = self.rows("select day, points from score_points where subject = ? order by day", subject)
        return {date.fromisoformat(row["day"]): json.loads(row["points"]) for row in rows}
