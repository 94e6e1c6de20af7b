"""Households, twins, namesakes, moves and numbers that pass on."""

from __future__ import annotations

import numpy as np
import pytest

from simulation.identity.company import draw_company
from simulation.identity.knobs import IdentityKnobs
from simulation.identity.name_lists import family_names, given_names
from simulation.identity.population import NEVER_US
from simulation.identity.write import Drawn


def test_twins_share_birth_date_and_surname_but_not_the_name(drawn: Drawn) -> None:
    people = drawn.company.people
    twins = np.flatnonzero(people.is_twin)
    assert len(twins) == 20
    for home in np.unique(people.household[twins]):
        one, other = twins[people.household[twins] == home]
        assert people.born[one] == people.born[other]
        assert people.family[one] == people.family[other]
        assert people.given[one] != people.given[other]


def test_senior_and_junior_share_both_names_and_are_a_generation_apart(drawn: Drawn) -> None:
    people = drawn.company.people
    namesakes = np.flatnonzero(people.is_namesake)
    assert len(namesakes) == 16
    for home in np.unique(people.household[namesakes]):
        senior, junior = namesakes[people.household[namesakes] == home]
        assert (people.given[senior], people.family[senior]) == (people.given[junior], people.family[junior])
        assert 20 <= (people.born[junior] - people.born[senior]) / 365 <= 35


def test_given_names_differ_within_a_household_otherwise(drawn: Drawn) -> None:
    people = drawn.company.people
    others = ~people.is_namesake & ~people.is_twin
    homes = np.column_stack([people.household, people.given])[others]
    assert len(np.unique(homes, axis=0)) / len(homes) > 0.999


def test_movers_leave_for_an_address_of_their_own(drawn: Drawn) -> None:
    people = drawn.company.people
    moved = people.moved_at_us != NEVER_US
    assert 0.01 < moved.mean() < 0.06
    assert (people.home_later[moved] >= people.household.max()).all()
    before = people.home_at(np.flatnonzero(moved), people.moved_at_us[moved] - 1)
    after = people.home_at(np.flatnonzero(moved), people.moved_at_us[moved])
    assert (before != after).all()


def test_a_recycled_number_is_lost_before_it_is_inherited(drawn: Drawn) -> None:
    contacts = drawn.company.contacts
    heirs = np.flatnonzero(contacts.inherited_phone >= 0)
    assert len(heirs) == 30
    losers = contacts.inherited_phone[heirs]
    assert (contacts.phone_lost_us[losers] <= contacts.inherited_us[heirs]).all()
    assert not set(heirs.tolist()) & set(losers.tolist())


def test_contact_values_are_unique(drawn: Drawn) -> None:
    contacts = drawn.company.contacts
    assert len(set(contacts.emails)) == len(contacts.emails)
    assert len(set(contacts.phones)) == len(contacts.phones)


def test_names_are_as_unequally_common_as_real_ones() -> None:
    given, sex = given_names()
    family = family_names()
    assert len(given.names) == len(set(given.names)) > 200
    assert len(family.names) > 1_000
    assert 0.005 < family.weights.max() < 0.03
    assert given.weights[sex == 0].sum() == pytest.approx(1)
    assert given.weights[sex == 1].sum() == pytest.approx(1)
    assert family.weights.sum() == pytest.approx(1)


def test_alone_without_households() -> None:
    people = draw_company(300, 30, 1, IdentityKnobs.without_noise()).people
    assert (people.household_size == 1).all()
    assert people.people == 300
