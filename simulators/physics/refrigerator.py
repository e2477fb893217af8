"""A frost-free refrigerator with freezer: one evaporator in the freezer, a fan, a fixed split of the cold
air.

Model: air and contents of both compartments, the evaporator and its frost, water vapour in the fresh-food
compartment; the fresh-food sensor opens a damper, and either compartment calls for a fixed-speed
compressor, with hysteresis and a restart delay; defrost after an adaptive time of compressor running. Each
device is commissioned at 25 °C room temperature so that the fresh food stands at its set-point and the
freezer at −18 °C with an evaporator of about −26 °C.

Magnitudes (issue figures; compartment temperatures after IEC 62552-1): fresh food 3–5 °C, freezer −18 ± 2
°C, evaporator −20…−30 °C running, duty 20–40 %, runs of 20–30 min, 20→33 °C ambient +15…53 % energy,
defrost every 9–96 h of compressor time ending near 7 °C after about 16 min. Conductances and capacities are
engineering estimates.

Faults at severity 1: ``door_ajar`` +5–8 K/h in the fresh-food compartment; ``compressor_failed`` no
compressor power;
``defrost_heater_open`` frost stays, +0.3–1 K/day, running all the time after 5–10 days;
``condenser_fan_stopped`` power +10–25 %, duty +30–60 %; ``refrigerant_leak`` most of the charge gone
(NREL's law up to 30 %); ``gasket_leak`` a gap whose air exchange adds about a third to the heat load;
``thermistor_open`` reads −127 °C and the compressor runs on; ``thermostat_drift`` the control's sensor reads
7 K too warm (moisture in an aged NTC lowers its resistance): what it reports stays at the set-point, the food
freezes, and the running time grows by what the colder compartment gains;
``bad_air`` a source of odour that brings the air quality index to 200–300 in hours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from simulators.faults import FaultLaw, Severities
from simulators.households import HomeSpan
from simulators.physics.cold_box import (
    BROKEN_READING_C,
    DOOR_ALARM_S,
    code_changes,
    coil_step,
    door_happenings,
    draw_openings,
    sealed_circuit,
)
from simulators.physics.contract import DONE, Array, Mask, Noise, Outcome, Physics, around
from simulators.physics.psychrometrics import (
    AIR_J_PER_KG_K,
    FUSION_J_PER_KG,
    SUBLIMATION_J_PER_KG,
    relative_humidity,
    saturation,
)

_RESTART_S = 240.0
_DEFROST_END_C = 7.0
_DEFROST_MAX_S = 2400.0
_DEFROST_TARGET_S = 960.0
_STERILISE_S = 1800.0
_LEAK_AT_FULL = 0.85  # share of the charge
_OPEN_DOOR_W_PER_K = (
    27.0  # a 15 s opening at 20 K exchanges some 8 kJ: most of 0.25 m³ of air and the liner's skin
)
_AJAR_W_PER_K = 9.0
_GASKET_W_PER_K = 1.1
_DRIFT_K = 7.0
_FROST_BLOCKS_COIL_KG = 0.65  # frost that halves the air through the coil
_FROST_BLOCKS_DUCT_KG = 0.6  # … and through the narrower duct to the fresh-food compartment


class Refrigerator(Physics):
    """Vectorised refrigerators; see the module for the model."""

    __slots__ = ()

    TYPE: ClassVar[str] = "refrigerator"
    NOISE: ClassVar[Mapping[str, Noise]] = {
        "fresh_food_temperature": Noise(0.08, 0.15, 0.05),
        "freezer_temperature": Noise(0.1, 0.2, 0.05),
        "evaporator_temperature": Noise(0.15, 0.3, 0.05),
        "ambient_temperature": Noise(0.1, 0.3, 0.05),
        "humidity": Noise(0.8, 1.5, 0.5),
        "power": Noise(0.6, 0.3, 0.1),
        "air_quality": Noise(2.0, 2.0, 1.0),
    }
    FAULTS: ClassVar[Mapping[str, FaultLaw]] = {
        "door_ajar": FaultLaw("step", 0.0, 0.3),
        "compressor_failed": FaultLaw("step", 0.0, 0.5),
        "defrost_heater_open": FaultLaw("step", 0.0, 0.5),
        "condenser_fan_stopped": FaultLaw("step", 0.0, 0.9),
        "refrigerant_leak": FaultLaw("linear", 24.0 * 28, 0.9),
        "gasket_leak": FaultLaw("accelerating", 24.0 * 35, 0.95),
        "thermistor_open": FaultLaw("step", 0.0, 0.5),
        "thermostat_drift": FaultLaw("linear", 24.0 * 40, 0.6),  # 4 °C less 4 K: things freeze
        "bad_air": FaultLaw("linear", 2.0, 0.5),
    }
    SETTINGS: ClassVar[frozenset[str]] = frozenset({"evaporating"})

    @classmethod
    def create(cls, devices: int, rng: np.random.Generator, spread: float) -> Refrigerator:
        """Draw and commission ``devices`` refrigerators."""

        def draw(mean: float, share: float = 1.0) -> Array:
            return around(rng, mean, devices, spread * share)

        ua_fresh, ua_freezer = draw(0.64), draw(0.6)
        set_point = rng.choice([3.0, 4.0, 5.0], devices, p=[0.2, 0.6, 0.2])
        duty, cold = draw(0.285, 0.5), rng.normal(-26.0, 0.7, devices)
        usage = 9.0  # W: doors, warm food and the moisture that they bring, on the average
        fresh_w = ua_fresh * (25.0 - set_point) + usage
        freezer_w = ua_freezer * 43.0 + 4.0
        # The damper is open for about three quarters of the running time.
        to_fresh = fresh_w / duty / 0.75 / (set_point - cold)
        to_freezer = freezer_w / duty / (-18.0 - cold)
        capacity = (fresh_w + freezer_w) / duty + 6.0
        parameters = {
            "ua_fresh": ua_fresh,
            "ua_freezer": ua_freezer,
            "to_fresh": to_fresh,
            "to_freezer": to_freezer,
            "capacity": capacity,
            "evaporating": cold,
            "power": capacity / draw(1.7, 0.6),
            "fan": draw(5.0),
            "standby": draw(4.0),
            "heater": draw(240.0, 0.5),
            "air_fresh": draw(30e3),
            "food_fresh": draw(95e3),
            "food_fresh_w": draw(7.0),
            "air_freezer": draw(16e3),
            "food_freezer": draw(110e3),
            "food_freezer_w": draw(9.0),
            "evaporator": draw(4.2e3),
            "ajar": draw(_AJAR_W_PER_K),
            "moisture": draw(0.55e-3),
            "hysteresis": draw(1.15, 0.5),
            "hysteresis_freezer": draw(2.0, 0.5),
            "openings_per_hour": draw(3.6, 2.0),
            "odour": draw(9.0),
        }
        zeros = np.zeros(devices)
        state = {
            "fresh": set_point + rng.normal(0, 0.5, devices),
            "fresh_food": set_point.copy(),
            "drift": np.zeros(devices),  # K that the fresh-food sensor reads too warm
            "freezer": np.full(devices, -18.0) + rng.normal(0, 0.3, devices),
            "freezer_food": np.full(devices, -18.0),
            "evaporator": np.full(devices, -19.0),
            "vapour": 0.5 * saturation(set_point),
            "frost": rng.uniform(0.0, 0.15, devices),
            "frost_missed": zeros.copy(),
            "running": np.zeros(devices, dtype=bool),
            "freezer_call": np.zeros(devices, dtype=bool),
            "damper": np.zeros(devices, dtype=bool),
            "since_off": np.full(devices, 1e4),
            "ran_h": rng.uniform(0.0, 10.0, devices),
            "interval_h": rng.uniform(10.0, 14.0, devices),
            "defrost_s": zeros.copy(),
            "odour": rng.uniform(15.0, 40.0, devices),
            "sterilise_s": zeros.copy(),
            "set_point": set_point,
            "energy": rng.uniform(20.0, 900.0, devices),
            "power": zeros.copy(),
            "door": zeros.copy(),
            "ajar_s": zeros.copy(),
            "ambient": np.full(devices, 24.0),
            "alarm_door": np.zeros(devices, dtype=bool),
            "alarm_freezer": np.zeros(devices, dtype=bool),
            "alarm_sensor": np.zeros(devices, dtype=bool),
            "alarm_heater": np.zeros(devices, dtype=bool),
            "alarm_fan": np.zeros(devices, dtype=bool),
        }
        return cls(parameters, state)

    def inputs(self, homes: HomeSpan, rng: np.random.Generator) -> dict[str, Array]:
        """Draw door openings (2–8 an hour while people are up, most at meals) and what is put in."""
        doors = draw_openings(homes, rng, self.parameters["openings_per_hour"])
        # kg at room temperature
        put_in = np.where(doors.shopping > 0, 0.5 * homes.step_s / 30.0, 0.04 * doors.opened)
        return {
            "ambient": homes.indoor,
            "room_vapour": 0.5 * saturation(homes.indoor),
            "open_s": doors.open_s,
            "open_start": doors.start,
            "door": doors.seen,
            "put_in": put_in,
            "shopping": doors.shopping,
        }

    def step(self, row: Mapping[str, Array], severity: Severities, seconds: float) -> None:
        """Advance every refrigerator by ``seconds``."""
        p, s = self.parameters, self.state
        ambient = row["ambient"]
        failed = severity["compressor_failed"] >= 0.5
        defrosting = self._defrost(severity, seconds)
        fresh, freezer, evaporator = s["fresh"], s["freezer"], s["evaporator"]
        running = self._control(severity, defrosting, failed, seconds)

        # Air: frost blocks the coil; the fan runs with the compressor.
        to_freezer = p["to_freezer"] / (1.0 + (s["frost"] / _FROST_BLOCKS_COIL_KG) ** 2)
        to_fresh = p["to_fresh"] / (1.0 + (s["frost"] / _FROST_BLOCKS_DUCT_KG) ** 2) * s["damper"]
        wet = to_fresh / AIR_J_PER_KG_K * np.maximum(s["vapour"] - saturation(evaporator), 0.0) * running
        capacity, power = self._cycle(evaporator, ambient, severity)
        gain = to_fresh + to_freezer
        after = coil_step(
            evaporator,
            pull=to_fresh * fresh + to_freezer * freezer + SUBLIMATION_J_PER_KG * wet,
            gain=gain,
            capacity=capacity,
            rated=p["capacity"],
            mass=p["evaporator"],
            running=running,
            resting=freezer,
            rest_rate=1.2e-3,
            seconds=seconds,
        )
        s["evaporator"] = np.where(~defrosting, after, evaporator)
        s["frost"] = s["frost"] + wet * seconds
        s["frost_missed"] = s["frost_missed"] + np.where(s["frost_missed"] > 0, wet * seconds, 0.0)
        mean = 0.5 * (evaporator + s["evaporator"])
        cold_fresh = np.where(running, to_fresh * (fresh - mean), 0.0)
        cold_freezer = np.where(running, to_freezer * (freezer - mean), 1.0 * (freezer - mean))

        # Doors, gaps and the room.
        gap = _OPEN_DOOR_W_PER_K * row["open_s"] / seconds
        if "door_ajar" in severity:
            gap = gap + p["ajar"] * severity["door_ajar"]
        if "gasket_leak" in severity:
            gap = gap + _GASKET_W_PER_K * severity["gasket_leak"]
        exchange_fresh = p["food_fresh_w"] * (fresh - s["fresh_food"])
        exchange_freezer = p["food_freezer_w"] * (freezer - s["freezer_food"])
        s["fresh"] = fresh + seconds / p["air_fresh"] * (
            (p["ua_fresh"] + gap) * (ambient - fresh) - exchange_fresh - cold_fresh
        )
        s["fresh_food"] = (
            s["fresh_food"]
            + (exchange_fresh * seconds + row["put_in"] * 3600.0 * (ambient - s["fresh_food"]))
            / p["food_fresh"]
        )
        s["freezer"] = freezer + seconds / p["air_freezer"] * (
            (p["ua_freezer"] + 0.05 * gap) * (ambient - freezer) - exchange_freezer - cold_freezer
        )
        # Thawing takes up heat: contents near −2 °C warm ten times as slowly.
        thaw = 1.0 + 9.0 * np.exp(-(((s["freezer_food"] + 2.0) / 1.2) ** 2))
        s["freezer_food"] = s["freezer_food"] + exchange_freezer * seconds / (p["food_freezer"] * thaw)
        self._vapour(row, gap, wet, seconds)
        self._odour(row, severity, seconds)

        heater = np.where(defrosting & (severity["defrost_heater_open"] < 0.5), p["heater"], 0.0)
        watts = np.where(running, power + p["fan"], 0.0) + heater + p["standby"]
        s["power"] = watts + np.where(s["sterilise_s"] > 0, 6.0, 0.0)
        s["energy"] = s["energy"] + s["power"] * seconds / 3.6e6
        s["ambient"] = ambient
        ajar = severity["door_ajar"] > 0.3
        s["door"] = np.maximum(row["door"], ajar)
        s["ajar_s"] = np.where(ajar | (row["shopping"] > 0), s["ajar_s"] + seconds, 0.0)
        self._report(row, severity)

    def _cycle(self, evaporator: Array, ambient: Array, severity: Severities) -> tuple[Array, Array]:
        """Return cooling capacity and electric power (W) of the running compressor."""
        p = self.parameters
        capacity, power = sealed_circuit(evaporator, ambient, severity, -26.0, _LEAK_AT_FULL)
        return capacity * p["capacity"], power * p["power"]

    def _control(self, severity: Severities, defrosting: Mask, failed: Mask, seconds: float) -> Mask:
        """Thermostat with hysteresis and restart delay; return which compressors really run."""
        p, s = self.parameters, self.state
        s["drift"] = _DRIFT_K * severity["thermostat_drift"]
        felt = s["fresh"] + s["drift"]
        damper = np.where(felt > s["set_point"] + p["hysteresis"], True, s["damper"])
        damper = np.where(felt < s["set_point"] - p["hysteresis"], False, damper)
        # Without a believable fresh-food reading the control keeps everything running: safe for the food.
        s["damper"] = damper | (severity["thermistor_open"] >= 0.5)
        call = np.where(s["freezer"] > -18.0 + p["hysteresis_freezer"], True, s["freezer_call"])
        s["freezer_call"] = np.where(s["freezer"] < -18.0 - p["hysteresis_freezer"], False, call)
        on = s["damper"] | s["freezer_call"]
        # A run that begins for one compartment serves the other as well: fewer, longer runs.
        begins = on & ~s["running"]
        s["damper"] = s["damper"] | (begins & (felt > s["set_point"] - 0.4 * p["hysteresis"]))
        s["freezer_call"] = s["freezer_call"] | (
            begins & (s["freezer"] > -18.0 - 0.4 * p["hysteresis_freezer"])
        )
        on = on & ~defrosting & (s["running"] | (s["since_off"] >= _RESTART_S))
        s["since_off"] = np.where(on, 0.0, s["since_off"] + seconds)
        s["running"] = on
        real: Mask = on & ~failed
        s["ran_h"] = s["ran_h"] + np.where(real, seconds / 3600.0, 0.0)
        return real

    def _defrost(self, severity: Severities, seconds: float) -> Mask:
        """Start, run and end defrosts; return which devices are defrosting."""
        p, s = self.parameters, self.state
        works = severity["defrost_heater_open"] < 0.5
        # A repaired heater is tried at once.
        start = ((s["ran_h"] >= s["interval_h"]) | (works & (s["frost_missed"] > 0))) & (s["defrost_s"] <= 0)
        lasting = (s["defrost_s"] > 0) | start
        if not lasting.any():
            return lasting
        heat = np.where(works, p["heater"] * 0.92, 0.0) + 1.0 * (s["freezer"] - s["evaporator"])
        joules = np.where(lasting, heat * seconds, 0.0)
        at_melting = s["evaporator"] >= -0.01
        melt = np.where(
            at_melting & lasting, np.minimum(np.maximum(joules, 0.0) / FUSION_J_PER_KG, s["frost"]), 0.0
        )
        s["frost"] = s["frost"] - melt
        warmed = s["evaporator"] + (joules - melt * FUSION_J_PER_KG) / p["evaporator"]
        # Metal stops at 0 °C while there is frost to melt.
        warmed = np.where(lasting & (s["frost"] > 1e-6) & ~at_melting, np.minimum(warmed, 0.0), warmed)
        s["evaporator"] = np.where(lasting, warmed, s["evaporator"])
        # Part of the heater's warmth reaches the freezer's air.
        s["freezer"] = s["freezer"] + np.where(
            lasting & works, 0.08 * p["heater"] * seconds / p["air_freezer"], 0.0
        )
        s["defrost_s"] = np.where(lasting, s["defrost_s"] + seconds, 0.0)
        done = lasting & ((s["evaporator"] >= _DEFROST_END_C) | (s["defrost_s"] >= _DEFROST_MAX_S))
        if done.any():
            missed = done & (s["evaporator"] < _DEFROST_END_C)
            # Adaptive: a short defrost (little frost) lengthens the interval, a long one shortens it.
            scale = np.clip(_DEFROST_TARGET_S / np.maximum(s["defrost_s"], 60.0), 0.7, 1.3)
            s["interval_h"] = np.where(done, np.clip(s["interval_h"] * scale, 9.0, 96.0), s["interval_h"])
            s["frost_missed"] = np.where(
                done, np.where(missed, np.maximum(s["frost_missed"], 1e-3), 0.0), s["frost_missed"]
            )
            s["ran_h"] = np.where(done, 0.0, s["ran_h"])
            s["defrost_s"] = np.where(done, 0.0, s["defrost_s"])
        return lasting & ~done

    def _vapour(self, row: Mapping[str, Array], gap: Array, wet: Array, seconds: float) -> None:
        """Water vapour: in through gaps and from food, out onto the coil; liner and packaging buffer it."""
        p, s = self.parameters, self.state
        limit = saturation(s["fresh"])
        food = p["moisture"] * np.maximum(limit - s["vapour"], 0.0)
        inward = gap / AIR_J_PER_KG_K * (row["room_vapour"] - s["vapour"]) * 0.5
        s["vapour"] = np.clip(s["vapour"] + (inward + food - wet) * seconds / 5.0, 1e-4, limit)

    def _odour(self, row: Mapping[str, Array], severity: Severities, seconds: float) -> None:
        """Air quality index: a source, the filter that takes it away, and sterilising."""
        p, s = self.parameters, self.state
        bad = severity["bad_air"]
        source = p["odour"] * (1.0 + 0.5 * (row["put_in"] > 0.1)) + 75.0 * bad  # index points per hour
        # The filter keeps a time constant of three hours; sterilising removes within a quarter of an hour,
        # unless the source is a spent filter, which sterilising cannot renew.
        removal = 0.33 * np.where(severity.persistent("bad_air"), 1.0 - 0.2 * bad, 1.0)
        sterilising = s["sterilise_s"] > 0
        strength = np.where(severity.persistent("bad_air"), 0.25, 4.0)
        removal = removal + np.where(sterilising, strength, 0.0)
        hours = seconds / 3600.0
        s["odour"] = s["odour"] * np.exp(-removal * hours) + source * hours
        left = np.maximum(s["sterilise_s"] - seconds, 0.0)
        for device in np.flatnonzero(sterilising & (left <= 0)):
            if bad[device] > 0 and not severity.persistent("bad_air")[device]:
                self.cured.append((int(device), "bad_air"))
        s["sterilise_s"] = left

    def _report(self, row: Mapping[str, Array], severity: Severities) -> None:
        """Note door and inventory events, and fault codes that the appliance's own checks raise."""
        s = self.state
        self.happenings += door_happenings(row)
        freezer_alarm = np.where(s["alarm_freezer"], s["freezer"] > -12.0, s["freezer"] > -9.0)
        checks = {
            "alarm_door": (
                "Refrigeration.FridgeFreezer.Event.DoorAlarmRefrigerator",
                s["ajar_s"] >= DOOR_ALARM_S,
            ),
            "alarm_freezer": ("Refrigeration.FridgeFreezer.Event.TemperatureAlarmFreezer", freezer_alarm),
            "alarm_sensor": ("Er FS", severity["thermistor_open"] >= 0.5),
            # The control counts defrosts that timed out cold; after two it names the heater.
            "alarm_heater": ("Er dH", s["frost_missed"] > 0.25),
            "alarm_fan": ("Er CF", severity["condenser_fan_stopped"] >= 0.9),
        }
        self.happenings += code_changes(s, checks)

    def read(self) -> Mapping[str, Array]:
        """Return the true values of all channels."""
        s = self.state
        return {
            "fresh_food_temperature": s["fresh"] + s["drift"],
            "freezer_temperature": s["freezer"],
            "evaporator_temperature": s["evaporator"],
            "ambient_temperature": s["ambient"],
            "humidity": relative_humidity(s["vapour"], s["fresh"]),
            "power": s["power"],
            "energy": s["energy"],
            "door_open": s["door"],
            "air_quality": s["odour"],
            "set_point": s["set_point"],
        }

    def impossible(self, severity: Severities) -> Mapping[str, Array]:
        """A thermistor with a broken wire reads −127 °C."""
        if "thermistor_open" not in severity:
            return {}
        broken = severity["thermistor_open"] >= 0.5
        return {"fresh_food_temperature": np.where(broken, BROKEN_READING_C, np.nan)}

    def obey(self, device: int, name: str, arguments: Mapping[str, Any]) -> Outcome:
        """Set the temperature, or sterilise for half an hour."""
        if name == "set_temperature":
            self.state["set_point"][device] = float(arguments["set_point"])
            return DONE
        if name == "sterilise":
            self.state["sterilise_s"][device] = _STERILISE_S
            return DONE
        return Outcome("refused", f"this refrigerator does not know the command {name!r}")


PHYSICS = Refrigerator
