"""What one column of a sample looks like: by its name, in several languages, and by what it holds."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from intake.inference.times import TimeStyle, clock_style, time_style

_EMAIL = re.compile(r"^[^@\s/?=&]+@[^@\s]+\.[A-Za-z]{2,}$")
_IP = re.compile(r"^(?:\d{1,3}\.){3}\d{1,3}$|^[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){3,7}$", re.IGNORECASE)
_PHONE = re.compile(r"^\+?\(?\d[\d\s()/.\-]{6,18}\d$")
_CURRENCY_CODE = re.compile(r"^[A-Z]{3}$")
_NUMBER = re.compile(
    r"^\(?(?:[$€£¥]|[A-Z]{3} ?)?\s*[+\u2212-]?\d[\d.,'\u2019\u00a0\u202f ]*-?\s*(?:[$€£¥]|[A-Z]{3}|kr\.?)?\)?$"
)
_ID = re.compile(r"^\S*\d\S*$")
_NOTHING = frozenset({"na", "n/a", "#n/a", "nan", "null", "(null)", "none", "nil", "\\n", "-", "--", "?"})
"""Words that programs write where they know no number or time."""
_NAMES_PEOPLE = frozenset({"full_name", "given_name", "family_name"})
_ACCENTS = {letter: letter for letter in "äöüßÄÖÜ"}
"""Letters of their own; of all others the plain letter counts."""
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

_SAYS_LITTLE = {
    "id", "nr", "no", "number", "code", "name", "type", "uuid", "key", "value",
    "first", "last", "given", "family", "amount",
    "s", "ms", "us", "ns", "sec", "secs", "seconds", "millis", "epoch", "unix", "utc", "iso",
}  # fmt: skip

WORDS: dict[str, str] = {
    "email": r"e_?mail|courriel|correo",
    "phone": r"phone|telefon|tel\b|mobile|handy|movil|portable|telefono",
    "given_name": r"first_?name|name_?first|name_?given|given_?name|vorname|prenom|nombre\b|fname",
    "family_name": r"last_?name|name_?last|name_?family|family_?name"
    r"|sur_?name|nachname|familienname|nom\b|apellidos?|lname",
    "full_name": r"full_?name|^name$|(?:customer|user|client|person|buyer|contact|kunden?)_?name|^kunde$",
    "street_address": r"street|strasse|straße|str\b|address|adresse|anschrift|rue\b|calle|direccion|hausnr|house_?n",
    "city": r"city|town|stadt|\bort\b|wohnort|ville|ciudad",
    "postal_code": r"post_?code|postal|zip|plz|postleitzahl|code_?postal|cp\b",
    "region": r"\bstate\b|region|bundesland|province|county",
    "country": r"country|\bland\b|pays|pais|country_?code",
    "birth_date": r"birth|geburt|\bdob\b|naissance|nacimiento|birthday",
    "sensitive": r"gender|\bsex\b|geschlecht|\bage\b|\balter\b|income|einkommen|household|haushalt"
    r"|religion|ethnic|salutation|anrede",
    "order": r"order|bestell|auftrag|beleg|\bbon\b|receipt|commande|pedido|invoice|rechnung"
    r"|purchase|ticket_?n|transaction|transakt|checkout_?id",
    "product": r"sku|stock_?code|\bplu\b|product|artikel|article|\bitem|produkt|producto|\bprod\b|reference"
    r"|\bean\b|gtin|\basin\b|\bart_?n",
    "quantity": r"qty|qte\b|quantit|menge|anzahl|stueck|stück|\bunits?\b|cantidad|\bpcs\b|\bcount\b",
    "price": r"price|preis|prix|precio|unit_?cost",
    "amount": r"amount|total|betrag|summe|umsatz|revenue|montant|importe|gesamt|\bsum\b|paid"
    r"|\bvalue\b|\bsales\b|turnover|\bventes\b|\bnetto\b|brutto|gross|\bnet\b",
    "discount": r"discount|rabatt|nachlass|remise|descuento|coupon|gutschein|shipping|versand|tax\b"
    r"|mwst|\bvat\b|ust\b|steuer",
    "currency": r"currency|waehrung|währung|devise|moneda|\bcurr\b",
    "customer": r"customer|kunden|\bkunde|\bkd_?nr|client|cliente|shopper|acheteur|comprador"
    r"|\bcust|\bbuyer|kaeufer|käufer|crm",
    "login": r"\buser|login|account|\bkonto|\buid\b|benutzer|usuario|utilisateur|profile_?id",
    "loyalty_id": r"loyalty|member|\bcard_?n|kundenkarte|bonus_?karte|club|fidelite",
    "refund": r"refund|retour|erstatt|gutschrift|rueckgabe|rückgabe|storno|credit_?note|rembours|reembolso|\brma\b",
    "cookie": r"cookie|visitor|\bvis_?id|anonymous|anon_?id|client_?id|\bcid\b|browser_?id|besucher"
    r"|fullvisitorid|distinct_?id",
    "device_id": r"device_?id|idfa|gaid|advertising|\bidfv\b|android_?id|geraet",
    "click_id": r"gclid|fbclid|msclkid|click_?id",
    "session_id": r"session|\bsess\b|sitzung|visit_?id|\bsid\b",
    "event": r"^event$|^evt?$|event_?(?:type|name)|^type$|action|aktion|^name$|ereignis|activity|^verb$|^kind$|^what$",
    "event_id": r"event_?id|message_?id|^uuid$|^id$|hit_?id|^_id$|^guid$|insert_?id|row_?id|^oid$",
    "page_url": r"url|\bpage\b|page_?name|page_?location|\blocation\b|seite|\bpath\b|\buri\b|\blink\b|href",
    "referrer": r"refer+(?:er|al|ing)|\bref\b|verweis",
    "campaign": r"utm_?campaign|campaign|kampagne",
    "query": r"search|query|\bq\b|begriff|(?<!be)suche|suchwort|keyword|recherche|busqueda",
    "category": r"categor|\bcat\b|kategorie|department|gruppe\b|warengruppe|abteilung|rubrik",
    "store_id": r"store|filiale|shop_?id|\bbranch\b|outlet|tienda|magasin",
    "locale": r"locale|\blang|sprache",
    "device_type": r"device_?type|^device$|^geraetetyp$|device_?category|platform",
    "os": r"^os$|operating|betriebssystem",
    "browser": r"^browser",
    "user_agent": r"user_?agent|^ua$|^agent$",
    "received": r"receiv|server_?time|arriv|ingest|collector|loaded_?at|eingang",
    "updated": r"updat|chang|modif|geaendert|geändert|aktualis|\blast_?mod",
    "created": r"creat|regist|since|angelegt|erstellt|signup|joined|anlage|seit",
    "occurred": r"occurr|event_?time|timestamp|^ts$|^time$|^at$|_at$|datum|^date|date_?time|zeit|when"
    r"|fecha|ordered|bestellt|happened|_ts$|date$",
    "later": r"deliver|liefer|ship|versand|due|faellig|fällig|expire|valid|expected|cancel|return",
}  # fmt: skip
_PATTERNS = {role: re.compile(pattern.replace("_", " ")) for role, pattern in WORDS.items()}


@dataclass(frozen=True)
class Column:
    """A column of a sample and what it was found to be."""

    name: str
    values: list[Any] = field(repr=False)
    named: frozenset[str]
    time: TimeStyle | None
    clock: str | None
    number: bool
    email: float
    phone: float
    ip: float
    currency: float
    distinct: int
    given: int

    @property
    def unique(self) -> bool:
        """Every row has a value of its own."""
        return self.given == len(self.values) == self.distinct

    def is_named(self, *roles: str) -> bool:
        """True when the name sounds like one of these."""
        return bool(self.named & set(roles))


def profile(name: str, values: list[Any], day_first: bool) -> Column:
    """Look at one column."""
    given = [value for value in values if value is not None]
    words = [str(value).strip() for value in given[:2_000]]
    told = [value for value in given if not isinstance(value, str) or value.strip().lower() not in _NOTHING]
    counted = [str(value).strip() for value in told[:2_000]]
    named = frozenset(role for role, pattern in _PATTERNS.items() if pattern.search(plain_name(name)))
    if named & _NAMES_PEOPLE and _share(words, _ID.search) > 0.5:
        named -= _NAMES_PEOPLE
    numeric = bool(words) and all(not isinstance(value, bool) for value in given[:50])
    shares = [_share(words, pattern.match) for pattern in (_EMAIL, _PHONE, _IP, _CURRENCY_CODE)]
    return Column(
        name=name,
        values=values,
        named=named,
        time=time_style(told, day_first),
        clock=clock_style(told),
        number=numeric and _share(counted, _NUMBER.match) >= 0.98,
        email=shares[0],
        phone=shares[1],
        ip=shares[2],
        currency=shares[3],
        distinct=len(set(map(str, given))),
        given=len(given),
    )


def plain_name(name: str) -> str:
    """The last part of a path in lower case, words apart: `context.pageUrl` is `page url`."""
    # A path has no blanks; "Qty." and "Art. no." are names with points.
    *above, last = [name] if " " in name or name.endswith(".") else name.split(".")
    if above and last.lower() in _SAYS_LITTLE:
        last = f"{above[-1]}_{last}"
    last = _CAMEL.sub("_", last)
    last = "".join(_ACCENTS.get(letter) or unicodedata.normalize("NFKD", letter)[:1] for letter in last)
    return re.sub(r"[^0-9a-zäöüß]+", " ", last.lower()).strip()


def _share(words: list[str], matches: Callable[[str], object]) -> float:
    return sum(1 for word in words if matches(word)) / len(words) if words else 0.0
