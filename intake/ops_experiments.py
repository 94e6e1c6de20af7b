"""The life of experiments: starts, ramp steps and stops, and the looks that were taken at their results."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, field, fields
from datetime import datetime
from typing import Any

from intake.ops_database import OpsDatabase
from intake.ops_records import from_text, to_text


@dataclass(frozen=True)
class ExperimentEvent:
    """One step in the life of a version.

    Attributes:
        kind: `start`, `ramp`, `hold`, `stop`, `ship`, or `arm` (one arm was paused or came back).
        share: share of the layer from then on; None where the step does not change it.
        evidence: figures that led to it.
    """

    experiment: str
    version: int
    kind: str
    at: datetime
    actor: str
    reason: str
    share: float | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TakenLook:
    """A look at a metric of an arm, as it was decided on then; it is never taken again.

    Attributes:
        look: its number, from 1.
        information: share of the planned evidence, 0 to 1.
        n: units of both arms.
        z: difference in standard errors, plus is better.
        bound: what z had to pass.
        p_value: valid at every look.
        low, high: bounds of the difference, valid at every look, in the metric's own direction.
        crossed: `better`, `worse` or empty.
        is_final: whether it spent what was left.
    """

    experiment: str
    version: int
    metric: str
    arm: str
    look: int
    at: datetime
    information: float
    n: int
    z: float
    bound: float
    p_value: float
    low: float
    high: float
    crossed: str
    is_final: bool


_LOOK = ", ".join(one.name for one in fields(TakenLook))


class ExperimentBook(OpsDatabase):
    """What happened to experiments, and the looks that spent their chance of error."""

    def record_experiment_event(self, event: ExperimentEvent) -> None:
        """Add one step."""
        values = (
            event.experiment, event.version, event.kind, to_text(event.at), event.actor, event.share, event.reason,
            json.dumps(dict(event.evidence), default=str),
        )  # fmt: skip
        with self.transaction() as connection:
            connection.execute(
                "insert into experiment_event (experiment, version, kind, at, actor, share, reason, evidence)"
                " values (?, ?, ?, ?, ?, ?, ?, ?)",
                values,
            )

    def experiment_events(self, experiment: str | None = None, version: int | None = None) -> list[ExperimentEvent]:
        """The steps in order, of one experiment or version or of all."""
        rows = self.rows(
            "select * from experiment_event where (? is null or experiment = ?) and (? is null or version = ?)"
            " order by event_id",
            experiment, experiment, version, version,
        )  # fmt: skip
        return [
            ExperimentEvent(
                row["experiment"], row["version"], row["kind"], from_text(row["at"]), row["actor"], row["reason"],
                row["share"], json.loads(row["evidence"]),
            )
            for row in rows
        ]  # fmt: skip

    def record_looks(self, looks: Sequence[TakenLook]) -> int:
        """Keep looks; one that was taken stays as it was. Returns how many were new."""
        rows = [(*(to_text(v) if isinstance(v, datetime) else v for v in astuple(look)),) for look in looks]
        marks = ", ".join("?" * len(fields(TakenLook)))
        with self.transaction() as connection:
            before = connection.total_changes
            connection.executemany(f"insert or ignore into experiment_look ({_LOOK}) values ({marks})", rows)
            return int(connection.total_changes - before)

    def looks(self, experiment: str, version: int | None = None) -> list[TakenLook]:
        """The looks at one version or at all of them, by version, number, metric and arm."""
        rows = self.rows(
            f"select {_LOOK} from experiment_look where experiment = ? and (? is null or version = ?)"
            " order by version, look, metric, arm",
            experiment, version, version,
        )  # fmt: skip
        return [
            TakenLook(**{**dict(row), "at": from_text(row["at"]), "is_final": bool(row["is_final"])}) for row in rows
        ]
