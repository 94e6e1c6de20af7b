"""Who uses which feature: models by their own lists, policies by their expressions, the snapshot by both."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from intake.paths import repository_root
from ml.segments import SEGMENT_COLUMNS
from serving.lean import attributes_used
from serving.placement_files import load_placements
from serving.policy import Policy, load_policies, variables_in

# Both read every feature that the YAML marks as a model input (`model: true`).
MODELS_OF_INPUTS = ("churn", "value")


def feature_users(model_inputs: Iterable[str], config: Path | None = None) -> dict[str, list[str]]:
    """Feature → its users, as the code and the configuration under `config` (the shipped one by default) have them.

    Users are written `model churn`, `segments`, `policy NAME (PLACEMENT, …)` and `snapshot`.
    """
    folder = config or repository_root() / "config"
    placements, policies = load_placements(folder / "placements"), load_policies(folder / "policies")
    users: dict[str, list[str]] = defaultdict(list)
    for name in model_inputs:
        users[name] += [f"model {model}" for model in MODELS_OF_INPUTS]
    for name in SEGMENT_COLUMNS:
        users[name].append("segments")
    for policy in policies:
        for name, where in sorted(_named(policy).items()):
            users[name].append(f"policy {policy.name} ({', '.join(where)})")
    for name in sorted(attributes_used(placements, policies)):
        users[name].append("snapshot")
    return dict(users)


def _named(policy: Policy) -> dict[str, list[str]]:
    """Variables that a policy's rules name, with the placements of those rules."""
    found: dict[str, set[str]] = defaultdict(set)
    for rule in policy.rules:
        for name in variables_in(rule.when):
            found[name] |= set(rule.placements) or {"every placement"}
    return {name: sorted(where) for name, where in found.items()}
