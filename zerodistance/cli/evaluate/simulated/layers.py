"""What can be left out of the models or set otherwise, to see what it is worth: by their own constants."""

from __future__ import annotations

from collections.abc import Sequence

from models import creeping, detect
from zerodistance.cli.evaluate.simulated.living import BUDGET_OF, Variation

_NEVER = 10**18

LAYERS: dict[str, Variation] = {
    # a sudden finding as soon as a score is over its threshold
    "persistence": {"models.detect:PERSISTENCE": dict.fromkeys(detect.PERSISTENCE, (1, 1e-9))},
    # the same thresholds for all: neither a device's own peaks nor its fleet's say what is normal
    "calibration": {
        "models.detect:RETURN_DAYS": 1.0,
        "models.detect:FAULT_FLOOR": 8.0,
        "models.detect:SINGLE_FLOOR": 4.0,
        "models.calibration:CEILING": creeping.FLOOR,
    },
    # only what a device has shown itself
    "fleet prior": {"models.baseline:FLEET_FROM": _NEVER, "models.reference:FLEET_FROM": _NEVER},
    # of what is sudden: single residuals, hard limits and codes alone
    "signatures": {"models.detect:SUPPORT": 2.0},
    # nothing that creeps
    "slow faults": {"models.creeping:FLOOR": 1e9, "models.creeping:UNKNOWN_AT": 1e9},
    # no residual alarms alone, without a fault's signature
    "single residuals": {"models.detect:SINGLE_ALARM": 1e9, "models.creeping:UNKNOWN_AT": 1e9},
    # one channel alone says that something is wrong, as two do
    "second channel": {"models.detect:SECOND_ALARM": 1e-9, "models.creeping:UNKNOWN_SECOND": 1e-9},
    # what is unusual never becomes usual while a finding is open
    "relearning": {"models.judging:RELEARN_US": _NEVER},
}


def without(layers: Sequence[str]) -> Variation:
    """Return the variation that leaves ``layers`` out."""
    return {place: value for layer in layers for place, value in LAYERS[layer].items()}


def budget(alarms: float) -> Variation:
    """Return the variation with another budget: false alarms per device and year."""
    return {BUDGET_OF: alarms}
