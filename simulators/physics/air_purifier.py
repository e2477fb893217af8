"""A room air purifier with a particle filter, a dust sensor and an automatic fan.

Model: fine dust of the room from outdoors, cooking, cleaning and settling; the fan follows the dust reading
in three speeds, quiet at night, full speed on command; carbon dioxide and humidity of the room for its
display. The filter loads with use; its owner replaces it after half a year of running, or when asked to.

Magnitudes: fine dust decays with k = CADR / room volume (issue; ANSI/AHAM AC-1 measures CADR by that decay)
besides ventilation and settling; 300 m³/h (176 cfm) at 45 W at full speed, 3.9 cfm per watt, where ENERGY
STAR's key product criteria began at 2.0 (dust). Room, sources and habits are engineering estimates.

Faults at severity 1: ``filter_clogged`` CADR −45 % and −22 % power at the same speed (20–40 % less decay
after 6–12 months on the linear law of 400 days); ``fan_worn`` −35 % speed, +40 % power (weeks; FAN);
``sensor_drift`` a dirty lens adds 45 µg/m³ to every reading.

``decay_rate`` is what the purifier measures itself after a dusty spell at full speed, less the background
that it has learned, and is held until the next one: spells of ten minutes a day would leave the models'
windows empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from simulators.faults import FaultLaw, Severities
from simulators.households import HomeSpan
from simulators.physics.contract import DONE, Array, Happening, Mask, Noise, Outcome, Physics, around
from simulators.physics.psychrometrics import relative_humidity, saturation

OFF, QUIET, MIDDLE, FULL = range(4)
_MODES = ("off", "quiet", "auto", "turbo")
_SPEED = np.array([0.0, 0.36, 0.62, 1.0])  # share of full speed
_PURIFY_S = 3600.0
_CLOGGED = 0.45
_CLOGGED_POWER = 0.22
_WORN_SPEED = 0.35
_WORN_POWER = 0.4
_DRIFT_UG = 45.0
_WEAR = 0.05  # of the CADR, over a healthy filter's life
_LIFE_H = 4380.0
_DAY_S = 86_400.0
_SETTLING = 0.25  # 1/h
_DUSTY = 70.0  # µg/m³ over the background: full speed, and worth measuring
_FROM, _UNTIL = 0.5, 0.2  # shares of the peak between which the decay is measured: what raised it is over
_SPELL_LIMIT_S = 1800.0  # a decay that takes longer had dust still rising: thrown away
_CLEANING_UG = 900.0  # raised within a quarter of an hour of vacuuming or making beds, per m³ of 60
_FRYING_UG_PER_H = 26_000.0


class AirPurifier(Physics):
    """Vectorised air purifiers with their rooms; see the module for the model."""

    __slots__ = ()

    TYPE: ClassVar[str] = "air_purifier"
    NOISE: ClassVar[Mapping[str, Noise]] = {
        "pm25": Noise(1.2, 1.0, 0.5),
        "carbon_dioxide": Noise(12.0, 20.0, 10.0),
        "humidity": Noise(0.6, 1.5, 0.5),
        "fan_speed": Noise(5.0),
        "power": Noise(0.2, 0.1, 0.05),
    }
    FAULTS: ClassVar[Mapping[str, FaultLaw]] = {
        "filter_clogged": FaultLaw("linear", 24.0 * 400, 0.85),
        "fan_worn": FaultLaw("accelerating", 24.0 * 35, 0.9),
        "sensor_drift": FaultLaw("linear", 24.0 * 180, 0.8),
    }
    SETTINGS: ClassVar[frozenset[str]] = frozenset({"always", "fries"})

    @classmethod
    def create(cls, devices: int, rng: np.random.Generator, spread: float) -> Physics:
        """Draw ``devices`` purifiers and their rooms."""

        def draw(mean: float, share: float = 1.0) -> Array:
            return around(rng, mean, devices, spread * share)

        cadr, volume = draw(300.0), draw(60.0, 1.5)
        parameters: dict[str, NDArray[Any]] = {
            "cadr": cadr,  # m³/h at full speed with a new filter
            "volume": volume,
            "rpm": draw(1250.0, 0.5),
            "watts": draw(42.0),
            "electronics": draw(3.0),
            "standby": draw(0.8),
            "ventilation": draw(0.5, 2.0),
            "always": (rng.random(devices) < 0.7).astype(np.float64),
            "fries": np.clip(draw(0.4, 3.0), 0.1, 0.9),  # share of days with a smoky pan
            "smoke": draw(1.0, 3.0),
            "keeps_h": draw(_LIFE_H, 0.8),
        }
        state: dict[str, NDArray[Any]] = {
            "dust": rng.uniform(6.0, 15.0, devices),
            "co2": rng.uniform(450.0, 700.0, devices),
            "vapour": 0.5 * saturation(np.full(devices, 23.0)),
            "room": np.full(devices, 23.0),
            "level": np.full(devices, QUIET, dtype=np.int64),
            "mode": np.full(devices, QUIET, dtype=np.int64),
            "wanted": np.ones(devices, dtype=bool),
            "override": np.full(devices, -1.0),  # −1: as people do; 0 and 1: as commanded
            "purify_s": np.zeros(devices),
            "background": np.full(devices, 12.0),
            "lowest": np.full(devices, 12.0),
            "lowest_before": np.full(devices, 12.0),
            "day_s": rng.uniform(0.0, _DAY_S, devices),
            "spell_s": np.zeros(devices),
            "spell_peak": np.zeros(devices),
            "spell_from": np.zeros(devices),
            "last_decay": cadr / volume + parameters["ventilation"] + _SETTLING,
            "rpm_now": np.zeros(devices),
            "power_now": np.zeros(devices),
            "reading": np.full(devices, 10.0),
            "energy": rng.uniform(5.0, 300.0, devices),
            "filter_h": rng.uniform(50.0, 2000.0, devices),
            "clogged": np.zeros(devices),
            "alarm_FILTER": np.zeros(devices, dtype=bool),
            "alarm_FAN": np.zeros(devices, dtype=bool),
        }
        return cls(parameters, state)

    def inputs(self, homes: HomeSpan, rng: np.random.Generator) -> dict[str, Array]:
        """Say who is there, what they cook and clean, and what the outdoor air brings."""
        shape = homes.people.shape
        day = (homes.hour >= 9.0) & (homes.hour < 21.0)
        evening = np.where(homes.hour >= 16.0, 1.0, 0.0)[:, None]
        # Once in two or three days somebody raises dust: a draw for every step.
        cleans = (rng.random(shape) < 0.05 * homes.step_s / 3600.0) & (homes.awake > 0) & day[:, None]
        fries = np.mod(homes.luck * 6733.0, 1.0) < self.parameters["fries"]
        return {
            "people": homes.people,
            "awake": homes.awake,
            "cooking": homes.cooking,
            "frying": homes.cooking * evening * fries,
            "cleans": cleans.astype(np.float64) * rng.uniform(0.5, 1.5, shape),
            "dust": homes.dust,
            "vapour": homes.outdoor_humidity / 100.0 * saturation(homes.outdoor),
            "room": homes.indoor,
        }

    def step(self, row: Mapping[str, Array], severity: Severities, seconds: float) -> None:
        """Advance every purifier and its room by ``seconds``."""
        p, s = self.parameters, self.state
        hours = seconds / 3600.0
        on = self._people(row)
        s["room"] = row["room"]
        self._fan(row, on, seconds)

        share = _SPEED[s["level"]]
        worn, clogged = severity["fan_worn"], severity["filter_clogged"]
        speed = share * (1.0 - _WORN_SPEED * worn)
        loaded = 1.0 - _WEAR * np.minimum(s["filter_h"] / _LIFE_H, 1.5)
        clean_air = p["cadr"] * speed * loaded * (1.0 - _CLOGGED * clogged)
        removal = p["ventilation"] + _SETTLING + clean_air / p["volume"]
        source = (
            p["ventilation"] * 0.75 * row["dust"]
            + (300.0 * row["cooking"] + _FRYING_UG_PER_H * p["smoke"] * row["frying"]) / p["volume"]
            + 6.0 * row["people"] * row["awake"] * 20.0 / p["volume"]
        )
        level = source / removal
        s["dust"] = level + (s["dust"] - level) * np.exp(-removal * hours)
        s["dust"] = s["dust"] + row["cleans"] * _CLEANING_UG * 10.0 / p["volume"]
        self._air(row, hours)
        s["reading"] = s["dust"] + _DRIFT_UG * severity["sensor_drift"]
        self._measure(seconds)

        s["rpm_now"] = p["rpm"] * speed
        # A fan's power goes with the cube of its speed; a worn one brakes itself, a clogged filter means that
        # less air is moved at the same speed.
        watts = p["watts"] * share**2.6 * (1.0 + _WORN_POWER * worn) * (1.0 - _CLOGGED_POWER * clogged)
        s["power_now"] = np.where(on, watts + p["electronics"], p["standby"])
        s["energy"] = s["energy"] + s["power_now"] * seconds / 3.6e6
        self._filter(clogged, on, hours)
        self._codes(severity)

    def _people(self, row: Mapping[str, Array]) -> Mask:
        """Return which purifiers are on: always, or with people at home, unless commanded otherwise."""
        p, s = self.parameters, self.state
        wanted = (p["always"] > 0) | (row["people"] > 0)
        s["override"] = np.where(wanted != s["wanted"], -1.0, s["override"])
        s["wanted"] = wanted
        on: Mask = np.where(s["override"] < 0, wanted, s["override"] > 0) | (s["purify_s"] > 0)
        return on

    def _fan(self, row: Mapping[str, Array], on: Mask, seconds: float) -> None:
        """Choose the fan's speed by the dust reading, with hysteresis; report a change of mode."""
        s = self.state
        over = s["reading"] - np.minimum(s["background"], 15.0)
        level = np.where(over > 20.0, np.maximum(s["level"], MIDDLE), s["level"])
        level = np.where(over > _DUSTY, FULL, level)
        level = np.where((over < 12.0) & (level == FULL), MIDDLE, level)
        level = np.where((over < 10.0) | (level == OFF), QUIET, level)
        turbo = s["purify_s"] > 0
        level = np.where(turbo, FULL, level)
        asleep = (row["awake"] <= 0) & (row["people"] > 0) & ~turbo
        level = np.where(asleep & (level > QUIET), QUIET, level)
        s["level"] = np.where(on, level, OFF)
        mode = np.where(turbo, 3, np.where(asleep, 1, 2)) * on
        for device in np.flatnonzero(mode != s["mode"]):
            data = {"mode": _MODES[int(mode[device])]}
            self.happenings.append(Happening(0.0, int(device), "event", "mode_changed", data))
        s["mode"] = mode
        s["purify_s"] = np.maximum(s["purify_s"] - seconds, 0.0)

    def _air(self, row: Mapping[str, Array], hours: float) -> None:
        """Carbon dioxide and vapour of the room: breath, cooking, ventilation."""
        p, s = self.parameters, self.state
        change = 1.0 - np.exp(-p["ventilation"] * hours)
        people = row["people"] * 0.3  # of their time in this room
        co2 = s["co2"] + (420.0 - s["co2"]) * change
        s["co2"] = co2 + people * 0.018 / p["volume"] * 1e6 * hours
        # Walls and furniture hold several times the vapour of the air: it follows as much more slowly.
        mass = p["volume"] * 1.19 * 4.0
        vapour = s["vapour"] + (row["vapour"] - s["vapour"]) * change / 4.0
        vapour = vapour + (0.03 + people * 0.06 + 0.15 * row["cooking"]) * hours / mass
        # People do not live in a room damper than this: they air it or let an air conditioner dry it.
        comfort = 0.65 * saturation(row["room"])
        vapour = vapour - np.maximum(vapour - comfort, 0.0) * (1.0 - np.exp(-1.5 * hours))
        s["vapour"] = np.clip(vapour, 0.002, 0.98 * saturation(row["room"]))

    def _measure(self, seconds: float) -> None:
        """Follow a dusty spell at full speed from its peak down, and take its decay."""
        s = self.state
        # The background is the lowest reading of this day of running and the one before.
        s["day_s"] = s["day_s"] + seconds
        over = s["day_s"] >= _DAY_S
        s["lowest_before"] = np.where(over, s["lowest"], s["lowest_before"])
        s["lowest"] = np.where(over, s["reading"], np.minimum(s["lowest"], s["reading"]))
        s["day_s"] = np.where(over, 0.0, s["day_s"])
        s["background"] = np.minimum(s["lowest"], s["lowest_before"])
        over = s["reading"] - s["background"]
        full = s["level"] == FULL
        rising = full & (over >= s["spell_peak"]) & (over > _DUSTY)
        s["spell_peak"] = np.where(rising, over, s["spell_peak"])
        high = over > _FROM * s["spell_peak"]
        s["spell_from"] = np.where(high, over, s["spell_from"])
        s["spell_s"] = np.where(high, 0.0, s["spell_s"] + seconds)
        done = (s["spell_peak"] > 0) & full & (over <= _UNTIL * s["spell_peak"])
        lasted = np.maximum(s["spell_s"], seconds) / 3600.0
        decay = np.log(np.maximum(s["spell_from"], 1e-6) / np.maximum(over, 1.0)) / lasted
        s["last_decay"] = np.where(done, decay, s["last_decay"])
        gone = done | ~full | (s["spell_s"] > _SPELL_LIMIT_S)
        s["spell_peak"] = np.where(gone, 0.0, s["spell_peak"])

    def _filter(self, clogged: Array, on: Mask, hours: float) -> None:
        """Count the filter's hours; a new one begins when the fault is put right or its life is over."""
        p, s = self.parameters, self.state
        s["filter_h"] = s["filter_h"] + np.where(on, hours, 0.0)
        new = ((clogged <= 0) & (s["clogged"] > 0)) | ((s["filter_h"] > p["keeps_h"]) & (clogged <= 0))
        for device in np.flatnonzero(new):
            self.happenings.append(Happening(0.0, int(device), "event", "filter_replaced"))
            s["filter_h"][device] = 0.0
            s["purify_s"][device] = _PURIFY_S  # whoever changes it lets it show what it can do
        s["clogged"] = clogged

    def _codes(self, severity: Severities) -> None:
        """Raise the purifier's own codes: the filter's resistance, the fan's missing speed."""
        s = self.state
        checks = {
            "FILTER": severity["filter_clogged"] >= 0.85,
            "FAN": severity["fan_worn"] >= 0.9,
        }
        for code, now in checks.items():
            for device in np.flatnonzero(now != s[f"alarm_{code}"]):
                self.happenings.append(Happening(0.0, int(device), "fault", code, active=bool(now[device])))
            s[f"alarm_{code}"] = now

    def read(self) -> Mapping[str, Array]:
        """Return the true values of all channels (of the dust: what its sensor gives)."""
        s = self.state
        return {
            "pm25": s["reading"],
            "carbon_dioxide": s["co2"],
            "humidity": relative_humidity(s["vapour"], s["room"]),
            "fan_speed": s["rpm_now"],
            "decay_rate": s["last_decay"],
            "power": s["power_now"],
            "energy": s["energy"],
            "filter_hours": s["filter_h"].copy(),
            "running": (s["level"] > OFF).astype(np.float64),
        }

    def impossible(self, severity: Severities) -> Mapping[str, Array]:
        """No impossible reading: a dirty lens shifts, and breaks nothing."""
        return {}

    def obey(self, device: int, name: str, arguments: Mapping[str, Any]) -> Outcome:
        """Switch on or off (until the people change it), or run at full speed for an hour."""
        s = self.state
        if name in ("turn_on", "turn_off"):
            s["override"][device] = float(name == "turn_on")
            if name == "turn_off":
                s["purify_s"][device] = 0.0
        elif name == "purify":
            s["purify_s"][device] = _PURIFY_S
        else:
            return Outcome("refused", f"this air purifier does not know the command {name!r}")
        return DONE


PHYSICS = AirPurifier
