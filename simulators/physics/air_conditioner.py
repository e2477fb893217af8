"""A split air conditioner with a fixed-speed compressor, in one room of a home; it cools, heats and purifies.

Model: the room's air and its walls, the sensible and latent capacity of the indoor coil, supply air,
moisture, fine dust and carbon dioxide of the room. A thermostat with hysteresis and a restart delay of
three minutes switches the compressor; people switch the appliance when they come, go, and (sometimes)
forget.

Magnitudes (issue figures): supply air 9–12 K below the room's, cycles of 15–20 minutes, restart delay 3
min. Room and unit sizes are engineering estimates for a room of 20–30 m² with a 3.5 kW unit of COP 3.8.

Faults at severity 1: ``filter_clogged`` half of the indoor airflow gone (months); ``refrigerant_leak`` 60 %
of the charge (weeks); ``condenser_fouled`` half of the outdoor airflow (months), each by NREL's law;
``indoor_fan_stopped`` hardly any air moves, the coil freezes (minutes); ``short_cycling`` the compressor
trips after three minutes of running, so cycles stay under ten minutes; ``cooling_lost`` the compressor does
not run; ``bad_air`` a source of fine dust.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from simulators.faults import FaultLaw, Severities
from simulators.households import HomeSpan
from simulators.physics.contract import DONE, Array, Happening, Mask, Noise, Outcome, Physics, around
from simulators.physics.psychrometrics import (
    AIR_J_PER_KG_K,
    VAPORISATION_J_PER_KG,
    relative_humidity,
    saturation,
    wet_bulb,
)
from simulators.physics.vapour_compression import (
    CONDENSER_AIRFLOW,
    INDOOR_AIRFLOW,
    UNDERCHARGE,
    compressor_map,
)

_RESTART_S = 180.0
_TRIP_S = 180.0
_FILTER_AT_FULL = 0.5
_LEAK_AT_FULL = 0.6
_FOULING_AT_FULL = 0.5
_PURIFY_S = 5400.0
_PURIFIED_BELOW = 25.0  # µg/m³
_AIR_KG_PER_M3 = 1.19
_BAD_AIR_UG_PER_H = 16_000.0  # a smouldering pan or a neighbour's smoke: some 160 µg/m³ in an ordinary room


class AirConditioner(Physics):
    """Vectorised air conditioners; see the module for the model."""

    __slots__ = ()

    TYPE: ClassVar[str] = "air_conditioner"
    NOISE: ClassVar[Mapping[str, Noise]] = {
        "room_temperature": Noise(0.08, 0.15, 0.05),
        "supply_temperature": Noise(0.15, 0.2, 0.05),
        "outdoor_temperature": Noise(0.15, 0.3, 0.1),
        "humidity": Noise(0.8, 1.5, 0.5),
        "pm25": Noise(1.5, 1.0, 1.0),
        "carbon_dioxide": Noise(12.0, 20.0, 10.0),
        "power": Noise(4.0, 2.0, 0.5),
        "owner_distance": Noise(0.03),
    }
    FAULTS: ClassVar[Mapping[str, FaultLaw]] = {
        "filter_clogged": FaultLaw("linear", 24.0 * 120, 0.85),
        "refrigerant_leak": FaultLaw("linear", 24.0 * 35, 0.8),
        "condenser_fouled": FaultLaw("linear", 24.0 * 150, 1.1),
        "indoor_fan_stopped": FaultLaw("step", 0.0, 0.5),
        "short_cycling": FaultLaw("step", 0.0, 0.8),
        "cooling_lost": FaultLaw("step", 0.0, 0.5),
        "bad_air": FaultLaw("step", 0.0, 1.1),
    }
    SETTINGS: ClassVar[frozenset[str]] = frozenset({"starts_at", "heats_below", "forgets"})

    @classmethod
    def create(cls, devices: int, rng: np.random.Generator, spread: float) -> AirConditioner:
        """Draw ``devices`` air conditioners with their rooms."""

        def draw(mean: float, share: float = 1.0) -> Array:
            return around(rng, mean, devices, spread * share)

        capacity = draw(3500.0)
        parameters = {
            "capacity": capacity,
            "power": capacity / draw(3.8, 0.6),
            "fan": draw(38.0),
            "standby": draw(2.0),
            "flow": draw(0.205),  # kg/s
            "loss": draw(62.0, 2.0),  # W/K to outdoors
            "air": draw(560e3),
            "walls": draw(7.5e6, 2.0),
            "walls_w": draw(95.0),
            "volume": draw(62.0),  # m³
            "sun": draw(420.0, 2.0),
            "appliances": draw(110.0, 2.0),
            "hysteresis": draw(0.5, 0.5),
            "ventilation": draw(0.45, 2.0),  # air changes per hour
            "clean_air": draw(60.0, 2.0),  # m³/h through the filter with the fan on
            "starts_at": rng.uniform(24.0, 26.5, devices),
            "heats_below": rng.uniform(9.0, 13.0, devices),
            "forgets": np.where(rng.random(devices) < 0.2, 0.35, 0.04),
        }
        set_point = rng.choice([24.0, 25.0, 26.0, 27.0], devices, p=[0.2, 0.3, 0.35, 0.15])
        zeros = np.zeros(devices)
        no = np.zeros(devices, dtype=bool)
        state = {
            "room": set_point + 0.5,
            "wall": set_point + 1.0,
            "supply": set_point + 0.5,
            "coil_c": np.full(devices, 20.0),
            "vapour": 0.55 * saturation(set_point),
            "dust": rng.uniform(10.0, 25.0, devices),
            "co2": rng.uniform(450.0, 700.0, devices),
            "set_point": set_point,
            "wanted": no.copy(),
            "override": np.full(devices, -1.0),  # -1: as people do; 0 and 1: as commanded, until they change
            "on": no.copy(),
            "heating": no.copy(),
            "running": no.copy(),
            "since_off": np.full(devices, 1e4),
            "since_on": zeros.copy(),
            "purify_s": zeros.copy(),
            "energy": rng.uniform(50.0, 2000.0, devices),
            "power": zeros.copy(),
            "outdoor": np.full(devices, 28.0),
            "distance": zeros.copy(),
            "alarm_fan": no.copy(),
        }
        return cls(parameters, state)

    def inputs(self, homes: HomeSpan, rng: np.random.Generator) -> dict[str, Array]:
        """Say when people want it, what they add to the room's air, and what the weather does."""
        hot = homes.outdoor - 0.35 * (homes.indoor - 24.0) > self.parameters["starts_at"]
        cold = homes.outdoor < self.parameters["heats_below"]
        home = homes.people > 0
        # A forgetful owner leaves it on: the same answer for the whole day.
        forgot = homes.luck < self.parameters["forgets"]
        wanted = (home | forgot) & (hot | cold)
        vapour = homes.outdoor_humidity / 100.0 * saturation(homes.outdoor)
        sun = np.broadcast_to(homes.sun[:, None], homes.outdoor.shape)
        return {
            "outdoor": homes.outdoor,
            "vapour": vapour,
            "sun": sun,
            "people": homes.people,
            "cooking": homes.cooking,
            "wanted": wanted.astype(np.float64),
            "heats": cold.astype(np.float64),
            "distance": homes.distance,
            "dust": homes.dust,
        }

    def step(self, row: Mapping[str, Array], severity: Severities, seconds: float) -> None:
        """Advance every air conditioner and its room by ``seconds``."""
        p, s = self.parameters, self.state
        outdoor = row["outdoor"]
        self._people(row)
        on = s["on"]
        running = self._thermostat(severity, seconds)
        fan = on | (s["purify_s"] > 0)

        stopped = severity["indoor_fan_stopped"]
        blocked = _FILTER_AT_FULL * severity["filter_clogged"]
        flow = p["flow"] * (1.0 - blocked) * (1.0 - 0.95 * stopped)
        capacity, power = self._cycle(row, severity, blocked, stopped)
        room, vapour = s["room"], s["vapour"]
        heating = s["heating"]

        # The coil: in cooling a part of the capacity condenses moisture, in heating none.
        damp = np.clip((vapour - 0.0075) / 0.01, 0.0, 0.4)
        latent = np.where(running & ~heating, capacity * damp, 0.0)
        sensible = np.where(running, np.where(heating, capacity, -(capacity - latent)), 0.0)
        # Without air the coil only chills (or heats) itself: little of the capacity reaches the room.
        sensible = sensible * (1.0 - 0.85 * stopped)
        split = sensible / np.maximum(flow * AIR_J_PER_KG_K, 12.0)
        # Where hardly any air passes, the sensor sits in the coil's own chill, about −4 °C in ice.
        target = np.where(fan, room + np.maximum(split, -30.0), room)
        target = np.where(running & (stopped > 0.5), np.where(heating, 55.0, -4.0), target)
        s["supply"] = s["supply"] + (target - s["supply"]) * (1.0 - np.exp(-seconds / 90.0))

        people_w = 75.0 * row["people"] * 0.6
        gains = people_w + p["appliances"] + p["sun"] * row["sun"] + 150.0 * row["cooking"]
        to_wall = p["walls_w"] * (room - s["wall"])
        s["room"] = room + seconds / p["air"] * (p["loss"] * (outdoor - room) + gains + sensible - to_wall)
        s["wall"] = s["wall"] + seconds / p["walls"] * (to_wall + 25.0 * (outdoor - s["wall"]))
        self._air(row, severity, latent, blocked, fan, seconds)

        watts = np.where(running, power, 0.0) + np.where(fan, p["fan"] * (1.0 - 0.9 * stopped), 0.0)
        s["power"] = watts + p["standby"]
        s["energy"] = s["energy"] + s["power"] * seconds / 3.6e6
        s["outdoor"] = outdoor
        s["distance"] = row["distance"]
        self._report(severity)

    def _people(self, row: Mapping[str, Array]) -> None:
        """Follow what the people want, unless a command said otherwise since they last changed it."""
        s = self.state
        wanted = row["wanted"] > 0
        changed = wanted != s["wanted"]
        s["override"] = np.where(changed, -1.0, s["override"])
        s["wanted"] = wanted
        before = s["on"]
        s["on"] = np.where(s["override"] < 0, wanted, s["override"] > 0)
        s["heating"] = row["heats"] > 0
        for device in np.flatnonzero(before != s["on"]):
            mode = ("heat" if s["heating"][device] else "cool") if s["on"][device] else "off"
            self.happenings.append(Happening(0.0, int(device), "event", "mode_changed", {"mode": mode}))

    def _thermostat(self, severity: Severities, seconds: float) -> Mask:
        """Hysteresis, restart delay and trips; return which compressors really run."""
        p, s = self.parameters, self.state
        over = np.where(s["heating"], s["set_point"] - s["room"], s["room"] - s["set_point"])
        call = np.where(over > p["hysteresis"], True, s["running"])
        call = np.where(over < -p["hysteresis"], False, call) & s["on"]
        if "short_cycling" in severity:
            # The overload or a pressure switch trips early and lets go after the restart delay.
            limit = _TRIP_S + 3600.0 * (1.0 - severity["short_cycling"])
            call = call & (s["since_on"] < limit)
        call = call & (s["running"] | (s["since_off"] >= _RESTART_S))
        s["since_off"] = np.where(call, 0.0, s["since_off"] + seconds)
        s["since_on"] = np.where(call, s["since_on"] + seconds, 0.0)
        s["running"] = call
        real: Mask = call & (severity["cooling_lost"] < 0.5)
        return real

    def _cycle(
        self, row: Mapping[str, Array], severity: Severities, blocked: Array, stopped: Array
    ) -> tuple[Array, Array]:
        """Return capacity and compressor power (W) at the present air temperatures."""
        p, s = self.parameters, self.state
        outdoor = row["outdoor"]
        humidity = relative_humidity(s["vapour"], s["room"])
        bulb = wet_bulb(s["room"], humidity)
        # Evaporating follows the wet bulb, condensing the outdoor air; in heating the two change places.
        evaporating = np.where(s["heating"], outdoor - 8.0, bulb - 11.0)
        condensing = np.where(s["heating"], s["room"] + 20.0, outdoor + 13.0)
        capacity, power = compressor_map(
            evaporating,
            condensing,
            evaporating_rated=8.4,
            condensing_rated=48.0,
            capacity_per_k=0.022,
            capacity_per_k_condensing=0.007,
            power_per_k=0.004,
            power_per_k_condensing=0.014,
        )
        for fault, intensity, law in (
            ("filter_clogged", blocked, INDOOR_AIRFLOW),
            ("refrigerant_leak", _LEAK_AT_FULL * severity["refrigerant_leak"], UNDERCHARGE),
            ("condenser_fouled", _FOULING_AT_FULL * severity["condenser_fouled"], CONDENSER_AIRFLOW),
        ):
            if fault in severity:
                q, w = law.ratios(intensity, bulb, outdoor)
                capacity, power = capacity * q, power * w
        power = power * (1.0 - 0.35 * stopped)  # an iced coil: low suction pressure, little work (estimate)
        return capacity * p["capacity"], power * p["power"]

    def _air(
        self,
        row: Mapping[str, Array],
        severity: Severities,
        latent: Array,
        blocked: Array,
        fan: Mask,
        seconds: float,
    ) -> None:
        """Moisture, fine dust and carbon dioxide of the room."""
        p, s = self.parameters, self.state
        hours = seconds / 3600.0
        change = 1.0 - np.exp(-p["ventilation"] * hours)
        mass = p["volume"] * _AIR_KG_PER_M3
        people = row["people"] * 0.6
        vapour = s["vapour"] + (row["vapour"] - s["vapour"]) * change
        breath = people * 0.05 * hours + 0.25 * row["cooking"] * hours  # kg
        # Furniture and walls hold several times the vapour of the air.
        vapour = vapour + (breath - latent / VAPORISATION_J_PER_KG * seconds) / (mass * 4.0)
        s["vapour"] = np.clip(vapour, 0.002, 0.98 * saturation(s["room"]))

        purifying = s["purify_s"] > 0
        persistent = severity.persistent("bad_air") & (severity["bad_air"] > 0)
        strength = (
            np.where(purifying, 260.0, p["clean_air"]) * (1.0 - blocked) * np.where(persistent, 0.15, 1.0)
        )
        removal = p["ventilation"] + 0.25 + np.where(fan, strength / p["volume"], 0.0)
        source = (
            p["ventilation"] * 0.7 * row["dust"]
            + 900.0 * row["cooking"] * 0.25 / p["volume"] * 4.0
            + _BAD_AIR_UG_PER_H * severity["bad_air"] / p["volume"]
        )
        level = source / removal
        s["dust"] = level + (s["dust"] - level) * np.exp(-removal * hours)
        co2 = s["co2"] + (420.0 - s["co2"]) * change
        s["co2"] = co2 + people * 0.018 / p["volume"] * 1e6 * hours

        left = np.maximum(s["purify_s"] - seconds, 0.0)
        # The source of an ordinary bad-air spell is gone once the purifier has worked its time.
        for device in np.flatnonzero(
            purifying & (left <= _PURIFY_S / 2) & (severity["bad_air"] > 0) & ~persistent
        ):
            self.cured.append((int(device), "bad_air"))
        calm = (severity["bad_air"] <= 0) & (s["dust"] < _PURIFIED_BELOW)
        s["purify_s"] = np.where(calm, 0.0, left)

    def _report(self, severity: Severities) -> None:
        """Raise the appliance's own code for a standing fan."""
        s = self.state
        now = (severity["indoor_fan_stopped"] >= 0.5) & s["on"]
        for device in np.flatnonzero(now != s["alarm_fan"]):
            self.happenings.append(Happening(0.0, int(device), "fault", "CH10", active=bool(now[device])))
        s["alarm_fan"] = now

    def read(self) -> Mapping[str, Array]:
        """Return the true values of all channels."""
        s = self.state
        return {
            "room_temperature": s["room"],
            "set_point": s["set_point"],
            "supply_temperature": s["supply"],
            "outdoor_temperature": s["outdoor"],
            "humidity": relative_humidity(s["vapour"], s["room"]),
            "pm25": s["dust"],
            "carbon_dioxide": s["co2"],
            "power": s["power"],
            "energy": s["energy"],
            "running": s["on"],
            "owner_distance": s["distance"],
        }

    def impossible(self, severity: Severities) -> Mapping[str, Array]:
        """No sensor fault of this type is simulated."""
        return {}

    def obey(self, device: int, name: str, arguments: Mapping[str, Any]) -> Outcome:
        """Set the temperature, switch on or off (until the people change it), or purify."""
        s = self.state
        if name == "set_temperature":
            s["set_point"][device] = float(arguments["set_point"])
        elif name in ("turn_on", "turn_off"):
            s["override"][device] = float(name == "turn_on")
        elif name == "purify":
            s["purify_s"][device] = _PURIFY_S
        else:
            return Outcome("refused", f"this air conditioner does not know the command {name!r}")
        return DONE


PHYSICS = AirConditioner
