"""What refrigerator, freezer and wine cellar have in common: sealed circuit, coil, door, thermostat, alarms.

:class:`ColdBox` is a whole appliance with one compartment; freezer and wine cellar are two of its kind. The
refrigerator, with two compartments and defrosting, uses the pieces. All figures without a source are
engineering estimates.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from simulators.faults import Severities
from simulators.households import HomeSpan
from simulators.physics.contract import DONE, Array, Arrays, Happening, Mask, Outcome, Physics
from simulators.physics.psychrometrics import saturation
from simulators.physics.vapour_compression import UNDERCHARGE, compressor_map

BROKEN_READING_C = -127.0
DOOR_ALARM_S = 300.0
_CAPACITY_PER_K = 0.036


class Openings(NamedTuple):
    """What people do to a door in a span, arrays (steps, devices).

    Attributes:
        open_s: seconds open in the step; ``start``: seconds after the step's begin.
        seen: 1 where the door's switch reads open at the end of the step.
        opened: 1 where somebody opened it in passing; ``shopping``: 1 while shopping is put away.
    """

    open_s: Array
    start: Array
    seen: Array
    opened: Array
    shopping: Array


def draw_openings(
    homes: HomeSpan, rng: np.random.Generator, per_hour: Array, shopping_open: float = 1.0
) -> Openings:
    """Draw a span's door openings: ``per_hour`` (devices,) of a home of two or three, most at meals.

    ``shopping_open``: share of the time in which shopping is put away that this door stands open.
    """
    shape = homes.people.shape
    crowd = np.sqrt(np.maximum(homes.people, 0.0) / 2.5)
    rate = per_hour * crowd * homes.awake * (0.6 + 1.8 * homes.cooking)
    opened = rng.random(shape) < rate * homes.step_s / 3600.0
    seconds = np.minimum(rng.lognormal(2.6, 0.5, shape), homes.step_s * 0.9) * opened
    start = rng.random(shape) * (homes.step_s - seconds)
    shopping = (homes.shopping > 0) & (shopping_open > 0)
    seconds = np.where(shopping, homes.step_s * shopping_open, seconds)
    # The door's switch is read at the end of the step: a chance, for an opening that ended within it.
    seen = (rng.random(shape) < seconds / homes.step_s).astype(np.float64)
    begins = np.where(shopping, 0.0, start)
    return Openings(seconds, begins, seen, opened.astype(np.float64), shopping.astype(np.float64))


def door_happenings(row: Mapping[str, Array]) -> list[Happening]:
    """Return the events of the doors that were opened in passing in a step."""
    told: list[Happening] = []
    for i in np.flatnonzero((row["open_s"] > 0) & (row["shopping"] == 0)):
        start, length = float(row["open_start"][i]), float(row["open_s"][i])
        told.append(Happening(start, int(i), "event", "door_opened"))
        told.append(Happening(start + length, int(i), "event", "door_closed", {"seconds": round(length, 1)}))
    return told


def code_changes(state: Arrays, checks: Mapping[str, tuple[str, Mask]]) -> list[Happening]:
    """Return the fault codes that change, and remember: ``checks`` says state's name → (code, active now)."""
    told: list[Happening] = []
    for key, (code, now) in checks.items():
        changed = now != state[key]
        if changed.any():
            told += [
                Happening(0.0, int(i), "fault", code, active=bool(now[i])) for i in np.flatnonzero(changed)
            ]
            state[key] = np.asarray(now, dtype=bool)
    return told


def sealed_circuit(
    evaporator: Array, ambient: Array, severity: Severities, evaporating_rated: float, leak_at_full: float
) -> tuple[Array, Array]:
    """Return (capacity, power) of a running compressor relative to its rating, faults included.

    ``leak_at_full``: share of the charge that is gone at severity 1 of ``refrigerant_leak``.
    """
    condensing = ambient + 15.0
    if "condenser_fan_stopped" in severity:
        # Natural convection alone: the condenser runs some 18 K hotter (engineering estimate).
        condensing = condensing + 18.0 * severity["condenser_fan_stopped"]
    capacity, power = compressor_map(
        evaporator,
        condensing,
        evaporating_rated=evaporating_rated,
        condensing_rated=40.0,
        capacity_per_k=_CAPACITY_PER_K,
        capacity_per_k_condensing=0.005,
        power_per_k=0.014,
        power_per_k_condensing=0.0045,
    )
    if "condenser_fan_stopped" in severity:
        # Flash gas behind the capillary takes a further part of the capacity.
        capacity = capacity * (1.0 - 0.28 * severity["condenser_fan_stopped"])
        power = power * (1.0 + 0.09 * severity["condenser_fan_stopped"])
    if "refrigerant_leak" in severity:
        q, w = UNDERCHARGE.ratios(leak_at_full * severity["refrigerant_leak"])
        capacity, power = capacity * q, power * w
    return capacity, power


