"""Counts as Prometheus reads them (text format 0.0.4). Every series names its worker: sum over it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from serving.metrics.histogram import BOUNDS_MS, Histogram
from serving.metrics.worker import Counted

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
GAUGES: Mapping[str, str] = {
    "snapshot_as_of_age_seconds": "age of the evidence in the live snapshot, on the project's clock",
    "snapshot_ready": "1 while decisions can be made",
    "log_queued_lines": "lines not yet on disk, all kinds",
    "log_lag_seconds": "how long the oldest line not yet on disk has waited",
    "decisions_lost": "decisions that were answered and could not be logged, since the start",
    "overlay_available": "1 while live sessions and words of consent are followed",
    "overlay_sessions": "live sessions of all workers",
    "overlay_used_share": "share of the overlay's room in use, 0 to 1",
    "overlay_events_dropped": "events that found no room in the overlay, since the start",
    "overlay_sessions_evicted": "sessions that made room for others, since the start",
    "paused_scopes": "placements paused by the kill switch; `all` counts as one",
}
"""Gauge to its meaning; those that count from the start begin anew with the worker."""
_COUNTERS = (
    ("decisions_total", "decisions by placement and rung: fallback, plain, no_consent, … tell how often", "rungs",
     ("placement", "rung")),
    ("blocked_total", "alternatives that a rule did not permit", "blocks", ("placement", "rule")),
    ("late_total", "decisions that were the prepared answer, past their deadline or in a crowd", "late",
     ("placement", "cause")),
    ("failed_total", "decisions that failed with an error", "failed", ("placement",)),
    ("exposures_total", "exposures told, by placement where it is known", "exposures", ("placement",)),
    ("events_total", "posted events, stored or suppressed for want of consent", "events", ("outcome",)),
)  # fmt: skip
_HISTOGRAMS = (
    ("request_seconds", "from the last byte of the body to the last of the answer", "requests", ("endpoint", "status")),
    ("decision_seconds", "choosing for one placement", "decisions", ("placement",)),
)


def exposition(workers: Sequence[Counted]) -> str:
    """All series of these workers."""
    return "".join(f"{line}\n" for line in _lines(workers))


def _lines(workers: Sequence[Counted]) -> Iterator[str]:
    for name, meaning, field, labels in _HISTOGRAMS:
        yield from _head(name, meaning, "histogram")
        for one in workers:
            for key, histogram in getattr(one, field).items():
                yield from _histogram(name, _labels(labels, key, one.worker), histogram)
    for name, meaning, field, labels in _COUNTERS:
        yield from _head(name, meaning, "counter")
        for one in workers:
            for key, count in getattr(one, field).items():
                yield f"concierge_{name}{{{_labels(labels, key, one.worker)}}} {count}"
    for name, meaning in GAUGES.items():
        yield from _head(name, meaning, "gauge")
        yield from (f"concierge_{name}{{{_labels((), '', w.worker)}}} {w.gauges.get(name, 0.0):.6g}" for w in workers)
    yield from _head("snapshot_info", "the live snapshot", "gauge")
    yield from (f"concierge_snapshot_info{{{_labels(('version',), w.snapshot_version, w.worker)}}} 1" for w in workers)


def _head(name: str, meaning: str, kind: str) -> Iterator[str]:
    yield f"# HELP concierge_{name} {meaning}"
    yield f"# TYPE concierge_{name} {kind}"


def _histogram(name: str, labels: str, histogram: Histogram) -> Iterator[str]:
    below = 0
    for bound, count in zip(BOUNDS_MS, histogram.counts, strict=False):
        below += count
        yield f'concierge_{name}_bucket{{{labels},le="{bound / 1_000:g}"}} {below}'
    everything = sum(histogram.counts)
    yield f'concierge_{name}_bucket{{{labels},le="+Inf"}} {everything}'
    yield f"concierge_{name}_sum{{{labels}}} {histogram.total_ms / 1_000:.6f}"
    yield f"concierge_{name}_count{{{labels}}} {everything}"


def _labels(names: Iterable[str], key: str, worker: str) -> str:
    pairs = [*zip(names, key.split("\t"), strict=False), ("worker", worker)]
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in pairs)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
