"""What people like, how prices move them and what surrounds them: a second reading of raw events."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tests.dbt.known_events import Seen, days, decay, latest, of, ratio, usual, visible

ATTRIBUTES = ("brand", "colour", "material", "product_type")
Line = tuple[Seen, dict[str, Any]]


class Shop:
    """Catalogue, prices and weather as known at the cut-off."""

    def __init__(self, seen: Sequence[Seen]) -> None:
        self.seen = seen
        self.products = sorted({row.get("product_id") for row in seen if row.kind == "product_updated"})

    def of(self, product: str | None, kind: str) -> list[Seen]:
        """Events of one kind about a product."""
        return [row for row in self.seen if row.kind == kind and row.get("product_id") == product]

    def attribute(self, product: str | None, name: str) -> str | None:
        """An attribute, or the category, by the latest delivery of the catalogue that states one."""
        pick = (lambda row: row.get("category")) if name == "category" else (lambda row: row.properties.get(name))
        found: str | None = latest(self.of(product, "product_updated"), pick, "received")
        return found

    def price(self, product: str | None) -> Decimal | None:
        """The latest list price."""
        found: Decimal | None = latest(self.of(product, "price_updated"), lambda row: row.get("unit_price"))
        return found

    def was_cut(self, product: str, day: date) -> bool:
        """Whether the price stood lower on `day` than before its last change, made at most 30 days earlier."""
        by_day: dict[date, Seen] = {}
        for row in sorted(self.of(product, "price_updated"), key=lambda row: row.at):
            by_day[row.day] = row
        before: Decimal | None = None
        cut: date | None = None
        for stated, row in sorted(by_day.items()):
            if stated <= day and before != row.get("unit_price"):
                cut = stated if before is not None and row.get("unit_price") < before else None
                before = row.get("unit_price")
        return cut is not None and day < cut + days(30)

    def weather(self, day: date, **place: str | None) -> dict[str, Any] | None:
        """The last word on one day at exactly this place."""
        wanted = {"store_id": None, "postal_code": None, "region": None, "country": None} | place
        rows = [row for row in self.seen if row.kind == "weather_observed" and row.day == day
                and not row.properties["is_forecast"] and all(row.get(k) == v for k, v in wanted.items())]  # fmt: skip
        return max(rows, key=lambda row: row.received).properties if rows else None

    def weather_at(self, row: Seen) -> dict[str, Any] | None:
        """The weather of a visit or order, at the most exact place that has any."""
        store = row.get("store_id") if row.kind == "order_completed" else None
        found = self.weather(row.day, store_id=store) if store else None
        return found or self.weather_near(row.day, row.get("region"), row.get("country"))

    def weather_near(self, day: date, region: str | None, country: str | None) -> dict[str, Any] | None:
        """By region, else by country; the company observes no postal codes."""
        found = self.weather(day, region=region, country=country) if region else None
        return found or (self.weather(day, country=country) if country else None)


def lines_of(rows: Sequence[Seen]) -> list[Line]:
    """Order lines with their order."""
    return [(row, line) for row in rows if row.kind == "order_completed" for line in row.properties["lines"]]


def bargains(shop: Shop, mine: Sequence[Seen]) -> dict[str, Any]:
    """How prices move the person."""
    own, everybody = lines_of(mine), lines_of([row for row in shop.seen if row.get("identifiers")])
    expected = Decimal(0)
    rows: dict[Any, Decimal] = defaultdict(Decimal)
    for row, line in own:
        rows[line["product_id"], line.get("category"), row.day, row.received.date()] += _money(line["list_amount"])
    for (product, *_), listed in rows.items():
        sold = [line for _, line in everybody if line["product_id"] == product]
        share = ratio(sum(x["discount_amount"] for x in sold), sum(x["list_amount"] for x in sold)) or Decimal(0)
        expected += (listed * share).quantize(Decimal("0.0001"), ROUND_HALF_UP)
    off = [line for _, line in own if line["discount_amount"] > 0]
    orders = [row for row in mine if row.kind == "order_completed"]
    spend = sum(line["amount"] for _, line in own)
    discounted = [row for row in orders if row.properties["discount_amount"] > 0]
    coupons = [row for row in orders if row.properties["coupon_discount_amount"] > 0]
    share_off = sum(line["amount"] for line in off) / spend if spend else 0
    excess = sum((_money(line["discount_amount"]) for _, line in own), Decimal(0)) - expected
    campaigns = sum(row.kind == "campaign_exposed" for row in mine)
    return {
        "discounted_line_share": ratio(len(off), len(own)),
        "discounted_spend_share": ratio(share_off, 1) if own else None,
        "price_sensitivity": ratio(excess, sum(line["list_amount"] for _, line in own)),
        "price_cut_line_share": ratio(sum(shop.was_cut(line["product_id"], row.day) for row, line in own), len(own)),
        "coupons_per_campaign": ratio(sum(row.kind == "coupon_redeemed" for row in mine), campaigns),
        "full_price_orders_365d": len(orders) - len(discounted),
        "deal_seeking": ratio((len(discounted) + len(coupons)) / len(orders) + share_off, 3) if orders else None,
    }  # fmt: skip


def tastes(shop: Shop, mine: Sequence[Seen]) -> dict[str, Any]:
    """Categories and attributes, decayed."""
    score: dict[str, int] = defaultdict(int)
    bought: dict[str, dict[date, int]] = defaultdict(dict)
    liked: dict[tuple[str, str], int] = defaultdict(int)
    for row in mine:
        weight = {"page_viewed": 1, "product_viewed": 1, "cart_added": 3}.get(row.kind, 0) * decay(row.ago)
        if weight and row.get("category"):
            score[row.get("category")] += weight
        if weight and row.kind != "page_viewed":
            _like(shop, liked, row.get("product_id"), row.properties.get("brand"), weight)
    for row, line in lines_of(mine):
        category = line.get("category") or shop.attribute(line["product_id"], "category") or "unknown"
        score[category] += 5 * decay(row.ago)
        bought[category][row.day] = row.ago
        _like(shop, liked, line["product_id"], None, 5 * decay(row.ago))
    due = {category: points * _due(bought[category]) for category, points in score.items()}
    total = sum(score.values())
    ranked = sorted(score, key=lambda category: (-score[category], category))
    kinds = {kind: sum(points for (k, _), points in liked.items() if k == kind) for kind in ATTRIBUTES}
    order = sorted(liked, key=lambda key: (-liked[key], key))
    brand = next((key for key in order if key[0] == "brand"), None)
    return {
        "favourite_category": ranked[0] if ranked else None,
        "category_affinity": {c: float(ratio(score[c], total) or 0) for c in ranked[:5]} or None,
        "next_best_category": min(due, key=lambda category: (-due[category], category)) if due else None,
        "top_brand": brand[1] if brand else None,
        "top_brand_share": ratio(liked[brand], kinds["brand"]) if brand else None,
        "attribute_affinity": {f"{k}={v}": float(ratio(liked[k, v], kinds[k]) or 0) for k, v in order[:5]} or None,
    }  # fmt: skip


def _like(shop: Shop, liked: dict[tuple[str, str], int], product: str, brand: str | None, weight: int) -> None:
    for kind in ATTRIBUTES:
        value = shop.attribute(product, kind) or (brand if kind == "brand" else None)
        if value is not None:
            liked[kind, value] += weight


def _due(bought: dict[date, int]) -> int:
    """Thousandths of due: days since over the mean gap of buying days, at most 2; `bought` maps days to days ago."""
    if len(bought) < 2:
        return 1000
    span = (max(bought) - min(bought)).days
    return min(2000, 1000 * min(bought.values()) * (len(bought) - 1) // span)


def surroundings(shop: Shop, mine: Sequence[Seen], as_of: datetime) -> dict[str, Any]:
    """Habits, places, weather and the product looked at last."""
    occasions = [row for row in mine if row.opens_a_visit or row.kind == "order_completed"]
    found: dict[str, Any] = {"season": "winter" if as_of.month < 3 else "spring"}
    for name, column in (("channel", "channel"), ("device_type", "device_type"), ("os", "os"), ("browser", "browser"),
                         ("landing_page_type", "page_type"), ("region", "region")):  # fmt: skip
        found[f"usual_{name}"] = usual(occasions, lambda row, c=column: row.get(c),  # type: ignore[misc]
                                       lambda row: row.opens_a_visit and row.ago <= 91)  # fmt: skip
    found["usual_referring_site"] = usual(occasions, _site, lambda row: row.opens_a_visit and row.ago <= 91)
    for name, column in (("order_channel", "channel"), ("store_id", "store_id")):
        found[f"usual_{name}"] = usual(occasions, lambda row, c=column: row.get(c),  # type: ignore[misc]
                                       lambda row: row.kind == "order_completed")  # fmt: skip
    for name in ("country", "region", "postal_code", "time_zone", "locale"):
        found[f"last_{name}"] = latest(occasions, lambda row, c=name: row.get(c))  # type: ignore[misc]
    found["last_landing_page_type"] = latest(occasions, lambda row: row.get("page_type"))
    found["last_referring_site"] = latest(occasions, _site)
    return found | _weather(shop, occasions, found, as_of) | _last_viewed(shop, mine)


def _site(row: Seen) -> str | None:
    return {"https://www.Search.example/q?x=1": "search.example"}.get(row.get("referrer"), row.get("referrer"))


def _weather(shop: Shop, occasions: Sequence[Seen], place: dict[str, Any], as_of: datetime) -> dict[str, Any]:
    # The latest observed day of the region, at most a week old, else of the country.
    week = [as_of.date() - days(n) for n in range(1, 8)]
    region, country = place.pop("last_region"), place["last_country"]
    near = [shop.weather(day, region=region, country=country) for day in week] if region else []
    wide = [shop.weather(day, country=country) for day in week] if country else []
    now = next((told for told in [*near, *wide] if told), {})
    placed = [shop.weather_at(row) for row in occasions if row.kind == "order_completed"]
    rain = [told["precipitation_mm"] >= 1 for told in placed if told]
    names = ("temperature_max", "temperature_min", "precipitation_mm", "condition")
    return {f"weather_{name}": now.get(name) for name in names} | {"rainy_order_share": ratio(sum(rain), len(rain))}


def _last_viewed(shop: Shop, mine: Sequence[Seen]) -> dict[str, Any]:
    product = latest([row for row in mine if row.kind == "product_viewed"], lambda row: row.get("product_id"))
    price, category = shop.price(product), shop.attribute(product, "category")
    peers = [p for p in (shop.price(x) for x in shop.products if shop.attribute(x, "category") == category) if p]
    return {
        "last_viewed_product_id": product, "last_viewed_brand": shop.attribute(product, "brand"),
        "last_viewed_list_price": price,
        "last_viewed_price_position": ratio(price * len(peers), sum(peers)) if price and category else None,
        "last_viewed_stock": latest(shop.of(product, "stock_updated"), lambda row: row.get("quantity")),
    }  # fmt: skip


def _money(value: float) -> Decimal:
    return Decimal(str(value))


def liking(events: Sequence[Any], who: str, as_of: datetime) -> dict[str, Any]:
    """All of the above for one person at a cut-off."""
    seen = visible(events, as_of)
    mine = of(seen, who)
    shop = Shop(seen)
    return {**bargains(shop, mine), **tastes(shop, mine), **surroundings(shop, mine, as_of)}
