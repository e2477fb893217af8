"""What can be left out of the models or set otherwise, to see what it is worth: by their own constants."""

from __future__ import annotations

from collections.abc import Sequence

from models import detect
from zerodistance.cli.evaluate.simulated.living import Variation

_NEVER_US = 10**18

LAYERS: dict[str, Variation] = {
    # a finding as soon as a score is over its threshold
    "persistence": {"models.detect:PERSISTENCE": dict.fromkeys(detect.PERSISTENCE, (1, 1e-9))},
    # thresholds as of a device of which nothing is known: neither its own peaks nor its fleet's
    "calibration": {
        "models.detect:RETURN_DAYS": 1.0,
        "models.detect:FAULT_FLOOR": 8.0,
        "models.detect:SINGLE_FLOOR": 4.0,
    },
    # only what a device has shown itself
    "fleet prior": {"models.baseline:FLEET_FROM": 10**9},
    # single residuals, hard limits and codes alone
    "signatures": {"models.detect:SUPPORT": 2.0},
    # nothing that creeps
    "slow faults": {"models.detect:SLOW_FLOOR": 1e9},
    # no residual alarms alone
    "single residuals": {"models.detect:SINGLE_ALARM": 1e9},
    # what is unusual never becomes usual while a finding is open
    "relearning": {"models.judging:RELEARN_US": _NEVER_US},
}


def without(layers: Sequence[str]) -> Variation:
    """Return the variation that leaves ``layers`` out."""
    return {place: value for layer in layers for place, value in LAYERS[layer].items()}


def budget(factor: float) -> Variation:
    """Return the variation with ``factor`` times as many days between false alarms."""
    return {"models.detect:RETURN_DAYS": detect.RETURN_DAYS * factor}
