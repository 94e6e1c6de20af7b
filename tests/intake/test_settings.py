"""`settings.yml`: defaults, overrides, and messages that mend a mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from intake.clock import WallClock
from intake.paths import DataPaths, repository_root
from intake.settings import Settings, SettingsError, load_settings


def write(folder: Path, text: str) -> Path:
    (folder / "settings.yml").write_text(text, encoding="utf-8")
    return folder


def test_a_missing_file_means_defaults(tmp_path: Path) -> None:
    settings = load_settings(tmp_path)
    assert settings == Settings()
    assert settings.segments.minimum_size == 1000
    assert isinstance(settings.project_clock(DataPaths(tmp_path)), WallClock)


def test_an_empty_file_means_defaults(tmp_path: Path) -> None:
    assert load_settings(write(tmp_path, "")) == Settings()


def test_a_given_field_wins_and_the_rest_stays_default(tmp_path: Path) -> None:
    settings = load_settings(write(tmp_path, "models: {horizon_days: 30}\n"))
    assert settings.models.horizon_days == 30
    assert settings.models.cutoff_spacing_days == Settings().models.cutoff_spacing_days


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("models: {horizon_days: 3}", "models.horizon_days", "got 3"),
        ("serving: {port: 99999}", "serving.port", "got 99999"),
        ("segments: {minimum_size: none}", "segments.minimum_size", "'none'"),
        ("quality: {minimum_match_rate: 60}", "quality.minimum_match_rate", "got 60"),
        ("sements: {}", "sements", "Extra inputs"),
    ],
)
def test_a_wrong_value_is_named_with_its_field(tmp_path: Path, text: str, field: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(write(tmp_path, text))
    message = str(caught.value)
    assert field in message
    assert value in message
    assert "settings.yml" in message


def test_broken_yaml_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"settings\.yml: not readable as YAML"):
        load_settings(write(tmp_path, "models: [unclosed"))


def test_the_demo_settings_of_the_repository_are_valid() -> None:
    settings = load_settings(repository_root() / "config")
    assert settings.segments.minimum_size == 100
    assert settings.clock.start is not None
