"""An electric storage water heater: a stratified tank with an upper and a lower element of 4.5 kW each.

Model: six layers of equal volume, cold water in at the bottom, hot water out at the top. Drawn water
pushes the layers up (first-order upwind); warm water rises at once (each column is sorted by pooling, the
isotonic regression of its layers); neighbours exchange heat slowly; each layer loses heat to the room. Two
thermostats with one priority: while the upper part is cold only the upper element is on, then only the
lower one, never both (the ordinary wiring of two-element heaters in North America). A bimetal cut-out at
77–82 °C opens both, and closes again 14 K lower. What comes out is mixed to 40 °C at the tap; who has no
hot water makes do with half.

Magnitudes: 120–180 L, 4.5 kW, 55–65 °C; standing loss 1–2 kWh a day (storage tanks of classes B and C,
Regulation (EU) No 812/2013: S = 8.5 + 4.25 V^0.4 to 16.66 + 8.33 V^0.4 watts); a family's hot water 3–8 kWh
a day (tapping profile M of Regulation (EU) No 814/2013: 5.845 kWh). Volumes, conductances and hysteresis are
engineering estimates. The lower thermostat stands 3 K below the upper one, as installers set them, so what
the top loses to the room only the upper element puts back. Where electricity is cheaper at night some homes
have the lower element on a timer; the upper one may always heat.

Faults at severity 1: ``element_lower_open`` the lower element draws nothing: the top is heated, the bottom
stays cold, some hot water, soon gone; ``element_upper_open`` once the top is cold the control waits for the
upper element for good: no hot water; ``thermostat_stuck`` the lower contact is welded: up to the cut-out;
``leak`` 0.35 L/min day and night; ``element_scaled`` all electric power still ends in the water, so the
efficiency stays, but the lower element runs up to 600 K hotter under the scale, its wire's resistance rises
by 6 % (nickel-chromium 80/20: some 5–7 % from 20 to 800 °C, makers' tables) and at last it opens;
``anode_worn`` the anode is used up, which no temperature shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from simulators.faults import FaultLaw, Severities
from simulators.households import HomeSpan
from simulators.physics.cold_box import code_changes
from simulators.physics.contract import DONE, Array, Happening, Mask, Noise, Outcome, Physics, around
from simulators.water_use import MIXED_C

LAYERS = 6
_NAMES = tuple(f"layer_{number}" for number in range(1, LAYERS + 1))  # from the bottom
_LOWER, _UPPER = 0, 4  # where the elements and their thermostats are
_JOULES_PER_L_K = 4.186e3 * 0.99
_LOWER_BELOW_K = 3.0
_RESET_BELOW_K = 14.0
_LEAK_L_MIN = 0.35
_MOST_L_MIN = 18.0  # that the pipe lets through
_LEAK_ALARM_S = 6 * 3600.0
_SCALE_POWER = 0.06
_SCALE_OPENS_AT = 0.97
_ANODE_YEARS = 4.0  # at 150 mg/L of hardness (engineering estimate)
_YEAR_S = 365.25 * 86_400


class WaterHeater(Physics):
    """Vectorised storage heaters; see the module for the model."""

    __slots__ = ()

    TYPE: ClassVar[str] = "water_heater"
    NOISE: ClassVar[Mapping[str, Noise]] = {
        "tank_temperature_upper": Noise(0.1, 0.3, 0.1),
        "tank_temperature_lower": Noise(0.1, 0.3, 0.1),
        "inlet_temperature": Noise(0.1, 0.3, 0.1),
        "ambient_temperature": Noise(0.1, 0.3, 0.05),
        "power": Noise(4.0, 3.0, 1.0),
    }
    FAULTS: ClassVar[Mapping[str, FaultLaw]] = {
        "element_lower_open": FaultLaw("step", 0.0, 0.5),
        "element_upper_open": FaultLaw("step", 0.0, 0.5),
        "thermostat_stuck": FaultLaw("step", 0.0, 0.5),
        "leak": FaultLaw("linear", 24.0 * 4, 1.1),
        "element_scaled": FaultLaw("accelerating", 24.0 * 150, _SCALE_OPENS_AT),
        "anode_worn": FaultLaw("linear", 24.0 * 365, 1.0),
    }
    SETTINGS: ClassVar[frozenset[str]] = frozenset({"cut_out"})

    @classmethod
    def create(cls, devices: int, rng: np.random.Generator, spread: float) -> WaterHeater:
        """Draw ``devices`` heaters, hot and in use."""

        def draw(mean: float, share: float = 1.0) -> Array:
            return around(rng, mean, devices, spread * share)

        element = draw(4500.0, 0.25)
        set_point = rng.choice([55.0, 58.0, 60.0, 63.0], devices, p=[0.25, 0.25, 0.35, 0.15])
        parameters = {
            "litres": draw(150.0, 1.2),
            "loss": draw(1.45),  # W/K
            "upper_w": element * rng.normal(1.0, 0.004, devices),
            "lower_w": element * rng.normal(1.0, 0.004, devices),
            "between": draw(1.6),  # W/K from layer to layer: water, wall and slow convection
            "band_upper": draw(3.2, 0.5),
            "band_lower": draw(5.0, 0.5),
            "cut_out": rng.uniform(77.5, 81.5, devices),
            "standby": draw(1.5),
        }
        no = np.zeros(devices, dtype=bool)
        state: dict[str, Any] = {name: set_point - rng.uniform(0.0, 2.0, devices) for name in _NAMES}
        state |= {
            "set_point": set_point,
            "on": ~no,
            "call_upper": no.copy(),
            "call_lower": no.copy(),
            "cut": no.copy(),
            "anode": rng.uniform(0.4, 1.0, devices),
            "scale": np.zeros(devices),  # K that the lower element's wire is hotter
            "flow": np.zeros(devices),
            "drawn": np.zeros(devices),
            "flow_s": np.zeros(devices),
            "water": rng.uniform(1e3, 2e5, devices),
            "energy": rng.uniform(50.0, 5000.0, devices),
            "power": np.zeros(devices),
            "cold": np.full(devices, 15.0),
            "ambient": np.full(devices, 20.0),
            "alarm_hot": no.copy(),
            "alarm_leak": no.copy(),
        }
        return cls(parameters, state)

    def inputs(self, homes: HomeSpan, rng: np.random.Generator) -> dict[str, Array]:
        """Say what hot water people want, and what the cold water is like."""
        shape = homes.people.shape
        return {
            "wanted": homes.hot_water,
            "cold": homes.cold_water,
            "ambient": homes.indoor,
            # The mains' voltage: power goes with its square.
            "volts": 1.0 + 0.006 * rng.standard_normal(shape),
            "hardness": np.broadcast_to(homes.hardness, shape),
            # A timer on the lower element; 1 where it may heat.
            "timer": np.where(homes.timed > 0, homes.cheap, 1.0),
        }

    def step(self, row: Mapping[str, Array], severity: Severities, seconds: float) -> None:
        """Advance every heater by ``seconds``."""
        p, s = self.parameters, self.state
        tank = np.stack([s[name] for name in _NAMES])
        mass = p["litres"] / LAYERS * _JOULES_PER_L_K
        tank = self._draw(tank, row, severity, seconds)
        upper, lower = self._control(tank, severity, row["timer"] > 0)
        scaled = severity["element_scaled"]
        works_upper = upper & (severity["element_upper_open"] < 0.5)
        works_lower = lower & (severity["element_lower_open"] < 0.5) & (scaled < _SCALE_OPENS_AT)
        square = row["volts"] ** 2
        watts_upper = np.where(works_upper, p["upper_w"] * square, 0.0)
        watts_lower = np.where(works_lower, p["lower_w"] * square / (1.0 + _SCALE_POWER * scaled), 0.0)
        s["scale"] = 600.0 * scaled * works_lower
        tank[_UPPER] += watts_upper * seconds / mass
        tank[_LOWER] += watts_lower * seconds / mass
        # Losses: the ends have more surface than the middle.
        share = np.array([0.2, 0.15, 0.15, 0.15, 0.15, 0.2])[:, None]
        tank -= share * p["loss"] * (tank - row["ambient"]) * seconds / mass
        between = p["between"] * np.diff(tank, axis=0) * seconds / mass
        tank[:-1] += between
        tank[1:] -= between
        tank = risen(tank)
        for number, name in enumerate(_NAMES):
            s[name] = tank[number]
        s["power"] = watts_upper + watts_lower + p["standby"]
        s["energy"] = s["energy"] + s["power"] * seconds / 3.6e6
        s["cold"], s["ambient"] = row["cold"], row["ambient"]
        worn = seconds / _YEAR_S / _ANODE_YEARS * (0.4 + 0.6 * row["hardness"] / 150.0)
        s["anode"] = np.clip(np.minimum(s["anode"] - worn, 1.0 - severity["anode_worn"]), 0.0, 1.0)
        checks = {"alarm_hot": ("OVERHEAT", s["cut"]), "alarm_leak": ("LEAK", s["flow_s"] >= _LEAK_ALARM_S)}
        self.happenings += code_changes(s, checks)

    def _draw(self, tank: Array, row: Mapping[str, Array], severity: Severities, seconds: float) -> Array:
        """Draw water: cold comes in below, the layers move up."""
        p, s = self.parameters, self.state
        top = tank[-1]
        # Mixed to 40 °C at the tap; from a lukewarm tank everything comes hot-side, and people give up early.
        share = np.clip((MIXED_C - row["cold"]) / np.maximum(top - row["cold"], 0.5), 0.0, 1.0)
        patience = np.where(top < MIXED_C - 8.0, 0.5, 1.0)
        wanted = row["wanted"] * share * patience
        wanted = np.minimum(wanted, _MOST_L_MIN - _LEAK_L_MIN)
        flow = wanted + _LEAK_L_MIN * severity["leak"]
        moved = flow * seconds / 60.0 / (p["litres"] / LAYERS)  # layers
        # No more than one layer at a time; by the greatest possible flow, so that no heater touches another.
        rounds = int(np.ceil(_MOST_L_MIN * seconds / 60.0 / (p["litres"].min() / LAYERS)))
        for _ in range(rounds):
            below = np.concatenate([row["cold"][None], tank[:-1]])
            tank = tank + moved / rounds * (below - tank)
        litres = flow * seconds / 60.0
        s["water"] = s["water"] + litres
        s["flow_s"] = np.where(flow > 0.05, s["flow_s"] + seconds, 0.0)
        ended = (wanted <= 0) & (s["drawn"] > 0.5)
        for device in np.flatnonzero(ended):
            used = {"litres": round(float(s["drawn"][device]), 1)}
            self.happenings.append(Happening(0.0, int(device), "event", "hot_water_used", used))
        s["drawn"] = np.where(wanted > 0, s["drawn"] + wanted * seconds / 60.0, 0.0)
        s["flow"] = flow
        return tank

    def _control(self, tank: Array, severity: Severities, timer: Mask) -> tuple[Mask, Mask]:
        """Two thermostats, the upper one first, and the cut-out: return which elements are switched on.

        ``timer``: where the lower element has current.
        """
        p, s = self.parameters, self.state
        upper, lower = tank[_UPPER], tank[_LOWER]
        warm = s["set_point"]
        s["call_upper"] = (s["call_upper"] | (upper < warm - p["band_upper"])) & (upper < warm)
        below = warm - _LOWER_BELOW_K
        s["call_lower"] = (s["call_lower"] | (lower < below - p["band_lower"])) & (lower < below)
        hottest = tank[-1]
        s["cut"] = (s["cut"] | (hottest >= p["cut_out"])) & (hottest > p["cut_out"] - _RESET_BELOW_K)
        live = s["on"] & ~s["cut"]
        stuck = severity["thermostat_stuck"] >= 0.5
        return live & s["call_upper"], live & timer & ~s["call_upper"] & (s["call_lower"] | stuck)

    def read(self) -> Mapping[str, Array]:
        """Return the true values of all channels."""
        s = self.state
        return {
            "tank_temperature_upper": s[_NAMES[_UPPER]],
            "tank_temperature_lower": s[_NAMES[_LOWER]],
            "set_point": s["set_point"],
            "flow": s["flow"],
            "water": s["water"],
            "power": s["power"],
            "energy": s["energy"],
            "inlet_temperature": s["cold"],
            "ambient_temperature": s["ambient"],
            "running": s["on"],
        }

    def impossible(self, severity: Severities) -> Mapping[str, Array]:
        """No fault of this type breaks a sensor."""
        return {}

    def obey(self, device: int, name: str, arguments: Mapping[str, Any]) -> Outcome:
        """Set the temperature, turn off and on."""
        if name == "set_temperature":
            self.state["set_point"][device] = float(arguments["set_point"])
            return DONE
        if name in ("turn_off", "turn_on"):
            self.state["on"][device] = name == "turn_on"
            return DONE
        return Outcome("refused", f"this water heater does not know the command {name!r}")


def risen(tank: Array) -> Array:
    """Return the layers, bottom first, after warm water has risen through colder water above it.

    Layers that would lie upside down mix to their mean; this is the isotonic regression of each column, by
    its max-min formula: layer i takes max over a ≤ i of min over b ≥ i of the mean of layers a … b. Heat is
    conserved.

    >>> risen(np.array([[60.0], [20.0], [50.0]])).ravel()
    array([40., 40., 50.])
    """
    upside_down = (tank[1:] < tank[:-1]).any(axis=0)
    if not upside_down.any():
        return tank
    layers = len(tank)
    sums = np.concatenate([np.zeros_like(tank[:1]), np.cumsum(tank, axis=0)])
    best = np.full_like(tank, -np.inf)
    for a in range(layers):
        lengths = np.arange(1, layers - a + 1)[:, None]
        means = (sums[a + 1 :] - sums[a]) / lengths
        lowest = np.minimum.accumulate(means[::-1], axis=0)[::-1]
        best[a:] = np.maximum(best[a:], lowest)
    # The others stay as they are, to the bit: what one tank does is nothing to its neighbours.
    return np.where(upside_down, best, tank)


PHYSICS = WaterHeater
