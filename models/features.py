"""Event-time windows: raw samples → panes → features over trailing windows, all devices at once.

A *pane* is the smallest window of a device (5 minutes, or one sampling period where that is longer). A
feature looks back over several panes: the *short* window (15 minutes) or, for what follows the
compressor's cycles, the *long* one (60 minutes); never less than three panes, so that hourly data are
judged over three hours. A pane is worked out only once it is complete, from rows in time order; so
the result does not depend on how samples arrived in batches.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.plan import MINUTE_US, Bools, Floats, Ints, TypePlan

PANE_US = 5 * MINUTE_US
SHORT_US = 15 * MINUTE_US
LONG_US = 60 * MINUTE_US
SILENCE_PANES = 3
"""Without samples for so many panes nobody knows what happened meanwhile."""
RING = 12
"""Panes that a device's state keeps: the long window at the smallest pane."""

N, SUM, SQUARES, MIN, MAX, BAD = range(6)
STATS = 6
STARTS, RUNS, RUN_MINUTES, RESTS, REST_MINUTES = range(5)
CYCLE_STATS = 5

Singles = NDArray[np.float32]
Rows = tuple[Ints, Ints, Singles, Bools]
"""N samples: device, event time, readings (N, C), impossible readings (N, C)."""


@dataclass(frozen=True)
class Panes:
    """R panes sorted by device, then time.

    Attributes:
        device: (R,) row of the device in the state arrays.
        time_us: (R,) start of the pane.
        stats: (R, C, STATS) count, sum, sum of squares, minimum, maximum, impossible readings.
        above: (R, A, 2) count and sum of readings above each threshold.
        growth: (R, G) growth of counters.
        idle: (R, A) minutes at the end of the pane since a reading was above each threshold, NaN if unknown.
        cycles: (R, Y, CYCLE_STATS) of each tracker: starts; runs that ended, their minutes; rests too.
        since: (R, Z) hours at the end of the pane since each plateau was seen.
    """

    device: Ints
    time_us: Ints
    stats: Singles
    above: Singles
    growth: Singles
    idle: Singles
    cycles: Singles
    since: Singles


def pane_width(period_us: Ints) -> Ints:
    """Return the pane for a sampling period: 5 min, or the next of the round widths that holds a sample.

    >>> [int(w) // 60_000_000 for w in pane_width(np.array([60, 900, 3600, 5000]) * 1_000_000)]
    [5, 15, 60, 120]
    """
    widths = np.array([5, 10, 15, 30, 60, 120, 180, 360, 720, 1440], np.int64) * MINUTE_US
    return widths[np.minimum(np.searchsorted(widths, period_us * 0.95), len(widths) - 1)]


