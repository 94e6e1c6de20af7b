"""The shop's pages. What stands in a slot is what the shop shows without Concierge; every text is escaped."""

from __future__ import annotations

import json
from collections.abc import Iterable
from html import escape
from importlib.resources import files
from string import Template

from orchestration.shop.catalogue import Catalogue, Product

PACKAGE = files("orchestration.shop")
_ASSETS = {"shop.css": "text/css", "shop.js": "text/javascript"}


def asset(name: str) -> tuple[bytes, str]:
    """A style sheet or script, and its type.

    Raises:
        KeyError: there is no such file.
    """
    kind = _ASSETS[name]
    return PACKAGE.joinpath(name).read_bytes(), kind


def home(catalogue: Catalogue) -> str:
    """The first page: a banner, departments, what sells."""
    links = "".join(
        f'<a class="department" href="/department/{escape(name, quote=True)}">{escape(name.capitalize())}</a>'
        for name in catalogue.departments
    )
    best = [listed[0] for listed in catalogue.departments.values()]
    banner = slot("home_hero", "<p class='concierge-headline'>Welcome to your store</p>", "hero")
    row = slot("product_recommendation", "<p class='concierge-headline'>Shop by department</p>", "row")
    return page("home", "Home", f"{banner}<nav class='departments'>{links}</nav>{row}{_tiles(best)}", catalogue)


def department(catalogue: Catalogue, name: str) -> str:
    """One department's best sellers.

    Raises:
        KeyError: there is no such department.
    """
    content = f"<h1>{escape(name.capitalize())}</h1>{_tiles(catalogue.departments[name])}"
    return page("category", name.capitalize(), content, catalogue)


def product(catalogue: Catalogue, one: Product) -> str:
    """A product with an offer beside its price and what goes with it."""
    facts = f"<p class='soft'>{escape(one.detail)}</p><p class='price'>{_price(one)}</p>"
    data = escape(json.dumps(_data(one)), quote=True)
    buttons = (
        f"<button id='add' data-product='{data}'>Add to cart</button>"
        "<button class='quiet' id='size-guide'>Sizes and measures</button>"
    )
    offer = slot("product_offer", "", "note")
    row = slot("product_recommendation", "<p class='concierge-headline'>Shop by department</p>", "row")
    main = f"<div class='product'>{_picture(one)}<div><h1>{escape(one.name)}</h1>{facts}{offer}{buttons}</div></div>"
    return page("product", one.name, main + row, catalogue, {"product_id": one.product_id}, _data(one))


def cart(catalogue: Catalogue) -> str:
    """The cart, which lives in the browser."""
    nudge = slot("checkout_incentive", "", "note")
    row = slot("product_recommendation", "<p class='concierge-headline'>Shop by department</p>", "row")
    content = f"<h1>Your cart</h1><ul id='cart-lines'></ul>{nudge}<button id='buy'>Buy</button>{row}"
    return page("cart", "Cart", content, catalogue)


def slot(placement: str, plain: str, kind: str) -> str:
    """A place that the service may fill; it keeps its height, so nothing jumps."""
    return f"<div class='slot {kind}' data-concierge-slot='{placement}'>{plain}</div>"


def page(
    kind: str,
    title: str,
    content: str,
    catalogue: Catalogue,
    context: dict[str, object] | None = None,
    viewed: dict[str, object] | None = None,
) -> str:
    """A whole page around its content."""
    names = {one.product_id: [one.name, one.department] for listed in catalogue.departments.values() for one in listed}
    told = {"kind": kind, "context": {"page_type": kind, **(context or {})}, "viewed": viewed, "names": names}
    template = Template(PACKAGE.joinpath("page.html").read_text(encoding="utf-8"))
    notice = slot("page_notice", "", "note") if kind in ("home", "category", "product") else ""
    # "</" must not end the script it stands in.
    facts = json.dumps(told).replace("</", "<\\/")
    return template.substitute(title=escape(title), content=notice + content, facts=facts)


def _tiles(products: Iterable[Product]) -> str:
    return f"<div class='tiles'>{''.join(map(_tile, products))}</div>"


def _tile(one: Product) -> str:
    href = escape(f"/product/{one.product_id}", quote=True)
    return (
        f"<a class='tile' href='{href}'>{_picture(one)}<span>{escape(one.name)}</span>"
        f"<span class='price'>{_price(one)}</span></a>"
    )


def _picture(one: Product) -> str:
    hue = sum(map(ord, one.department)) * 37 % 360
    return f"<span class='picture' style='--hue:{hue}' aria-hidden='true'>{escape(one.name[:1])}</span>"


def _price(one: Product) -> str:
    return "" if one.price is None else f"{one.price:,.2f}"


def _data(one: Product) -> dict[str, object]:
    told = {"product_id": one.product_id, "category": one.department, "unit_price": one.price, "name": one.name}
    return {name: value for name, value in told.items() if value is not None}
