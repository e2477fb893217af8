"""An electric built-in oven with top and bottom elements, on the days on which its home bakes or roasts.

Model: elements that glow on for a while, the cavity's air and inner metal, insulated walls, food, and a
door; a thermostat with a band; preheat with both elements, then food in, hold, food out, cooling down.
Ovens that are hot are advanced in parts of ten seconds; cold ones only follow the kitchen.

Magnitudes (issue figures): 2–3.5 kW, preheat 8–15 min to some 200 °C, ±5–15 K around the set-point. A use
takes about as much as the EU label's test with a wet brick: class A is 82 to 107 % of 0.0042·V + 0.55 kWh,
for 71 L 0.70–0.91 kWh (Delegated Regulation (EU) No 65/2014). Masses, conductances and habits are
engineering estimates.

Faults at severity 1: ``element_open`` a third of the power (some 1.0 kW), preheat × 1.7; ``seal_leaks`` +38 %
conductance (holding takes 15–40 % more); ``sensor_drift`` the sensor reads 28 K too little at 200 °C, so the
oven runs hotter, preheats longer and holds with more power; ``sensor_failed`` reads 999 °C and the control
stops heating (F-1).

``preheat_rate`` and ``hold_power`` (over whole thermostat cycles, once the food has taken its first heat)
are held until the next use, and so is the set-point: an oven works an hour every other day, and windows
with nothing in them teach the models nothing. When a fault has been put right, a test bake follows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from simulators.faults import FaultLaw, Severities
from simulators.households import HomeSpan
from simulators.physics.contract import DONE, Array, Happening, Mask, Noise, Outcome, Physics, around

OFF, PREHEAT, HOLD = range(3)
_PART_S = 10.0
_GLOW_S = 40.0  # time constant of the elements
_TOP_SHARE = 0.33
_DRIFT_K_PER_K = 0.16  # reads so much too little for each kelvin above the kitchen
_SEAL_SHARE = 0.38
_DOOR_W_PER_K = 16.0
_FOOD_IN_S = 25.0
_BROKEN_READING_C = 999.0
_PREHEAT_LIMIT_S = 3600.0
_HOLD_FROM_S = 720.0
_FORGOTTEN_S = 5400.0  # a preheat on command is switched off after that
_COOL_K = 1.5
_SET_POINTS = (160.0, 180.0, 200.0, 220.0)
Indices = NDArray[np.intp]


class Oven(Physics):
    """Vectorised ovens; see the module for the model."""

    __slots__ = ()

    TYPE: ClassVar[str] = "oven"
    NOISE: ClassVar[Mapping[str, Noise]] = {
        "cavity_temperature": Noise(0.4, 1.0, 0.3),
        "power": Noise(3.0, 1.0, 0.2),
        "ambient_temperature": Noise(0.1, 0.3, 0.05),
    }
    FAULTS: ClassVar[Mapping[str, FaultLaw]] = {
        "element_open": FaultLaw("step", 0.0, 0.5),
        "seal_leaks": FaultLaw("linear", 24.0 * 150, 1.1),
        "sensor_drift": FaultLaw("linear", 24.0 * 150, 0.8),
        "sensor_failed": FaultLaw("step", 0.0, 0.5),
    }
    SETTINGS: ClassVar[frozenset[str]] = frozenset({"often"})

    @classmethod
    def create(cls, devices: int, rng: np.random.Generator, spread: float) -> Physics:
        """Draw ``devices`` ovens, commissioned with a bake at 200 °C."""

        def draw(mean: float, share: float = 1.0) -> Array:
            return around(rng, mean, devices, spread * share)

        parameters: dict[str, NDArray[Any]] = {
            "power": draw(3050.0, 0.5),
            "fan": draw(32.0),  # fan and lamp
            "standby": draw(0.6),
            "cavity": draw(6.2e3, 0.5),  # J/K: air, racks, inner metal
            "walls": draw(9.0e3, 0.5),
            "to_walls": draw(11.0, 0.5),  # W/K
            "loss": draw(1.1),  # W/K from the cavity through door and vent
            "walls_loss": draw(3.0),
            "band": draw(5.0),  # K below the set-point at which it heats again
            "often": np.clip(draw(0.38, 3.0), 0.1, 0.9),  # share of days with something in the oven
        }
        numbers = (
            *("glow", "since_s", "open_s", "food", "next_food", "hold_s", "length_s", "ill"),
            *("cycle_j", "cycle_s", "power_now", "door"),
        )
        state: dict[str, NDArray[Any]] = {name: np.zeros(devices) for name in numbers}
        hold = (parameters["loss"] + 1.0 / (1 / parameters["to_walls"] + 1 / parameters["walls_loss"])) * 176
        state |= {
            "mode": np.zeros(devices, dtype=np.int64),
            "heating": np.zeros(devices, dtype=bool),
            "done_today": np.zeros(devices, dtype=bool),
            "alarm_F-1": np.zeros(devices, dtype=bool),
            "alarm_F-9": np.zeros(devices, dtype=bool),
            "cavity": np.full(devices, 24.0),
            "walls": np.full(devices, 24.0),
            "food_c": np.full(devices, 20.0),
            "room": np.full(devices, 24.0),
            "reading": np.full(devices, 24.0),
            "start_c": np.full(devices, 24.0),
            "set_point": np.full(devices, 200.0),
            "energy": rng.uniform(10.0, 600.0, devices),
            "energy_from": np.zeros(devices),
            "last_preheat": draw(15.0, 0.5),
            "last_hold": hold,
        }
        return cls(parameters, state)

    def inputs(self, homes: HomeSpan, rng: np.random.Generator) -> dict[str, Array]:
        """Say on which days something is baked, at what temperature and for how long."""
        shape = homes.people.shape
        luck = homes.luck[None, :]
        # Independent choices of the day out of one number: its later digits.
        choices = {
            name: np.broadcast_to(np.mod(luck * factor, 1.0), shape)
            for name, factor in (("bakes", 733.0), ("hot", 7919.0), ("long", 104_729.0), ("much", 15_485.0))
        }
        afternoon = np.where(homes.hour >= 15.0, 1.0, 0.0)[:, None]
        return {
            **choices,
            "morning": np.broadcast_to(np.where(homes.hour < 4.0, 1.0, 0.0)[:, None], shape),
            "wanted": ((homes.cooking > 0.25) * afternoon).astype(np.float64),
            "room": homes.indoor + 1.0 * homes.cooking,
            "peek": rng.random(shape),
        }

    def step(self, row: Mapping[str, Array], severity: Severities, seconds: float) -> None:
        """Advance every oven by ``seconds``."""
        p, s = self.parameters, self.state
        s["room"] = row["room"]
        self._after_repair(severity)
        s["done_today"] = s["done_today"] & (row["morning"] <= 0)
        begins = (row["wanted"] > 0) & ~s["done_today"] & (s["mode"] == OFF)
        for device in np.flatnonzero(begins):
            s["done_today"][device] = True
            if row["bakes"][device] < p["often"][device]:
                hot = _SET_POINTS[int(row["hot"][device] * len(_SET_POINTS))]
                minutes = 28.0 + 45.0 * float(row["long"][device])
                self._begin(int(device), hot, minutes * 60.0, 0.5 + 1.1 * float(row["much"][device]))
        peeks = (s["mode"] == HOLD) & (s["hold_s"] > 300.0) & (row["peek"] < 1.2 * seconds / 3600.0)
        s["open_s"] = np.where(peeks, np.maximum(s["open_s"], 12.0), s["open_s"])
        s["door"] = (s["open_s"] > 0).astype(np.float64)
        joules = p["standby"] * seconds
        warm = (s["mode"] > OFF) | (s["cavity"] > s["room"] + _COOL_K) | (s["walls"] > s["room"] + _COOL_K)
        who = np.flatnonzero(warm)
        cold = ~warm
        for name in ("cavity", "walls"):
            s[name] = np.where(cold, s[name] + (s["room"] - s[name]) * min(seconds / 1800.0, 1.0), s[name])
        parts = math.ceil(seconds / _PART_S)
        for part in range(parts if len(who) else 0):
            joules[who] += self._advance(who, severity, seconds / parts, part * seconds / parts)
        s["reading"] = self._reading(s["cavity"], severity["sensor_drift"])
        s["energy"] = s["energy"] + joules / 3.6e6
        s["power_now"] = joules / seconds
        failed = (severity["sensor_failed"] >= 0.5) & (s["mode"] > OFF)
        for device in np.flatnonzero(failed):
            self._code(int(device), "F-1", True, 0.0)
            self._finish(int(device), 0.0, told=False)

    def _reading(self, cavity: Array, drift: Array) -> Array:
        """Return what the sensor gives: with drift too little, in proportion to the heat."""
        read: Array = cavity - _DRIFT_K_PER_K * drift * np.maximum(cavity - 25.0, 0.0)
        return read

    def _advance(self, who: Indices, severity: Severities, dt: float, offset: float) -> Array:
        """Advance hot ovens by ``dt``; return the joules that they took."""
        p, s = self.parameters, self.state
        mode, room = s["mode"][who], s["room"][who]
        on = mode > OFF
        reading = self._reading(s["cavity"][who], severity["sensor_drift"][who])
        band = np.where(mode == PREHEAT, 0.5, p["band"][who])
        was = s["heating"][who]
        heating = np.where(reading < s["set_point"][who] - band, True, was)
        heating = np.where(reading >= s["set_point"][who], False, heating) & on
        heating &= s["open_s"][who] <= 0  # the elements wait while the door is open
        top = np.where(severity["element_open"][who] >= 0.5, 0.0, _TOP_SHARE)
        watts = np.where(heating, p["power"][who] * (top + 1.0 - _TOP_SHARE), 0.0)
        s["glow"][who] += (watts - s["glow"][who]) * (1.0 - math.exp(-dt / _GLOW_S))
        s["heating"][who] = heating

        cavity, walls, food = s["cavity"][who], s["walls"][who], s["food_c"][who]
        open_now = s["open_s"][who] > 0
        # A leaking seal adds to all that goes out of the cavity, through walls as well as past the door.
        through = p["walls_loss"][who] * p["to_walls"][who] / (p["walls_loss"][who] + p["to_walls"][who])
        gap = _SEAL_SHARE * severity["seal_leaks"][who] * (p["loss"][who] + through)
        out = (p["loss"][who] + gap + _DOOR_W_PER_K * open_now) * (cavity - room)
        to_walls = p["to_walls"][who] * (cavity - walls)
        to_food = np.where(s["food"][who] > 0, 0.75 * s["food"][who] * (cavity - food), 0.0)
        # Water on the surface keeps food near 100 °C: what it takes then evaporates.
        s["food_c"][who] = np.minimum(food + to_food * dt / np.maximum(s["food"][who] * 3300.0, 1.0), 98.0)
        s["cavity"][who] = cavity + (s["glow"][who] - out - to_walls - to_food) * dt / p["cavity"][who]
        s["walls"][who] = walls + (to_walls - p["walls_loss"][who] * (walls - room)) * dt / p["walls"][who]
        s["open_s"][who] = np.maximum(s["open_s"][who] - dt, 0.0)

        used = watts + np.where(on, p["fan"][who], 0.0)
        self._measure(who, heating & ~was, used * dt, dt)
        s["since_s"][who] += np.where(on, dt, 0.0)
        s["hold_s"][who] += np.where(mode == HOLD, dt, 0.0)
        after = self._reading(s["cavity"][who], severity["sensor_drift"][who])
        for device in who[(mode == PREHEAT) & (after >= s["set_point"][who])]:
            self._preheated(int(device), offset + dt)
        for device in who[(mode == PREHEAT) & (s["since_s"][who] >= _PREHEAT_LIMIT_S)]:
            self._code(int(device), "F-9", True, offset + dt)
            self._finish(int(device), offset + dt, told=False)
        for device in who[(mode == HOLD) & (s["hold_s"][who] >= s["length_s"][who])]:
            self._finish(int(device), offset + dt, told=True)
        return used * dt

    def _measure(self, who: Indices, starts: Mask, joules: Array, dt: float) -> None:
        """Add up the power over whole thermostat cycles of the hold, from one switching on to a later one."""
        s = self.state
        late = s["hold_s"][who] >= _HOLD_FROM_S
        # The hold's figure is good once it spans at least ten minutes of whole cycles.
        ends = starts & late & (s["cycle_s"][who] >= 600.0)
        for spot in np.flatnonzero(ends):
            device = who[spot]
            s["last_hold"][device] = s["cycle_j"][device] / s["cycle_s"][device]
        begins = starts & late & (s["cycle_s"][who] <= 0)
        counting = begins | (s["cycle_s"][who] > 0)
        s["cycle_j"][who] += np.where(counting, joules, 0.0)
        s["cycle_s"][who] += np.where(counting, dt, 0.0)

    def _begin(self, device: int, set_point: float, hold_s: float, food_kg: float) -> None:
        """Switch on; ``food_kg`` goes in when it has preheated."""
        s = self.state
        s["mode"][device], s["set_point"][device] = PREHEAT, set_point
        s["length_s"][device], s["next_food"][device] = hold_s, food_kg
        for name in ("since_s", "hold_s", "cycle_j", "cycle_s", "food"):
            s[name][device] = 0.0
        s["start_c"][device] = s["reading"][device]
        s["energy_from"][device] = s["energy"][device]

    def _preheated(self, device: int, offset: float) -> None:
        """Take down the preheat, say so, and put the food in."""
        s = self.state
        minutes = float(s["since_s"][device]) / 60.0
        set_point = float(s["set_point"][device])
        rise = set_point - float(s["start_c"][device])
        if rise > 60.0:  # a warm oven tells little
            s["last_preheat"][device] = rise / minutes
        self.happenings.append(
            Happening(
                offset,
                device,
                "event",
                "preheat_finished",
                {"set_point": set_point, "minutes": round(minutes, 1)},
            )
        )
        s["mode"][device] = HOLD
        s["food"][device], s["food_c"][device] = s["next_food"][device], 15.0
        s["open_s"][device] = _FOOD_IN_S if s["next_food"][device] > 0 else 0.0

    def _finish(self, device: int, offset: float, *, told: bool) -> None:
        """Switch off, and take the food out."""
        s = self.state
        if told:
            data = {
                "programme": "bake",
                "minutes": round(float(s["since_s"][device]) / 60.0, 1),
                "set_point": float(s["set_point"][device]),
                "energy": round(float(s["energy"][device] - s["energy_from"][device]), 3),
            }
            self.happenings.append(Happening(offset, device, "event", "programme_finished", data))
        s["mode"][device], s["heating"][device] = OFF, False
        s["open_s"][device] = _FOOD_IN_S if s["food"][device] > 0 else 0.0
        s["food"][device] = 0.0

    def _after_repair(self, severity: Severities) -> None:
        """Take codes back and bake once without food where the last fault has just been put right."""
        s = self.state
        ill = np.zeros(self.devices)
        for fault in self.FAULTS:
            if fault in severity:
                ill = np.maximum(ill, severity[fault])
        for device in np.flatnonzero((ill <= 0) & (s["ill"] > 0)):
            for code in ("F-1", "F-9"):
                self._code(int(device), code, False, 0.0)
            if s["mode"][device] == OFF:
                self._begin(int(device), 200.0, 1800.0, 0.0)
        s["ill"] = ill

    def _code(self, device: int, code: str, active: bool, offset: float) -> None:
        """Raise a fault code or take it back, if that is news."""
        alarm = self.state[f"alarm_{code}"]
        if bool(alarm[device]) != active:
            alarm[device] = active
            self.happenings.append(Happening(offset, device, "fault", code, active=active))

    def read(self) -> Mapping[str, Array]:
        """Return the true values of all channels (of the cavity: what its sensor gives), as copies."""
        s = self.state
        channels = {
            "cavity_temperature": s["reading"],
            "set_point": s["set_point"],
            "power": s["power_now"],
            "energy": s["energy"],
            "running": s["mode"] > OFF,
            "door_open": s["door"],
            "preheat_rate": s["last_preheat"],
            "hold_power": s["last_hold"],
            "ambient_temperature": s["room"],
        }
        return {name: np.array(value, dtype=np.float64) for name, value in channels.items()}

    def impossible(self, severity: Severities) -> Mapping[str, Array]:
        """An open sensor reads 999 °C."""
        if "sensor_failed" not in severity:
            return {}
        broken = severity["sensor_failed"] >= 0.5
        return {"cavity_temperature": np.where(broken, _BROKEN_READING_C, np.nan)}

    def obey(self, device: int, name: str, arguments: Mapping[str, Any]) -> Outcome:
        """Preheat and hold for at most an hour and a half, or turn off."""
        if name == "turn_off":
            if self.state["mode"][device] > OFF:
                self._finish(device, 0.0, told=False)
            return DONE
        if name == "preheat":
            if self.state["alarm_F-1"][device]:
                return Outcome("refused", "the temperature sensor has failed")
            self._begin(device, float(arguments["set_point"]), _FORGOTTEN_S, 0.0)
            return DONE
        return Outcome("refused", f"this oven does not know the command {name!r}")


PHYSICS = Oven
