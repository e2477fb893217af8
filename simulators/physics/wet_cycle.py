"""What a washing machine and a dishwasher share: programmes of phases with water, heat and a drain.

A programme is a row of phases. Running machines are advanced in parts of a step of at most
:data:`_PART_S`, since a drain takes less than a minute; machines at rest cost next to nothing.

What a machine measures of its own phases (duration of a drain, flow of a fill, warming of a heating phase)
changes when the phase ends and is *held* until the next such phase. Windows of minutes over a machine that
washes every other day would otherwise be empty nearly always: the models need days of readings before they
judge, and the daily mean of a held value is exactly the trend over the last loads that tells a blocked drain
from one odd load.

Where electricity is cheaper at night some people fill the machine as ever and set the delayed start: it
begins when the cheap hours do.

When a fault is put right, whoever did it runs the shortest programme once, as engineers do: the held values
then show whether it helped.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulators.faults import Severities
from simulators.households import HomeSpan
from simulators.physics.contract import DONE, Array, Happening, Mask, Outcome, Physics

WATER_J_PER_KG_K = 4186.0
FILL, HEAT, TURN, DRAIN, SPIN, REST, END = range(7)
Indices = NDArray[np.intp]

_PART_S = 10.0
_FILL_LIMIT_S = 480.0
_DRAIN_LIMIT_S = 300.0
_COLD_AFTER_S = 600.0  # of heating without two kelvins: the control gives up and washes cold
_BLOCKED_AT = 0.97
_MEASURED_LITRES = 2.0  # a smaller fill tells nothing of the tap
_MEASURED_HEAT_S = 150.0
_PAUSE_S = 1800.0
_EMPTIED_AFTER_S = 3 * 3600.0  # somebody finds the standing water and lets it out
_DAY_S = 86_400.0


class Phase(NamedTuple):
    """One phase of a programme.

    Attributes:
        kind: FILL, HEAT, TURN (drum or spray arms), DRAIN, SPIN or REST (drying).
        seconds: its length; for HEAT the longest.
        litres: free water that FILL stops at.
        celsius: that HEAT stops at; 0: the temperature chosen with the programme.
        rpm: of SPIN; 0: the speed chosen with the programme.
    """

    kind: int
    seconds: float = 0.0
    litres: float = 0.0
    celsius: float = 0.0
    rpm: float = 0.0


class Programmes:
    """Programmes as arrays (programmes + 1, longest + 1); number 0 is none, END follows the last phase."""

    def __init__(self, programmes: Mapping[str, Sequence[Phase]]) -> None:
        self.names: tuple[str, ...] = ("", *programmes)
        shape = (len(programmes) + 1, max(len(phases) for phases in programmes.values()) + 1)
        self.kind = np.full(shape, END)
        self.seconds, self.litres = np.zeros(shape), np.zeros(shape)
        self.celsius, self.rpm = np.zeros(shape), np.zeros(shape)
        for number, phases in enumerate(programmes.values(), start=1):
            for place, phase in enumerate(phases):
                self.kind[number, place] = phase.kind
                self.seconds[number, place] = phase.seconds
                self.litres[number, place] = phase.litres
                self.celsius[number, place] = phase.celsius
                self.rpm[number, place] = phase.rpm


def is_weekend(homes: HomeSpan) -> bool:
    """Say whether the span's local day is a Saturday or a Sunday."""
    shift = (float(homes.hour[0]) - homes.start_s % _DAY_S / 3600.0 + 12.0) % 24.0 - 12.0
    day = math.floor((homes.start_s + shift * 3600.0) / _DAY_S)
    return (day + 3) % 7 >= 5  # 1970-01-01, day 0, was a Thursday


def tariff_inputs(homes: HomeSpan) -> dict[str, Array]:
    """Return what a wet cycle's inputs need of the tariff: ``cheap`` and ``delays``, (steps, devices)."""
    return {"cheap": homes.cheap, "delays": np.broadcast_to(homes.delays, homes.people.shape)}


def cycle_state(devices: int) -> dict[str, NDArray[Any]]:
    """Return the state that every wet cycle has, of machines at rest."""
    numbers = (
        *("phase_s", "total_s", "paused_s", "standing_s", "free", "soaked", "load", "target", "spin"),
        *("part_s", "part_litres", "part_from", "energy_from", "water_from", "power", "ill"),
    )
    state: dict[str, NDArray[Any]] = {name: np.zeros(devices) for name in numbers}
    state |= {name: np.zeros(devices, dtype=np.int64) for name in ("programme", "phase", "delayed")}
    state |= {name: np.zeros(devices, dtype=bool) for name in ("alarm_OE", "alarm_IE", "alarm_HE")}
    state["tap"] = np.full(devices, np.nan)
    state["water_c"] = np.full(devices, 20.0)
    state["abort_s"] = np.full(devices, np.inf)
    return state


