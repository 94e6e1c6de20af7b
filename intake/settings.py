"""`settings.yml`, validated."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Literal, Self

import yaml
from pydantic import Field, ValidationError, model_validator

from intake.clock import Clock, project_clock
from intake.paths import DataPaths
from intake.settings_drift import DriftSettings
from intake.settings_offpolicy import OffPolicySettings
from intake.settings_pausing import PausingSettings
from intake.settings_quality import AlertSettings, QualitySettings, SloSettings
from intake.settings_retention import RetentionSettings
from intake.settings_section import Section as _Section

SECRET = ("alerts.notify", "kafka.client")


class SettingsError(ValueError):
    """`settings.yml` is missing, unreadable or has a value outside its bounds."""


class ClockSettings(_Section):
    """Which time it is. `start: null` is wall time; a timestamp makes time begin there on first use."""

    start: datetime | None = Field(
        default=None, description="project time begins here on first use and ticks on; null is wall time"
    )


class IntakeSettings(_Section):
    """Bounds of what intake accepts."""

    earliest_event: datetime = Field(
        default=datetime.fromisoformat("2000-01-01T00:00:00+00:00"), description="older events are quarantined"
    )
    future_tolerance_seconds: int = Field(default=300, ge=0, le=86_400, description="clock skew that is forgiven")
    default_region: str = Field(default="US", min_length=2, max_length=2, description="for phone numbers without +")
    repeat_window_seconds: float = Field(
        default=0,
        ge=0,
        le=86_400,
        description="web and mobile events that say the same again within it are duplicates; 0 is off; `repeats` in a"
        " contract goes first",
    )


class SegmentSettings(_Section):
    """How customers are grouped."""

    minimum_size: int = Field(default=1000, ge=1, description="smaller segments fall up the ladder")
    k_min: int = Field(default=3, ge=2, le=20, description="fewest segments that are tried")
    k_max: int = Field(default=7, ge=2, le=20, description="most segments that are tried")
    method: Literal["kmeans", "ward"] = Field(default="kmeans", description="ward is hierarchical; see segments.md")
    transform: Literal["log", "yeo_johnson"] = Field(default="log", description="of every column, before scaling")
    churn_medium: float = Field(
        default=0.2, gt=0, lt=1, description="micro-segments: risk of leaving is medium from it"
    )
    churn_high: float = Field(default=0.5, gt=0, lt=1, description="and high from it; above churn_medium")
    moved_alert_share: float = Field(
        default=0.25, gt=0, le=1, description="a refit that moves more customers than this to another segment alerts"
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.k_min > self.k_max:
            raise ValueError(f"k_min {self.k_min} must be at most k_max {self.k_max}")
        if self.churn_medium >= self.churn_high:
            raise ValueError(f"churn_medium {self.churn_medium} must be below churn_high {self.churn_high}")
        return self


class ModelSettings(_Section):
    """Horizons and cut-offs of the predictive models."""

    horizon_days: int | None = Field(
        default=None,
        ge=7,
        le=730,
        description="churn and value look this far ahead; null: learned, 91, or 182 or 364 where more than one in ten "
        "gaps between orders is longer",
    )
    near_horizon_days: int = Field(
        default=30, ge=0, le=365, description="second, nearer horizon of both; 0, or not below the first: none"
    )
    cutoff_spacing_days: int = Field(default=28, ge=7, le=182, description="between training cut-offs")
    max_train_cutoffs: int = Field(default=5, ge=1, le=24, description="how many of them at most")
    segment_margin: float = Field(
        default=0.05,
        ge=0,
        le=1,
        description="a new version does not serve if it makes a segment worse beyond noise, by more than this share",
    )
    fresh_days: int = Field(
        default=28,
        ge=1,
        le=365,
        description="a new version no better than the one in use takes its place from this age of it on",
    )
    keep_versions: int = Field(default=10, ge=1, le=1000, description="retired versions kept of each model")
    every_48_hours: list[str] = Field(
        default=["recommendations"], description="models that are trained every other day as well as weekly"
    )
    drift_cooldown_days: int = Field(
        default=7, ge=1, le=90, description="at least so long between two trainings that drift asked for"
    )


class RecommendationSettings(_Section):
    """What lists of products may hold."""

    explore_share: float = Field(
        default=0.1, ge=0, le=0.5, description="of the places of discovery lists that try something rather than earn"
    )
    blocked_products: list[str] = Field(default=[], description="ids that no list may hold")
    blocked_categories: list[str] = Field(default=[], description="categories, as the catalogue writes them, likewise")


class ServingSettings(_Section):
    """The lookup service."""

    host: str = Field(default="127.0.0.1", description="other than loopback only once there is a key (serving.md)")
    port: int = Field(default=8765, ge=1, le=65_535, description="of the lookup service")
    workers: int = Field(default=1, ge=1, le=64, description="processes; one a core")
    keep_snapshots: int = Field(default=5, ge=2, le=100, description="versions, and data, kept for rollback")
    overlay_megabytes: int = Field(
        default=128, ge=16, le=65_536, description="memory for live sessions; at most half of what is free"
    )
    deadline_ms: float = Field(
        default=100.0, ge=1, le=60_000, description="past it a decision is the answer prepared for everybody"
    )
    queue_limit: int = Field(
        default=256, ge=1, le=100_000, description="decisions waiting for a worker; above it likewise, at once"
    )
    cache_seconds: int = Field(
        default=60, ge=0, le=86_400, description="how long caches may hold answers that name nobody"
    )
    key_per_second: float = Field(
        default=5_000.0, ge=0.01, le=1e6, description="requests of a key, unless it was made with a limit of its own"
    )
    key_burst: int = Field(default=10_000, ge=1, le=1_000_000, description="and how many may come at once")
    visitor_per_second: float = Field(
        default=20.0, ge=0.01, le=1e6, description="requests of one address with a browser's key"
    )
    visitor_burst: int = Field(default=100, ge=1, le=1_000_000, description="likewise at once")
    body_seconds: float = Field(
        default=20.0, ge=0.1, le=600, description="a request's head or body that takes longer is cut off"
    )
    keep_alive_seconds: int = Field(
        default=75, ge=1, le=3_600, description="idle connections; above those of a balancer in front"
    )
    max_connections: int = Field(default=20_000, ge=16, le=1_000_000, description="of a worker; more are turned away")


class KafkaSettings(_Section):
    """Topics that `concierge stream` reads. `${NAME}` in servers and client options comes from the environment."""

    servers: str = Field(default="", description="brokers, e.g. broker-1:9092,broker-2:9092")
    group: str = Field(
        default="concierge", min_length=1, description="consumer group under which offsets are also told to the brokers"
    )
    topics: dict[str, str] = Field(default={}, description="contract of each topic; its messages are JSON objects")
    client: dict[str, str] = Field(
        default={}, description="options of librdkafka, e.g. security.protocol, sasl.mechanism, ssl.ca.location"
    )
    batch_messages: int = Field(default=50_000, ge=1, le=1_000_000, description="at most so many become one batch")
    batch_seconds: float = Field(default=30.0, ge=0.1, le=3_600, description="a batch waits no longer than that")


class IdentitySettings(_Section):
    """What one person may hold, and when an identifier stops telling people apart. A change rebuilds the ledger."""

    logins_per_person: int = Field(default=1, ge=1, le=100, description="more are another person; 1 is exclusive")
    loyalty_ids_per_person: int = Field(default=1, ge=1, le=100, description="likewise")
    emails_per_person: int = Field(
        default=5, ge=1, le=1000, description="within the window; one more freezes the profile for review"
    )
    phones_per_person: int = Field(default=5, ge=1, le=1000, description="likewise")
    devices_per_person: int = Field(default=5, ge=1, le=1000, description="likewise")
    window_days: int = Field(default=365, ge=1, le=3650, description="of arrival, for the three limits above")
    weak_max_logins: int = Field(
        default=1, ge=1, le=1000, description="logins on one device, cookie or click id; more make it shared"
    )
    weak_max_loyalty_ids: int = Field(default=1, ge=1, le=1000, description="likewise")
    weak_max_emails: int = Field(default=2, ge=1, le=1000, description="likewise")
    weak_max_phones: int = Field(default=2, ge=1, le=1000, description="likewise")
    contact_max_owners: int = Field(
        default=1, ge=1, le=1000, description="logins or loyalty ids with one e-mail or phone; more make it shared"
    )
    blocked_above: int = Field(
        default=5, ge=1, le=1000, description="owners of one type; an identifier with more belongs to nobody (kiosk)"
    )
    device_half_life_days: float = Field(
        default=30.0, ge=0.1, le=3650, description="a sighting with a shared device counts half after so many days"
    )
    email_half_life_days: float = Field(default=365.0, ge=0.1, le=3650, description="likewise, shared e-mail")
    phone_half_life_days: float = Field(default=180.0, ge=0.1, le=3650, description="likewise, shared phone")


class Settings(_Section):
    """All settings with their defaults; `config/settings.yml` may leave out any of them."""

    project: str = Field(default="concierge", description="its name in status and reports")
    time_zone: str = Field(default="UTC", description="the shop's local time, for hours and weekdays")
    currency: str = Field(default="USD", min_length=3, max_length=3, description="of figures in reports")
    seed: int = Field(default=20_170_101, description="of every random draw")
    clock: ClockSettings = ClockSettings()
    intake: IntakeSettings = IntakeSettings()
    segments: SegmentSettings = SegmentSettings()
    models: ModelSettings = ModelSettings()
    recommendations: RecommendationSettings = RecommendationSettings()
    serving: ServingSettings = ServingSettings()
    identity: IdentitySettings = IdentitySettings()
    kafka: KafkaSettings = KafkaSettings()
    quality: QualitySettings = QualitySettings()
    alerts: AlertSettings = AlertSettings()
    slo: SloSettings = SloSettings()
    retention: RetentionSettings = RetentionSettings()
    drift: DriftSettings = DriftSettings()
    pausing: PausingSettings = PausingSettings()
    offpolicy: OffPolicySettings = OffPolicySettings()

    def project_clock(self, paths: DataPaths) -> Clock:
        """The clock these settings name, anchored in the data folder."""
        return project_clock(self.clock.start, paths.root / "clock.json")


def load_settings(config: Path) -> Settings:
    """Read `config/settings.yml`; a missing file means defaults.

    Raises:
        SettingsError: names the file, the field, the value and what is allowed.
    """
    file = config / "settings.yml"
    if not file.exists():
        return Settings()
    try:
        return Settings.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")) or {})
    except yaml.YAMLError as error:
        raise SettingsError(f"{file}: not readable as YAML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        # These hold passwords; an error message ends up in logs and tickets.
        shown = "a value that is not shown" if field.startswith(SECRET) else repr(first["input"])
        raise SettingsError(f"{file}: {field}: {first['msg']} (got {shown})") from None
