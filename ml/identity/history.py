"""Bitemporal record of who belonged to whom, written at the end of each instant."""

from __future__ import annotations

from dataclasses import dataclass, field

from ml.identity.union import Components


@dataclass
class Span:
    """Node `node` was known as the person of `anchor` from `start` (µs) until `end` (None: still)."""

    node: int
    anchor: int
    start: int
    via: int | None
    end: int | None = None


@dataclass(frozen=True)
class Change:
    """A person came into being (`other` None) or was merged into `survivor`."""

    at: int
    survivor: int
    other: int | None
    via: int | None


@dataclass
class History:
    """Assignments as they were believed, in order of belief."""

    spans: list[Span] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    created: dict[int, int] = field(default_factory=dict)
    _open: dict[int, Span] = field(default_factory=dict)

    def settle(self, at: int, touched: dict[int, int | None], components: Components) -> None:
        """Record what instant `at` changed; beliefs that came and went inside it are not kept.

        Args:
            at: arrival of the evidence, µs.
            touched: nodes that may have moved → edge that moved them last (None: the node's own arrival).
            components: state after the last evidence of this instant.
        """
        for node in sorted(touched):
            anchor = components.anchor(node)
            before = self._open.get(node)
            if before is not None and before.anchor == anchor:
                continue
            via = touched[node]
            if before is not None:
                before.end = at
                if before.anchor == node:
                    self.changes.append(Change(at, anchor, node, via))
            self._start(Span(node, anchor, at, via))

    def _start(self, span: Span) -> None:
        self._open[span.node] = span
        self.spans.append(span)
        if span.anchor not in self.created:
            self.created[span.anchor] = span.start
            self.changes.append(Change(span.start, span.anchor, None, None))

    def anchor_now(self, node: int) -> int:
        """The person that `node` belongs to at the end of the evidence."""
        return self._open[node].anchor
