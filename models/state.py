"""What the models remember, as arrays over devices; exported per device as compact bytes.

One row a device. The arrays grow by doubling; nothing is a Python object per device. What is remembered is
kept in exactly the precision in which it is saved, so that a restart changes no later result.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.features import CYCLE_STATS, PANE_US, RING, STATS
from models.plan import Bools, Floats, Ints, TypePlan

P = 8
"""Regressors: 1, two daily harmonics (4), weekend, two contexts."""
TRIANGLE = np.triu_indices(P)
BAND_PANES = 72
"""Panes of expectation kept for the plot of evidence: six hours at the smallest pane."""
BITS = 8
REF = 9
"""Mean; means of the two contexts; sums around them: two squares, their product, two with y, square of y."""
TRAIL = 28
"""Daily residuals kept for trends and onsets."""
TALLY = 32
"""Bins of daily slow scores, half a unit wide."""
MARKS = 48
"""Panes of marks kept: the longest patience at the smallest pane."""

Singles = NDArray[np.float32]


class State:
    """The arrays; D devices, C channels, F features, K faults. See the field comments."""

    pane_us: Ints  # (D,) width of a pane
    head_us: Ints  # (D,) newest event time seen, −1 before the first
    last_us: Ints  # (D,) time of the last sample that went into a pane, −1 for none
    closed_us: Ints  # (D,) everything before this is closed
    odd_gaps: Ints  # (D,) consecutive samples whose spacing does not fit the pane
    late: Ints  # (D,) samples that came after their pane was closed
    repeated: Ints  # (D,) samples of an instant that was already there
    counter: Floats  # (D, G) last reading of each counter
    on_us: Floats  # (D, A) when a reading was last above each threshold, NaN for unknown
    run_on: Floats  # (D, Y) each tracker of cycles: 1 on, 0 off, NaN unknown
    run_us: Floats  # (D, Y) when it turned, NaN for unknown
    plateau_us: Ints  # (D, Z) how long the plateau of now has lasted
    since_us: Ints  # (D, Z) time counted since a plateau was seen, −1 for never
    level: Floats  # (D, C) last known pane mean
    off_us: Floats  # (D, C) last pane in which a state channel was not on
    moved_us: Floats  # (D, C) last pane in which a set-point changed
    ring_us: Ints  # (D, RING) starts of the last panes, −1 for none, oldest first
    ring_stats: Singles  # (D, RING, C, STATS)
    ring_above: Singles  # (D, RING, A, 2)
    ring_growth: Singles  # (D, RING, G)
    ring_cycles: Singles  # (D, RING, Y, CYCLE_STATS)
    mark_us: Ints  # (D, MARKS) like a band: slot by time
    marks: NDArray[np.uint8]  # (D, MARKS, BITS) what was over its threshold
    band_us: Ints  # (D, BAND_PANES)
    band: Singles  # (D, BAND_PANES, F) what was expected, in the feature's unit
    day: Ints  # (D,) day that is being learned, −1 before the first
    moments: Singles  # (D, F, T) Σ w·x·xᵀ in days, upper triangle
    product: Singles  # (D, F, P) Σ w·x·y
    square: Singles  # (D, F) Σ w·y²
    day_moments: Floats  # the same of the day that is being learned; exact, so that batches do not matter
    day_product: Floats
    day_square: Floats
    prior_moments: Singles  # (D, F, T) the fleet's, per day
    prior_coefficients: Singles  # (D, F, P)
    prior_square: Singles  # (D, F) the fleet's residual variance, NaN for no fleet
    prior_between: Singles  # (D, F) variance between the fleet's devices
    alone: Bools  # (D,) learns without its fleet
    is_relative: Bools  # (D, F) the set-point that the feature is judged against is known
    peak_days: Singles  # (D, S) days from which the daily peaks of the S scores are known
    peak_mean: Singles  # (D, S)
    peak_var: Singles  # (D, S)
    peak_now: Singles  # (D, S) peak of the day that is being learned
    fleet_mean: Singles  # (D, S) the fleet's daily peaks, NaN for no fleet
    fleet_var: Singles  # (D, S)
    day_panes: Ints  # (D,) panes of the day that were fit to learn from
    daily_sum: Floats  # (D, F, 4) panes of the day, Σ value, Σ each context
    daily_low: Floats  # (D, F) lowest value of the day
    daily_high: Floats  # (D, F) highest
    age_days: Ints  # (D,) days closed since the first sample
    ref_days: Singles  # (D, F) days in the reference
    ref: Singles  # (D, F, REF) their moments: see models.reference
    all_days: Singles  # (D, F) all days without a finding
    all: Singles  # (D, F, REF) likewise
    creep: Singles  # (D, F, 3) smoothed daily residual against the reference, briefly to long
    creep_weight: Singles  # (D, F, 3) of the days that it holds
    trail: Singles  # (D, TRAIL, F) the last daily residuals, newest last, NaN for none
    slow: Singles  # (D, F) the smoothed residual in spreads, as it was last judged
    slow_days: Ints  # (D, K + 1) days in a row on which a slow fault's score, or any, was over
    slow_since: Ints  # (D,) first day of them, 0 for none
    tally: Ints  # (D, TALLY) how many days the slow score lay in each bin: for the fleet's threshold
    tally_then: Ints  # (D, TALLY) the same some weeks ago: for the drift of the scores
    worn_days: Singles  # (D, W) age of parts that show nothing, in days of usual use
    worn_told_us: Ints  # (D, W) when it was told that such a part is due, −1 for not
    code_since: Ints  # (D, M) since when a fault code is active, −1 for not
    cleared_us: Ints  # (D,) when the last finding was cleared
    coefficients: Floats  # (D, F, P) solved from the moments; not saved
    inverse: Floats  # (D, F, P, P) likewise

    _DERIVED = frozenset({"coefficients", "inverse"})

    def __init__(self, plan: TypePlan) -> None:
        c, f, k = len(plan.channels), len(plan.features), len(plan.faults)
        a, g, t = len(plan.thresholds), len(plan.grown), len(TRIANGLE[0])
        y, z = len(plan.cycles), len(plan.plateaus)
        s = k + 2 * f
        f4, f8, i8 = np.float32, np.float64, np.int64
        self._spec: dict[str, tuple[tuple[int, ...], type, float]] = {
            "pane_us": ((), i8, PANE_US),
            "head_us": ((), i8, -1),
            "last_us": ((), i8, -1),
            "closed_us": ((), i8, -1),
            "odd_gaps": ((), i8, 0),
            "late": ((), i8, 0),
            "repeated": ((), i8, 0),
            "counter": ((g,), f8, np.nan),
            "on_us": ((a,), f8, np.nan),
            "run_on": ((y,), f8, np.nan),
            "run_us": ((y,), f8, np.nan),
            "plateau_us": ((z,), i8, 0),
            "since_us": ((z,), i8, -1),
            "level": ((c,), f8, np.nan),
            "off_us": ((c,), f8, np.nan),
            "moved_us": ((c,), f8, np.nan),
            "ring_us": ((RING,), i8, -1),
            "ring_stats": ((RING, c, STATS), f4, 0),
            "ring_above": ((RING, a, 2), f4, 0),
            "ring_growth": ((RING, g), f4, 0),
            "ring_cycles": ((RING, y, CYCLE_STATS), f4, 0),
            "mark_us": ((MARKS,), i8, -1),
            "marks": ((MARKS, BITS), np.uint8, 0),
            "band_us": ((BAND_PANES,), i8, -1),
            "band": ((BAND_PANES, f), f4, np.nan),
            "day": ((), i8, -1),
            "moments": ((f, t), f4, 0),
            "product": ((f, P), f4, 0),
            "square": ((f,), f4, 0),
            "day_moments": ((f, t), f8, 0),
            "day_product": ((f, P), f8, 0),
            "day_square": ((f,), f8, 0),
            "prior_moments": ((f, t), f4, 0),
            "prior_coefficients": ((f, P), f4, 0),
            "prior_square": ((f,), f4, np.nan),
            "prior_between": ((f,), f4, 0),
            "alone": ((), np.bool_, 0),
            "is_relative": ((f,), np.bool_, 0),
            "peak_days": ((s,), f4, 0),
            "peak_mean": ((s,), f4, 0),
            "peak_var": ((s,), f4, 0),
            "peak_now": ((s,), f4, 0),
            "fleet_mean": ((s,), f4, np.nan),
            "fleet_var": ((s,), f4, np.nan),
            "day_panes": ((), i8, 0),
            "daily_sum": ((f, 4), f8, 0),
            "daily_low": ((f,), f8, np.inf),
            "daily_high": ((f,), f8, -np.inf),
            "age_days": ((), i8, 0),
            "ref_days": ((f,), f4, 0),
            "ref": ((f, REF), f4, 0),
            "all_days": ((f,), f4, 0),
            "all": ((f, REF), f4, 0),
            "creep": ((f, 3), f4, 0),
            "creep_weight": ((f, 3), f4, 0),
            "trail": ((TRAIL, f), f4, np.nan),
            "slow": ((f,), f4, 0),
            "slow_days": ((k + 1,), i8, 0),
            "slow_since": ((), i8, 0),
            "tally": ((TALLY,), i8, 0),
            "tally_then": ((TALLY,), i8, 0),
            "worn_days": ((len(plan.silent),), f4, 0),
            "worn_told_us": ((len(plan.silent),), i8, -1),
            "code_since": ((len(plan.codes),), i8, -1),
            "cleared_us": ((), i8, -1),
            "coefficients": ((f, P), f8, 0),
            "inverse": ((f, P, P), f8, 0),
        }
        self.size = 0
        self._room = 0
        self._grow(16)

    def _grow(self, room: int) -> None:
        for name, (shape, dtype, fill) in self._spec.items():
            array: NDArray[Any] = np.full((room, *shape), fill, dtype)
            if self._room:
                array[: self._room] = getattr(self, name)
            setattr(self, name, array)
        self._room = room

    def add(self) -> int:
        """Make room for one more device and return its row."""
        if self.size == self._room:
            self._grow(2 * self._room)
        self.size += 1
        return self.size - 1

    def forget(self, row: int) -> None:
        """Set a row back to what a new device has."""
        for name, (_, _, fill) in self._spec.items():
            getattr(self, name)[row] = fill

    def restart(self, row: int) -> None:
        """Forget a device's windows, for example because its sampling period changed."""
        for name in ("ring_us", "ring_stats", "ring_above", "ring_growth", "ring_cycles", "mark_us"):
            getattr(self, name)[row] = self._spec[name][2]

    def export(self, row: int) -> bytes:
        """Return one device's row as bytes."""
        return b"".join(
            getattr(self, name)[row].tobytes() for name in self._spec if name not in self._DERIVED
        )

    def restore(self, row: int, data: bytes) -> bool:
        """Fill a row from what :meth:`export` gave; False, and nothing changed, if the length is another."""
        sizes = [
            (name, int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize)
            for name, (shape, dtype, _) in self._spec.items()
            if name not in self._DERIVED
        ]
        if len(data) != sum(size for _, size in sizes):
            return False
        offset = 0
        for name, size in sizes:
            shape, dtype, _ = self._spec[name]
            array: NDArray[Any] = np.frombuffer(
                data, dtype, count=int(np.prod(shape, dtype=np.int64)), offset=offset
            )
            getattr(self, name)[row] = array.reshape(shape)
            offset += size
        return True
