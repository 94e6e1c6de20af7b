"""Names of events as shops write them, and what they are called here."""

from __future__ import annotations

import re

_WORDS: tuple[tuple[str, str], ...] = (
    (r"remove.*(cart|basket)|(cart|basket|warenkorb).*remov|entfern", "cart_removed"),
    (r"add.*(cart|basket|bag)|(cart|basket|bag).*add|(waren)?korb|^basket$|^cart$|panier|carrito", "cart_added"),
    (r"refund|storno|erstattung", "order_refunded"),
    (r"check ?out|begin.*checkout|kasse", "checkout_started"),
    (
        r"purchase|order (complete|placed)|^order$|^buy|transaction|bestellung|kauf|achat|compra|conversion",
        "order_completed",
    ),
    (r"search|suche|recherche|busqueda", "searched"),
    (r"filter|sort", "filter_applied"),
    (r"(view|detail|impression|open).*(item|product|pdp)|(item|product|pdp|produkt|article)", "product_viewed"),
    (r"log ?in|sign ?in|anmeld|auth", "logged_in"),
    (r"install", "app_installed"),
    (r"app.*open|open.*app|launch|session start|foreground", "app_opened"),
    (r"screen|page|view|visit|seite|pv|hit", "page_viewed"),
    (r"identify|profile|sign ?up|regist", "profile_updated"),
)  # fmt: skip


def known_event(word: str) -> str:
    """The event type that a source's own word means; `custom` where none fits."""
    plain = re.sub(r"[^a-z0-9]+", " ", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", word).lower()).strip()
    return next((name for pattern, name in _WORDS if re.search(pattern, plain)), "custom")
