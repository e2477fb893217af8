"""Samples as they come → complete panes in time order: watermark, grace, repeats, late ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.cycles import track_cycles
from models.features import PANE_US, Panes, Rows, Singles, Table, carry_forward, make_panes, pane_width
from models.plan import MINUTE_US, Bools, Ints, TypePlan
from models.state import State

GRACE_US = 2 * MINUTE_US
"""A pane closes this long after its end (a quarter of a wide pane): samples may be out of order."""
ODD_GAPS = 6
"""Spacings in a row that do not fit before a device's pane is made wider; four times as many: narrower."""


class Intake:
    """Holds what does not make a complete pane yet."""

    def __init__(self, plan: TypePlan, state: State) -> None:
        self.plan, self.state = plan, state
        self.pending: Rows = no_rows(len(plan.channels))

    def take(self, who: Ints, rows: Rows) -> tuple[Table | None, dict[int, int]]:
        """Take in rows of devices ``who``.

        Returns:
            the panes that are complete now, with those kept from before; None if there is none.
            row → new pane width of devices whose sampling period turned out to be another: call
            :meth:`change_panes` once the table is judged, then take again (without rows) for them.
        """
        ready = self._close_rows(who, *rows)
        if ready is None:
            return None, {}
        s = self.state
        rows, fitted = self._fit_panes(*ready)
        device, time_us, values, _ = rows
        previous = np.concatenate([time_us[:1], time_us[:-1]])
        first = np.diff(device, prepend=-1) != 0
        previous[first] = s.last_us[device[first]]
        ends = np.flatnonzero(np.diff(device, append=-1))
        s.last_us[device[ends]] = time_us[ends]
        last = s.counter[device]
        panes, on_us = make_panes(self.plan, rows, s.pane_us[device], last, s.on_us[device], previous)
        s.on_us[device] = on_us
        panes = track_cycles(self.plan, s, rows, s.pane_us[device], previous, panes)
        for slot, channel in enumerate(self.plan.grown):
            newest, _ = carry_forward(device, values[:, channel].astype(np.float64), last[:, slot])
            s.counter[device, slot] = newest
        return self._table(panes), fitted

    def change_panes(self, fitted: dict[int, int]) -> None:
        """Give devices another pane width; their windows start anew."""
        for row, width in fitted.items():
            self.state.pane_us[row] = width
            self.state.restart(row)

    def _close_rows(self, who: Ints, device: Ints, time_us: Ints, values: Singles, bad: Bools) -> Rows | None:
        """Order and merge samples of devices ``who``; return those whose panes are complete."""
        s = self.state
        touched = np.zeros(s.size, np.bool_)
        touched[who] = True
        mine = touched[self.pending[0]]
        kept = select(self.pending, ~mine)
        device, time_us, values, bad = join([select(self.pending, mine), (device, time_us, values, bad)])
        late = time_us < s.closed_us[device]
        if late.any():
            np.add.at(s.late, device[late], 1)
            device, time_us, values, bad = select((device, time_us, values, bad), ~late)
        order = np.lexsort((time_us, device))
        device, time_us, values, bad = select((device, time_us, values, bad), order)
        same = np.zeros(len(device), np.bool_)
        same[1:] = (device[1:] == device[:-1]) & (time_us[1:] == time_us[:-1])
        if same.any():
            np.add.at(s.repeated, device[same], 1)
            first = np.maximum.accumulate(np.where(same, 0, np.arange(len(same))))
            distance = np.arange(len(same)) - first
            for step in range(1, int(distance.max()) + 1):
                rows = np.flatnonzero(distance == step)
                target = first[rows]
                values[target] = np.where(np.isfinite(values[rows]), values[rows], values[target])
                bad[target] |= bad[rows]
            device, time_us, values, bad = select((device, time_us, values, bad), ~same)
        np.maximum.at(s.head_us, device, time_us)
        pane = s.pane_us[who]
        edge = (
            (s.head_us[who] - np.maximum(GRACE_US, np.where(pane > 3 * PANE_US, pane // 4, 0))) // pane * pane
        )
        s.closed_us[who] = np.maximum(s.closed_us[who], edge)
        ready = time_us < s.closed_us[device]
        self.pending = join([kept, select((device, time_us, values, bad), ~ready)])
        if not ready.any():
            return None
        return device[ready], time_us[ready], values[ready], bad[ready]

    def _fit_panes(
        self, device: Ints, time_us: Ints, values: Singles, bad: Bools
    ) -> tuple[Rows, dict[int, int]]:
        """Find devices whose sampling period does not fit their pane (rare).

        Returns the rows to work on now, those after a change being put back, and row → new pane width.
        """
        s = self.state
        gap = np.diff(time_us, prepend=0)
        first = np.diff(device, prepend=-1) != 0
        before = s.last_us[device]
        gap[first] = np.where(before[first] >= 0, time_us[first] - before[first], 0)
        pane = s.pane_us[device]
        unusual = (gap > 1.05 * pane) | (s.odd_gaps[device] != 0) | (pane > PANE_US)
        back = np.zeros(len(device), np.bool_)
        fitted: dict[int, int] = {}
        for row in np.unique(device[unusual]):
            mine = np.flatnonzero(device == row)
            width, run = int(s.pane_us[row]), int(s.odd_gaps[row])
            for place, i in enumerate(mine):
                one = int(gap[i])
                suits = int(pane_width(np.array([one]))[0])
                if one > 1.05 * width:
                    run = max(run, 0) + 1
                elif 0 < 2 * suits <= width:
                    run = min(run, 0) - 1
                else:
                    run = 0
                if run >= ODD_GAPS or run <= -4 * ODD_GAPS:
                    fitted[int(row)] = suits
                    s.closed_us[row] = int(time_us[i]) + 1
                    back[mine[place + 1 :]] = True
                    run = 0
                    break
            s.odd_gaps[row] = run
        now = ~back
        if back.any():
            put_back = (device[back], time_us[back], values[back], bad[back])
            self.pending = join([self.pending, put_back])
            device, time_us, values, bad = device[now], time_us[now], values[now], bad[now]
        return (device, time_us, values, bad), fitted

    def _table(self, new: Panes) -> Table:
        """Put the panes kept in the rings before the new ones."""
        s = self.state
        who = np.unique(new.device)
        slot = s.ring_us[who] >= 0
        old = np.repeat(who, slot.sum(axis=1))
        device = np.concatenate([old, new.device])
        time = np.concatenate([s.ring_us[who][slot], new.time_us])
        order = np.lexsort((time, device))
        panes = Panes(
            device[order],
            time[order],
            np.concatenate([s.ring_stats[who][slot], new.stats])[order],
            np.concatenate([s.ring_above[who][slot], new.above])[order],
            np.concatenate([s.ring_growth[who][slot], new.growth])[order],
            np.concatenate([_blank(len(old), new.idle), new.idle])[order],
            np.concatenate([s.ring_cycles[who][slot], new.cycles])[order],
            np.concatenate([_blank(len(old), new.since), new.since])[order],
        )
        is_new = np.concatenate([np.zeros(len(old), np.bool_), np.ones(len(new.device), np.bool_)])[order]
        return Table(panes, is_new, s.pane_us[panes.device])


def _blank(size: int, like: Singles) -> Singles:
    return np.full((size, like.shape[1]), np.nan, np.float32)


def no_rows(channels: int) -> Rows:
    """Return rows without any sample."""
    nothing = np.empty(0, np.int64)
    return nothing, nothing.copy(), np.empty((0, channels), np.float32), np.empty((0, channels), np.bool_)


def join(pieces: Sequence[Rows]) -> Rows:
    """Put rows one after the other."""
    a, b, c, d = zip(*pieces, strict=True)
    return np.concatenate(a), np.concatenate(b), np.concatenate(c), np.concatenate(d)


def select(rows: Rows, which: Ints | Bools) -> Rows:
    """Return some of the rows, by index or mask."""
    device, time_us, values, bad = rows
    return device[which], time_us[which], values[which], bad[which]
