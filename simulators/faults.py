"""Faults: when they begin, how their severity grows, and when the appliance stops doing its work.

Severity runs from 0 (healthy) to 1 (the magnitude that the type's physics documents for the fault). A
growth law says how it gets there, and can be inverted, so that the time of functional failure is known
beforehand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from zerodistance.errors import SettingsError

GrowthKind = Literal["step", "linear", "accelerating"]
_SHARPNESS = 3.0  # of the accelerating law: half of the time brings 18 % of the damage
_US_PER_HOUR = 3_600_000_000


@dataclass(frozen=True, slots=True)
class FaultLaw:
    """How a fault of one type develops by default.

    Attributes:
        growth: at once, in proportion to time, or slowly first and fast in the end.
        hours: from onset to full severity.
        functional_at: severity at which the appliance no longer does what it is for; above 1: never.
    """

    growth: GrowthKind
    hours: float
    functional_at: float


class FaultEntry(msgspec.Struct, kw_only=True):
    """One fault of one device, as planned or injected. Times are microseconds since 1970, UTC.

    Attributes:
        device: index within its population.
        severity: what it grows to, 0 to 1.
        persistent: the appliance's own remedy (a sterilise) does not cure it.
        cleared_us: when it was put right, None while it lasts.
    """

    id: str
    device: int
    fault: str
    onset_us: int
    growth: GrowthKind
    hours: float
    severity: float = 1.0
    functional_at: float = 1.0
    persistent: bool = False
    cleared_us: int | None = None

    def severity_at(self, time_us: int) -> float:
        """Return the severity at a moment."""
        if time_us < self.onset_us or (self.cleared_us is not None and time_us >= self.cleared_us):
            return 0.0
        return self.severity * grown(self.growth, (time_us - self.onset_us) / _US_PER_HOUR, self.hours)

    def functional_failure_us(self) -> int | None:
        """Return when its severity reaches ``functional_at``, None if it never does or is cured before."""
        if self.functional_at > self.severity:
            return None
        moment = self.onset_us + round(
            hours_until(self.growth, self.functional_at / self.severity, self.hours) * _US_PER_HOUR
        )
        return None if self.cleared_us is not None and self.cleared_us <= moment else moment


def grown(growth: GrowthKind, hours: float, full_after: float) -> float:
    """Return the share of full severity, 0 to 1, that ``hours`` have brought.

    >>> grown("linear", 6, 24), grown("step", 0, 24), round(grown("accelerating", 12, 24), 3)
    (0.25, 1.0, 0.182)
    """
    if growth == "step" or full_after <= 0:
        return 1.0
    share = min(max(hours / full_after, 0.0), 1.0)
    if growth == "linear":
        return share
    return float(np.expm1(_SHARPNESS * share) / np.expm1(_SHARPNESS))


def hours_until(growth: GrowthKind, share: float, full_after: float) -> float:
    """Return the hours after which the share of full severity is reached: the inverse of :func:`grown`.

    >>> round(hours_until("accelerating", grown("accelerating", 12, 24), 24), 6)
    12.0
    """
    if growth == "step" or full_after <= 0:
        return 0.0
    if growth == "linear":
        return share * full_after
    return float(np.log1p(share * np.expm1(_SHARPNESS)) / _SHARPNESS * full_after)


class Severities:
    """Severity of every fault at one moment: fault → (devices,), only for faults that some device has."""

    def __init__(self, devices: int) -> None:
        self._devices = devices
        self._now: dict[str, NDArray[np.float64]] = {}
        self._persistent: dict[str, NDArray[np.bool_]] = {}
        self._none = np.zeros(devices)
        self._false = np.zeros(devices, dtype=bool)

    def __getitem__(self, fault: str) -> NDArray[np.float64]:
        return self._now.get(fault, self._none)

    def __contains__(self, fault: str) -> bool:
        return fault in self._now

    def persistent(self, fault: str) -> NDArray[np.bool_]:
        """Return which devices have it in a form that the appliance itself cannot cure."""
        return self._persistent.get(fault, self._false)

    def set(self, entries: list[FaultEntry], time_us: int) -> None:
        """Take the severities of ``entries`` at a moment; the strongest counts where several agree."""
        self._now.clear()
        self._persistent.clear()
        for entry in entries:
            value = entry.severity_at(time_us)
            if value <= 0.0:
                continue
            now = self._now.setdefault(entry.fault, np.zeros(self._devices))
            now[entry.device] = max(now[entry.device], value)
            if entry.persistent:
                mask = self._persistent.setdefault(entry.fault, np.zeros(self._devices, dtype=bool))
                mask[entry.device] = True


@dataclass(slots=True)
class FaultBook:
    """The faults of one population: those to come, those that last, those that are over."""

    laws: Mapping[str, FaultLaw]
    devices: int
    entries: list[FaultEntry] = field(default_factory=list)
    _current: list[FaultEntry] = field(default_factory=list)
    _check_us: int = -1
    severities: Severities = field(init=False)

    def __post_init__(self) -> None:
        self.severities = Severities(self.devices)

    def plan(
        self,
        device: int,
        name: str,
        fault: str,
        onset_us: int,
        *,
        severity: float = 1.0,
        growth: GrowthKind | None = None,
        hours: float | None = None,
        persistent: bool = False,
    ) -> FaultEntry:
        """Add a fault of the device with index ``device`` (and id ``name``); the law fills what is not given.

        Raises:
            SettingsError: when the type's physics has no such fault, or a number is out of range.
        """
        law = self.laws.get(fault)
        if law is None:
            raise SettingsError(
                f"{name}: no fault {fault!r} can be simulated: choose of {', '.join(self.laws)}."
            )
        if not 0.0 < severity <= 1.0:
            raise SettingsError(f"{name}: severity {severity:g} of {fault} must be above 0 and at most 1.")
        entry = FaultEntry(
            id=f"{name}/{fault}/{onset_us}",
            device=device,
            fault=fault,
            onset_us=onset_us,
            growth=growth or law.growth,
            hours=law.hours if hours is None else hours,
            severity=severity,
            functional_at=law.functional_at,
            persistent=persistent,
        )
        self.entries.append(entry)
        self.changed()
        return entry

    def clear(self, device: int, fault: str | None, time_us: int) -> list[FaultEntry]:
        """End the named fault of a device, or all of them, and return those that it ended."""
        ended = [
            entry
            for entry in self.entries
            if entry.device == device
            and fault in (None, entry.fault)
            and entry.cleared_us is None
            and entry.onset_us <= time_us
        ]
        for entry in ended:
            entry.cleared_us = time_us
        self.changed()
        return ended

    def changed(self) -> None:
        """Look at all entries again: somebody else has changed them."""
        self._check_us = -1

    def at(self, time_us: int) -> Severities:
        """Return the severities at a moment; moments go forward."""
        if self._check_us < 0 or time_us >= self._check_us:
            # Which entries matter changes only when one begins or ends: look again in an hour at the latest.
            self._check_us = time_us + _US_PER_HOUR
            for entry in self.entries:
                for moment in (entry.onset_us, entry.cleared_us):
                    if moment is not None and moment > time_us:
                        self._check_us = min(self._check_us, moment)
            self._current = [
                entry
                for entry in self.entries
                if entry.onset_us <= time_us and (entry.cleared_us is None or entry.cleared_us > time_us)
            ]
            self.severities.set(self._current, time_us)
        elif self._current:
            self.severities.set(self._current, time_us)
        return self.severities