def coil_step(
    evaporator: Array,
    *,
    pull: Array,
    gain: Array,
    capacity: Array,
    rated: Array,
    mass: Array,
    running: Mask,
    resting: Array,
    rest_rate: Array | float,
    seconds: float,
) -> Array:
    """Return the evaporator's temperature after a step, implicit in the compressor's own slope.

    Args:
        evaporator: now, °C.
        pull: Σ conductance × air temperature plus latent heat, W; ``gain``: Σ conductance, W/K.
        capacity: of the compressor now, W; ``rated``: at its rating, W.
        mass: heat capacity of the coil, J/K.
        running: which compressors run; the others' coils drift to ``resting`` (°C) at ``rest_rate`` (1/s).
        seconds: length of the step.
    """
    slope = _CAPACITY_PER_K * rated
    target = np.where(running, (pull - capacity + slope * evaporator) / (gain + slope), resting)
    rate = np.where(running, (gain + slope) / mass, rest_rate)
    after: Array = evaporator + (target - evaporator) * (1.0 - np.exp(-rate * seconds))
    return after


@dataclass(frozen=True, slots=True)
class BoxFigures:
    """Figures of a kind of box: what a door and faults do, in W/K of heat from the room where not said.

    Attributes:
        open_door, ajar, gasket: door open; ``door_ajar`` and ``gasket_leak`` at severity 1.
        evaporating: of the running compressor at its rating, °C.
        rest: share of the coil's conductance that is left while the compressor rests.
        restart_s: the compressor rests so long at least.
        leak_at_full: share of the charge that is gone at severity 1.
        contents_per_opening, contents_per_shopping: kg of water's heat at room temperature that come in.
    """

    open_door: float
    ajar: float
    gasket: float
    evaporating: float
    rest: float
    restart_s: float
    leak_at_full: float
    contents_per_opening: float
    contents_per_shopping: float