class WetCycle(Physics):
    """The common cycle; subclasses add habits, motors and their own faults."""

    __slots__ = ()

    PROGRAMMES: ClassVar[Programmes]
    TEST: ClassVar[str]  # programme that is run after a repair
    DRAINS: ClassVar[float]  # litres of the least drain that is measured: one length for all that are
    SOAKS: ClassVar[tuple[float, float]]  # litres per kg of load: soaked, and left after spinning

    @abstractmethod
    def _habits(self, row: Mapping[str, Array], severity: Severities, seconds: float) -> None:
        """Let people fill and start the machine; what happens to it at rest."""

    @abstractmethod
    def _begin(self, device: int, programme: str, row: Mapping[str, Array] | None) -> None:
        """Start a programme by name; ``row`` None: as a command or a test, without anybody's choices."""

    @abstractmethod
    def _motors(self, who: Indices, kind: NDArray[Any], rpm: Array, severity: Severities) -> Array:
        """Return the watts of drum or circulation, (len(who),), and note what they show."""

    def _spun(self, device: int) -> None:
        """Note what the final spin of a device showed; a machine without a drum has nothing to note."""

    def step(self, row: Mapping[str, Array], severity: Severities, seconds: float) -> None:
        """Advance every machine by ``seconds``."""
        p, s = self.parameters, self.state
        # Mains water follows the ground: the outdoor air of some weeks.
        tap = np.clip(row["outdoor"], 6.0, 29.0)
        s["tap"] = np.where(np.isnan(s["tap"]), tap, s["tap"] + (tap - s["tap"]) * seconds / (20 * _DAY_S))
        self._after_repair(severity)
        self._habits(row, severity, seconds)
        for device in np.flatnonzero((s["delayed"] > 0) & (row["cheap"] > 0) & (s["programme"] == 0)):
            self._begin(int(device), self.PROGRAMMES.names[int(s["delayed"][device])], row)
        joules = p["standby"] * seconds
        busy = s["programme"] > 0
        s["total_s"] = np.where(busy, s["total_s"] + seconds, 0.0)
        resting = ~busy | (s["paused_s"] > 0)
        s["paused_s"] = np.maximum(s["paused_s"] - seconds, 0.0)
        s["water_c"] = np.where(
            resting, s["water_c"] + (row["room"] - s["water_c"]) * seconds / 5400.0, s["water_c"]
        )
        standing = (s["free"] > 1.0) & ~busy
        s["standing_s"] = np.where(standing, s["standing_s"] + seconds * (row["awake"] > 0), 0.0)
        s["free"] = np.where(s["standing_s"] > _EMPTIED_AFTER_S, 0.0, s["free"])
        who = np.flatnonzero(~resting)
        parts = math.ceil(seconds / _PART_S)
        for part in range(parts if len(who) else 0):
            who = who[s["programme"][who] > 0]
            joules[who] += self._advance(who, row, severity, seconds / parts, part * seconds / parts)
        s["energy"] = s["energy"] + joules / 3.6e6
        s["power"] = joules / seconds
        for device in np.flatnonzero((s["programme"] > 0) & (s["total_s"] >= s["abort_s"])):
            s["free"][device] = 0.0  # switched off in between: it pumps out first
            self._stop(int(device), 0.0, aborted=True)

    def _advance(
        self, who: Indices, row: Mapping[str, Array], severity: Severities, dt: float, offset: float
    ) -> Array:
        """Advance the running machines ``who`` by ``dt``; return the joules that they took."""
        p, s, t = self.parameters, self.state, self.PROGRAMMES
        number, place = s["programme"][who], s["phase"][who]
        kind, target = t.kind[number, place], t.celsius[number, place]
        target = np.where(target > 0, target, s["target"][who])
        load, free, soaked = s["load"][who], s["free"][who], s["soaked"][who]
        s["phase_s"][who] += dt
        lasted = s["phase_s"][who]

        # Water in: the load drinks first, then free water rises to the phase's level.
        flow = p["fill"][who] * row["pressure"][who] * (1.0 - 0.9 * severity["inlet_blocked"][who])
        thirst = np.maximum(self.SOAKS[0] * load - soaked, 0.0)
        need = thirst + np.maximum(t.litres[number, place] - free, 0.0)
        inflow = np.where(kind == FILL, np.minimum(flow * dt, need), 0.0)
        drunk = np.minimum(inflow, thirst)
        heat_capacity = p["dry"][who] + p["load_j"][who] * load + WATER_J_PER_KG_K * (free + soaked)
        mixed = heat_capacity * s["water_c"][who] + WATER_J_PER_KG_K * inflow * s["tap"][who]
        heat_capacity = heat_capacity + WATER_J_PER_KG_K * inflow
        warmth = mixed / heat_capacity
        free, soaked = free + inflow - drunk, soaked + drunk

        # Water out.
        clear = severity["drain_blocked"][who]
        outflow = np.where(clear < _BLOCKED_AT, p["drain"][who] / (1.0 + 3.8 * clear), 0.0)
        pumping = (kind == DRAIN) | (kind == SPIN)
        gone = np.where(pumping, np.minimum(outflow * dt, free), 0.0)
        kept = self.SOAKS[1] * load
        pressed = np.where(kind == SPIN, np.maximum(soaked - kept, 0.0) * (1.0 - np.exp(-dt / 60.0)), 0.0)

        # Heat.
        heating = (kind == HEAT) & (warmth < target)
        heater = np.where(heating & (severity["heater_open"][who] < 0.5), p["heater"][who], 0.0)
        loss = p["loss"][who] * (warmth - row["room"][who])
        warmth = warmth + (heater - loss) * dt / heat_capacity

        s["free"][who], s["soaked"][who], s["water_c"][who] = free - gone, soaked - pressed, warmth
        s["water"][who] += inflow
        rpm = np.where(t.rpm[number, place] > 0, t.rpm[number, place], s["spin"][who])
        motors = self._motors(who, kind, np.where(kind == SPIN, rpm, 0.0), severity)

        # What the machine measures of the phase: time at work, litres, warming.
        share = np.where(kind == FILL, inflow / np.maximum(flow * dt, 1e-9), 1.0)
        share = np.where(kind == DRAIN, gone / np.maximum(outflow * dt, 1e-9), share)
        share = np.where((kind == DRAIN) & (outflow <= 0), 1.0, share)
        s["part_s"][who] += dt * np.minimum(share, 1.0)
        s["part_litres"][who] += inflow + gone

        given_up = (kind == HEAT) & (lasted >= _COLD_AFTER_S) & (warmth - s["part_from"][who] < 2.0)
        late = ((kind == FILL) & (lasted >= _FILL_LIMIT_S)) | ((kind == DRAIN) & (lasted >= _DRAIN_LIMIT_S))
        timed = (kind == TURN) | (kind == SPIN) | (kind == REST) | (kind == HEAT)
        done = (timed & (lasted >= t.seconds[number, place])) | given_up
        done |= (kind == FILL) & (need - inflow <= 1e-9)
        done |= (kind == DRAIN) & (s["free"][who] <= 1e-9)
        done |= (kind == HEAT) & (warmth >= target)
        for spot in np.flatnonzero(done | late):
            failed = bool(late[spot] and not done[spot])
            self._phase_over(int(who[spot]), int(kind[spot]), offset + dt, failed, bool(given_up[spot]))
        return (heater + motors + np.where(pumping, p["pump"][who], 0.0)) * dt

    def _phase_over(self, device: int, kind: int, offset: float, failed: bool, cold: bool) -> None:
        """Take down what a phase showed, and go on to the next, or stop."""
        s, t = self.state, self.PROGRAMMES
        seconds, litres = float(s["part_s"][device]), float(s["part_litres"][device])
        if kind == DRAIN and (failed or litres > self.DRAINS):
            s["last_drain"][device] = seconds
            self._code(device, "OE", failed, offset)
        if kind == FILL and (failed or litres > _MEASURED_LITRES):
            s["last_fill"][device] = 60.0 * litres / seconds
            self._code(device, "IE", failed, offset)
        if kind == HEAT and seconds >= _MEASURED_HEAT_S:
            rise = float(s["water_c"][device] - s["part_from"][device])
            s["last_heat"][device] = max(rise, 0.0) / seconds * 60.0
            self._code(device, "HE", cold, offset)
        if failed:
            self._stop(device, offset, aborted=True)
            return
        s["phase"][device] += 1
        s["phase_s"][device] = s["part_s"][device] = s["part_litres"][device] = 0.0
        s["part_from"][device] = s["water_c"][device]
        if t.kind[s["programme"][device], s["phase"][device]] == END:
            if kind == SPIN:
                self._spun(device)
            self._stop(device, offset, aborted=False)

    def _code(self, device: int, code: str, active: bool, offset: float) -> None:
        """Raise a fault code or take it back, if that is news."""
        alarm = self.state[f"alarm_{code}"]
        if bool(alarm[device]) != active:
            alarm[device] = active
            self.happenings.append(Happening(offset, device, "fault", code, active=active))

    def _start(
        self,
        device: int,
        programme: str,
        *,
        load: float,
        target: float = 0.0,
        spin: float = 0.0,
        told: Mapping[str, Any] | None = None,
    ) -> None:
        """Start a programme; ``told`` are further fields of the event."""
        s = self.state
        s["programme"][device] = self.PROGRAMMES.names.index(programme)
        s["delayed"][device] = 0
        for name in ("phase", "phase_s", "total_s", "paused_s", "part_s", "part_litres", "soaked"):
            s[name][device] = 0
        s["load"][device], s["target"][device], s["spin"][device] = load, target, spin
        s["part_from"][device], s["abort_s"][device] = s["water_c"][device], np.inf
        s["energy_from"][device], s["water_from"][device] = s["energy"][device], s["water"][device]
        self.happenings.append(
            Happening(0.0, device, "event", "programme_started", {"programme": programme, **(told or {})})
        )

    def _stop(self, device: int, offset: float, *, aborted: bool) -> None:
        s = self.state
        programme = self.PROGRAMMES.names[int(s["programme"][device])]
        data: dict[str, Any] = {
            "programme": programme,
            "minutes": round(float(s["total_s"][device]) / 60.0, 1),
        }
        if not aborted:
            data["litres"] = round(float(s["water"][device] - s["water_from"][device]), 1)
            # The energy counter is brought up to date at the end of the step: less than a step is missing.
            data["energy"] = round(float(s["energy"][device] - s["energy_from"][device]), 3)
        name = "programme_aborted" if aborted else "programme_finished"
        self.happenings.append(Happening(offset, device, "event", name, data))
        s["programme"][device] = 0
        s["soaked"][device] = s["load"][device] = s["total_s"][device] = 0.0

    def _after_repair(self, severity: Severities) -> None:
        """Take codes back and run a test where the last fault has just been put right."""
        s = self.state
        ill = np.zeros(self.devices)
        for fault in self.FAULTS:
            if fault in severity:
                ill = np.maximum(ill, severity[fault])
        for device in np.flatnonzero((ill <= 0) & (s["ill"] > 0)):
            for code in ("OE", "IE", "HE"):
                self._code(int(device), code, False, 0.0)
            if s["programme"][device] == 0:
                s["free"][device] = 0.0
                self._begin(int(device), self.TEST, None)
        s["ill"] = ill

    def _choose(self, device: int, programme: str, row: Mapping[str, Array]) -> None:
        """Start the programme that somebody has chosen, or delay it until electricity is cheap."""
        if row["delays"][device] > 0 and row["cheap"][device] <= 0:
            self.state["delayed"][device] = self.PROGRAMMES.names.index(programme)
        else:
            self._begin(device, programme, row)

    def _idle(self) -> Mask:
        """Return which machines could be started and wait for no delayed start."""
        idle: Mask = (self.state["programme"] == 0) & (self.state["delayed"] == 0)
        return idle

    def read(self) -> Mapping[str, Array]:
        """Return the true values of all channels, as copies: the cycle works in the state's own arrays."""
        return {name: np.array(value, dtype=np.float64) for name, value in self._channels().items()}

    @abstractmethod
    def _channels(self) -> Mapping[str, Array]:
        """Return the true value of every channel now."""

    def obey(self, device: int, name: str, arguments: Mapping[str, Any]) -> Outcome:
        """Pause for half an hour, go on, or start a programme with what is in the machine."""
        s = self.state
        if name == "pause":
            if s["programme"][device] == 0:
                return Outcome("refused", "no programme is running")
            s["paused_s"][device] = _PAUSE_S
            return DONE
        if name == "start":
            if s["programme"][device] > 0 and s["paused_s"][device] > 0:
                s["paused_s"][device] = 0.0
                return DONE
            if s["programme"][device] > 0:
                return Outcome("refused", "a programme is running")
            if s["free"][device] > 1.0 and s["alarm_OE"][device]:
                return Outcome("refused", "there is water in the machine that it cannot pump out")
            self._begin(device, str(arguments["programme"]), None)
            return DONE
        return Outcome("refused", f"this appliance does not know the command {name!r}")
