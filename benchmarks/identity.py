"""The identity ledger at size: plain components, one day's news, and the ledger itself.

The reference of the same run is scipy's `connected_components` on nodes that are numbered already, which spares it
most of the work. Kernels are compiled before anything is measured, and the compilation is reported apart.
"""

from __future__ import annotations

import argparse
import platform
import resource
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from ml.identity import Evidence, affected, components, resolve
from ml.identity.keys import mix

Longs = npt.NDArray[np.int64]
Result = TypeVar("Result")
CHAIN, HUB = 20_000, 100_000
START = pd.Timestamp("2026-01-01", tz="UTC")
# Every second person has a till record instead of the login.
PERSON = ("login", "email", "phone", "crm_id", "device_id", "cookie", "cookie", "click_id")


def key_of(numbers: Longs) -> Longs:
    """Keys of 60 bits from node numbers."""
    return (mix(numbers.astype(np.uint64)) & np.uint64(2**60 - 1)).astype(np.int64)


def people_links(links: int, seed: int) -> tuple[Longs, Longs]:
    """Links of people with eight identifiers each, a chain and a hub, in random order; node numbers."""
    rng = np.random.default_rng(seed)
    rest = links - CHAIN - HUB
    person = rng.integers(0, rest // 7, rest) * 8
    a, b = person + rng.integers(0, 4, rest), person + rng.integers(0, 8, rest)
    base = (rest // 7 + 1) * 8
    chain, hub = base + np.arange(CHAIN + 1), base + CHAIN + 2 + np.arange(HUB)
    order = rng.permutation(links)
    first = np.concatenate((a, chain[:-1], np.full(HUB, base + CHAIN + 1)))[order]
    return first, np.concatenate((b, chain[1:], hub))[order]


def people_evidence(identifiers: int, seed: int) -> Evidence:
    """People of eight identifiers over a year; 3 % of first cookies seen with a second person, 10 % of people alike."""
    rng = np.random.default_rng(seed)
    people = identifiers // 8
    number = np.arange(people * 8)
    first = number // 8 * 8
    joined = number[number % 8 > 0]
    shared = joined[(joined % 8 == 5) & (rng.random(len(joined)) < 0.03)]
    alike = rng.integers(0, people, people // 10) * 8 + 3
    a = np.concatenate((first[joined], rng.integers(0, people, len(shared)) * 8, alike))
    b = np.concatenate((joined, shared, rng.integers(0, people, len(alike)) * 8 + 3))
    guess = np.arange(len(a)) >= len(joined) + len(shared)
    keep = a != b
    a, b, guess = a[keep], b[keep], guess[keep]
    at = START + pd.to_timedelta(rng.integers(0, 365 * 86_400, len(a)), unit="s")
    seen = pd.Series(START, index=number)
    frame = pd.DataFrame(
        {
            "identifier_key": key_of(number),
            "type": np.where(number % 16 == 8, "pos_id", np.array(PERSON)[number % 8]),
            "value_hash": "0",
            "first_seen_at": seen,
            "last_seen_at": seen,
        }
    ).astype({"type": "str", "value_hash": "str"})
    pairs = pd.DataFrame(
        {
            "a_key": key_of(a),
            "b_key": key_of(b),
            "rule": pd.Categorical.from_codes(guess.astype(int), ["same_event", "splink"]),
            "source": pd.Categorical.from_codes(np.zeros(len(a), dtype=int), ["web"]),
            "kind": pd.Categorical.from_codes(guess.astype(int), ["deterministic", "probabilistic"]),
            "weight": np.where(guess, 0.9, 1.0),
            "first_received_at": at,
            "last_received_at": at,
            "n_observed": 1,
        }
    ).drop_duplicates(["a_key", "b_key", "rule"])
    return Evidence(frame, pairs.astype({"rule": "str", "source": "str", "kind": "str"}))


def measured(name: str, work: Callable[[], Result]) -> Result:
    """Run once; print CPU seconds, wall seconds and the peak memory of the process so far."""
    cpu, wall = time.process_time(), time.perf_counter()
    result = work()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{name:<58} {cpu:8.1f} CPU s {wall:8.1f} s wall {peak:8,.0f} MiB", flush=True)
    return result


def warm_up() -> None:
    """Compile the kernels, or load them."""
    resolve(people_evidence(80, seed=0))
    components(*people_links(CHAIN + HUB + 70, seed=0))
    affected(np.array([1]), np.array([1]), np.array([2]))


def connectivity(links: int) -> None:
    """Plain components, beside scipy's on numbered nodes."""
    a, b = people_links(links, seed=1)
    a_key, b_key = key_of(a), key_of(b)
    _, label = measured(f"components of {links:,} links", lambda: components(a_key, b_key))
    size = int(max(a.max(), b.max())) + 1
    graph = coo_matrix((np.ones(links, dtype=np.int8), (a, b)), shape=(size, size))
    count, _ = measured("  scipy, nodes numbered beforehand", lambda: connected_components(graph, directed=False))
    lonely = size - len(np.unique(np.concatenate((a, b))))
    assert len(np.unique(label)) == count - lonely


def news(links: int, new: int) -> None:
    """Links of one day on top of all others: the groups they reach, and those resolved again."""
    everything = people_evidence(links // 9 * 10, seed=2)
    a, b = (everything.pairs[name].to_numpy() for name in ("a_key", "b_key"))
    changed = np.unique(np.concatenate((a[:new], b[:new])))
    group = measured(f"affected by {new:,} new links on {len(a):,}", lambda: affected(changed, a, b))
    nodes, pairs = everything.identifiers, everything.pairs
    part = Evidence(nodes.loc[nodes["identifier_key"].isin(group)], pairs.loc[pairs["a_key"].isin(group)])
    measured(f"  resolve the {len(group):,} identifiers reached", lambda: resolve(part))


def main() -> None:
    """Measure once and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--links", type=int, default=10_000_000)
    parser.add_argument("--new", type=int, default=100_000)
    parser.add_argument("--identifiers", type=int, nargs="*", default=[1_000_000])
    parser.add_argument("--only", choices=("components", "news", "resolve"))
    chosen = parser.parse_args()
    print(f"Python {platform.python_version()}, {platform.machine()}, {platform.system()} {platform.release()}")
    print(", ".join(f"{name} {version(name)}" for name in ("numba", "numpy", "scipy", "pandas")))
    measured("compile or load the kernels", warm_up)
    if chosen.only in (None, "components"):
        connectivity(chosen.links)
    if chosen.only in (None, "news"):
        news(chosen.links, chosen.new)
    if chosen.only in (None, "resolve"):
        for count in chosen.identifiers:
            evidence = people_evidence(count, seed=3)
            measured(f"resolve {count:,} identifiers, {len(evidence.pairs):,} pairs", lambda e=evidence: resolve(e))


if __name__ == "__main__":
    main()