class ColdBox(Physics):
    """Boxes with one compartment: air, contents, coil, thermostat, door.

    Subclasses name their figures and say what is their own: how well the coil reaches the air, what water
    does, and what the control does without a believable reading. Parameters that the step needs: ``ua``,
    ``coil_w`` (conductance coil to air), ``coil`` (J/K), ``capacity`` (W), ``power`` (W), ``fan`` (W),
    ``standby`` (W), ``air`` (J/K), ``contents`` (J/K), ``contents_w`` (W/K), ``hysteresis`` (K),
    ``openings_per_hour``.
    """

    __slots__ = ()

    BOX: ClassVar[BoxFigures]
    COMPARTMENT: ClassVar[str]  # the channel that carries the compartment's temperature

    @staticmethod
    def box_state(set_point: Array, resting: Array, rng: np.random.Generator) -> Arrays:
        """Return the state that every box has, for boxes in use."""
        devices = len(set_point)
        zeros, no = np.zeros(devices), np.zeros(devices, dtype=bool)
        return {
            "cabinet": set_point + rng.normal(0.0, 0.4, devices),
            "contents": set_point.copy(),
            "evaporator": resting.copy(),
            "running": no.copy(),
            "since_off": np.full(devices, 1e4),
            "since_on": zeros.copy(),
            "set_point": set_point.copy(),
            "energy": rng.uniform(20.0, 900.0, devices),
            "power": zeros.copy(),
            "door": zeros.copy(),
            "ajar_s": zeros.copy(),
            "ambient": np.full(devices, 24.0),
            "alarm_door": no.copy(),
        }

    @abstractmethod
    def coil_reach(self, severity: Severities) -> Array:
        """Return the share of the coil's conductance that reaches the air, (devices,)."""

    @abstractmethod
    def water(self, row: Mapping[str, Array], gap: Array, running: Mask, seconds: float) -> Array:
        """Move vapour and frost, and return the latent heat that the coil takes up, W."""

    @abstractmethod
    def blind(self, seconds: float) -> Mask:
        """Return which compressors a control without a believable reading would run."""

    def inputs(self, homes: HomeSpan, rng: np.random.Generator) -> dict[str, Array]:
        """Draw the openings of door or lid, and what is put in."""
        doors = draw_openings(homes, rng, self.parameters["openings_per_hour"], self.shopping_open)
        put_in = (
            self.BOX.contents_per_shopping * doors.shopping * homes.step_s / 60.0
            + self.BOX.contents_per_opening * doors.opened
        )
        return {
            "ambient": homes.indoor,
            "room_vapour": 0.5 * saturation(homes.indoor),
            "open_s": doors.open_s,
            "open_start": doors.start,
            "door": doors.seen,
            "put_in": put_in,
            "shopping": doors.shopping,
        }

    @property
    def shopping_open(self) -> float:
        """Share of the time of putting shopping away that this door stands open."""
        return 1.0

    def step(self, row: Mapping[str, Array], severity: Severities, seconds: float) -> None:
        """Advance every box by ``seconds``."""
        p, s, box = self.parameters, self.state, self.BOX
        ambient, air, contents, before = row["ambient"], s["cabinet"], s["contents"], s["evaporator"]
        running = self._thermostat(severity, seconds) & (severity["compressor_failed"] < 0.5)
        gap = box.open_door * row["open_s"] / seconds
        if "door_ajar" in severity:
            gap = gap + box.ajar * severity["door_ajar"]
        if "gasket_leak" in severity:
            gap = gap + box.gasket * severity["gasket_leak"]
        latent = self.water(row, gap, running, seconds)
        reach = p["coil_w"] * self.coil_reach(severity)
        share, load = sealed_circuit(before, ambient, severity, box.evaporating, box.leak_at_full)
        s["evaporator"] = coil_step(
            before,
            pull=reach * air + latent,
            gain=reach,
            capacity=share * p["capacity"],
            rated=p["capacity"],
            mass=p["coil"],
            running=running,
            resting=air,
            rest_rate=box.rest * reach / p["coil"],
            seconds=seconds,
        )
        cooling = np.where(running, reach, box.rest * reach) * (air - 0.5 * (before + s["evaporator"]))
        into_contents = p["contents_w"] * (air - contents)
        heat = (p["ua"] + gap) * (ambient - air) - into_contents - cooling
        # Fast exchange, as through an open door, settles within a step: implicit in the air's temperature.
        stiff = (p["ua"] + gap + p["contents_w"] + reach) * seconds / p["air"]
        s["cabinet"] = air + heat * seconds / p["air"] / (1.0 + stiff)
        warm = row["put_in"] * 4186.0 * (ambient - contents)
        s["contents"] = contents + (into_contents * seconds + warm) / self.heat_of_contents()
        s["power"] = np.where(running, load * p["power"] + p["fan"], 0.0) + p["standby"]
        s["energy"] = s["energy"] + s["power"] * seconds / 3.6e6
        s["ambient"] = ambient
        ajar = severity["door_ajar"] > 0.3
        s["door"] = np.maximum(row["door"], ajar)
        s["ajar_s"] = np.where(ajar | (row["shopping"] > 0), s["ajar_s"] + seconds, 0.0)
        self.happenings += door_happenings(row)

    def heat_of_contents(self) -> Array:
        """Return the heat capacity of the contents now, J/K."""
        contents: Array = self.parameters["contents"]
        return contents

    def read(self) -> Mapping[str, Array]:
        """Return the true values of the channels that every box has."""
        s = self.state
        return {
            self.COMPARTMENT: s["cabinet"],
            "evaporator_temperature": s["evaporator"],
            "ambient_temperature": s["ambient"],
            "power": s["power"],
            "energy": s["energy"],
            "door_open": s["door"],
            "set_point": s["set_point"],
        }

    def impossible(self, severity: Severities) -> Mapping[str, Array]:
        """A thermistor with a broken wire reads −127 °C."""
        if "thermistor_open" not in severity:
            return {}
        broken = severity["thermistor_open"] >= 0.5
        return {self.COMPARTMENT: np.where(broken, BROKEN_READING_C, np.nan)}

    def obey(self, device: int, name: str, arguments: Mapping[str, Any]) -> Outcome:
        """Set the temperature."""
        if name == "set_temperature":
            self.state["set_point"][device] = float(arguments["set_point"])
            return DONE
        kind = self.TYPE.replace("_", " ")
        return Outcome("refused", f"this {kind} does not know the command {name!r}")

    def _thermostat(self, severity: Severities, seconds: float) -> Mask:
        """Hysteresis and restart delay; return which compressors are switched on."""
        p, s = self.parameters, self.state
        on = np.where(s["cabinet"] > s["set_point"] + p["hysteresis"], True, s["running"])
        on = np.where(s["cabinet"] < s["set_point"] - p["hysteresis"], False, on)
        if "thermistor_open" in severity:
            on = np.where(severity["thermistor_open"] >= 0.5, self.blind(seconds), on)
        called: Mask = on & (s["running"] | (s["since_off"] >= self.BOX.restart_s))
        s["since_off"] = np.where(called, 0.0, s["since_off"] + seconds)
        s["since_on"] = np.where(called, s["since_on"] + seconds, 0.0)
        s["running"] = called
        return called
