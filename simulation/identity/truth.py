"""Who really stands behind what the files show; written apart from them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from simulation.arrays import I64, Bool, labels
from simulation.identity.cases import case_table
from simulation.identity.clicks import ClickStream
from simulation.identity.company import Company
from simulation.identity.customer_file import card_names, record_names
from simulation.identity.devices import Devices
from simulation.identity.sightings import TYPES, Sightings
from simulation.identity.till import delivery_names
from simulation.randomness import opaque
from simulation.writer import write_parquet


def shown_identifiers(company: Company, sightings: list[Sightings]) -> dict[str, tuple[I64, I64]]:
    """For each type the distinct (code, person) of everything shown; person -1 for what is nobody's.

    A person stands for an identifier that bots or clerks use too only where he uses it himself; dummies are nobody's.
    """
    shown = {}
    for kind in TYPES:
        parts = [(seen.codes[kind], seen.person) for seen in sightings if kind in seen.codes]
        code, person = (np.concatenate([part[side] for part in parts]) for side in (0, 1))
        person = np.where(_is_dummy(company, kind, code), -1, person)
        # One whole number a pair sorts ten times as fast as two columns.
        stride = company.people.people + 1
        pair = np.unique((code * stride + person + 1)[code >= 0])
        code, person = pair // stride, pair % stride - 1
        owned = np.bincount(code, person >= 0) > 0
        kept = (person >= 0) | ~owned[code]
        shown[kind] = (code[kept], person[kept])
    return shown


def write_truth(
    company: Company, devices: Devices, clicks: ClickStream, sightings: list[Sightings], folder: Path
) -> None:
    """Write `identifiers`, `records`, `sessions`, `households` and `cases`."""
    shown = shown_identifiers(company, sightings)
    tables = {
        "identifiers": _identifiers(company, clicks, shown),
        "records": _records(company, sightings),
        "sessions": _sessions(company, clicks),
        "households": _households(company),
        "cases": case_table(company, devices, clicks, shown, person_names(company)),
    }
    for name, table in tables.items():
        write_parquet(table, folder / f"{name}.parquet")


def person_names(company: Company) -> list[str]:
    """The truth's names for people, which never reach a landing file."""
    return opaque(company.seed, "identity person", np.arange(company.people.people), "person-")


def _is_dummy(company: Company, kind: str, code: I64) -> Bool:
    first = {"email": company.contacts.dummy_email, "phone": company.contacts.dummy_phone}.get(kind)
    return np.zeros(len(code), dtype=np.bool_) if first is None else np.asarray(code >= first)


def _values(company: Company, clicks: ClickStream, kind: str, code: I64) -> pa.Array:
    if kind == "phone":
        return labels([f"+1{one}" if len(one) == 10 else one for one in company.contacts.phones], code)
    if kind == "pos_id":
        return labels(delivery_names(company, int(code.max(initial=-1)) + 1), code)
    names = {"loyalty_id": card_names, "crm_id": record_names}.get(kind)
    return labels(names(company) if names else clicks.names[kind], code)


def _identifiers(company: Company, clicks: ClickStream, shown: dict[str, tuple[I64, I64]]) -> pa.Table:
    names = person_names(company)
    return pa.concat_tables(
        [
            pa.table(
                {
                    "type": pa.array([kind] * len(code), pa.string()),
                    "value_clear": _values(company, clicks, kind, code),
                    "person_id": labels(names, person),
                }
            )
            for kind, (code, person) in shown.items()
        ]
    )


def _records(company: Company, sightings: list[Sightings]) -> pa.Table:
    """`record_type, record_id, person_id` of customer records and deliveries."""
    names, parts = person_names(company), []
    for seen in sightings:
        for kind in ("crm_id", "pos_id"):
            if kind not in seen.codes:
                continue
            rows = seen.codes[kind] >= 0
            code, first = np.unique(seen.codes[kind][rows], return_index=True)
            text = record_names(company) if kind == "crm_id" else delivery_names(company, len(code))
            parts.append(
                pa.table(
                    {
                        "record_type": pa.array([kind] * len(code), pa.string()),
                        "record_id": labels(text, code),
                        "person_id": labels(names, seen.person[rows][first]),
                    }
                )
            )
    return pa.concat_tables(parts)


def _sessions(company: Company, clicks: ClickStream) -> pa.Table:
    person = clicks.visit_person
    return pa.table(
        {
            "session_id": pa.array(clicks.visit_names, pa.string()),
            "person_id": labels(person_names(company), person),
            "is_bot": pa.array(person < 0),
        }
    )


def _households(company: Company) -> pa.Table:
    household = company.people.household
    return pa.table(
        {
            "household_id": pa.array([f"home-{number}" for number in household.tolist()], pa.string()),
            "person_id": pa.array(person_names(company), pa.string()),
        }
    )
