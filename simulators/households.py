"""Homes around the appliances: weather, people, presence, meals, shopping, distance from home.

Vectorised over homes. A day's habits are drawn once per home and day (:func:`keyed` by the day), so any
span of time can be looked at on its own and always shows the same life. All figures are engineering
estimates of ordinary homes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from simulators.randomness import keyed
from simulators.tariffs import TariffHomes
from simulators.water_supply import mains_temperature, supply_of
from simulators.water_use import draw_day, mixed_flow
from zerodistance.errors import SettingsError

Array = NDArray[np.float64]
SPAN_S = 1800  # length of one span: inputs and noise are made for half an hour at a time
_DAY_S = 86_400
_TRIP_BLOCK = 30  # days; at most one trip in each
_TRIP_KM = 300.0


@dataclass(frozen=True, slots=True)
class Climate:
    """Outdoor air of a place.

    Attributes:
        mean: yearly mean temperature, °C.
        season: amplitude over the year, K.
        daily: amplitude over the day, K.
        weather: standard deviation from day to day, K.
        warmest_day: day of the year on which the seasonal mean peaks (north: July; south: January).
        humidity: mean relative humidity, %.
    """

    mean: float
    season: float
    daily: float
    weather: float
    warmest_day: int
    humidity: float


CLIMATES = {
    "temperate": Climate(11.0, 9.5, 4.5, 2.5, 200, 68.0),
    "subtropical": Climate(21.0, 8.0, 4.0, 2.0, 205, 74.0),
    "subtropical_south": Climate(21.0, 8.0, 4.0, 2.0, 22, 70.0),
    "tropical": Climate(29.0, 1.5, 3.8, 0.9, 130, 76.0),
}


@dataclass(frozen=True, slots=True)
class HomeSpan:
    """What happens in the homes during a span: arrays (steps, homes).

    Attributes:
        start_s: seconds since 1970 at which the span begins; ``step_s``: length of a step.
        hour: local hour of the day at each step, (steps,).
        outdoor: °C. ``outdoor_humidity``: %, (steps, homes). ``sun``: 0 to 1, (steps,).
        indoor: temperature of a room that nobody cools, °C.
        people: how many are at home. ``awake``: 1 or 0. ``cooking``: 0 to 1.
        shopping: 1 in the steps in which shopping is put away.
        distance: of the owner from home, km.
        dust: outdoor PM2.5, µg/m³, (steps, homes).
        luck: a number from 0 to 1 for the day, (homes,): what a home forgets or remembers that day.
        away: 1 while all are on a trip of days.
        cold_water: temperature of the mains, °C.
        hardness: of the tap water, mg/L as CaCO₃, (homes,). ``tds``: dissolved solids, mg/L, (homes,).
        turbidity: NTU, (homes,). ``water_pressure``: kPa, (steps, homes).
        cheap: 1 while electricity is cheap, (steps, homes); all 1 under a flat tariff.
        delays: 1 for homes that delay washes until then; ``timed``: whose water heater has a timer, (homes,).
        wants_hot_water: works out :attr:`hot_water`, for those who ask.
    """

    start_s: int
    step_s: float
    hour: Array
    outdoor: Array
    outdoor_humidity: Array
    sun: Array
    indoor: Array
    people: Array
    awake: Array
    cooking: Array
    shopping: Array
    distance: Array
    dust: Array
    luck: Array
    away: Array
    cold_water: Array
    hardness: Array
    tds: Array
    turbidity: Array
    water_pressure: Array
    cheap: Array
    delays: Array
    timed: Array
    wants_hot_water: Callable[[], Array]

    @property
    def hot_water(self) -> Array:
        """Mixed water at 40 °C that people want, L/min, (steps, homes)."""
        return self.wants_hot_water()

    @property
    def steps(self) -> int:
        """How many steps the span has."""
        return int(self.hour.shape[0])

    def of(self, homes: NDArray[np.intp]) -> HomeSpan:
        """Return the same span for the given homes, one column each."""
        return HomeSpan(
            self.start_s,
            self.step_s,
            self.hour,
            self.outdoor[:, homes],
            self.outdoor_humidity[:, homes],
            self.sun,
            self.indoor[:, homes],
            self.people[:, homes],
            self.awake[:, homes],
            self.cooking[:, homes],
            self.shopping[:, homes],
            self.distance[:, homes],
            self.dust[:, homes],
            self.luck[homes],
            self.away[:, homes],
            self.cold_water[:, homes],
            self.hardness[homes],
            self.tds[homes],
            self.turbidity[homes],
            self.water_pressure[:, homes],
            self.cheap[:, homes],
            self.delays[homes],
            self.timed[homes],
            lambda: self.wants_hot_water()[:, homes],
        )


class Homes:
    """The homes of a fleet."""

    def __init__(
        self,
        homes: int,
        seed: int,
        climate: str,
        utc_offset_hours: float = 0.0,
        region: str = "",
        tariff: str = "flat",
    ) -> None:
        """Draw the habits of ``homes`` homes; ``region`` says what water they get.

        Raises:
            SettingsError: for a climate that is not in :data:`CLIMATES`, or a tariff that is not known.
        """
        if climate not in CLIMATES:
            raise SettingsError(f"climate {climate!r} is not known: choose of {', '.join(CLIMATES)}.")
        self.homes, self.seed = homes, seed
        self.climate = CLIMATES[climate]
        self.offset_s = round(utc_offset_hours * 3600)
        rng = keyed(seed, "homes")
        self._people = rng.choice([1, 2, 3, 4, 5], homes, p=[0.2, 0.3, 0.22, 0.2, 0.08]).astype(float)
        self._works = rng.random(homes) < 0.65
        self._leaves = rng.normal(8.2, 0.6, homes)
        self._returns = rng.normal(18.0, 0.9, homes)
        self._wakes = rng.normal(6.8, 0.5, homes)
        self._sleeps = rng.normal(23.0, 0.6, homes)
        self._commute_km = np.clip(rng.lognormal(1.8, 0.8, homes), 0.3, 60.0)
        self._indoor = rng.normal(23.5, 0.9, homes)
        self._insulation = rng.uniform(0.12, 0.3, homes)
        self._shops = rng.uniform(0.2, 0.45, homes)
        self._dust = rng.lognormal(0.0, 0.2, homes)
        self.supply = supply_of(region)
        water = keyed(seed, "water")
        self._cold_water = water.normal(0.0, 0.8, homes)
        self._hardness = self.supply.hardness * water.lognormal(0.0, 0.08, homes)
        self._tds = self.supply.tds * water.lognormal(0.0, 0.08, homes)
        self._turbidity = self.supply.turbidity * water.lognormal(0.0, 0.25, homes)
        self._pressure = self.supply.pressure * water.lognormal(0.0, 0.1, homes)
        self._tariff = TariffHomes(tariff, homes, seed)
        self._day = lru_cache(maxsize=8)(self._draw_day)
        self._span = lru_cache(maxsize=4)(self._make_span)
        self._trips = lru_cache(maxsize=2)(self._draw_trips)

    def span(self, start_s: int, step_s: float) -> HomeSpan:
        """Return the span that begins at ``start_s`` (a multiple of :data:`SPAN_S`)."""
        return self._span(start_s, step_s)

    def _draw_day(self, day: int) -> dict[str, Array]:
        rng = keyed(self.seed, "day", day)
        n = self.homes
        workday = (day + 3) % 7 < 5  # 1970-01-01, day 0, was a Thursday
        out = np.where(workday, self._works & (rng.random(n) < 0.94), rng.random(n) < 0.45)
        leaves = np.where(workday, self._leaves + rng.normal(0, 0.25, n), rng.normal(10.5, 1.2, n))
        returns = np.where(workday, self._returns + rng.normal(0, 0.7, n), rng.normal(16.0, 1.5, n))
        return {
            "out": out.astype(float),
            "leaves": leaves,
            "returns": np.maximum(returns, leaves + 0.5),
            "wakes": self._wakes + rng.normal(0, 0.25, n) + (0.0 if workday else 1.0),
            "sleeps": self._sleeps + rng.normal(0, 0.3, n),
            "breakfast": self._wakes + rng.normal(0.6, 0.15, n) + (0.0 if workday else 1.2),
            "dinner": rng.normal(18.9, 0.5, n),
            "lunch": rng.normal(12.4, 0.4, n),
            "shopping": np.where(rng.random(n) < self._shops, rng.normal(18.4, 0.8, n), -9.0),
            "far": np.where(workday, self._commute_km, rng.lognormal(1.6, 0.9, n)),
            "weather": np.full(n, rng.normal(0.0, self.climate.weather)),
            "damp": np.full(n, rng.normal(0.0, 6.0)),
            "dust": np.full(n, rng.lognormal(3.2, 0.45)),
            "luck": rng.random(n),
        }

    def _draw_trips(self, block: int) -> tuple[Array, Array]:
        """Return the first and last day, (homes,), of the trips in a block of days; 0 and −1 for none."""
        rng = keyed(self.seed, "trips", block)
        n = self.homes
        days = rng.integers(2, 10, n).astype(float)
        first = block * _TRIP_BLOCK + np.floor(rng.random(n) * (_TRIP_BLOCK - days))
        goes = rng.random(n) < 0.25
        return np.where(goes, first, 0.0), np.where(goes, first + days, -1.0)

    def _on_trip(self, day: int, hour: Array) -> Array:
        """Return 1 where a home's people are on a trip, (steps, homes): from nine o'clock to five."""
        first, last = self._trips(day // _TRIP_BLOCK)
        now = day + hour[:, None] / 24.0
        return ((now >= first + 9.0 / 24.0) & (now < last + 17.0 / 24.0)).astype(float)

    def _make_span(self, start_s: int, step_s: float) -> HomeSpan:
        steps = round(SPAN_S / step_s)
        local = start_s + self.offset_s + (np.arange(steps) + 0.5) * step_s
        day = int(local[0] // _DAY_S)
        hour: Array = np.asarray((local - day * _DAY_S) / 3600.0, dtype=np.float64)
        today, tomorrow = self._day(day), self._day(day + 1)
        share = (hour / 24.0)[:, None]
        mixed = {key: today[key] * (1 - share) + tomorrow[key] * share for key in ("weather", "damp", "dust")}
        c, h = self.climate, hour[:, None]
        year_day = (day % 365.2425 + hour / 24.0)[:, None]
        seasonal = (
            c.mean + c.season * np.cos(2 * np.pi * (year_day - c.warmest_day) / 365.2425) + mixed["weather"]
        )
        outdoor = seasonal + c.daily * np.cos(2 * np.pi * (h - 15.0) / 24.0)
        humidity = np.clip(c.humidity + mixed["damp"] - 2.2 * (outdoor - seasonal), 25.0, 98.0)
        trip = self._on_trip(day, hour)
        away = (today["out"] > 0) & (h >= today["leaves"]) & (h < today["returns"]) | (trip > 0)
        awake = (h >= today["wakes"]) & (h < today["sleeps"])
        meals = sum(np.exp(-(((h - today[meal]) / 0.35) ** 2)) for meal in ("breakfast", "lunch", "dinner"))
        present = ~away
        cooking = np.minimum(meals, 1.0) * present * awake
        since, until = h - today["leaves"], today["returns"] - h
        travelled = np.clip(np.minimum(since, until) / 0.5, 0.0, 1.0)  # half an hour there, half an hour back
        first = np.abs(h - today["shopping"]) < 0.02 + step_s / 7200.0
        # A room drifts with the season: part of the outdoor swing, softened by heating in winter.
        indoor = np.maximum(
            self._indoor
            + self._insulation * (seasonal - 18.0)
            + 0.6 * (outdoor - seasonal) * self._insulation,
            16.5,
        )
        people = np.where(present, self._people, 0.0)
        cold_water = mains_temperature(c.mean, c.season, c.warmest_day, year_day) + self._cold_water
        # Where all draw in the morning and the evening, the mains' pressure sags.
        busy = np.exp(-(((h - 7.5) / 1.2) ** 2)) + np.exp(-(((h - 19.5) / 1.8) ** 2))

        @lru_cache(maxsize=1)
        def hot_water() -> Array:
            draws = draw_day(self.seed, day, today, self._people)
            return mixed_flow(draws, hour, step_s, people)

        wave = np.clip(np.sin(np.pi * (hour - 6.0) / 12.0), 0.0, 1.0)
        return HomeSpan(
            start_s=start_s,
            step_s=step_s,
            hour=hour,
            outdoor=outdoor,
            outdoor_humidity=humidity,
            sun=wave,
            indoor=indoor + 0.8 * cooking,
            people=people,
            awake=(awake & present).astype(float),
            cooking=cooking,
            shopping=(first & present).astype(float),
            distance=np.where(trip > 0, _TRIP_KM, np.where(away, today["far"] * travelled, 0.0)),
            dust=mixed["dust"] * self._dust,
            luck=today["luck"],
            away=trip,
            cold_water=cold_water,
            hardness=self._hardness,
            # The works' water changes from day to day, and never at a stroke.
            tds=self._tds * (1.0 + 0.008 * mixed["damp"][steps // 2]),
            turbidity=self._turbidity * mixed["dust"][steps // 2] / 25.0,
            water_pressure=self._pressure * (1.0 - 0.12 * busy),
            cheap=self._tariff.cheap(hour, (day + 3) % 7 >= 5),
            delays=self._tariff.delays,
            timed=self._tariff.timed,
            wants_hot_water=hot_water,
        )
