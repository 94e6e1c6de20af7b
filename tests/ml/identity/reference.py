"""The ledger again, slowly: people as sets, evidence replayed one piece after the other, nothing shared with ml.

It answers one question, who was who at the end of the evidence given to it; the past is asked by giving it less.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product
from typing import Any

import pandas as pd

from ml.identity import Evidence
from ml.identity.keys import edge_key

WEAK = {"device_id", "cookie", "click_id"}
BROWSERS = {"device_id", "cookie"}
HINTS = {"ip", "fingerprint"}
OWNERS = ("login", "loyalty_id", "email", "phone", "crm_id", "pos_id")
ORDER = (*OWNERS, "device_id", "cookie", "click_id", "ip", "fingerprint")
FOR_LIFE = {"login": 1, "loyalty_id": 1}
A_YEAR = {"email": 5, "phone": 5, "device_id": 5}
YEAR = pd.Timedelta(days=365)
HALF_LIVES = {"device_id": 30.0, "email": 365.0, "phone": 180.0}


@dataclass
class Link:
    """One piece of evidence that two identifiers belong together."""

    at: pd.Timestamp
    tier: int
    weight: float
    key: int
    a: int
    b: int
    until: pd.Timestamp | None = None
    lifts: bool = False
    held: bool = False
    held_before: bool = False

    @property
    def rank(self) -> tuple[Any, ...]:
        return (self.at, self.tier, -self.weight, self.key)


@dataclass
class Person:
    """Members, and the rank of the link that froze them."""

    members: set[int]
    guesses: int = 0
    frozen: tuple[Any, ...] | None = None


@dataclass
class Replay:
    """The slow machine."""

    types: dict[int, str]
    arrived: dict[int, pd.Timestamp]
    links: list[Link]
    bans: list[dict[str, Any]]
    now: pd.Timestamp = field(default=pd.Timestamp(0, tz="UTC"))
    cursor: tuple[Any, ...] | None = None
    left_out: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        self.status = {key: "hint" if kind in HINTS else "active" for key, kind in self.types.items()}
        self.people = {key: Person({key}) for key in self.types}

    def anchor(self, key: int) -> int:
        return min(self.people[key].members, key=lambda k: (self.arrived[k], k))

    def certain_with_anchor(self, key: int) -> bool:
        reached, waiting = {key}, [key]
        while waiting:
            k = waiting.pop()
            for link in self.links:
                if link.held and link.tier < 2 and k in (link.a, link.b):
                    waiting += {link.a, link.b} - reached
                    reached |= {link.a, link.b}
        return self.anchor(key) in reached

    def bans_between(self, one: Person, other: Person) -> set[str]:
        return {
            ban["kind"]
            for ban in self.bans
            if self.in_force(ban)
            and any({a, b} == {ban["a"], ban["b"]} for a, b in product(one.members, other.members))
        }

    def in_force(self, ban: dict[str, Any]) -> bool:
        return ban is not self.left_out and ban["from"] <= self.now < ban["until"]

    def held(self, person: Person, kind: str) -> list[pd.Timestamp]:
        return sorted(self.arrived[key] for key in person.members if self.types[key] == kind)

    def too_many(self, one: Person, other: Person) -> str | None:
        for kind, limit in FOR_LIFE.items():
            mine, theirs = self.held(one, kind), self.held(other, kind)
            if mine and theirs and len(mine) + len(theirs) > limit:
                return kind
        for kind, limit in A_YEAR.items():
            mine, theirs = self.held(one, kind), self.held(other, kind)
            together = sorted(mine + theirs)
            for start in together:
                if mine and theirs and sum(start <= at < start + YEAR for at in together) > limit:
                    return kind
        return None

    def may_tie(self, link: Link) -> bool:
        ends = (link.a, link.b)
        weak = all(self.types[key] in BROWSERS for key in ends)
        replaced = link.until is not None and link.until <= self.now
        return link.a != link.b and not weak and not replaced and all(self.status[key] == "active" for key in ends)

    def judge(self, link: Link) -> str:
        one, other = self.people[link.a], self.people[link.b]
        if not self.may_tie(link):
            return "no"
        if one is other:
            return "known"
        bans, guessed = self.bans_between(one, other), one.guesses + other.guesses > 0 and link.tier < 2
        if "cannot" in bans:
            return "cannot"
        if "veto" in bans and guessed:
            return "contested"
        if link.tier == 0:
            return "join"
        if any(person.frozen is not None and link.rank > person.frozen for person in (one, other)):
            return "no"
        if "veto" in bans and link.tier == 2:
            return "no"
        kind = self.too_many(one, other)
        if kind is None or guessed:
            return "join" if kind is None else "contested"
        if kind in A_YEAR and link.tier == 1:
            self.freeze(one, other, kind, link)
        return "no"

    def freeze(self, one: Person, other: Person, kind: str, link: Link) -> None:
        def fullness(person: Person) -> tuple[int, Any]:
            oldest = min((self.arrived[k], k) for k in person.members)
            return (-len(self.held(person, kind)), oldest)

        full = min((one, other), key=fullness)
        full.frozen = min(full.frozen or link.rank, link.rank)

    def apply(self, link: Link) -> str:
        verdict = self.judge(link)
        link.held = verdict in ("join", "known")
        if verdict == "join":
            one, other = self.people[link.a], self.people[link.b]
            frozen = [person.frozen for person in (one, other) if person.frozen is not None]
            both = Person(
                one.members | other.members,
                one.guesses + other.guesses + (link.tier == 2),
                min(frozen) if frozen else None,
            )
            for key in both.members:
                self.people[key] = both
        return verdict

    def strength(self, link: Link) -> tuple[int, ...]:
        if link.tier == 2:
            return (int((1 - link.weight) * 65_535),)
        ends = sorted(ORDER.index(self.types[key]) for key in (link.a, link.b))
        return (ends[1], ends[0])

    def rebuild(self, *seeds: int) -> None:
        for link in self.links:
            link.held_before = link.held
        chosen = set(seeds)
        while True:
            chosen = set().union(*(self.people[key].members for key in chosen))
            for key in chosen:
                self.people[key] = Person({key})
            ruled = any(
                ban["kind"] == "cannot" and self.in_force(ban) and {ban["a"], ban["b"]} & chosen for ban in self.bans
            )
            links = [link for link in self.links if {link.a, link.b} & chosen and link.rank <= self.cursor]
            links.sort(key=lambda link: self.retry_order(link, ruled))
            contested = next((link for link in links if self.apply(link) == "contested"), None)
            if contested is None:
                return
            chosen |= {contested.a, contested.b}

    def retry_order(self, link: Link, ruled: bool) -> tuple[Any, ...]:
        if not ruled:
            return (link.tier, 0, (), link.rank)
        return (link.tier, not link.held_before, self.strength(link) if link.held_before else (), link.rank)

    def take(self, kind: str, item: Any) -> None:
        if kind == "status":
            key, status = item
            self.status[key] = status
            if len(self.people[key].members) > 1:
                self.rebuild(key)
        elif kind == "ban":
            person = self.people[item["a"]]
            in_force = item["until"] > self.now
            if in_force and item["b"] in person.members and (item["kind"] == "cannot" or person.guesses):
                if item["kind"] == "cannot":
                    # What a manual link alone had brought together falls apart by itself.
                    self.left_out = item
                    self.rebuild(item["a"])
                    self.left_out = None
                if item["b"] in self.people[item["a"]].members:
                    self.rebuild(item["a"])
        else:
            self.cursor = item.rank
            if item.lifts or self.apply(item) == "contested":
                self.rebuild(item.a, item.b)


def known(evidence: Evidence) -> dict[int, pd.Timestamp]:
    """When each identifier was first heard of, from its own row or a pair."""
    nodes = evidence.identifiers
    arrived = dict(zip(nodes["identifier_key"], nodes["first_received_at"], strict=True))
    for r in evidence.pairs.itertuples():
        for key in (r.a_key, r.b_key):
            arrived[key] = min(arrived[key], r.first_received_at)
    return arrived


def touches(
    evidence: Evidence, types: dict[int, str], gone: dict[int, pd.Timestamp]
) -> dict[int, dict[str, list[Any]]]:
    """Arrival of each distinct owner, by identifier and type of owner."""
    seen: dict[tuple[int, int], pd.Timestamp] = {}
    rows = [(r.a_key, r.b_key, r.first_received_at) for r in evidence.pairs.itertuples() if r.kind == "deterministic"]
    rows += [(b, a, at) for a, b, at in rows]
    arrived = known(evidence)
    for r in evidence.claims.itertuples():
        heard = max(r.first_received_at, arrived[r.identifier_key], arrived[r.owner_key])
        rows.append((r.identifier_key, r.owner_key, heard))
    for key, owner, at in rows:
        counted = OWNERS if types[key] in WEAK else ("login", "loyalty_id") if types[key] in ("email", "phone") else ()
        if types[owner] in counted and all(at < gone.get(k, at + YEAR) for k in (key, owner)):
            seen[key, owner] = min(at, seen.get((key, owner), at))
    found: dict[int, dict[str, list[Any]]] = {}
    for (key, owner), at in seen.items():
        found.setdefault(key, {}).setdefault(types[owner], []).append(at)
    return found


def status_changes(evidence: Evidence, types: dict[int, str]) -> list[tuple[pd.Timestamp, int, str]]:
    gone = {r.identifier_key: r.erased_at for r in evidence.erased.sort_values("erased_at")[::-1].itertuples()}
    changes = [(at, key, "erased") for key, at in gone.items()]
    changes += [
        (r.received_at, r.identifier_key, r.status)
        for r in evidence.flags.itertuples()
        if types[r.identifier_key] not in HINTS
    ]
    weak_limits = {"login": 1, "loyalty_id": 1, "email": 2, "phone": 2}
    for key, owners in touches(evidence, types, gone).items():
        for kind, times in owners.items():
            limit = weak_limits.get(kind, 99) if types[key] in WEAK else 1
            if len(times) > limit:
                changes.append((sorted(times)[limit], key, "shared"))
            if len(times) > 5:
                changes.append((sorted(times)[5], key, "blocked"))
    return changes


def override_spells(overrides: pd.DataFrame) -> list[dict[str, Any]]:
    """Each run of equal overrides of a pair, from its first to the next opposite one."""
    spells: list[dict[str, Any]] = []
    latest: dict[frozenset[int], dict[str, Any]] = {}
    for r in sorted(overrides.itertuples(), key=lambda r: (r.created_at, r.kind)):
        pair = frozenset((r.a_key, r.b_key))
        before = latest.get(pair)
        if before is not None and before["kind"] == r.kind:
            continue
        if before is not None:
            before["until"] = r.created_at
        spell = {
            "a": r.a_key,
            "b": r.b_key,
            "kind": r.kind,
            "from": r.created_at,
            "until": pd.Timestamp("9999-12-31", tz="UTC"),
        }
        spell |= {"lifts": before is not None, "actor": r.actor}
        latest[pair] = spell
        spells.append(spell)
    return spells


def replay(evidence: Evidence) -> Replay:
    """Play all the evidence."""
    evidence = evidence.checked()
    nodes = evidence.identifiers
    types = dict(zip(nodes["identifier_key"], nodes["type"], strict=True))
    arrived = known(evidence)
    spells = override_spells(evidence.overrides)
    links = [
        Link(
            r.first_received_at,
            1 if r.kind == "deterministic" else 2,
            r.weight,
            edge_key(r.a_key, r.b_key, r.rule, r.source),
            r.a_key,
            r.b_key,
        )
        for r in evidence.pairs.itertuples()
    ]
    for spell in spells:
        if spell["kind"] == "must_link":
            stamp = int(spell["from"].as_unit("us").value)
            key = edge_key(spell["a"], spell["b"], f"must_link {stamp}", spell["actor"])
            heard = max(spell["from"], arrived[spell["a"]], arrived[spell["b"]])
            links.append(Link(heard, 0, 1.0, key, spell["a"], spell["b"], spell["until"], spell["lifts"]))
    far = pd.Timestamp("9999-12-31", tz="UTC")
    bans = [
        {"a": r.a_key, "b": r.b_key, "kind": "veto", "from": r.received_at, "until": far}
        for r in evidence.vetoes.itertuples()
    ]
    bans += [{**spell, "kind": "cannot"} for spell in spells if spell["kind"] == "cannot_link"]
    for ban in bans:
        ban["from"] = max(ban["from"], arrived[ban["a"]], arrived[ban["b"]])
    machine = Replay(types, arrived, sorted(links, key=lambda link: link.rank), bans)
    machine.cursor = (pd.Timestamp(0, tz="UTC"), 0, 0.0, 0)
    worst: dict[int, int] = {}
    events: list[tuple[Any, ...]] = []
    severity = ("active", "shared", "blocked", "erased")
    changes = sorted(
        (max(at, arrived[key]), key, severity.index(status)) for at, key, status in status_changes(evidence, types)
    )
    for (at, key), group in pd.DataFrame(changes, columns=["at", "key", "s"]).groupby(["at", "key"]):
        if group["s"].max() > worst.get(key, 0):
            worst[key] = int(group["s"].max())
            events.append((at, 1, (key,), "status", (key, severity[worst[key]])))
    node = {key: position for position, key in enumerate(sorted(types))}
    events += [(ban["from"], 2, (node[ban["a"]], node[ban["b"]], ban["kind"] == "cannot"), "ban", ban) for ban in bans]
    events += [(link.at, 3, link.rank, "link", link) for link in links]
    for at, _, _, kind, item in sorted(events, key=lambda event: event[:3]):
        machine.now = at
        machine.take(kind, item)
    return machine


def people(evidence: Evidence) -> dict[int, tuple[int, str]]:
    """Anchor and tier of every identifier that is nobody's shared one, at the end of the evidence."""
    machine = replay(evidence)
    return {
        key: (machine.anchor(key), "certain" if machine.certain_with_anchor(key) else "probable")
        for key, status in machine.status.items()
        if status == "active"
    }


