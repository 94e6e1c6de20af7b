"""Which hard cases each person takes part in, so that quality can be told case by case."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from simulation.arrays import I64, Bool, labels
from simulation.identity.clicks import ClickStream
from simulation.identity.company import Company
from simulation.identity.devices import Devices
from simulation.identity.population import NEVER_US, Population


def case_table(
    company: Company,
    devices: Devices,
    clicks: ClickStream,
    shown: dict[str, tuple[I64, I64]],
    names: list[str],
) -> pa.Table:
    """`person_id, case`: a row for each case of each person; `plain` for people in none."""
    members = case_members(company, devices, clicks, shown)
    plain = ~np.logical_or.reduce(list(members.values()))
    every = {**members, "plain": plain}
    who = {case: np.flatnonzero(mask) for case, mask in every.items()}
    return pa.table(
        {
            "person_id": pa.concat_arrays([labels(names, rows) for rows in who.values()]),
            "case": pa.array([case for case, rows in who.items() for _ in range(len(rows))], pa.string()),
        }
    )


def case_members(
    company: Company, devices: Devices, clicks: ClickStream, shown: dict[str, tuple[I64, I64]]
) -> dict[str, Bool]:
    """A mask over people for each case."""
    people, contacts, accounts = company.people, company.contacts, company.accounts
    kiosk = np.zeros(people.people, dtype=np.bool_)
    kiosk[devices.kiosk >= 0] = True
    return {
        "household": people.household_size > 1,
        "shared_email": contacts.shared_email >= 0,
        "shared_phone": contacts.landline >= 0,
        "shared_tablet": devices.tablet >= 0,
        "twin": people.is_twin,
        "senior_junior": people.is_namesake,
        "moved": people.moved_at_us != NEVER_US,
        "surname_changed": people.surname_at_us != NEVER_US,
        "two_accounts": accounts.second_login >= 0,
        "two_records": accounts.is_twice_on_file,
        "recycled_phone": (contacts.phone_lost_us != NEVER_US) | (contacts.inherited_phone >= 0),
        "kiosk": kiosk,
        "work_email": contacts.work_email >= 0,
        "office_phone": contacts.office_phone >= 0,
        "stolen_email": _stolen(people, clicks, shown),
        "no_record": ~accounts.is_on_file,
        "no_account": ~accounts.has_account,
    }


def _stolen(people: Population, clicks: ClickStream, shown: dict[str, tuple[I64, I64]]) -> Bool:
    code, person = shown["email"]
    by_bots = clicks.seen.codes["email"][clicks.seen.person < 0]
    mask = np.zeros(people.people, dtype=np.bool_)
    mask[person[np.isin(code, by_bots) & (person >= 0)]] = True
    return mask
