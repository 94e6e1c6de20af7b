"""Sensitive attributes and categories: told by their words, extended by a shop, named where they are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from intake.config_file import ConfigFileError
from intake.paths import repository_root
from intake.sensitive import CATEGORY_WORDS, SensitiveRules, SensitiveUseError, load_sensitive, sensitive_schema


@pytest.mark.parametrize("name", ["age", "Customer_Age", "gender_code", "household_size", "is-religion", "hh_income_2"])
def test_a_name_made_of_a_sensitive_one_is_told(name: str) -> None:
    assert SensitiveRules().attribute_in(name) is not None


@pytest.mark.parametrize("name", ["average_order_amount", "page_views_30d", "usage", "household", "session_seconds"])
def test_a_name_that_only_looks_like_one_is_not(name: str) -> None:
    assert SensitiveRules().attribute_in(name) is None


@pytest.mark.parametrize("name", ["RX", "Health/Pharmacy", "beer & wine", "Intimate_care"])
def test_a_category_with_such_a_word_is_told(name: str) -> None:
    assert SensitiveRules().is_category(name)


@pytest.mark.parametrize("name", ["DRUG GM", "Marx Brothers", "beeryard", "PRODUCE"])
def test_other_categories_are_not(name: str) -> None:
    assert not SensitiveRules().is_category(name)


def test_a_shop_adds_its_own_and_what_its_contracts_tag(tmp_path: Path) -> None:
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "crm.yml").write_text("name: crm\nsensitive: {faith: RELIGION_CD}\n", encoding="utf-8")
    (tmp_path / "sources" / "torn.yml").write_text("name: torn\nsensitive: {a\n", encoding="utf-8")
    (tmp_path / "sensitive.yml").write_text("attributes: [Blood_Type]\ncategories: [hair loss]\n", encoding="utf-8")
    rules = load_sensitive(tmp_path)
    assert [rules.attribute_in(name) for name in ("faith", "blood_type", "age", "shoe")] == [
        "faith", "blood_type", "age", None
    ]  # fmt: skip
    assert [rules.is_category(name) for name in ("Care/Hair-Loss", "RX")] == [True, False]


def test_own_attributes_count_in_any_script_and_however_they_are_written() -> None:
    rules = SensitiveRules(attributes=("Blood type", "Körper-Größe", "--", "Age"))
    assert rules.attribute_in("customer_blood_type") == "blood_type"
    assert rules.attribute_in("KÖRPERGRÖSSE") is None
    assert rules.attribute_in("KÖRPER_GRÖSSE") == rules.attribute_in("körper_größe") == "körper_grösse"
    assert rules.own_words() == ["blood_type", "körper_grösse", "körper_größe"]


def test_the_refusal_names_place_name_attribute_and_use() -> None:
    with pytest.raises(
        SensitiveUseError, match=r"^features\.yml: columns: 'customer_age' \(age\) is .* no model may use$"
    ):
        SensitiveRules().check(["orders_30d", "customer_age"], "features.yml: columns", "model")


def test_a_mistake_is_told_with_file_field_and_value(tmp_path: Path) -> None:
    (tmp_path / "sensitive.yml").write_text("categories: 7", encoding="utf-8")
    with pytest.raises(ConfigFileError, match=r"sensitive\.yml: categories: .* \(got 7\)"):
        load_sensitive(tmp_path)


def test_schema_and_shipped_file_are_those_of_the_model() -> None:
    config = repository_root() / "config"
    assert (config / "schemas" / "sensitive.schema.json").read_text(encoding="utf-8") == sensitive_schema()
    assert load_sensitive(config).categories == CATEGORY_WORDS
