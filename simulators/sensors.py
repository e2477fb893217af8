"""What an appliance reports of what is true: noise, offset, drift, quantisation, losses, clock errors."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulators.physics.contract import Noise
from simulators.randomness import keyed
from zerodistance.catalogue import ApplianceType

Array = NDArray[np.float64]
_YEAR_S = 365.25 * 86_400


def drifted_years(time_s: float) -> float:
    """Return how much drift a sensor has gathered, as years of it: 0 to 3, there and back again.

    As if installed at most three years ago, whatever the date of the run, and without a day on which all
    readings jump: 0 in September 2023, 3 in September 2026, 0 again three years later.

    >>> round(drifted_years(1_767_225_600.0), 2)  # 1 January 2026
    2.3
    """
    return 3.0 - abs(((time_s - 1.6e9) / _YEAR_S - 3.0) % 6.0 - 3.0)


@dataclass(frozen=True, slots=True)
class SpanNoise:
    """Random numbers for the samples of one span and one phase: (rows, devices of the phase) each.

    ``readings``: channel → noise in the channel's unit; ``missing``: channel → True where the reading fails.
    """

    readings: dict[str, NDArray[np.float32]]
    missing: dict[str, NDArray[np.bool_]]
    lost: NDArray[np.bool_]


class Sensors:
    """The sensors of one population; everything about them follows from the seed."""

    def __init__(
        self,
        appliance: ApplianceType,
        noise: Mapping[str, Noise],
        devices: int,
        seed: int,
        *,
        lost: float,
        missing: float,
        skew_s: float,
    ) -> None:
        self._type, self._noise, self._seed = appliance, noise, seed
        self._lost, self._missing = lost, missing
        rng = keyed(seed, f"sensors/{appliance.type}")
        self._bias = {name: rng.normal(0.0, one.bias, devices) for name, one in sorted(noise.items())}
        self._drift = {
            name: rng.normal(0.0, one.drift_per_year, devices) for name, one in sorted(noise.items())
        }
        self._skew_us = rng.normal(0.0, skew_s, devices) * 1e6
        # Crystal error, put right by the appliance's daily time synchronisation.
        self._drift_ppm = rng.normal(0.0, 15.0 if skew_s > 0 else 0.0, devices)
        self.channels = list(appliance.channels)

    def draw(self, span: int, phase: int, rows: int, devices: int) -> SpanNoise:
        """Draw the noise of a span (its number since 1970) for one phase."""
        rng = keyed(self._seed, f"noise/{self._type.type}/{phase}", span)
        readings = {
            name: rng.standard_normal((rows, devices), dtype=np.float32) * np.float32(one.sigma)
            for name, one in self._noise.items()
            if one.sigma > 0
        }
        missing: dict[str, NDArray[np.bool_]] = {}
        if self._missing > 0:
            hits = rng.binomial(rows * devices, self._missing, len(self.channels))
            for name, count in zip(self.channels, hits, strict=True):
                if count:
                    mask = np.zeros(rows * devices, dtype=bool)
                    mask[rng.choice(rows * devices, int(count), replace=False)] = True
                    missing[name] = mask.reshape(rows, devices)
        lost = rng.random((rows, devices), dtype=np.float32) < self._lost
        return SpanNoise(readings, missing, lost)

    def observe(
        self,
        channel: str,
        true: Array,
        noise: SpanNoise,
        rows: slice,
        who: NDArray[np.intp],
        time_s: float,
        impossible: Array | None = None,
    ) -> Array:
        """Return what the sensors of ``channel`` report: shape (rows, devices of the phase), NaN where
        missing.

        Args:
            channel: its name in the catalogue.
            true: (rows, devices of the phase).
            noise: of the span; ``rows`` of it belong to ``true``.
            rows: which rows of the span's noise.
            who: indices of the phase's devices within the population.
            time_s: seconds since 1970, for the drift.
            impossible: what a broken sensor reads instead, NaN where it is sound.
        """
        described = self._type.channels[channel]
        value = true
        if channel in self._bias:
            years = drifted_years(time_s)
            value = value + (self._bias[channel][who] + self._drift[channel][who] * years)
        if channel in noise.readings:
            value = value + noise.readings[channel][rows]
        if described.kind == "gauge":
            value = np.clip(value, described.valid[0], described.valid[1])
        if impossible is not None:
            value = np.where(np.isnan(impossible), value, impossible)
        if described.resolution > 0:
            step = described.resolution
            decimals = max(0, -math.floor(math.log10(step) + 1e-9))
            value = np.round(np.round(value / step) * step, decimals)
        if channel in noise.missing:
            value = np.where(noise.missing[channel][rows], np.nan, value)
        return value

    def clock_us(self, time_us: NDArray[np.int64], who: NDArray[np.intp]) -> NDArray[np.int64]:
        """Return what the appliances' clocks show at ``time_us`` (rows,): (rows, devices), in whole ms."""
        since_sync = (time_us % 86_400_000_000)[:, None]
        error = self._skew_us[who] + self._drift_ppm[who] * 1e-6 * since_sync
        shown: NDArray[Any] = (time_us[:, None] + error.astype(np.int64)) // 1000 * 1000
        return shown.astype(np.int64)
