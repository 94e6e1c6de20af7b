"""Daily weather by region: seasons, a memory of yesterday, and storms that hold parcels up."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from simulation.arrays import DAY_US, F64, I64
from simulation.people import REGIONS
from simulation.randomness import stream

STORM_MM = 18.0


class Weather(NamedTuple):
    """Arrays (regions x days), in °C and mm; `is_storm` where it rained more than `STORM_MM`."""

    start_us: int
    minimum: F64
    maximum: F64
    rain: F64

    def storm(self, region: I64, day: I64) -> F64:
        """1 on days of storm in a region, else 0."""
        return (self.rain[region, np.clip(day, 0, self.rain.shape[1] - 1)] > STORM_MM).astype(np.float64)


def draw_weather(start_us: int, days: int, seed: int) -> Weather:
    """The weather depends on the seed and the days alone, so every part of a company has the same."""
    rng, count = stream(seed, "weather"), len(REGIONS)
    day_of_year = (start_us // DAY_US + np.arange(days)) % 365.25
    season = 12.0 - 13.0 * np.cos(2 * np.pi * (day_of_year - 15) / 365.25)
    anomaly = np.zeros((count, days))
    shocks = rng.normal(0.0, 2.6, (count, days))
    for day in range(days):
        anomaly[:, day] = shocks[:, day] + (0.7 * anomaly[:, day - 1] if day else 0.0)
    spread = rng.uniform(5.0, 12.0, (count, days))
    wet = rng.random((count, days)) < 0.32
    middle = season[None, :] + anomaly
    return Weather(start_us, middle - spread / 2, middle + spread / 2, wet * rng.gamma(0.9, 8.0, (count, days)))


def weather_frame(weather: Weather) -> pd.DataFrame:
    """One row a region and day, in the columns of the contract `weather`."""
    count, days = weather.rain.shape
    region, day = np.divmod(np.arange(count * days), days)
    rain = np.round(weather.rain.ravel(), 1)
    condition = np.where(rain > STORM_MM, "storm", np.where(rain > 0, "rain", "dry"))
    observed = (weather.start_us + day * DAY_US).astype("datetime64[us]").astype("datetime64[D]").astype(str)
    return pd.DataFrame(
        {
            "country": "US",
            "region": np.array(REGIONS)[region],
            "postal_code": "",
            "observed_at": observed,
            "temperature_min": np.round(weather.minimum.ravel(), 1),
            "temperature_max": np.round(weather.maximum.ravel(), 1),
            "precipitation_mm": rain,
            "sunshine_hours": np.round(np.clip(9.0 - rain / 3, 0.0, 14.0), 1),
            "wind_speed": np.round(2.0 + rain / 4, 1),
            "condition": condition,
            "is_forecast": False,
        }
    ).sort_values(["observed_at", "region"], ignore_index=True)
