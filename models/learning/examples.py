"""What a model is trained on: the evidence of an incident, and what turned out to be behind it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec
import numpy as np

from models.incidents import Change
from models.naming import Seen
from models.plan import UNKNOWN, Floats, TypePlan

Outcome = Literal["confirmed", "other_fault", "no_fault_found"]
Source = Literal["ticket", "simulated"]
Stage = Literal["opened", "settled", "revised", "cleared"]


class Vector(msgspec.Struct, frozen=True):
    """Evidence by name, so that it outlives changes of the catalogue: what was not known is left out.

    Attributes:
        counted: feature → what its residual counted.
        weights: fault, or ``unknown`` → evidence by signature and codes.
    """

    counted: dict[str, float]
    weights: dict[str, float]
    creeping: bool = False


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """One look at one incident, with its label.

    Attributes:
        incident: id of the finding; the looks at one incident share a weight of 1.
        device: examples of one device never stand on both sides of a split.
        label: the fault, or ``unknown``: nothing was found, or something that the catalogue does not have.
        named: the cause that the finding carried at that moment.
        led: it opened the ticket; another finding of the device that joins it only teaches.
        ticket: whose outcome the label is, "" for a simulated one.
    """

    type: str
    device: str
    incident: str
    stage: Stage
    time_us: int
    vector: Vector
    label: str
    outcome: Outcome
    named: str = ""
    led: bool = True
    source: Source = "ticket"
    ticket: str = ""


def stage_of(change: Change) -> Stage:
    """Return which look at an incident a change is."""
    if change.quiet:
        return "settled"
    if change.state == "cleared":
        return "cleared"
    return "opened" if change.revision == 1 else "revised"


def to_vector(plan: TypePlan, seen: Seen) -> Vector:
    """Return evidence by name, to six significant digits."""
    names = (*plan.faults, UNKNOWN)
    return Vector(
        counted={
            name: float(f"{value:.6g}")
            for name, value in zip(plan.features, seen.counted, strict=True)
            if value == value
        },
        weights={name: float(f"{value:.6g}") for name, value in zip(names, seen.weights, strict=True)},
        creeping=seen.creeping,
    )


def to_seen(plan: TypePlan, vector: Vector) -> Seen:
    """Return evidence by position; of a fault that is new to the catalogue the signature says nothing."""
    return Seen(
        counted=np.array([vector.counted.get(name, np.nan) for name in plan.features]),
        weights=np.array([vector.weights.get(name, -10.0) for name in (*plan.faults, UNKNOWN)]),
        creeping=vector.creeping,
    )


def label_of(outcome: str, outcome_cause: str, faults: Sequence[str]) -> tuple[str, Outcome] | None:
    """Return (label, outcome) of a closed ticket; None where nobody has looked.

    That readings recovered, or that the owner put it right, is no label: nobody has seen the cause.

    >>> label_of("no_fault_found", "", ["leak"])
    ('unknown', 'no_fault_found')
    >>> label_of("other_fault", "gnawed cable", ["leak"])
    ('unknown', 'other_fault')
    >>> label_of("recovered", "leak", ["leak"]) is None
    True
    """
    match outcome:
        case "no_fault_found":
            return UNKNOWN, "no_fault_found"
        case "confirmed" if outcome_cause in faults:
            return outcome_cause, "confirmed"
        case "other_fault":
            return (outcome_cause if outcome_cause in faults else UNKNOWN), "other_fault"
    return None


def digest(examples: Iterable[Example]) -> str:
    """Return the SHA-256 of examples, whatever their order."""
    lines = sorted(msgspec.json.encode(example, order="deterministic") for example in examples)
    return hashlib.sha256(b"\n".join(lines)).hexdigest()


def in_order(examples: Iterable[Example]) -> list[Example]:
    """Return examples in an order that does not hang on where they came from: training is repeatable."""
    return sorted(examples, key=lambda one: (one.device, one.incident, one.time_us, one.stage, one.label))


def shares(examples: Sequence[Example]) -> Floats:
    """Return (N,) weights: the looks at one incident together count 1."""
    looks = Counter(example.incident for example in examples)
    return np.array([1.0 / looks[example.incident] for example in examples])


def tally(examples: Iterable[Example]) -> dict[str, dict[str, int]]:
    """Return outcome → label → how many incidents."""
    seen: dict[tuple[str, str], set[str]] = {}
    for example in examples:
        seen.setdefault((example.outcome, example.label), set()).add(example.incident)
    counted: dict[str, dict[str, int]] = {}
    for (outcome, label), incidents in sorted(seen.items()):
        counted.setdefault(outcome, {})[label] = len(incidents)
    return counted


def arrays(plan: TypePlan, examples: Sequence[Example]) -> tuple[Floats, Floats]:
    """Return (N, F) counted residuals, NaN where not known, and (N, K + 1) evidence by signature."""
    seen = [to_seen(plan, example.vector) for example in examples]
    return (
        np.array([one.counted for one in seen]).reshape(len(seen), len(plan.features)),
        np.array([one.weights for one in seen]).reshape(len(seen), len(plan.faults) + 1),
    )


def by_type(examples: Iterable[Example]) -> Mapping[str, list[Example]]:
    """Return type → its examples."""
    sorted_out: dict[str, list[Example]] = {}
    for example in examples:
        sorted_out.setdefault(example.type, []).append(example)
    return sorted_out
