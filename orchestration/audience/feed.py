"""Entries into segments and exits out of them since a day, as a feed for tools that keep their own lists."""

from __future__ import annotations

from datetime import date

import pandas as pd

from orchestration.cli.published import Published

_FEED = """
with moved as (
    select customer_id, kind, segment, entered_on as moved_on, 'entered' as change from marts.segment_history
    union all
    select customer_id, kind, segment, left_on as moved_on, 'left' as change from marts.segment_history
    where left_on is not null
)
select m.moved_on, m.change, m.kind, coalesce(p.segment_name, m.segment) as segment, m.customer_id
from moved m left join marts.segment_profile p on m.kind = 'persona' and m.segment = cast(p.segment_id as varchar)
where m.moved_on >= $1
order by m.moved_on, m.kind, segment, m.change, m.customer_id
"""


def feed(published: Published, since: date) -> pd.DataFrame:
    """Moves since a day: `moved_on`, `change` (entered or left), `kind` (persona or rule), `segment`, `customer_id`.

    Who refused personalization is in no segment and has left all of them; channel consent is asked where an audience is
    exported, since a move alone addresses nobody.
    """
    return published.frame(_FEED, [since])
