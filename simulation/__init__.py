"""The seeded synthetic company with ground truth, used by the demo, tests and benchmarks."""
