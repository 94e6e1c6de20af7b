"""People as the demo may know them: identifiers in clear, from the simulation's truth."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from intake.hashing import hash_identifier
from intake.keys import identifier_key_bytes
from intake.project import Project
from orchestration.cli.published import Published
from orchestration.demo.questions import Acquaintance

# A letter or a till meets these; sorted and cut, so that the same people are asked for each time.
MOST_PEOPLE = 2_000

AGREED = """
select i.type, i.value_hash, d.consent_personalization as agreed
from identity.identity_assignment a
join identity.identifier i using (identifier_key)
join marts.dim_customer d on d.customer_id = a.canonical_id
where a.system_to > timestamp '9999-01-01' and a.valid_to > timestamp '9999-01-01'
"""


def own_identifiers(truth: Path) -> dict[str, dict[str, str]]:
    """Identifiers in clear that belong to exactly one person, by person: one of each type.

    Args:
        truth: the simulation's `identifiers.parquet`: type, value_clear, person_id (null for crawlers).
    """
    rows = pq.read_table(truth).to_pylist()
    owners = Counter((row["type"], row["value_clear"]) for row in rows)
    people: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for row in sorted(rows, key=lambda row: (str(row["person_id"]), row["type"], row["value_clear"])):
        if row["person_id"] is not None and owners[row["type"], row["value_clear"]] == 1:
            people[row["person_id"]].setdefault(row["type"], row["value_clear"])
    return dict(people)


def acquaintances(project: Project, published: Published, truth: Path) -> list[Acquaintance]:
    """People of the truth whom the published tables know, with what they agreed to."""
    consent = {(row["type"], row["value_hash"]): bool(row["agreed"]) for row in published.rows(AGREED)}
    key, region = identifier_key_bytes(project.paths), project.settings.intake.default_region
    found = []
    for identifiers in list(own_identifiers(truth).values())[:MOST_PEOPLE]:
        answers = {
            kind: consent[pair]
            for kind, value in identifiers.items()
            if (pair := (kind, str(hash_identifier(key, kind, value, region)))) in consent
        }
        known = {kind: identifiers[kind] for kind in answers}
        if {"loyalty_id", "email", "cookie"} & known.keys():
            found.append(Acquaintance(known, agreed=all(answers.values())))
    return found


def products_to_ask_for(published: Published, number: int = 200) -> Sequence[str]:
    """Best sellers, so that a product page has something to go with."""
    rows: list[dict[str, Any]] = published.rows(
        "select product_id from marts.product_popularity order by n_orders desc, product_id limit ?", [number]
    )
    return [str(row["product_id"]) for row in rows]
