"""Frames of the incentive models: past offers with what was known before each, and today's customers."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import duckdb
import pandas as pd

from intake.purposes import MARKETING
from orchestration.incentives.facts import FACTS, FEATURES, OFFERS, PEOPLE
from orchestration.warehouse import Warehouse

# Final fits take a million offers; more are thinned by customer before their past is looked up.
MOST_OFFERS: Final = 1_000_000


def past_offers(warehouse: Warehouse) -> pd.DataFrame:
    """Offers of people who may be profiled, in order of time, with the features of the midnight before each.

    Returns:
        customer_id, placement, arm, propensity, is_converted and margin_amount (null: no outcome yet), features.
    """
    with warehouse.connect() as connection:
        offers: pd.DataFrame = connection.execute(OFFERS).df()
        people = pd.factorize(offers["customer_id"])[0]
        step = -(-len(offers) // MOST_OFFERS) if len(offers) else 1
        offers = offers.loc[people % step == 0].reset_index(drop=True)
        return _with_facts(connection, offers).drop(columns="day")


def people_now(warehouse: Warehouse, as_of: datetime) -> pd.DataFrame:
    """customer_id and features of everybody who may be offered something because of a profile, by id."""
    marketing = " or ".join(f"consent.{purpose}" for purpose in MARKETING)
    with warehouse.connect() as connection:
        people: pd.DataFrame = connection.execute(PEOPLE.format(marketing=marketing)).df()
        return _with_facts(connection, people.assign(day=pd.Timestamp(as_of).date())).drop(columns="day")


def _with_facts(connection: duckdb.DuckDBPyConnection, asked: pd.DataFrame) -> pd.DataFrame:
    moments = pd.DataFrame(
        {
            "row": range(len(asked)),
            "customer_id": asked["customer_id"].astype(str),
            "day": pd.to_datetime(asked["day"]).dt.date,
        }
    )
    connection.register("given", moments)
    connection.execute(
        "create or replace temp table asked as select row, customer_id, cast(day as date) as day from given"
    ).fetchall()
    connection.unregister("given")
    facts: pd.DataFrame = connection.execute(FACTS).df()
    return asked.assign(**{name: facts[name].to_numpy(dtype="float64") for name in FEATURES})
