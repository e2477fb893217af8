"""An under-sink purifier: sediment filter, carbon, booster pump, reverse-osmosis membrane, no tank.

Model: water flows while somebody fills something; how much is wanted is said in litres, so a slow purifier
runs longer. The pump lifts what pressure the sediment filter leaves to the membrane; product flow is in
proportion to the pressure there above the osmotic pressure (solution-diffusion, 1 g/L of salt makes some 70
kPa). The membrane lets a share of the dissolved solids pass. While nothing flows, salt diffuses through:
the first glass after a pause is saltier ("TDS creep"). Dirt gathers in the sediment filter by litres ×
turbidity; people change it when it is due, every few months.

Magnitudes: 1.2–1.8 L/min (400 to 600 gallons a day), a healthy membrane rejects 90–97 % (NSF/ANSI 58 asks
for 75 %), a pump of 40–55 W at 24 V; 10–50 L a day for drinking and cooking. Engineering estimates
otherwise; all lives depend on the local water.

Faults at severity 1: ``sediment_filter_clogged`` a quarter of the flow is left, the pump draws less; the dirt
follows the law's severity only as fast as litres × turbidity allow (two or three days of ordinary use from
clean to clogged), so a home on a trip clogs no further; ``membrane_worn`` rejection 95 → 80 % over months,
four times the solids; ``pump_weak`` 45 % of the pressure lift, power +30 %; ``leak`` 0.25 L/min behind the
membrane without a pause.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from simulators.faults import FaultLaw, Severities
from simulators.households import HomeSpan
from simulators.physics.cold_box import code_changes
from simulators.physics.contract import DONE, Array, Happening, Mask, Noise, Outcome, Physics, around

_LIFT_KPA = 480.0
_KPA_PER_MG_L = 0.07
_CLOG_TAKES = 12.0  # resistance of a clogged filter, relative to membrane and pump
_CLOG_L_NTU = 22.0  # litres × NTU that clog a filter which something fouls (engineering estimate)
_DUE_L_NTU = 1500.0  # litres × NTU after which an ordinary filter is due
_WORN_TAKES = 0.15  # of the rejection
_LEAK_L_MIN = 0.25
_LEAK_ALARM_S = 2 * 3600.0
_FLUSH_S = 90.0
_CREEP_S = 4 * 3600.0
_FILTER_DUE_AT = 0.6


class WaterPurifier(Physics):
    """Vectorised purifiers; see the module for the model."""

    __slots__ = ()

    TYPE: ClassVar[str] = "water_purifier"
    NOISE: ClassVar[Mapping[str, Noise]] = {
        "tds_in": Noise(2.0, 3.0, 1.0),
        "tds_out": Noise(0.5, 0.5, 0.3),
        "inlet_pressure": Noise(3.0, 3.0, 1.0),
        "power": Noise(0.4, 0.2, 0.1),
        "pump_power": Noise(0.4, 0.2, 0.1),
    }
    FAULTS: ClassVar[Mapping[str, FaultLaw]] = {
        "sediment_filter_clogged": FaultLaw("accelerating", 24.0 * 35, 0.7),
        "membrane_worn": FaultLaw("linear", 24.0 * 150, 0.9),
        "pump_weak": FaultLaw("linear", 24.0 * 28, 0.9),
        "leak": FaultLaw("linear", 8.0, 1.1),
    }
    SETTINGS: ClassVar[frozenset[str]] = frozenset({"puts_off"})

    @classmethod
    def create(cls, devices: int, rng: np.random.Generator, spread: float) -> WaterPurifier:
        """Draw ``devices`` purifiers in use."""

        def draw(mean: float, share: float = 1.0) -> Array:
            return around(rng, mean, devices, spread * share)

        parameters = {
            "flow": draw(1.5),  # L/min at 250 kPa and 300 mg/L
            "passes": draw(0.05, 1.2),  # share of the solids that a new membrane lets through
            "lift": draw(_LIFT_KPA, 0.4),
            "pump": draw(46.0, 0.7),
            "standby": draw(1.8),
            "glasses_per_hour": draw(0.55, 2.0),
            "cooks_with": draw(0.07, 2.0),  # L a minute of cooking and person
            "puts_off": rng.uniform(0.8, 1.3, devices),  # how late people change the filter
        }
        zeros, no = np.zeros(devices), np.zeros(devices, dtype=bool)
        filter_l = rng.uniform(50.0, 1200.0, devices)
        state = {
            "wants": zeros.copy(),  # litres that somebody is waiting for
            "dirt": rng.uniform(0.05, 0.6, devices) * _DUE_L_NTU,
            "clog": zeros.copy(),
            "idle_s": rng.uniform(0.0, 4e4, devices),
            "flushes": zeros.copy(),
            "closed": no.copy(),
            "flow": zeros.copy(),
            "full_flow": parameters["flow"].copy(),
            "pump_power": parameters["pump"].copy(),
            "tds_in": np.full(devices, 250.0),
            "tds_out": np.full(devices, 12.0),
            "pressure": np.full(devices, 250.0),
            "flow_s": zeros.copy(),
            "water": filter_l + rng.uniform(0.0, 6e3, devices),
            "filter_litres": filter_l,
            "energy": rng.uniform(1.0, 60.0, devices),
            "power": zeros.copy(),
            "leaked": no.copy(),
            "fouled": no.copy(),
            "alarm_filter": no.copy(),
            "alarm_leak": no.copy(),
        }
        return cls(parameters, state)

    def inputs(self, homes: HomeSpan, rng: np.random.Generator) -> dict[str, Array]:
        """Draw what people want, litres: glasses and bottles all day, pots while they cook."""
        p, shape = self.parameters, homes.people.shape
        rate = p["glasses_per_hour"] * homes.awake * np.sqrt(np.maximum(homes.people, 0.0))
        glass = (rng.random(shape) < rate * homes.step_s / 3600.0) * rng.uniform(0.2, 1.0, shape)
        minutes = homes.step_s / 60.0
        pots = rng.random(shape) < 0.12 * minutes * homes.cooking
        pot = pots * rng.uniform(0.5, 1.5, shape) * p["cooks_with"] / 0.12 * np.maximum(homes.people, 1.0)
        return {
            "wants": glass + pot,
            "tds": np.broadcast_to(homes.tds, shape),
            "turbidity": np.broadcast_to(homes.turbidity, shape),
            "pressure": homes.water_pressure * (1.0 + 0.01 * rng.standard_normal(shape)),
            "seen": rng.random(shape),
        }

    def step(self, row: Mapping[str, Array], severity: Severities, seconds: float) -> None:
        """Advance every purifier by ``seconds``."""
        p, s = self.parameters, self.state
        minutes = seconds / 60.0
        pressure, tds = row["pressure"], row["tds"]
        full, flow_share = self._flow(pressure, tds, severity)
        open_valve = ~s["closed"]
        s["wants"] = np.minimum(s["wants"] + row["wants"], 12.0) * open_valve
        taken = np.minimum(s["wants"], full * minutes)
        s["wants"] = s["wants"] - taken
        leak = _LEAK_L_MIN * severity["leak"] * open_valve
        litres = taken + leak * minutes
        share = np.clip(taken / np.maximum(full * minutes, 1e-6), 0.0, 1.0)
        # The reading is of the step's end: a chance, for a glass that was filled within it.
        seen = (row["seen"] < share) & (taken > 0)
        s["flow"] = np.where(seen, full, 0.0) + leak
        # The appliance keeps flow and pump power of the last draw that lasted: a tap fully open.
        s["full_flow"] = np.where(share > 0.5, full, s["full_flow"])
        flushing = (s["flushes"] > 0) & open_valve
        s["flushes"] = np.maximum(s["flushes"] - seconds, 0.0)
        self._quality(row, severity, litres > 0, flushing, seconds)
        self._dirt(row, severity, litres + np.where(flushing, full * minutes, 0.0))
        runs = seen | flushing | (leak > 0.02)
        weak = severity["pump_weak"]
        # A starved pump moves less water and draws less; a worn one slips and draws more.
        pump = p["pump"] * (0.55 + 0.45 * flow_share) * (1.0 + 0.3 * weak)
        ran = np.clip(share + (leak > 0.02) + flushing, 0.0, 1.0)
        s["pump_power"] = np.where(share > 0.5, pump, s["pump_power"])
        s["power"] = np.where(runs, pump, 0.0) + p["standby"]
        s["energy"] = s["energy"] + (pump * ran + p["standby"]) * seconds / 3.6e6
        s["water"] = s["water"] + litres
        s["filter_litres"] = s["filter_litres"] + litres
        s["flow_s"] = np.where(leak > 0.03, s["flow_s"] + seconds, 0.0)
        s["pressure"], s["tds_in"] = pressure, tds
        # Whoever repairs the leak opens the valve again.
        dry = s["leaked"] & (severity["leak"] <= 0)
        s["closed"] = s["closed"] & ~dry
        s["leaked"] = severity["leak"] > 0
        checks = {
            "alarm_filter": ("FILTER", s["clog"] > _FILTER_DUE_AT),
            "alarm_leak": ("LEAK", s["flow_s"] >= _LEAK_ALARM_S),
        }
        self.happenings += code_changes(s, checks)

    def _flow(self, pressure: Array, tds: Array, severity: Severities) -> tuple[Array, Array]:
        """Return the product flow with the tap fully open, L/min, and relative to a clean purifier.

        Filter and membrane are resistances in series behind the mains and the pump's lift.
        """
        p, s = self.parameters, self.state
        lift = p["lift"] * (1.0 - 0.55 * severity["pump_weak"])
        head = np.maximum(pressure + lift - _KPA_PER_MG_L * tds, 1.0)
        resistance = 1.0 + 0.06 * np.minimum(s["dirt"] / _DUE_L_NTU, 1.5) + _CLOG_TAKES / 4.0 * s["clog"] ** 2
        rated = 250.0 + _LIFT_KPA - _KPA_PER_MG_L * 300.0
        return p["flow"] * head / rated / resistance, 1.0 / resistance

    def _quality(
        self, row: Mapping[str, Array], severity: Severities, flows: Mask, flushing: Mask, seconds: float
    ) -> None:
        """Dissolved solids behind the membrane: what passes, and what has diffused while it stood."""
        p, s = self.parameters, self.state
        passes = p["passes"] + _WORN_TAKES * severity["membrane_worn"]
        moves = flows | flushing
        # A minute of product water washes an hour's salt away, a minute of flushing ten hours'.
        fresher = np.where(flushing, 600.0, 60.0) * seconds
        s["idle_s"] = np.where(moves, np.maximum(s["idle_s"] - fresher, 0.0), s["idle_s"] + seconds)
        creep = 0.35 * passes * (1.0 - np.exp(-s["idle_s"] / _CREEP_S))
        # The probe sits in the pipe: it shows new water only while water moves.
        s["tds_out"] = np.where(moves, row["tds"] * (passes + creep), s["tds_out"])

    def _dirt(self, row: Mapping[str, Array], severity: Severities, litres: Array) -> None:
        """Dirt in the sediment filter, and its replacement."""
        p, s = self.parameters, self.state
        load = litres * row["turbidity"]
        s["dirt"] = s["dirt"] + load
        fouling = severity["sediment_filter_clogged"]
        # What fouls it is carried by the water: the severity is reached only as litres × turbidity go.
        s["clog"] = np.where(fouling > 0, np.minimum(fouling, s["clog"] + load / _CLOG_L_NTU), 0.0)
        due: Mask = s["fouled"].astype(bool) | (s["dirt"] > _DUE_L_NTU * p["puts_off"])
        replaced = due & (fouling <= 0)
        s["fouled"] = fouling > 0
        for device in np.flatnonzero(replaced):
            data = {"filter": "sediment_filter"}
            self.happenings.append(Happening(0.0, int(device), "event", "filter_replaced", data))
        s["dirt"] = np.where(replaced, 0.0, s["dirt"])
        s["filter_litres"] = np.where(replaced, 0.0, s["filter_litres"])

    def read(self) -> Mapping[str, Array]:
        """Return the true values of all channels."""
        s = self.state
        return {
            "flow": s["flow"],
            "full_flow": s["full_flow"],
            "tds_in": s["tds_in"],
            "tds_out": s["tds_out"],
            "inlet_pressure": s["pressure"],
            "water": s["water"],
            "filter_litres": s["filter_litres"],
            "power": s["power"],
            "pump_power": s["pump_power"],
            "energy": s["energy"],
        }

    def impossible(self, severity: Severities) -> Mapping[str, Array]:
        """No fault of this type breaks a sensor."""
        return {}

    def obey(self, device: int, name: str, arguments: Mapping[str, Any]) -> Outcome:
        """Flush the membrane; close and open the inlet valve."""
        s = self.state
        if name == "flush":
            if s["closed"][device]:
                return Outcome("failed", "the inlet valve is closed: there is no water to flush with")
            s["flushes"][device] = _FLUSH_S
            return DONE
        if name in ("close_inlet", "open_inlet"):
            s["closed"][device] = name == "close_inlet"
            return DONE
        return Outcome("refused", f"this water purifier does not know the command {name!r}")


PHYSICS = WaterPurifier