def window_panes(pane_us: Ints, width_us: int) -> Ints:
    """Return how many panes a window of ``width_us`` spans: at least three."""
    return np.maximum(3, width_us // pane_us)


def make_panes(
    plan: TypePlan, rows: Rows, pane_us: Ints, last: Floats, on_us: Floats, previous_us: Ints
) -> tuple[Panes, Floats]:
    """Work out panes from rows that are unique and sorted by device and time.

    Args:
        plan: the type.
        rows: N samples, NaN where there is no reading.
        pane_us: (N,) pane width of the row's device.
        last: (N, G) last reading of each counter of the row's device before these rows, NaN for none.
        on_us: (N, A) when the row's device was last above each threshold before these rows, NaN for unknown.
        previous_us: (N,) time of the device's sample before, −1 for none.

    Returns:
        the panes, and (N, A) when each row's device was last above each threshold.
    """
    device, time_us, values, bad = rows
    pane = time_us // pane_us
    fresh = np.empty(len(pane), np.bool_)
    fresh[:1] = True
    fresh[1:] = (pane[1:] != pane[:-1]) | (device[1:] != device[:-1])
    starts = np.flatnonzero(fresh)
    there = np.isfinite(values)
    exact = values.astype(np.float64)
    zero = np.where(there, exact, 0.0)
    stats = np.empty((len(starts), values.shape[1], STATS), np.float32)
    count = np.add.reduceat(there, starts, axis=0, dtype=np.float64)
    total = np.add.reduceat(zero, starts, axis=0)
    stats[:, :, N] = count
    stats[:, :, SUM] = total
    # squares around the channel's middle: float32 keeps them exact enough for a spread
    shifted = np.where(there, exact - plan.centre, 0.0)
    stats[:, :, SQUARES] = np.add.reduceat(shifted * shifted, starts, axis=0)
    stats[:, :, MIN] = np.minimum.reduceat(np.where(there, exact, np.inf), starts, axis=0)
    stats[:, :, MAX] = np.maximum.reduceat(np.where(there, exact, -np.inf), starts, axis=0)
    stats[:, :, BAD] = np.add.reduceat(bad, starts, axis=0, dtype=np.float64)
    above = np.empty((len(starts), len(plan.thresholds), 2), np.float32)
    idle = np.empty((len(starts), len(plan.thresholds)), np.float32)
    ends = np.append(starts[1:], len(device)) - 1
    last_on = np.empty(on_us.shape)
    # after a silence nobody knows what ran meanwhile: counting starts anew
    silent = time_us - previous_us > SILENCE_PANES * pane_us
    for slot, (channel, level, edge, added) in enumerate(plan.thresholds):
        over = (zero[:, int(channel)] > level) & (zero[:, int(channel)] < edge)
        over &= there[:, int(channel)] & there[:, int(added)]
        known = np.where(over | silent, time_us.astype(np.float64), np.nan)
        last_on[:, slot], _ = carry_forward(device, known, on_us[:, slot])
        idle[:, slot] = (time_us[ends] - last_on[ends, slot]) / MINUTE_US
        above[:, slot, 0] = np.add.reduceat(over, starts, dtype=np.float64)
        above[:, slot, 1] = np.add.reduceat(np.where(over, zero[:, int(added)], 0.0), starts)
        for still, within in plan.still[slot]:
            moved = stats[:, still, MAX] - stats[:, still, MIN] > within
            above[:, slot] = np.where(moved[:, None], 0.0, above[:, slot])
    growth = np.empty((len(starts), len(plan.grown)), np.float32)
    for slot, channel in enumerate(plan.grown):
        growth[:, slot] = np.add.reduceat(counter_steps(device, exact[:, channel], last[:, slot]), starts)
    # filled in by the trackers of cycles (models.cycles), which remember what came before
    cycles = np.zeros((len(starts), len(plan.cycles), CYCLE_STATS), np.float32)
    since = np.full((len(starts), len(plan.plateaus)), np.nan, np.float32)
    time = pane[starts] * pane_us[starts]
    return Panes(device[starts], time, stats, above, growth, idle, cycles, since), last_on


def counter_steps(device: Ints, total: Floats, before: Floats) -> Floats:
    """Return the growth of a counter at each row.

    One that fell has restarted from zero; a fall of less than 1 % is a correction (as in the store).

    >>> counter_steps(np.zeros(4, int), np.array([5.0, np.nan, 7.0, 1.0]), np.full(4, 4.0))
    array([1., 0., 2., 1.])
    """
    previous, known = carry_forward(device, total, before, inclusive=False)
    here = np.isfinite(total)
    step = np.where(here & known, total - previous, 0.0)
    return np.where(step < 0, np.where(total >= 0.99 * previous, 0.0, total), step)


def carry_forward(
    device: Ints, value: Floats, before: Floats, *, inclusive: bool = True
) -> tuple[Floats, Bools]:
    """Return the last finite value of the same device up to each row, and whether there is one.

    Args:
        device: (N,) sorted.
        value: (N,) with NaN where unknown.
        before: (N,) the device's value before the first row, NaN for none.
        inclusive: whether the row itself counts.
    """
    rows = np.arange(len(value))
    seen = np.where(np.isfinite(value), rows, -1)
    if not inclusive:
        seen = np.concatenate(([-1], seen[:-1]))
    last = np.maximum.accumulate(seen) if len(seen) else seen
    own = (last >= 0) & (device[last] == device)
    result = np.where(own, value[last], before)
    return result, np.isfinite(result)


@dataclass(frozen=True)
class Table:
    """The panes that are new together with those kept from before, sorted by device and time.

    Attributes:
        panes: T panes, old and new.
        is_new: (T,) not judged yet.
        pane_us: (T,) pane width of the device.
    """

    panes: Panes
    is_new: Bools
    pane_us: Ints


@dataclass(frozen=True)
class Windows:
    """Sums over the trailing windows of each pane of a table."""

    stats: Floats
    above: Floats
    growth: Floats
    cycles: Floats
    panes: Floats
    slope: Floats


class _Sums:
    """What is added up over one kind of window; only what some feature of the type reads."""

    def __init__(self, plan: TypePlan, table: Table, width_us: int) -> None:
        size, channels = len(table.panes.device), len(plan.channels)
        self.count = window_panes(table.pane_us, width_us)
        self.most = int(self.count.max(initial=3))
        self.oldest_us = table.panes.time_us - self.count * table.pane_us
        self.stats = np.zeros((STATS, size, channels))
        self.stats[MIN], self.stats[MAX] = np.inf, -np.inf
        self.above = np.zeros((size, len(plan.thresholds), 2))
        self.growth = np.zeros((size, len(plan.grown)))
        self.cycles = np.zeros((size, len(plan.cycles), CYCLE_STATS))
        self.panes = np.zeros(size)
        # for the slope: weighted sums over pane means, time in hours before the newest pane
        self.sloped = _channels_of(plan, ("slope", "falling"), long=width_us == LONG_US)
        self.moments = np.zeros((size, len(self.sloped), 3))
        self.least = _channels_of(plan, ("minimum",), long=width_us == LONG_US)
        self.highest = _channels_of(plan, ("maximum",), long=width_us == LONG_US)
        peaks = {int(c) for c in plan.per[plan.is_long == (width_us == LONG_US)] if c >= 0}
        mine = np.flatnonzero(plan.is_long == (width_us == LONG_US))
        watched = {channel for f in mine for channel, _ in plan.calm[f]}
        self.highest = sorted(peaks.union(self.highest, watched))
        self.least = sorted(watched.union(self.least))

    def add(self, panes: Panes, stats: Singles, back: int, hours: Floats) -> None:
        """Add to every pane the one ``back`` places earlier, if it is of this device and in the window.

        ``stats`` (STATS, R, C) are those of the panes, ``hours`` (R − back,) from this pane to that one, so
        none is above 0.
        """
        if back >= self.most:
            return
        size = len(panes.device)
        here, source = slice(back, size), slice(0, size - back)
        valid = (panes.device[here] == panes.device[source]) & (panes.time_us[source] > self.oldest_us[here])
        one, two = valid[:, None], valid[:, None, None]
        counts = np.where(one, stats[N, source], 0.0)
        self.stats[N, here] += counts
        for column in (SUM, SQUARES, BAD):
            self.stats[column, here] += np.where(one, stats[column, source], 0.0)
        for channel in self.least:
            value = np.where(valid, stats[MIN, source, channel], np.inf)
            self.stats[MIN, here, channel] = np.minimum(self.stats[MIN, here, channel], value)
        for channel in self.highest:
            value = np.where(valid, stats[MAX, source, channel], -np.inf)
            self.stats[MAX, here, channel] = np.maximum(self.stats[MAX, here, channel], value)
        self.above[here] += np.where(two, panes.above[source], 0.0)
        self.growth[here] += np.where(one, panes.growth[source], 0.0)
        self.cycles[here] += np.where(two, panes.cycles[source], 0.0)
        self.panes[here] += counts.max(axis=1, initial=0.0) > 0
        for place, channel in enumerate(self.sloped):
            weight = counts[:, channel].astype(np.float64)
            self.moments[here, place, 0] += weight * hours
            self.moments[here, place, 1] += weight * hours * hours
            self.moments[here, place, 2] += np.where(valid, stats[SUM, source, channel], 0.0) * hours

    def windows(self) -> Windows:
        """Return the sums, and the slopes that follow from them."""
        slope = np.full(self.stats.shape[1:], np.nan)
        for place, channel in enumerate(self.sloped):
            n, total = self.stats[N, :, channel], self.stats[SUM, :, channel]
            first, second, mixed = self.moments[:, place].T
            below = n * second - first**2
            with np.errstate(divide="ignore", invalid="ignore"):
                value = (n * mixed - first * total) / below
            slope[:, channel] = np.where(below > 1e-9 * n * n, value, np.nan)
        stats = np.moveaxis(self.stats, 0, 2)
        return Windows(stats, self.above, self.growth, self.cycles, self.panes, slope)


def _channels_of(plan: TypePlan, kinds: tuple[str, ...], *, long: bool) -> list[int]:
    """Return the channels of which features of these kinds look back over the long window, or the short."""
    kind = [plan.appliance.features[name].kind for name in plan.features]
    wanted = [f for f in range(len(kind)) if kind[f] in kinds and bool(plan.is_long[f]) == long]
    return sorted({int(plan.channel[f]) for f in wanted})


def look_back(plan: TypePlan, table: Table) -> tuple[Windows, Windows]:
    """Add up the short and the long trailing window of every pane, the oldest pane first.

    The order is fixed, so sums are reproducible. Whole shifted arrays are added, what is not in the window
    as zeros: that is several times as fast as to pick out what is in it.
    """
    panes = table.panes
    stats = np.ascontiguousarray(np.moveaxis(panes.stats, 2, 0))
    sums = [_Sums(plan, table, width_us) for width_us in (SHORT_US, LONG_US)]
    for back in range(max(one.most for one in sums) - 1, -1, -1):
        if back >= len(panes.device):
            continue
        hours = (panes.time_us[: len(panes.device) - back] - panes.time_us[back:]) / 3.6e9
        for one in sums:
            one.add(panes, stats, back, hours)
    short, long = (one.windows() for one in sums)
    return short, long


def compute_features(plan: TypePlan, table: Table) -> tuple[Floats, Floats, Floats]:
    """Return the features of every pane of the table, before gates and set-points.

    Returns:
        values: (T, F), NaN where fewer than half the window's panes have data.
        contexts: (T, F, MAX_CONTEXTS) mean over the same window of the channels corrected for.
        bad: (T, C) share of impossible readings in the short window.
    """
    short, long = look_back(plan, table)
    size = len(table.panes.device)
    values = np.full((size, len(plan.features)), np.nan)
    contexts = np.full((size, *plan.context.shape), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        for f, name in enumerate(plan.features):
            feature = plan.appliance.features[name]
            window = long if plan.is_long[f] else short
            panes = window_panes(table.pane_us, LONG_US if plan.is_long[f] else SHORT_US)
            c, slot = int(plan.channel[f]), int(plan.above_slot[f])
            n = window.stats[:, c, N]
            mean = window.stats[:, c, SUM] / n
            if plan.per[f] >= 0:
                value = _at_peak(plan, f, window, table, mean)
            elif feature.kind == "mean":
                value = mean
            elif feature.kind == "minimum":
                value = window.stats[:, c, MIN]
            elif feature.kind == "maximum":
                value = window.stats[:, c, MAX]
            elif feature.kind == "spread":
                centred = mean - plan.centre[c]
                value = np.sqrt(np.maximum(window.stats[:, c, SQUARES] / n - centred * centred, 0.0))
            elif feature.kind == "slope":
                value = window.slope[:, c]
            elif feature.kind == "falling":
                value = np.where(np.isfinite(window.slope[:, c]), window.slope[:, c] < -feature.above, np.nan)
            elif feature.kind == "duty":
                value = window.above[:, slot, 0] / n
            elif feature.kind == "idle":
                value = np.where(table.panes.stats[:, c, N] > 0, table.panes.idle[:, slot], np.nan)
            elif feature.kind == "level_on":
                on = window.above[:, slot, 0]
                value = np.where(on >= np.maximum(1, 0.1 * n), window.above[:, slot, 1] / on, np.nan)
            elif feature.kind == "ratio":
                base = window.stats[:, plan.divisor[f]]
                value = np.where(base[:, SUM] > 0, mean * base[:, N] / base[:, SUM], np.nan)
            elif plan.cycle_slot[f] >= 0:
                value = _cycle_value(feature.kind, window.cycles[:, plan.cycle_slot[f]], window, table)
            elif feature.kind == "since":
                value = np.where(
                    table.panes.stats[:, c, N] > 0, table.panes.since[:, plan.since_slot[f]], np.nan
                )
            else:  # delta
                value = window.growth[:, int(np.flatnonzero(plan.grown == c)[0])]
            enough = (window.panes >= np.maximum(2, panes / 2)) & (n > 0)
            for channel, within in plan.calm[f]:
                enough &= ~(window.stats[:, channel, MAX] - window.stats[:, channel, MIN] > within)
            values[:, f] = np.where(enough, value, np.nan)
            for place, channel in enumerate(plan.context[f]):
                if channel >= 0:
                    seen = window.stats[:, channel, N]
                    contexts[:, f, place] = np.where(seen > 0, window.stats[:, channel, SUM] / seen, np.nan)
        total = short.stats[:, :, N] + short.stats[:, :, BAD]
        bad = np.where(total > 0, short.stats[:, :, BAD] / total, 0.0)
    return values, contexts, bad


def _at_peak(plan: TypePlan, f: int, window: Windows, table: Table, mean: Floats) -> Floats:
    """Return (T,): the newest reading of a feature brought to its peak, NaN while or where there is none.

    A device that does not report the channel of the peak is judged by its mean.
    """
    least, reference, power = plan.per_law[f]
    newest, of = table.panes.stats[:, plan.channel[f]], int(plan.per[f])
    peak = window.stats[:, of, MAX]
    over = (peak >= least) & (table.panes.stats[:, of, MAX] < least)
    factor = (reference / np.where(over, peak, reference)) ** power
    scaled = np.where(over, newest[:, SUM] / newest[:, N] * factor, np.nan)
    return np.where(window.stats[:, of, N] > 0, scaled, mean)


def _cycle_value(kind: str, cycles: Floats, window: Windows, table: Table) -> Floats:
    """Return (T,) starts per hour, or mean minutes of the runs or rests that ended in the window."""
    if kind == "starts":
        return np.asarray(cycles[:, STARTS] / (window.panes * (table.pane_us / 3.6e9)))
    number, minutes = (RUNS, RUN_MINUTES) if kind == "on_time" else (RESTS, REST_MINUTES)
    return np.where(cycles[:, number] > 0, cycles[:, minutes] / cycles[:, number], np.nan)
