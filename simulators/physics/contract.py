"""What one appliance type's physics is: arrays over its devices, and a step.

A type is one module with one subclass of :class:`Physics`. Parameters and state are dictionaries of arrays of
shape (devices,), so saving, resuming and comparing a fleet need no code of the type's own.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulators.faults import FaultLaw, Severities
from simulators.households import HomeSpan

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Arrays = dict[str, NDArray[Any]]


class Outcome(NamedTuple):
    """What the appliance answers to a command."""

    outcome: Literal["done", "refused", "failed"]
    reason: str = ""


DONE = Outcome("done")


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that an appliance reports by itself: an event, or a fault code raised or taken back.

    Attributes:
        offset_s: seconds after the start of the step in which it happened.
        device: index within the population.
        kind: which MQTT channel carries it.
        name: the event's name or the fault code.
        active: for fault codes: raised (True) or taken back (False).
    """

    offset_s: float
    device: int
    kind: Literal["event", "fault"]
    name: str
    data: Mapping[str, Any] = field(default_factory=dict)
    active: bool = True


@dataclass(frozen=True, slots=True)
class Noise:
    """How a channel's sensor differs from the truth: standard deviations, in the channel's unit.

    Attributes:
        sigma: of each reading.
        bias: of the offset that a device has for good.
        drift_per_year: of the yearly change of that offset.
    """

    sigma: float = 0.0
    bias: float = 0.0
    drift_per_year: float = 0.0


@dataclass(slots=True)
class Physics(ABC):
    """One type's devices. Subclasses fill ``parameters`` and ``state`` in :meth:`create`."""

    TYPE: ClassVar[str]
    NOISE: ClassVar[Mapping[str, Noise]]
    FAULTS: ClassVar[Mapping[str, FaultLaw]]
    SETTINGS: ClassVar[frozenset[str]] = frozenset()
    """Parameters that are no physics: temperatures that people or makers set, habits, probabilities."""

    parameters: Arrays
    state: Arrays
    happenings: list[Happening] = field(default_factory=list)
    cured: list[tuple[int, str]] = field(default_factory=list)

    @classmethod
    @abstractmethod
    def create(cls, devices: int, rng: np.random.Generator, spread: float) -> Physics:
        """Draw parameters of ``devices`` appliances, each about 1 ± ``spread`` times the type's mean."""

    @abstractmethod
    def inputs(self, homes: HomeSpan, rng: np.random.Generator) -> dict[str, Array]:
        """Return what the households do to the appliances in a span: name → (steps, devices)."""

    @abstractmethod
    def step(self, row: Mapping[str, Array], severity: Severities, seconds: float) -> None:
        """Advance every device by ``seconds``; ``row`` is one step of :meth:`inputs`, arrays (devices,)."""

    @abstractmethod
    def read(self) -> Mapping[str, Array]:
        """Return the true value of every channel now: channel → (devices,)."""

    @abstractmethod
    def impossible(self, severity: Severities) -> Mapping[str, Array]:
        """Return what broken sensors read: channel → (devices,), NaN where the sensor is sound."""

    @abstractmethod
    def obey(self, device: int, name: str, arguments: Mapping[str, Any]) -> Outcome:
        """Carry out a command that the catalogue allows."""

    @property
    def devices(self) -> int:
        """How many devices there are."""
        return int(next(iter(self.parameters.values())).shape[0])

    def take_happenings(self) -> list[Happening]:
        """Return and forget what happened in the last step."""
        taken, self.happenings = self.happenings, []
        return taken

    def take_cured(self) -> list[tuple[int, str]]:
        """Return and forget the (device, fault) pairs that the appliance itself has put right."""
        taken, self.cured = self.cured, []
        return taken


def around(rng: np.random.Generator, mean: float, devices: int, spread: float) -> Array:
    """Return ``devices`` positive values around ``mean``, log-normal, relative deviation ``spread``."""
    return mean * np.exp(rng.normal(0.0, spread, devices))


def perturb(physics: Physics, share: float, rng: np.random.Generator) -> None:
    """Multiply every physical parameter of every device by its own factor, even around 1 ± ``share``.

    What is no physics (:attr:`Physics.SETTINGS`) stays. What an appliance holds from its last cycle comes in
    line with its new parameters in the next one: let the fleet run unseen for some days first.
    """
    if share <= 0:
        return
    for name, values in physics.parameters.items():
        factors = rng.uniform(1.0 - share, 1.0 + share, values.shape)
        if name not in physics.SETTINGS:
            physics.parameters[name] = values * factors
