"""Incidents made up: evidence as a fault's signature would have it, and one fault that looks like another."""

from __future__ import annotations

import numpy as np

from models.diagnose import creeping_evidence
from models.learning.examples import Example, Outcome, Source, to_vector
from models.naming import Seen
from models.plan import UNKNOWN, Floats, TypePlan

# A broken sensor looks like a drifting thermostat: the signature of the other fits better.
LOOKALIKE = {"thermistor_open": "thermostat_drift"}
FAULTS = ("compressor_failed", "gasket_leak", "thermistor_open", "thermostat_drift")


def evidence_of(plan: TypePlan, fault: str, rng: np.random.Generator) -> Seen:
    """Return evidence with the signature of a fault, or of the one that it is mistaken for, and noise."""
    counted = rng.normal(0.0, 0.7, len(plan.features))
    shown = LOOKALIKE.get(fault, fault)
    if shown != UNKNOWN:
        counted += 8.0 * plan.signature[plan.faults.index(shown)]
    if fault in LOOKALIKE:  # what gives it away is in no signature
        counted[plan.features.index("air_quality_mean")] += 3.0
    counted[rng.random(len(counted)) < 0.1] = np.nan
    return Seen(counted, weights_of(plan, counted), creeping=True)


def weights_of(plan: TypePlan, counted: Floats) -> Floats:
    """Return the evidence for each fault that the signatures find in residuals."""
    return np.asarray(creeping_evidence(plan, counted[None, :])[0])


def make(
    plan: TypePlan,
    each: int,
    *,
    seed: int = 0,
    faults: tuple[str, ...] = FAULTS,
    source: Source = "ticket",
    looks: int = 1,
) -> list[Example]:
    """Return ``each`` incidents with each fault, each of a device of its own, with ``looks`` looks."""
    rng = np.random.default_rng(seed)
    examples = []
    for fault in faults:
        for number in range(each):
            incident = f"{seed}/{fault}/{number}"
            outcome: Outcome = "no_fault_found" if fault == UNKNOWN else "confirmed"
            for look in range(looks):
                examples.append(
                    Example(
                        type=plan.appliance.type,
                        device=f"device-{incident}",
                        incident=incident,
                        stage="opened" if look == 0 else "settled",
                        time_us=number * 1000 + look,
                        vector=to_vector(plan, evidence_of(plan, fault, rng)),
                        label=fault,
                        outcome=outcome,
                        source=source,
                        ticket="" if source == "simulated" else f"ticket-{incident}",
                    )
                )
    return examples
