"""The segments that a decision knew of, as its answer and its log line tell them."""

from __future__ import annotations

import msgspec


class SegmentsUsed(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a decision knew of a person's segments: those by rule, which of them the last run did not have yet
    (`entered`) and which it had still (`left`), and the micro-segment."""

    rules: list[str] = []
    entered: list[str] = []
    left: list[str] = []
    micro_segment: str = ""
