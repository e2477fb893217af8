"""A front-loading washing machine in a home with a laundry basket.

Model: a basket that people fill; programmes of phases (:mod:`simulators.physics.wet_cycle`) with the load's
thirst, mains water, a heater under the drum, a drain pump, and spins whose imbalance is drawn anew for each
load. Vibration of the housing is proportional to the force m·r·ω² of the unbalanced mass; a worn suspension
passes more of it on. The bearing's own vibration goes with the speed.

Magnitudes (issue figures): a 2 kW heater brings 10 kg of water from 15 to 40 °C in 8.7 min; drain 30–60 s;
fill 6–10 L/min; spin 800–1,400 rpm. The EU label's index is the energy of a cycle in per cent of
−0.0025·c² + 0.0846·c + 0.392 kWh, class A to 52, class G above 102 (Delegated Regulation (EU) 2019/2014):
for c = 8 kg 0.47 to 0.93 kWh; water at most 2.25·c + 30 = 48 L (Regulation (EU) 2019/2023). Masses,
transmissibility and habits are engineering estimates.

Faults at severity 1: ``drain_blocked`` drains take 4.7 times as long, then (from 0.97) nothing goes out and
the machine stops with OE; ``imbalance`` (worn suspension) 2.8 times the vibration; ``bearing_worn`` +300 %
bearing vibration; ``inlet_valve_leak`` 4 L an hour run in at rest until the flood protection pumps them out
(FE); ``heater_open`` no heat, HE.

Vibration, bearing vibration and what the phases show are held until the next wash (see
:mod:`simulators.physics.wet_cycle` for why). Vibrations are those of the last final spin of at least 900
rpm: a wool spin says nothing about a cotton one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from simulators.faults import FaultLaw, Severities
from simulators.households import HomeSpan
from simulators.physics.contract import Array, Noise, Physics, around
from simulators.physics.wet_cycle import (
    DRAIN,
    FILL,
    HEAT,
    SPIN,
    TURN,
    Indices,
    Phase,
    Programmes,
    WetCycle,
    cycle_state,
    is_weekend,
    tariff_inputs,
)

_RADIUS_M = 0.24  # of the drum, where unbalanced laundry sits
_MM_PER_LITRE = 5.0
_FLOOD_MM = 150.0
_LEAK_L_PER_S = 4.0 / 3600.0
_WORST_MM_PER_S = 20.0  # above it the control spins no faster than 800 rpm and says UE
_MOST_UNBALANCED_KG = 0.55  # the control loosens a worse heap and tries again
_COMPARABLE_RPM = 900.0
_RAMP_S = 150.0

_RINSE = (Phase(FILL, litres=10.0), Phase(TURN, 360.0), Phase(DRAIN))
_COTTON = (
    Phase(DRAIN),
    Phase(FILL, litres=5.0),
    Phase(HEAT, 3600.0),
    Phase(TURN, 2700.0),
    Phase(DRAIN),
    Phase(SPIN, 120.0, rpm=600.0),
    *_RINSE,
    Phase(SPIN, 120.0, rpm=600.0),
    *_RINSE,
    Phase(SPIN, 600.0),
)
_SYNTHETICS = (
    Phase(DRAIN),
    Phase(FILL, litres=7.0),
    Phase(HEAT, 3600.0),
    Phase(TURN, 2100.0),
    Phase(DRAIN),
    *_RINSE,
    *_RINSE,
    Phase(SPIN, 420.0),
)
_QUICK = (
    Phase(DRAIN),
    Phase(FILL, litres=5.0),
    Phase(HEAT, 1200.0),
    Phase(TURN, 480.0),
    Phase(DRAIN),
    Phase(FILL, litres=10.0),
    Phase(TURN, 180.0),
    Phase(DRAIN),
    Phase(SPIN, 300.0),
)
_WOOL = (
    Phase(DRAIN),
    Phase(FILL, litres=10.0),
    Phase(HEAT, 1800.0),
    Phase(TURN, 900.0),
    Phase(DRAIN),
    *_RINSE,
    Phase(SPIN, 180.0, rpm=800.0),
)
_MOST_KG = {"cotton": 7.0, "synthetics": 3.5, "quick": 2.5, "wool": 1.5}


def vibration(unbalanced_kg: Array, rpm: Array, transfer: Array) -> Array:
    """Return the housing's vibration (mm/s): ``transfer`` (mm/s per N) times m·r·ω²."""
    omega = 2.0 * np.pi * rpm / 60.0
    moved: Array = transfer * unbalanced_kg * _RADIUS_M * omega * omega
    return moved


