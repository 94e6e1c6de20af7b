"""Writes what follows the orders, one file a source and part of the company."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec

from simulation.arrays import DAY_US
from simulation.orders import Orders
from simulation.people import People
from simulation.report import SourceReport, WrittenFile
from simulation.service.records import Record, Shop, deliveries, returns, reviews, surveys, tickets
from simulation.service.story import draw_story
from simulation.service.weather import draw_weather, weather_frame

JSON_SOURCES: dict[str, Callable[[Shop], Iterable[Record]]] = {
    "deliveries": deliveries,
    "product_reviews": reviews,
    "support_tickets": tickets,
    "survey_answers": surveys,
}
SOURCES = (*JSON_SOURCES, "returns", "weather")
"""Folders of the landing area, named like the contracts of the library that read them."""


def write_service(orders: Orders, people: People, out: Path, seed: int, part: str = "") -> tuple[SourceReport, ...]:
    """Write deliveries, returns, reviews, tickets and surveys of these people; the weather with the first part."""
    weather = draw_weather(orders.start_us, -(-(orders.end_us - orders.start_us) // DAY_US), seed)
    shop = Shop(orders, people, draw_story(orders, people, weather, seed), seed)
    reports = []
    for source, records in JSON_SOURCES.items():
        lines = [msgspec.json.encode(record) for record in shop.until_end(iter(records(shop)))]
        content = b"".join(line + b"\n" for line in lines)
        reports.append(_written(out, source, f"{source}{part}.jsonl", content, len(lines)))
    rows = shop.until_end(iter(returns(shop)))
    reports.append(_written(out, "returns", f"returns{part}.csv", _csv(rows), len(rows)))
    if not part:
        frame = weather_frame(weather)
        content = frame.to_csv(index=False, lineterminator="\n").encode()
        reports.append(_written(out, "weather", "weather.csv", content, len(frame)))
    return tuple(reports)


def _csv(rows: list[dict[str, Any]]) -> bytes:
    names = ("return_no", "order_no", "sku", "quantity", "status", "changed_at", "reason", "condition", "customer_no")
    text = io.StringIO()
    writer = csv.DictWriter(text, (*names, "email", "channel"), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _written(out: Path, source: str, name: str, content: bytes, rows: int) -> SourceReport:
    file = out / source / name
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f"{name}.partial")
    partial.write_bytes(content)
    partial.replace(file)
    return SourceReport(source, (WrittenFile(file.relative_to(out).as_posix(), rows, len(content)),))
