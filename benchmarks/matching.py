"""Identity matching: quality on the FEBRL sets and on made-up companies, cost on a million records.

python -m benchmarks.matching [quality | cost [RECORDS]]
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

from ml.matching import match_records, train_model
from tests.ml.matching.people import Noise, company, namesakes
from tests.ml.matching.quality import FEBRL, febrl, merged, people_found

MILLION = 1_000_000
COMPANIES = {
    "clean": Noise(absent=0.02, misspelt=0.01, moved=0.0, nickname=0.0, swapped=0.0, wrong=0.0),
    "usual": Noise(),
    "noisy": Noise(absent=0.15, misspelt=0.2, moved=0.15, nickname=0.15, swapped=0.03, wrong=0.03),
}
SHOWN = ("pairwise_precision", "pairwise_recall", "pairwise_f1", "bcubed_precision", "bcubed_recall", "bcubed_f1")


def quality() -> None:
    """Pairwise and B-cubed precision, recall and F1 at the default threshold."""
    data = {f"FEBRL {number}": febrl(number) for number in FEBRL}
    data |= {f"company, {name}": company(20_000, seed=12, noise=noise) for name, noise in COMPANIES.items()}
    data |= {f"namesakes, {years} years": namesakes(3_000, 5, years) for years in (30, 3)}
    for name, each in data.items():
        found = asdict(people_found(each))
        print(f"{name:16}", *(f"{measure} {found[measure]:.4f}" for measure in SHOWN))


def cost(count: int) -> None:
    """CPU seconds of training, matching and merging, and the peak of memory."""
    records = company(count, seed=1).records
    print(f"{len(records):,} records; memory before {peak_gb():.2f} GB")
    with timed("train"):
        model = train_model(records)
    with timed("predict, vetoes, households"):
        matches = match_records(records, model)
    with timed("merge"):
        people = merged(records, matches)["canonical_id"].nunique()
    counts = {name: len(table) for name, table in matches.tables().items()}
    print(f"{people:,} people; {counts}; peak memory {peak_gb():.2f} GB")


@contextmanager
def timed(step: str) -> Iterator[None]:
    """Print CPU and wall seconds of a step."""
    cpu, wall = time.process_time(), time.perf_counter()
    yield
    print(f"{step}: {time.process_time() - cpu:.1f} CPU s, {time.perf_counter() - wall:.1f} s", flush=True)


def peak_gb() -> float:
    """Largest resident memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


if __name__ == "__main__":
    if "cost" in sys.argv[1:]:
        cost(int(sys.argv[2]) if len(sys.argv) > 2 else MILLION)
    else:
        quality()
