"""Cycles in event time: on/off runs with hysteresis, and the time since a plateau was last seen.

A compressor's runs, a heater's reheats, a wash or a preheat are runs of a power reading above a level,
ended by one below a lower level. A defrost is a plateau of the heater's power that lasts. Both are followed
sample by sample across panes and batches; all that is remembered between them is when the run turned.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from models.features import (
    REST_MINUTES,
    RESTS,
    RUN_MINUTES,
    RUNS,
    SILENCE_PANES,
    STARTS,
    Panes,
    Rows,
    carry_forward,
)
from models.plan import MINUTE_US, Bools, Floats, Ints, TypePlan
from models.state import State

HOUR_US = 60 * MINUTE_US


def track_cycles(
    plan: TypePlan, state: State, rows: Rows, pane_us: Ints, previous_us: Ints, panes: Panes
) -> Panes:
    """Follow the trackers of a type over rows in order of device and time.

    Args:
        plan: the type.
        state: where each tracker stands; moved on.
        rows: N samples.
        pane_us: (N,) pane width of the row's device.
        previous_us: (N,) time of the device's sample before, −1 for none.
        panes: the panes of these rows.

    Returns:
        the panes with ``cycles`` and ``since`` filled in.
    """
    if not len(plan.cycles) and not len(plan.plateaus):
        return panes
    device, time_us, values, _ = rows
    pane = time_us // pane_us
    starts = np.flatnonzero((np.diff(pane, prepend=-1) != 0) | (np.diff(device, prepend=-1) != 0))
    ends = np.append(starts[1:], len(device)) - 1
    last = np.flatnonzero(np.diff(device, append=-1) != 0)
    gap = np.where(previous_us >= 0, time_us - previous_us, 0)
    silent = gap > SILENCE_PANES * pane_us
    cycles, since = panes.cycles.copy(), panes.since.copy()
    for slot, (channel, level, release, edge) in enumerate(plan.cycles):
        x = values[:, int(channel)].astype(np.float64)
        on, turned, events = _runs(
            device, time_us, silent, _sides(x, level, release, edge), state.run_on[device, slot],
            state.run_us[device, slot],
        )  # fmt: skip
        for column, amounts in events.items():
            cycles[:, slot, column] = np.add.reduceat(amounts, starts)
        state.run_on[device[last], slot] = on[last]
        state.run_us[device[last], slot] = turned[last]
    step = np.where(silent, 0, gap)
    for slot, (channel, level, lasting, counting) in enumerate(plan.plateaus):
        x = values[:, int(channel)].astype(np.float64)
        there = np.isfinite(x)
        over = there & (x > level)
        held, _ = _since(device, np.where(over, step, 0), ~over & there, state.plateau_us[device, slot])
        counted = np.where(there & (x > counting), step, 0)
        # an appliance that never showed a plateau may have none: then its absence says nothing
        seen = over & (held >= lasting)
        spent, known = _since(device, counted, seen, state.since_us[device, slot])
        since[:, slot] = np.where(known[ends], spent[ends] / HOUR_US, np.nan)
        state.plateau_us[device[last], slot] = held[last]
        state.since_us[device[last], slot] = np.where(known[last], spent[last], -1)
    return replace(panes, cycles=cycles, since=since)


def _sides(x: Floats, level: float, release: float, edge: float) -> Floats:
    """Return 1 where a reading says on, 0 where it says off, NaN where it leaves things as they are."""
    off = (x < release) | (x >= edge)
    return np.where((x > level) & ~off, 1.0, np.where(off, 0.0, np.nan))


def _runs(
    device: Ints, time_us: Ints, silent: Bools, side: Floats, on_before: Floats, turned_before: Floats
) -> tuple[Floats, Floats, dict[int, Floats]]:
    """Return (N,) on, (N,) when it turned, and what ended or began at each row.

    After a silence the state and the length of the run are unknown: neither is counted.
    """
    stretch = np.cumsum(silent | (np.diff(device, prepend=-1) != 0))
    opening = np.flatnonzero(np.diff(device, prepend=-1) != 0)
    size = np.diff(np.append(opening, len(device)))
    quiet_before: Ints = np.repeat(np.cumsum(silent)[opening] - silent[opening], size)
    broken = np.cumsum(silent) - quiet_before > 0  # a silence of this device so far
    before = np.where(broken, np.nan, on_before)
    on, known = carry_forward(stretch, side, before)
    was, was_known = carry_forward(stretch, side, before, inclusive=False)
    change = known & was_known & (on != was)
    at = np.where(change, time_us.astype(np.float64), np.nan)
    since = np.where(broken, np.nan, turned_before)
    turned, _ = carry_forward(stretch, at, since)
    began, has = carry_forward(stretch, at, since, inclusive=False)
    begin, end = change & (on == 1), change & (on == 0)
    minutes = np.where(change & has, (time_us - np.where(has, began, 0)) / MINUTE_US, 0.0)
    events = {
        STARTS: begin.astype(np.float64),
        RUNS: (end & has).astype(np.float64),
        RUN_MINUTES: np.where(end, minutes, 0.0),
        RESTS: (begin & has).astype(np.float64),
        REST_MINUTES: np.where(begin, minutes, 0.0),
    }
    return on, turned, events


def _since(device: Ints, amount: Ints, reset: Bools, before: Ints) -> tuple[Ints, Bools]:
    """Return (N,) the sum of ``amount`` since each device's last reset, whole, and if there was one.

    ``before`` (N,) is what the row's device brought along, −1 for never reset.
    """
    total = np.cumsum(amount)
    opening = np.diff(device, prepend=-1) != 0
    # what the device brought along counts as if it had been added before its first row
    origin = np.where(opening, (total - amount - np.maximum(before, 0)).astype(np.float64), np.nan)
    base = np.where(reset, total.astype(np.float64), origin)
    start, _ = carry_forward(device, base, np.zeros(len(device)))
    at = np.where(reset | (before >= 0), 1.0, np.nan)
    _, known = carry_forward(device, at, np.full(len(device), np.nan))
    return np.asarray(total - start.astype(np.int64)), known