class WashingMachine(WetCycle):
    """Vectorised washing machines; see the module for the model."""

    __slots__ = ()

    TYPE: ClassVar[str] = "washing_machine"
    PROGRAMMES: ClassVar[Programmes] = Programmes(
        {"cotton": _COTTON, "synthetics": _SYNTHETICS, "quick": _QUICK, "wool": _WOOL}
    )
    TEST: ClassVar[str] = "quick"
    DRAINS: ClassVar[float] = 8.0  # those of the rinses
    SOAKS: ClassVar[tuple[float, float]] = (1.5, 0.6)
    NOISE: ClassVar[Mapping[str, Noise]] = {
        "power": Noise(2.0, 0.5, 0.1),
        "water_level": Noise(0.6, 0.5, 0.2),
        "water_temperature": Noise(0.2, 0.5, 0.1),
        "spin_speed": Noise(3.0),
    }
    FAULTS: ClassVar[Mapping[str, FaultLaw]] = {
        "drain_blocked": FaultLaw("linear", 24.0 * 35, 0.97),
        "imbalance": FaultLaw("linear", 24.0 * 150, 0.9),
        "bearing_worn": FaultLaw("accelerating", 24.0 * 180, 0.95),
        "inlet_valve_leak": FaultLaw("linear", 24.0 * 3, 0.8),
        "heater_open": FaultLaw("step", 0.0, 0.5),
    }
    SETTINGS: ClassVar[frozenset[str]] = frozenset({"favourite_rpm"})

    @classmethod
    def create(cls, devices: int, rng: np.random.Generator, spread: float) -> Physics:
        """Draw ``devices`` washing machines, commissioned with one wash of 4 kg."""

        def draw(mean: float, share: float = 1.0) -> Array:
            return around(rng, mean, devices, spread * share)

        parameters: dict[str, NDArray[Any]] = {
            "heater": draw(2000.0, 0.4),
            "fill": draw(8.0) / 60.0,  # L/s
            "drain": draw(0.24),  # L/s
            "pump": draw(30.0),
            "standby": draw(0.6),
            "dry": draw(3.5e3),  # J/K of tub and drum as far as the water warms them
            "load_j": draw(1300.0, 0.3),  # J/(kg K), cotton
            "loss": draw(4.0),  # W/K
            "drum": draw(130.0),
            "spinning": draw(230.0),
            "transfer": draw(4.7e-3),  # mm/s per N
            "bearing": draw(1.5, 1.5),  # m/s² at 1,200 rpm
            "laundry": draw(1.2, 2.0),  # kg a day for each person at home
            "full": draw(5.0, 1.5),  # kg with which people wash on any day
            "favourite_rpm": rng.choice([1000.0, 1200.0, 1400.0], devices, p=[0.25, 0.5, 0.25]),
        }
        state = cycle_state(devices)
        unbalanced = around(rng, 0.22, devices, 0.35)
        state |= {
            "basket": rng.uniform(0.0, 4.0, devices),
            "energy": rng.uniform(20.0, 900.0, devices),
            "water": rng.uniform(2e3, 6e4, devices),
            "washes": rng.integers(30, 1200, devices),
            "last_drain": 10.0 / parameters["drain"],
            "last_fill": 60.0 * parameters["fill"],
            "last_heat": 60.0 * parameters["heater"] / (9.5 * 4186.0 + 8.7e3),
            "unbalanced": unbalanced,
            "rpm": np.zeros(devices),
            "shaken": np.zeros(devices),
            "rumble": np.zeros(devices),
            "last_vibration": vibration(unbalanced, parameters["favourite_rpm"], parameters["transfer"]),
            "last_bearing": parameters["bearing"] * parameters["favourite_rpm"] / 1200.0,
            "alarm_UE": np.zeros(devices, dtype=bool),
            "alarm_FE": np.zeros(devices, dtype=bool),
        }
        return cls(parameters, state)

    def inputs(self, homes: HomeSpan, rng: np.random.Generator) -> dict[str, Array]:
        """Say who is there, when somebody has a mind to wash, and how the next load would be."""
        shape = homes.people.shape
        once = {
            name: np.broadcast_to(rng.random(shape[1]), shape) for name in ("kind", "warmth", "hurry", "hand")
        }
        once["unbalanced"] = np.broadcast_to(np.exp(rng.normal(np.log(0.22), 0.45, shape[1])), shape)
        once["pressure"] = np.broadcast_to(np.clip(rng.normal(1.0, 0.03, shape[1]), 0.85, 1.15), shape)
        daytime = (homes.hour >= 7.0) & (homes.hour < 20.5)
        return {
            **once,
            **tariff_inputs(homes),
            "mind": rng.random(shape),
            "people": homes.people,
            "awake": homes.awake * daytime[:, None],
            "weekend": np.full(shape, float(is_weekend(homes))),
            "room": homes.indoor,
            "outdoor": homes.outdoor,
        }

    def _habits(self, row: Mapping[str, Array], severity: Severities, seconds: float) -> None:
        p, s = self.parameters, self.state
        s["basket"] = s["basket"] + p["laundry"] * row["people"] * seconds / 86_400.0
        # On Saturday and Sunday half a load is enough; then about an hour until somebody does it.
        enough = np.where(row["weekend"] > 0, 0.5, 1.0) * p["full"]
        wants = self._idle() & (s["basket"] >= enough) & (row["awake"] > 0) & (s["free"] < 1.0)
        for device in np.flatnonzero(wants & (row["mind"] < 0.8 * seconds / 3600.0)):
            kind = int(np.searchsorted([0.55, 0.8, 0.93], row["kind"][device]))
            self._choose(int(device), self.PROGRAMMES.names[kind + 1], row)
        self._leak(severity, seconds)
        s["rpm"] = np.where(self._idle(), 0.0, s["rpm"])

    def _leak(self, severity: Severities, seconds: float) -> None:
        """Let water run in past the valve, and pump it out where it stands too high."""
        p, s = self.parameters, self.state
        if "inlet_valve_leak" in severity:
            inflow = _LEAK_L_PER_S * severity["inlet_valve_leak"] * seconds * self._idle()
            s["free"] = s["free"] + inflow
            s["water"] = s["water"] + inflow
            # A machine in which water stands for hours by itself is not emptied by hand each time.
            s["standing_s"] = np.where(severity["inlet_valve_leak"] > 0, 0.0, s["standing_s"])
        high = self._idle() & (s["free"] * _MM_PER_LITRE > _FLOOD_MM)
        for device in np.flatnonzero(high):
            self._code(int(device), "FE", True, 0.0)
            s["free"][device] = 0.0
            s["energy"][device] += p["pump"][device] * 120.0 / 3.6e6
        for device in np.flatnonzero(s["alarm_FE"] & (severity["inlet_valve_leak"] <= 0)):
            self._code(int(device), "FE", False, 0.0)

    def _begin(self, device: int, programme: str, row: Mapping[str, Array] | None) -> None:
        s = self.state
        favourite = float(self.parameters["favourite_rpm"][device])
        spin = {"cotton": favourite, "quick": favourite, "synthetics": min(favourite, 1000.0), "wool": 800.0}
        load = min(float(s["basket"][device]), _MOST_KG[programme])
        if row is None:
            load, target, unbalanced = max(load, 1.0), 40.0 if programme == "cotton" else 30.0, 0.22
        else:
            warm = float(row["warmth"][device])
            target = {"cotton": (30.0, 40.0, 60.0)[int(np.searchsorted([0.2, 0.75], warm))]}.get(
                programme, 40.0 if programme == "synthetics" and warm < 0.7 else 30.0
            )
            unbalanced = min(float(row["unbalanced"][device]), _MOST_UNBALANCED_KG)
        intensity = "intensive" if target >= 60 else "light" if programme in ("quick", "wool") else "normal"
        self._start(
            device,
            programme,
            load=load,
            target=target,
            spin=spin[programme],
            told={"temperature": target, "spin": spin[programme], "intensity": intensity},
        )
        s["basket"][device] = max(float(s["basket"][device]) - load, 0.0)
        s["unbalanced"][device] = unbalanced
        s["washes"][device] += 1.0
        if row is not None and row["hurry"][device] < 0.02:  # switched off before it is done
            s["abort_s"][device] = 120.0 + 1500.0 * float(row["hand"][device])

    def _motors(self, who: Indices, kind: NDArray[Any], rpm: Array, severity: Severities) -> Array:
        p, s = self.parameters, self.state
        transfer = p["transfer"][who] * (1.0 + 1.8 * severity["imbalance"][who])
        final = (kind == SPIN) & (rpm > 0) & (rpm == s["spin"][who])
        wild = final & (vibration(s["unbalanced"][who], rpm, transfer) > _WORST_MM_PER_S)
        for device in who[wild & (rpm > 800.0)]:
            s["spin"][device] = 800.0
            self._code(int(device), "UE", True, 0.0)
        rpm = np.where(wild, np.minimum(rpm, 800.0), rpm)
        now = rpm * np.minimum(s["phase_s"][who] / _RAMP_S, 1.0)
        now = np.where(kind == SPIN, now, np.where((kind == TURN) | (kind == HEAT), 50.0, 0.0))
        spinning = kind == SPIN
        s["rpm"][who] = now
        s["shaken"][who] = vibration(s["unbalanced"][who], now, transfer)
        s["rumble"][who] = p["bearing"][who] * now / 1200.0 * (1.0 + 3.0 * severity["bearing_worn"][who])
        speeding = spinning & (s["phase_s"][who] < _RAMP_S)
        spin_w = 60.0 + p["spinning"][who] * (now / 1200.0) ** 2 * (1.0 + 0.2 * severity["bearing_worn"][who])
        turning = (kind == TURN) | (kind == HEAT)
        return np.where(spinning, spin_w + 220.0 * speeding, np.where(turning, p["drum"][who], 0.0))

    def _spun(self, device: int) -> None:
        s = self.state
        limited = bool(s["alarm_UE"][device]) and s["rpm"][device] < _COMPARABLE_RPM
        if s["rpm"][device] >= _COMPARABLE_RPM:
            self._code(device, "UE", False, 0.0)
            s["last_bearing"][device] = s["rumble"][device]
        if s["rpm"][device] >= _COMPARABLE_RPM or limited:
            s["last_vibration"][device] = s["shaken"][device]

    def _channels(self) -> Mapping[str, Array]:
        s = self.state
        return {
            "power": s["power"],
            "energy": s["energy"],
            "water": s["water"],
            "washes": s["washes"],
            "running": ((s["programme"] > 0) & (s["paused_s"] <= 0)),
            "water_level": s["free"] * _MM_PER_LITRE,
            "water_temperature": s["water_c"],
            "spin_speed": s["rpm"],
            "vibration": s["last_vibration"],
            "bearing_vibration": s["last_bearing"],
            "drain_duration": s["last_drain"],
            "fill_flow": s["last_fill"],
            "heat_rate": s["last_heat"],
            "programme": s["programme"],
        }

    def impossible(self, severity: Severities) -> Mapping[str, Array]:
        """No sensor fault of this type is simulated."""
        return {}


PHYSICS = WashingMachine
