"""One stage of `benchmarks.models_scale` in this process: the asset as runs materialize it, timed without imports."""

from __future__ import annotations

import json
import resource
import sys
import time
from typing import Final

STAGES: Final = {
    "models/segments": "train",
    "models/churn": "train",
    "models/value": "train",
    "models/next_purchase": "train",
    "models/recommendations": "train",
    "ml/segment_assignment": "score",
    "ml/churn_score": "score",
    "ml/value_score": "score",
    "ml/outlook_score": "score",
    "ml/micro_segment": "score",
    "ml/recommendation": "score",
}


def main(stage: str) -> int:
    """Materialize the asset with this key and say what it cost; the last line is JSON."""
    from orchestration.environment import configure

    configure()
    from dagster import AssetsDefinition, DagsterInstance, materialize

    from orchestration import assets
    from orchestration.resources import Workspace

    found = [
        one
        for one in vars(assets).values()
        if isinstance(one, AssetsDefinition) and any("/".join(key.path) == stage for key in one.keys)
    ]
    with DagsterInstance.ephemeral() as instance:
        before = time.process_time()
        done = materialize(found, resources={"workspace": Workspace()}, instance=instance)
        spent = time.process_time() - before
    notes = {
        name: str(value.value)[:200]
        for event in done.get_asset_materialization_events()
        for name, value in event.step_materialization_data.materialization.metadata.items()
        if name in ("trained", "reason", "dagster/row_count", "note", "version", "discovery")
    }
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"cpu": spent, "peak": peak, "note": notes}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
