"""A household dishwasher that is filled meal by meal and started in the evening.

Model: dishes gather with meals at home; programmes of phases (:mod:`simulators.physics.wet_cycle`) with
mains water, a flow heater, a circulation pump, a drain pump, drying without power; water that leaks gathers
in the base, where a float switch stops the machine.

Magnitudes: 1.8–2 kW heater, main wash 45–70 °C, drain 30–90 s, 9–14 L a cycle. The EU label's index is the
energy of eco in per cent of 0.025·ps + 1.35 kWh, class A below 32, class G from 62 (Delegated Regulation
(EU) 2019/2017): for 13 place settings 0.54 to 1.04 kWh a cycle. Masses, pump power and habits are
engineering estimates.

Faults at severity 1: ``drain_blocked`` drains take 4.7 times as long, then (from 0.97) nothing goes out and
the machine stops with OE; ``inlet_blocked`` 90 % of the flow gone, IE where a fill takes over eight minutes;
``heater_open`` no heat, HE; ``circulation_pump_worn`` +70 % pump power, slowly first; ``leak`` some
0.1 L an hour at rest and 2 L an hour while it washes, until the float switch stops it with AE.

Drain duration, fill flow and warming are held until the next wash (see
:mod:`simulators.physics.wet_cycle` for why); pump power is the present one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from simulators.faults import FaultLaw, Severities
from simulators.households import HomeSpan
from simulators.physics.contract import Array, Happening, Noise, Outcome, Physics, around
from simulators.physics.wet_cycle import (
    DRAIN,
    FILL,
    HEAT,
    REST,
    TURN,
    Indices,
    Phase,
    Programmes,
    WetCycle,
    cycle_state,
    tariff_inputs,
)

_SETTINGS = 13.0
_FLOAT_LITRES = 0.15  # water in the base that lifts the float switch
_LEAK_REST_L_PER_S = 0.1 / 3600.0
_LEAK_WASH_L_PER_S = 2.0 / 3600.0
_SUPPLIES = {  # what is used up: fault code, share of it that a wash takes
    "salt": ("Dishcare.Dishwasher.Event.SaltNearlyEmpty", 1.0 / 45.0),
    "rinse_aid": ("Dishcare.Dishwasher.Event.RinseAidNearlyEmpty", 1.0 / 70.0),
}

_RINSE = (Phase(FILL, litres=3.4), Phase(TURN, 480.0), Phase(DRAIN))


def _last_rinse(celsius: float) -> tuple[Phase, ...]:
    """Return the hot rinse with which every programme ends: always the same water, so drains compare."""
    return (Phase(FILL, litres=3.6), Phase(HEAT, 1800.0, celsius=celsius), Phase(TURN, 240.0), Phase(DRAIN))


def _main(celsius: float, seconds: float) -> tuple[Phase, ...]:
    return (Phase(FILL, litres=3.8), Phase(HEAT, 2700.0, celsius=celsius), Phase(TURN, seconds), Phase(DRAIN))


class Dishwasher(WetCycle):
    """Vectorised dishwashers; see the module for the model."""

    __slots__ = ()

    TYPE: ClassVar[str] = "dishwasher"
    PROGRAMMES: ClassVar[Programmes] = Programmes(
        {
            "eco": (Phase(DRAIN), *_main(50.0, 4800.0), *_RINSE, *_last_rinse(45.0), Phase(REST, 3000.0)),
            "auto": (Phase(DRAIN), *_RINSE, *_main(58.0, 2400.0), *_last_rinse(52.0), Phase(REST, 1800.0)),
            "intensive": (
                Phase(DRAIN),
                *_main(45.0, 600.0),
                *_main(68.0, 2400.0),
                *_last_rinse(60.0),
                Phase(REST, 1500.0),
            ),
            "quick": (Phase(DRAIN), *_main(45.0, 600.0), *_last_rinse(50.0)),
        }
    )
    TEST: ClassVar[str] = "quick"
    DRAINS: ClassVar[float] = 3.0
    SOAKS: ClassVar[tuple[float, float]] = (0.0, 0.0)
    NOISE: ClassVar[Mapping[str, Noise]] = {
        "power": Noise(2.0, 0.5, 0.1),
        "pump_power": Noise(1.2, 0.5, 0.2),
        "water_temperature": Noise(0.2, 0.5, 0.1),
    }
    FAULTS: ClassVar[Mapping[str, FaultLaw]] = {
        "drain_blocked": FaultLaw("linear", 24.0 * 35, 0.97),
        "inlet_blocked": FaultLaw("linear", 24.0 * 42, 0.97),
        "heater_open": FaultLaw("step", 0.0, 0.5),
        "circulation_pump_worn": FaultLaw("accelerating", 24.0 * 150, 0.95),
        "leak": FaultLaw("linear", 6.0, 0.5),
    }

    @classmethod
    def create(cls, devices: int, rng: np.random.Generator, spread: float) -> Physics:
        """Draw ``devices`` dishwashers, commissioned with one wash."""

        def draw(mean: float, share: float = 1.0) -> Array:
            return around(rng, mean, devices, spread * share)

        parameters: dict[str, NDArray[Any]] = {
            "heater": draw(1850.0, 0.4),
            "fill": draw(3.6) / 60.0,  # L/s
            "drain": draw(0.075),  # L/s
            "pump": draw(25.0),
            "standby": draw(0.5),
            "dry": draw(14e3),  # J/K: tub and racks
            "load_j": draw(800.0, 0.3),  # J/K for each place setting and its pots
            "loss": draw(4.5),  # W/K
            "circulation": draw(52.0),
            "settings": draw(1.7, 2.0),  # place settings (with pots) an hour of cooking for each person
            "full": np.minimum(draw(8.5, 1.5), 12.0),
        }
        state = cycle_state(devices)
        state |= {
            "rack": rng.uniform(0.0, 6.0, devices),
            "energy": rng.uniform(20.0, 1500.0, devices),
            "water": rng.uniform(5e2, 2e4, devices),
            "last_drain": 3.6 / parameters["drain"],
            "last_fill": 60.0 * parameters["fill"],
            "last_heat": 60.0 * parameters["heater"] / (3.6 * 4186.0 + 20.8e3),
            "circulating": np.zeros(devices),
            "base": np.zeros(devices),
            "salt": rng.uniform(0.1, 1.0, devices),
            "rinse_aid": rng.uniform(0.1, 1.0, devices),
            "alarm_AE": np.zeros(devices, dtype=bool),
        }
        for supply in _SUPPLIES:
            state[f"low_{supply}"] = np.zeros(devices, dtype=bool)
        return cls(parameters, state)

    def inputs(self, homes: HomeSpan, rng: np.random.Generator) -> dict[str, Array]:
        """Say how dishes gather, and when somebody has a mind to start."""
        shape = homes.people.shape
        once = {name: np.broadcast_to(rng.random(shape[1]), shape) for name in ("kind", "hurry", "hand")}
        once["pressure"] = np.broadcast_to(np.clip(rng.normal(1.0, 0.03, shape[1]), 0.85, 1.15), shape)
        evening = (homes.hour >= 19.5) & (homes.hour < 23.5)
        return {
            **once,
            **tariff_inputs(homes),
            "mind": rng.random(shape),
            "people": homes.people,
            "cooking": homes.cooking,
            "awake": homes.awake,
            "evening": np.broadcast_to(evening[:, None].astype(np.float64), shape),
            "room": homes.indoor,
            "outdoor": homes.outdoor,
        }

    def _habits(self, row: Mapping[str, Array], severity: Severities, seconds: float) -> None:
        p, s = self.parameters, self.state
        gathered = p["settings"] * row["people"] * row["cooking"] * seconds / 3600.0
        s["rack"] = np.minimum(s["rack"] + gathered, 1.5 * _SETTINGS)
        enough = np.where(row["evening"] > 0, p["full"], 12.5)
        wants = self._idle() & (s["rack"] >= enough) & (row["awake"] > 0) & (s["free"] < 1.0)
        wants &= ~s["alarm_AE"]
        for device in np.flatnonzero(wants & (row["mind"] < 1.2 * seconds / 3600.0)):
            kind = int(np.searchsorted([0.6, 0.85, 0.92], row["kind"][device]))
            self._choose(int(device), self.PROGRAMMES.names[kind + 1], row)
        s["circulating"] = np.zeros(self.devices)
        self._leak(severity, seconds)

    def _leak(self, severity: Severities, seconds: float) -> None:
        """Gather leaking water in the base; the float switch stops the machine and names the leak."""
        s = self.state
        leak = severity["leak"]
        wet = (s["programme"] > 0) & (s["free"] > 0.5)
        rate = np.where(wet, _LEAK_WASH_L_PER_S, _LEAK_REST_L_PER_S)
        # Who mends it dries the base; a full base holds three litres.
        s["base"] = np.where(leak > 0, np.minimum(s["base"] + rate * leak * seconds, 3.0), 0.0)
        lifted = s["base"] >= _FLOAT_LITRES
        for device in np.flatnonzero(lifted != s["alarm_AE"]):
            self._code(int(device), "AE", bool(lifted[device]), 0.0)
            if lifted[device] and s["programme"][device] > 0:
                s["free"][device] = 0.0  # the float switch closes the inlet and starts the drain pump
                self._stop(int(device), 0.0, aborted=True)

    def _begin(self, device: int, programme: str, row: Mapping[str, Array] | None) -> None:
        s = self.state
        self._start(device, programme, load=min(max(float(s["rack"][device]), 2.0), _SETTINGS))
        s["rack"][device] = max(float(s["rack"][device]) - _SETTINGS, 0.0)
        for supply, (code, share) in _SUPPLIES.items():
            left, low = float(s[supply][device]) - share, s[f"low_{supply}"]
            if left < share and row is not None:
                left = 1.0  # its owner fills it up some washes after the light came on
            s[supply][device] = max(left, 0.0)
            if bool(low[device]) != (left < 5.0 * share):
                low[device] = left < 5.0 * share
                self._report_supply(device, code, bool(low[device]))
        if row is not None and row["hurry"][device] < 0.015:
            s["abort_s"][device] = 120.0 + 1500.0 * float(row["hand"][device])

    def _report_supply(self, device: int, code: str, low: bool) -> None:
        self.happenings.append(Happening(0.0, device, "fault", code, active=low))

    def _motors(self, who: Indices, kind: NDArray[Any], rpm: Array, severity: Severities) -> Array:
        worn = 1.0 + 0.7 * severity["circulation_pump_worn"][who]
        turning = (kind == TURN) | (kind == HEAT)
        watts = np.where(turning, self.parameters["circulation"][who] * worn, 0.0)
        self.state["circulating"][who] = watts
        return watts

    def _channels(self) -> Mapping[str, Array]:
        s = self.state
        return {
            "power": s["power"],
            "energy": s["energy"],
            "water": s["water"],
            "running": ((s["programme"] > 0) & (s["paused_s"] <= 0)),
            "water_temperature": s["water_c"],
            "pump_power": s["circulating"],
            "drain_duration": s["last_drain"],
            "fill_flow": s["last_fill"],
            "heat_rate": s["last_heat"],
            "leak_sensor": s["alarm_AE"],
            "programme": s["programme"],
        }

    def impossible(self, severity: Severities) -> Mapping[str, Array]:
        """No sensor fault of this type is simulated."""
        return {}

    def obey(self, device: int, name: str, arguments: Mapping[str, Any]) -> Outcome:
        """As every wet cycle; with water in the base it does not start."""
        if name == "start" and self.state["alarm_AE"][device]:
            return Outcome("refused", "there is water in the base")
        return WetCycle.obey(self, device, name, arguments)


PHYSICS = Dishwasher
