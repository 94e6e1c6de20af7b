"""How many of the conversions of an hour can have arrived by now."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

# A curve of few conversions leans on that of all experiments together, which counts as so many.
BORROWED = 50.0


def arrived_share(delay: Floats, exposures: Floats, pooled: Floats | None = None) -> Floats:
    """Share of its conversions that an hour of exposures has already seen, by the age of the hour.

    A delay of d hours can only be seen in exposures at least d hours old, so conversions are divided by the exposures
    that were at risk (right truncation, Kalbfleisch and Lawless 1989); a young experiment is not taken for a quick one.

    Args:
        delay: conversions by whole hours between exposure and conversion, shape (D,).
        exposures: exposures by age of their hour, shape (H,): index 0 is the hour that ended last, or runs.
        pooled: a curve to lean on, by the same hours; None to go by this one alone.

    Returns:
        Shape (H,), from above 0 to 1; ones where no delay is known.
    """
    hazard = _rate_by_delay(delay, exposures)
    if pooled is not None and pooled.sum() > 0:
        hazard = _blended(hazard, float(delay.sum()), pooled)
    total = hazard.sum()
    if total <= 0:
        return np.ones(exposures.size)
    seen = np.concatenate([[0.0], np.cumsum(hazard)])
    # Exposures are spread over their hour: the youngest hour is half an hour old on average.
    share = (seen[:-1] + 0.5 * hazard) / total
    full = np.ones(exposures.size)
    full[: min(share.size, full.size)] = share[: full.size]
    return np.asarray(np.clip(full, 1e-6, 1.0), dtype=np.float64)


def pooled_rates(delays: list[Floats], exposures: list[Floats]) -> Floats:
    """Conversions by delay of several experiments together, an exposure at risk; shape (longest D,)."""
    length = max((delay.size for delay in delays), default=0)
    total = np.zeros(length)
    for delay, shown in zip(delays, exposures, strict=True):
        if delay.sum() > 0:
            total[: delay.size] += _rate_by_delay(delay, shown) / _rate_by_delay(delay, shown).sum() * delay.sum()
    return total


def _rate_by_delay(delay: Floats, exposures: Floats) -> Floats:
    """Conversions after d hours an exposure at risk, times all exposures."""
    whole = exposures.sum()
    if whole <= 0:
        return np.array(delay, dtype=np.float64)
    # Half of the hour that is d hours old has been at risk for d hours.
    older = np.concatenate([whole - np.cumsum(exposures), [0.0]])
    at_risk = older[:-1] + 0.5 * exposures
    reach = np.zeros(delay.size)
    reach[: min(delay.size, at_risk.size)] = at_risk[: delay.size]
    # Where hardly anything was at risk, a single conversion would make a curve.
    return np.asarray(delay * whole / np.maximum(reach, whole * 0.02), dtype=np.float64)


def _blended(hazard: Floats, conversions: float, pooled: Floats) -> Floats:
    length = max(hazard.size, pooled.size)
    own, other = np.zeros(length), np.zeros(length)
    own[: hazard.size], other[: pooled.size] = hazard, pooled
    scale = hazard.sum()
    own_part = own / scale * conversions if scale > 0 else own
    return np.asarray(own_part + BORROWED * other / other.sum(), dtype=np.float64)
