"""Trains the matching model that comes with the code: python -m benchmarks.train_matching_model.

Seeded records of made-up people (tests/ml/matching/people.py), no labels; takes some minutes.
"""

from __future__ import annotations

import json
from pathlib import Path

from ml.matching.comparisons import settings
from ml.matching.frames import compared_records
from ml.matching.model import fit
from tests.ml.matching.people import Noise, company

RECORDS = 100_000
RANDOM_PAIRS = 20_000_000
SEED = 7
NOISE = Noise(absent=0.06, misspelt=0.12, moved=0.1, nickname=0.06, swapped=0.015)
TARGET = Path(__file__).parents[1] / "ml" / "matching" / "model.json"


def main() -> None:
    """Write the model and print its weights."""
    records = company(RECORDS, seed=SEED, noise=NOISE).records
    model = fit(compared_records(records), settings(), RANDOM_PAIRS)
    TARGET.write_text(json.dumps(model, indent=2) + "\n", encoding="utf-8")
    for comparison in model["comparisons"]:
        for level in comparison["comparison_levels"]:
            m, u = level.get("m_probability", float("nan")), level.get("u_probability", float("nan"))
            print(f"{comparison['output_column_name']:12} {level['label_for_charts']:40} {m:.4g} {u:.3g}")


if __name__ == "__main__":
    main()
