"""Names for segments, by rule, in words of the shop floor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

# Orders a week (13 weeks in 91 days) at which each word is the natural one; upper bounds lie between two words.
CADENCE = (
    (1.5, "Several-times-a-week"),
    (0.7, "Weekly"),
    (0.35, "Fortnightly"),
    (0.15, "Monthly"),
    (0.0, "Occasional"),
)
# A visit overdue by more than this many usual gaps, and by six weeks, is a shopper on the way out.
LAPSING_GAPS = 3.0
LAPSING_DAYS = 42.0
LAPSED_DAYS = 91.0
BIG, SMALL = 1.3, 0.75
# column → (word when high, word when low): told apart by these when two segments would share a name.
QUALIFIERS: Mapping[str, tuple[str, str]] = {
    "discount_share": ("deal-seeking", "full-price"),
    "weekend_order_share": ("weekend", "weekday"),
    "store_order_share": ("in-store", "online"),
    "spend_91d": ("higher-spend", "lower-spend"),
    "average_order_amount": ("fuller-basket", "leaner-basket"),
    "orders_91d": ("more frequent", "less frequent"),
    "recency_days": ("quieter", "recently seen"),
    "tenure_days": ("long-standing", "newer"),
    "category_entropy": ("wide-range", "narrow-range"),
    "sessions_30d": ("browsing", "non-browsing"),
}
# Who is gone is not recently seen, but went long or only recently ago.
GONE: Mapping[str, tuple[str, str]] = {"recency_days": ("long", "recently")}


def base_name(typical: Mapping[str, float], overall: Mapping[str, float]) -> str:
    """A name from the segment's medians against everybody's.

    Args:
        typical: column → median in the segment.
        overall: column → median over all customers. Columns the rule does not find are left out of the name.
    """
    rhythm = _rhythm(typical)
    basket = _basket(typical, overall)
    noun = "shoppers" if rhythm in ("Lapsed", "Lapsing", "Occasional", "Monthly", "") else "regulars"
    words = [word for word in (rhythm, basket, noun) if word]
    return _sentence(" ".join(words))


def unique_names(bases: Sequence[str], differences: Sequence[Mapping[str, float]]) -> list[str]:
    """Names made different by what differs most between the segments that share one.

    Args:
        bases: base name of each segment.
        differences: column → standardised difference from everybody, of each segment.
    """
    names = list(bases)
    for name in sorted(set(bases)):
        same = [index for index, base in enumerate(bases) if base == name]
        if len(same) > 1:
            for index in same:
                names[index] = _qualified(name, index, same, differences)
    return _numbered(names)


def _rhythm(typical: Mapping[str, float]) -> str:
    recency = typical.get("recency_days", 0.0)
    per_week = typical.get("orders_91d", 0.0) / 13
    gap = typical.get("mean_order_gap_days", 7 / per_week if per_week > 0 else LAPSED_DAYS)
    if recency > LAPSED_DAYS:
        return "Lapsed"
    if recency > LAPSING_DAYS or (recency > LAPSING_GAPS * gap and recency > LAPSING_DAYS / 2):
        return "Lapsing"
    if "orders_91d" not in typical:
        return ""
    return next((word for least, word in CADENCE if per_week >= least), CADENCE[-1][1])


def _basket(typical: Mapping[str, float], overall: Mapping[str, float]) -> str:
    usual = overall.get("average_order_amount", 0.0)
    if usual <= 0 or "average_order_amount" not in typical:
        return ""
    ratio = typical["average_order_amount"] / usual
    return "big-basket" if ratio >= BIG else "small-basket" if ratio <= SMALL else "mid-basket"


def _qualified(name: str, index: int, same: Sequence[int], differences: Sequence[Mapping[str, float]]) -> str:
    """The word of the column in which the segment stands furthest from its namesakes."""
    others = [other for other in same if other != index]
    gaps = {
        column: differences[index][column] - sum(differences[other].get(column, 0.0) for other in others) / len(others)
        for column in QUALIFIERS
        if column in differences[index]
    }
    if not gaps:
        return name
    column = max(sorted(gaps), key=lambda key: abs(gaps[key]))
    gone = name.startswith(("Lapsed", "Lapsing"))
    high, low = (GONE if gone and column in GONE else QUALIFIERS)[column]
    return _sentence(f"{high if gaps[column] > 0 else low} {name[0].lower()}{name[1:]}")


def _numbered(names: list[str]) -> list[str]:
    """Last resort for segments that no word tells apart."""
    return [
        name if names.count(name) == 1 else f"{name}, group {names[:i].count(name) + 1}" for i, name in enumerate(names)
    ]


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]
