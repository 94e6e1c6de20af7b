"""The digital layer over real orders: draws every layer from one seed and writes landing and truth."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from simulation.activity import weekly_interest
from simulation.arrays import I64
from simulation.consent import ConsentLog, consent_table, draw_consent
from simulation.devices import draw_devices
from simulation.emails import EmailLog, draw_emails
from simulation.faults import FaultyRows, plant_faults
from simulation.incentives import IncentiveLog, PotentialOutcomes, draw_incentives, incentive_table, potential_outcomes
from simulation.interests import product_source
from simulation.list_lines import effect_truth, list_lines, taste_truth
from simulation.lists import ListLog, draw_lists
from simulation.names import Names, name_visits
from simulation.newsletters import NewsletterLines, newsletter_lines
from simulation.orders import Orders, index_orders
from simulation.pages import PAGE, PageEvents, draw_pages
from simulation.people import People, draw_people
from simulation.prices import PriceList, draw_prices, price_table
from simulation.randomness import opaque
from simulation.receipts import receipt_table
from simulation.report import SimulationReport, SourceReport
from simulation.sessions import Sessions, draw_sessions
from simulation.stock import stock_table
from simulation.truth import fault_truth, identifier_truth, outcome_truth, session_truth
from simulation.user_agents import CRAWLERS
from simulation.web import web_table
from simulation.writer import parameter_hash, write_by_month, write_lines, write_once, write_parquet, write_whole


@dataclass(frozen=True)
class DigitalLayer:
    """Everything drawn, before it is rendered."""

    orders: Orders
    people: People
    consent: ConsentLog
    emails: EmailLog
    sessions: Sessions
    names: Names
    events: PageEvents
    faulty: FaultyRows
    prices: PriceList
    outcomes: PotentialOutcomes
    incentives: IncentiveLog
    newsletters: NewsletterLines
    lists: ListLog


def write_digital_layer(
    orders: pd.DataFrame, products: pd.DataFrame, out: Path, truth: Path, seed: int
) -> SimulationReport:
    """Draw the layer over the orders and write it, unless it is there already.

    Args:
        orders: lines with the columns of `simulation.orders.TRANSACTION_COLUMNS` (Complete Journey's own names).
        products: a row a product with the columns of `PRODUCT_COLUMNS`.
        out: landing folder; each source gets a sub-folder named like its contract.
        truth: folder for the truth, outside the landing folder.
        seed: at least 0; the same seed over the same orders gives the same bytes.

    Raises:
        ValueError: a column is missing, there are no orders, the seed is negative, or truth lies under the landing.
    """
    if truth.resolve().is_relative_to(out.resolve()):
        raise ValueError(f"truth: {truth} lies under the landing folder {out}; the pipeline would read it")
    keys = [orders[name].to_numpy() for name in ("basket_id", "product_id", "household_id") if name in orders]
    digest = parameter_hash("digital_layer", seed, len(orders), len(products), *keys)
    out.mkdir(parents=True, exist_ok=True)

    def write() -> tuple[int, int, tuple[SourceReport, ...]]:
        layer = draw_layer(index_orders(orders, products), seed)
        write_truth(layer, truth, seed)
        return layer.orders.start_us, layer.orders.end_us, write_landing(layer, out, seed)

    return write_once(out, truth, digest, write)


def draw_layer(orders: Orders, seed: int) -> DigitalLayer:
    """Draw people, then what they receive, do and are offered. Nothing is written."""
    people, devices = draw_people(orders, seed), draw_devices(orders, seed)
    consent = draw_consent(orders, people, seed)
    interest = weekly_interest(orders, people, seed)
    emails = draw_emails(orders, people, consent, interest, seed)
    sessions = draw_sessions(orders, people, devices, interest, emails, seed)
    names = name_visits(sessions, devices, emails, len(CRAWLERS), seed)
    products = product_source(orders, sessions)
    events = draw_pages(sessions, orders, products, seed)
    faulty = plant_faults(events, sessions, (events.kind == PAGE) & events.is_known, orders.end_us, seed)
    prices = draw_prices(orders, seed)
    outcomes = potential_outcomes(people, seed)
    return DigitalLayer(
        orders=orders,
        people=people,
        consent=consent,
        emails=emails,
        sessions=sessions,
        names=names,
        events=events,
        faulty=faulty,
        prices=prices,
        outcomes=outcomes,
        incentives=draw_incentives(events, sessions, outcomes, orders.end_us, seed),
        newsletters=newsletter_lines(emails, names, orders, people, seed),
        lists=draw_lists(events, faulty, sessions, orders, people, prices, products, seed),
    )


def write_landing(layer: DigitalLayer, out: Path, seed: int, part: str = "") -> tuple[SourceReport, ...]:
    """Write the eight simulated sources; tables are rendered one after another to keep memory low.

    `part` tells the parts of a large company apart; prices and stock come with the first.
    """
    orders, people = layer.orders, layer.people
    web = web_table(
        layer.events, layer.faulty, layer.sessions, layer.names, orders, people, layer.prices, layer.emails, seed
    )
    shared = (
        ()
        if part
        else (
            write_whole(price_table(layer.prices, orders, seed), "sim_prices", out),
            write_by_month(stock_table(orders, layer.prices, seed), "sim_stock", out),
        )
    )
    return (
        write_by_month(web, "sim_web", out, part),
        write_lines(layer.newsletters.lines, layer.newsletters.received_us, "sim_email", out, part),
        write_lines(*list_lines(layer.lists, orders, people, seed), "sim_lists", out, part),
        write_by_month(receipt_table(orders, people, seed), "sim_online_orders_link", out, part),
        *shared,
        write_whole(consent_table(layer.consent, orders, people, seed), "sim_consent", out, part),
        write_by_month(incentive_table(layer.incentives, people, layer.names, seed), "sim_incentives", out, part),
    )


def write_truth(layer: DigitalLayer, truth: Path, seed: int, part: str = "") -> None:
    """Write who is who, whose visit is whose, what each person would do under each arm, and the planted faults.

    Whose clicks follow which tastes comes along; the effects of the tastes are the same in every part.
    """
    tables = {
        "identifiers": identifier_truth(layer.orders, layer.people, layer.sessions, layer.names),
        "sessions": session_truth(layer.people, layer.sessions, layer.names),
        "potential_outcomes": outcome_truth(layer.people, layer.outcomes),
        "click_tastes": taste_truth(layer.people, layer.orders),
        "faults": _faults(layer, seed),
        **({} if part else {"click_effects": effect_truth()}),
    }
    for name, table in tables.items():
        write_parquet(table, truth / f"{name}{part}.parquet")


def _faults(layer: DigitalLayer, seed: int) -> pa.Table:
    def web_ids(rows: I64) -> list[str]:
        return opaque(seed, "web", rows, "w-")

    sent = np.array(layer.newsletters.event_ids)
    planted = [("sim_web", fault, web_ids(rows)) for fault, rows in sorted(layer.faulty.planted.items())]
    planted.append(("sim_email", "cut_line", sent[layer.newsletters.is_cut].tolist()))
    planted.append(("sim_email", "unknown_type", sent[layer.newsletters.is_unknown].tolist()))
    return fault_truth(planted)
