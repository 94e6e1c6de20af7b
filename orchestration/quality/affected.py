"""Which segments and placements a source's fault reaches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from orchestration.warehouse import Warehouse

# Who a source usually tells about: its customers of the last four weeks.
REACH_DAYS = 28
NEEDED = ("marts.customer_segments", "marts.decision_table", "intermediate.int_identifier_customers")
SEGMENTS_SQL = """
    with reached as (
        select distinct e.source, coalesce(l.customer_id, a.customer_id) as customer_id
        from intermediate.int_events as e
        left join intermediate.int_identifier_customers as a on e.anchor_key = a.identifier_key
        left join intermediate.int_identifier_customers as l on e.login_key = l.identifier_key
        where e.event_date >= cast(? as date) and e.source in (select unnest(?))
    )
    select r.source, s.segment_id, s.segment_name, count(distinct s.customer_id) as customers
    from reached as r inner join marts.customer_segments as s on r.customer_id = s.customer_id
    group by 1, 2, 3 order by 1, 4 desc, 2
"""
PLACEMENTS_SQL = "select distinct placement, segment_id from marts.decision_table order by 1"


@dataclass(frozen=True)
class Reach:
    """What a source's fault reaches: segments (name, customers), most first, and placements; counts only."""

    segments: tuple[tuple[str, int], ...] = ()
    placements: tuple[str, ...] = ()

    @property
    def evidence(self) -> dict[str, object]:
        """As it is kept with an alert."""
        return {
            "segments": [{"segment": name, "customers": number} for name, number in self.segments],
            "placements": list(self.placements),
        }


def reach(warehouse: Warehouse, sources: Sequence[str], as_of: datetime) -> dict[str, Reach]:
    """By source. One that tells of no customer (catalogue, prices) reaches every placement and no segment by itself."""
    if not sources or not all(warehouse.has_table(name) for name in NEEDED):
        return {}
    placements = [(str(name), segment) for name, segment in warehouse.rows(PLACEMENTS_SQL)]
    since = str((as_of - timedelta(days=REACH_DAYS)).date())
    rows = warehouse.rows(SEGMENTS_SQL, [since, list(sources)])
    found: dict[str, Reach] = {}
    for source in sources:
        mine = [(segment, str(name), int(str(number))) for of, segment, name, number in rows if of == source]
        segments = {segment for segment, _, _ in mine}
        touched = {name for name, segment in placements if not segments or segment in segments}
        found[source] = Reach(tuple((name, number) for _, name, number in mine), tuple(sorted(touched)))
    return found
