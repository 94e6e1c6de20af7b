"""Tells people of decisions that were answered and could not be logged."""

from __future__ import annotations

import logging
import sqlite3
from datetime import datetime

from intake.ops_database import OpsStoreError
from intake.ops_store import OpsStore
from serving.log.stream import LogStream

_LOG = logging.getLogger(__name__)
CAUSE = "serving:decisions_lost"
_DETAIL = (
    "They were answered, but the disk is full or does not keep up: they can neither be explained nor learned from."
    " Make room below service_log/."
)


class Losses:
    """Opens the alert for one worker, and again as long as more are lost.

    Args:
        stream: of decisions.
        ops: where alerts lie; None tells nobody.
        worker: named in the alert.
    """

    def __init__(self, stream: LogStream, ops: OpsStore | None, worker: str) -> None:
        self._stream = stream
        self._ops = ops
        self._worker = worker
        self._told = 0

    def tell(self, at: datetime) -> None:
        """Tell what was lost since the last time; what cannot be told now, on a full disk, is told later."""
        lost = self._stream.lost
        if self._ops is None or lost <= self._told:
            return
        title = f"Lookup service: {lost:,} decisions are not in the log"
        detail = f"Worker {self._worker}, since its start. {_DETAIL}"
        try:
            self._ops.open_alert(CAUSE, severity="critical", title=title, at=at, detail=detail, source="service_log")
        except (sqlite3.Error, OpsStoreError, OSError) as error:
            _LOG.error("%d decisions are lost, and no alert can be written: %s", lost, type(error).__name__)
            return
        self._told = lost
