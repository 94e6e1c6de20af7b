"""How two normalised records are compared: the levels of likeness of names, address, birth date, e-mail and phone.

A level is the first whose condition holds. Conditions are DuckDB's SQL; `_l` and `_r` are the two records.
"""

from __future__ import annotations

from typing import Any, Final

from ml.matching.blocking import RULES

PRIOR: Final = 1e-5
"""Probability that two records drawn at random are one person's; fixed, so that a pair's score depends on it alone."""

_SWAPPED: Final = "(given_l = family_r and family_l = given_r)"
_GIVEN: Final = (
    ("given_l = given_r", "the same"),
    ("formal_l = formal_r", "nickname"),
    ("(length(given_l) = 1 or length(given_r) = 1) and given_l[1] = given_r[1]", "initial"),
    ("jaro_winkler_similarity(given_l, given_r) >= 0.9", "misspelt"),
    ("jaro_winkler_similarity(given_l, given_r) >= 0.8 or starts_with(given_l, given_r) or "
     "starts_with(given_r, given_l)", "alike"),
    ("family_l = given_r or given_l = family_r", "given as family name"),
)  # fmt: skip
_FAMILY: Final = (
    ("family_l = family_r", "the same"),
    (_SWAPPED, "swapped with the given name"),
    ("jaro_winkler_similarity(family_l, family_r) >= 0.92", "misspelt"),
    ("jaro_winkler_similarity(family_l, family_r) >= 0.84 or sound_l = sound_r", "alike"),
)
_STREET_ALIKE: Final = (
    "(street_l = street_r or jaro_winkler_similarity(street_l, street_r) >= 0.9 or contains(street_l, street_r) or "
    "contains(street_r, street_l))"
)
_AREA: Final = "(postal_l = postal_r or city_l = city_r)"
_ADDRESS: Final = (
    (f"house_l = house_r and street_l = street_r and {_AREA}", "the same"),
    (f"house_l = house_r and {_STREET_ALIKE} and {_AREA}", "street misspelt"),
    (f"{_STREET_ALIKE} and {_AREA}", "the same street"),
    (f"house_l = house_r and {_STREET_ALIKE}", "street and house, other area"),
    ("postal_l = postal_r and (house_l = house_r or city_l = city_r)", "the same area"),
    (_AREA, "postal code or city"),
    (_STREET_ALIKE, "street name"),
    ("jaro_winkler_similarity(city_l, city_r) >= 0.9 or damerau_levenshtein(postal_l, postal_r) <= 1", "area alike"),
)
_DAY_MONTH: Final = "birth_date_{0}[1:4] || birth_date_{0}[7:8] || birth_date_{0}[5:6]"
# Dates have eight digits: counting those that differ rules most pairs out before an edit distance is computed, which
# took a third of all scoring.
_DIGITS: Final = "hamming(birth_date_l, birth_date_r)"
_SLIPS: Final = "damerau_levenshtein(birth_date_l, birth_date_r)"
_BIRTH_DATE: Final = (
    ("birth_date_l = birth_date_r", "the same"),
    (f"{_DIGITS} = 1 or birth_date_l = {_DAY_MONTH.format('r')} or ({_DIGITS} = 2 and {_SLIPS} = 1)",
     "one slip, or day and month swapped"),
    (f"{_DIGITS} = 2 or ({_DIGITS} <= 4 and {_SLIPS} = 2)", "two slips"),
    ("birth_date_l[5:8] = birth_date_r[5:8] or birth_date_l[1:6] = birth_date_r[1:6]", "most of it"),
)  # fmt: skip
_EMAIL: Final = (
    ("email_l = email_r", "the same"),
    ("mailbox_l = mailbox_r and length(mailbox_l) >= 5", "other provider"),
    ("jaro_winkler_similarity(email_l, email_r) >= 0.93", "misspelt"),
)
_PHONE: Final = (
    ("phone_l = phone_r", "the same"),
    ("damerau_levenshtein(phone_l, phone_r) = 1", "one slip"),
)


def _null(*columns: str) -> str:
    return " and ".join(f"({column}_l is null or {column}_r is null)" for column in columns)


def _comparison(name: str, null: str, levels: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    written = [{"sql_condition": null, "label_for_charts": "unknown", "is_null_level": True}]
    written += [{"sql_condition": condition, "label_for_charts": label} for condition, label in levels]
    written.append({"sql_condition": "ELSE", "label_for_charts": "different"})
    return {"output_column_name": name, "comparison_levels": written}


def settings() -> dict[str, Any]:
    """Splink settings without trained weights."""
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": "row",
        "probability_two_random_records_match": PRIOR,
        "retain_matching_columns": False,
        "retain_intermediate_calculation_columns": False,
        "blocking_rules_to_generate_predictions": [
            {"blocking_rule": f'l."block_{rule}" = r."block_{rule}"', "sql_dialect": "duckdb"} for rule in RULES
        ],
        "comparisons": [
            _comparison("given", f"{_null('given')} or {_SWAPPED}", _GIVEN),
            _comparison("family", _null("family"), _FAMILY),
            _comparison("address", _null("street", "postal", "city"), _ADDRESS),
            _comparison("birth_date", _null("birth_date"), _BIRTH_DATE),
            _comparison("email", _null("email"), _EMAIL),
            _comparison("phone", _null("phone"), _PHONE),
        ],
    }