def slices(evidence: Evidence) -> dict[int, list[tuple[pd.Timestamp, int]]]:
    """Of every shared identifier: the first day of each stretch and whose it is, at the end of the evidence."""
    evidence = evidence.checked()
    machine, owners = replay(evidence), people(evidence)
    first_days = {r.identifier_key: r.first_seen_at.floor("D") for r in evidence.identifiers.itertuples()}
    found = {}
    for key in (key for key, status in machine.status.items() if status == "shared"):
        claims = [r for r in evidence.claims.itertuples() if r.identifier_key == key and r.owner_key in owners]
        stretches: list[tuple[pd.Timestamp, int]] = []
        for day in sorted({r.claim_date for r in claims}):
            weight: dict[int, float] = {}
            for r in claims:
                half = HALF_LIVES.get(machine.types[key])
                age = (day - r.claim_date).days
                if age == 0 or (half is not None and age > 0):
                    weight[r.owner_key] = weight.get(r.owner_key, 0.0) + r.n_observed * 0.5 ** (age / (half or 1.0))
            best = max(weight, key=lambda k: (round(weight[k], 9), -ORDER.index(machine.types[k]), -k))
            start = max(day, first_days[key]) if stretches else first_days[key]
            stretches = [stretch for stretch in stretches if stretch[0] != start] + [(start, owners[best][0])]
        compact = [s for i, s in enumerate(stretches) if i == 0 or stretches[i - 1][1] != s[1]]
        found[key] = compact or [(first_days[key], key)]
    return found
