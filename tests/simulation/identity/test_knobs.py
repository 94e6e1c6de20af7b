"""Knobs have bounds, and a knob at zero removes its case."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from simulation.identity.cases import case_members
from simulation.identity.clicks import ZERO_ID
from simulation.identity.company import draw_company
from simulation.identity.contacts import DUMMY_EMAILS, DUMMY_PHONES
from simulation.identity.knobs import IdentityKnobs
from simulation.identity.truth import shown_identifiers
from simulation.identity.write import Drawn, draw_everything

CASE_OF_KNOB = {
    "household_share": "household",
    "shared_email_share": "shared_email",
    "shared_phone_share": "shared_phone",
    "shared_tablet_share": "shared_tablet",
    "twin_share": "twin",
    "senior_junior_share": "senior_junior",
    "move_rate": "moved",
    "surname_change_rate": "surname_changed",
    "second_account_share": "two_accounts",
    "second_record_share": "two_records",
    "recycled_phone_share": "recycled_phone",
    "kiosk_share": "kiosk",
    "work_email_share": "work_email",
    "office_phone_share": "office_phone",
    "bot_share": "stolen_email",
    "no_record_share": "no_record",
    "no_account_share": "no_account",
}


def _drawn(**changes: float) -> Drawn:
    return draw_everything(draw_company(1_500, 120, 3, replace(IdentityKnobs(), **changes)))


def _members(drawn: Drawn, case: str) -> int:
    shown = shown_identifiers(drawn.company, drawn.sightings)
    return int(case_members(drawn.company, drawn.devices, drawn.clicks, shown)[case].sum())


@pytest.mark.parametrize("knob", sorted(CASE_OF_KNOB))
def test_a_knob_at_zero_removes_its_case(knob: str, drawn: Drawn) -> None:
    assert _members(drawn, CASE_OF_KNOB[knob]) > 0
    assert _members(_drawn(**{knob: 0.0}), CASE_OF_KNOB[knob]) == 0


def test_no_bots_means_no_visit_without_a_person(drawn: Drawn) -> None:
    assert (drawn.clicks.visit_person < 0).sum() == 80
    assert (_drawn(bot_share=0.0).clicks.visit_person >= 0).all()


def test_no_placeholders_means_no_dummies(drawn: Drawn) -> None:
    def dummies(one: Drawn) -> int:
        customers, orders = one.tables["shop_crm"].to_pydict(), one.tables["shop_guest_orders"].to_pydict()
        values = [*customers["mail"], *customers["mobile"], *orders["mail"]]
        return sum(value is not None and value.lower() in {*DUMMY_EMAILS, *DUMMY_PHONES} for value in values)

    assert dummies(drawn) > 10
    assert dummies(_drawn(placeholder_share=0.0)) == 0


def test_no_zeroed_devices_without_the_knob(drawn: Drawn) -> None:
    assert drawn.clicks.zeroed.any()
    assert not _drawn(zero_advertising_share=0.0).clicks.zeroed.any()
    assert len(ZERO_ID) == 36


def test_cookies_that_do_not_rotate_are_one_a_browser() -> None:
    def cookies(rotation: float) -> int:
        return len(_drawn(cookie_rotation=rotation).clicks.names["cookie"])

    assert cookies(0.0) < cookies(1.0) < cookies(3.0)


@pytest.mark.parametrize(("knob", "source"), [("guest_order_rate", "shop_guest_orders"), ("delivery_rate", "shop_pos")])
def test_rates_of_zero_leave_nothing(knob: str, source: str, drawn: Drawn) -> None:
    column = "recipient" if source == "shop_guest_orders" else "delivery_no"
    assert drawn.tables[source].column(column).null_count < drawn.tables[source].num_rows
    silent = _drawn(**{knob: 0.0}).tables[source]
    assert silent.column(column).null_count == silent.num_rows


def test_nameless_guest_orders_follow_their_share() -> None:
    assert _drawn(guest_nameless_share=0.0).tables["shop_guest_orders"].column("recipient").null_count == 0
    table = _drawn(guest_nameless_share=1.0).tables["shop_guest_orders"]
    assert table.column("recipient").null_count == table.num_rows


def test_contacts_and_birth_dates_are_complete_without_gaps() -> None:
    table = _drawn(missing_contact_share=0.0, missing_birth_share=0.0, second_record_share=0.0).tables["shop_crm"]
    assert table.column("mail").null_count == 0
    assert table.column("date_of_birth").null_count == 0


def test_browsers_log_in_every_time_when_nobody_is_anonymous() -> None:
    company = draw_company(500, 60, 3, replace(IdentityKnobs.without_noise()))
    clicks = draw_everything(company).clicks
    said = np.unique(clicks.visit[clicks.seen.codes["login"] >= 0])
    assert len(said) == len(clicks.visit_person)


@pytest.mark.parametrize("name", [item.name for item in fields(IdentityKnobs)])
def test_knobs_outside_their_bounds_are_refused(name: str) -> None:
    most = next(float(item.metadata["most"]) for item in fields(IdentityKnobs) if item.name == name)
    for value in (-0.01, most * 1.01):
        with pytest.raises(ValueError, match=f"{name}: .* is outside 0 to"):
            IdentityKnobs(**{name: value})


@pytest.mark.parametrize(("people", "days"), [(99, 30), (1_000_001, 30), (100, 6), (100, 731)])
def test_sizes_outside_their_bounds_are_refused(people: int, days: int) -> None:
    with pytest.raises(ValueError, match="is outside"):
        draw_company(people, days, 1, IdentityKnobs())
