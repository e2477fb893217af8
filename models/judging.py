"""Panes → residuals → alarms → incidents → learning, in rounds of at most one day per device."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from models import baseline, detect
from models.calibration import BUDGET
from models.codes import Codes
from models.creeping import Creeping
from models.diagnose import evidence
from models.features import MAX, MIN, RING, SUM, N, Table, carry_forward, compute_features
from models.incidents import (
    BAND_BEFORE_US,
    Change,
    Incident,
    Moment,
    close_incident,
    follow_incident,
    open_incident,
)
from models.plan import DAY_US, MINUTE_US, PATIENCE_US, UNKNOWN, Bools, Floats, Ints, TypePlan
from models.reference import add_panes, forget_residuals, forget_today, recommission
from models.state import BAND_PANES, BITS, MARKS, State

RELEARN_US = 3 * DAY_US
"""An unusual state without a cause that lasts this long is the new usual one."""
MIN_OPEN_US = 15 * MINUTE_US
UNNAMED_PATIENCE = 2
"""Which of the patience a finding without a cause must be calm for."""
SPARSE = 1
"""With so few samples in a pane one that is odd fills the pane: what is urgent waits for more of them."""


@dataclass(frozen=True)
class Band:
    """What was expected of a channel at one pane, in the channel's unit."""

    device: int
    channel: str
    time_us: int
    expected: float
    low: float
    high: float


@dataclass(frozen=True)
class Outcome:
    """What a step has concluded; ``noted`` are changes that nobody is told, for learning."""

    changes: list[Change]
    bands: list[Band]
    noted: list[Change] = field(default_factory=list)


class Judge:
    """Judges tables of panes; knows the open incidents by row."""

    def __init__(self, plan: TypePlan, state: State, codes: Codes, budget: float = BUDGET) -> None:
        self.plan, self.state, self.codes = plan, state, codes
        # days between two false alarms of a score, before persistence: as many more as the budget is smaller
        self.return_days = detect.RETURN_DAYS * BUDGET / budget
        self.incidents: dict[int, Incident] = {}
        self.creeping = Creeping(plan, state, budget)
        kinds = [plan.appliance.features[name].kind for name in plan.features]
        self.plotted = np.array([f for f, kind in enumerate(kinds) if kind == "mean"], np.int64)

    def judge(self, table: Table, outcome: Outcome) -> None:
        """Judge the new panes of a table; add what changed to ``outcome``."""
        plan, s = self.plan, self.state
        level, contexts, bad = compute_features(plan, table)
        rows = np.flatnonzero(table.is_new)
        device, time = table.panes.device[rows], table.panes.time_us[rows]
        judged, offset = self._gates(table, rows)
        for f in range(len(plan.features)):
            for nth, channel in enumerate(plan.context[f]):
                if channel >= 0:
                    filled, _ = carry_forward(device, contexts[rows, f, nth], s.level[device, channel])
                    contexts[rows, f, nth] = filled
        lone = self._remember_levels(table, rows)

        sparse = table.panes.stats[rows][:, :, N].max(axis=1) <= SPARSE
        marks, place = self._marks(device, time, table.pane_us[rows])
        absolute = np.full((len(marks.device), len(plan.features)), np.nan)
        day = time // DAY_US
        fresh = np.empty(len(rows), np.bool_)
        fresh[0] = True
        fresh[1:] = (device[1:] != device[:-1]) | (day[1:] != day[:-1])
        block = np.cumsum(fresh) - 1
        first_of_device = np.flatnonzero(np.diff(device, prepend=-1))
        turn = block - np.repeat(block[first_of_device], np.diff(np.append(first_of_device, len(rows))))
        for number in range(int(turn.max()) + 1):
            now = np.flatnonzero(turn == number)
            self._turn_day(device[now], day[now], outcome)
            view = _View(
                row=device[now],
                time_us=time[now],
                pane_us=table.pane_us[rows[now]],
                level=level[rows[now]],
                contexts=contexts[rows[now]],
                bad=bad[rows[now]],
                judged=judged[now],
                offset=offset[now],
                place=place[now],
                sparse=sparse[now],
                lone=lone[now],
            )
            _Round(self, view, marks, absolute).run(outcome)
        self._remember_panes(table)
        slot = (time // table.pane_us[rows]) % MARKS
        s.mark_us[device, slot], s.marks[device, slot] = time, marks.bits[place]
        slot = (time // table.pane_us[rows]) % BAND_PANES
        s.band_us[device, slot] = time
        s.band[device, slot] = absolute[place]

    def _marks(self, device: Ints, time: Ints, pane_us: Ints) -> tuple[detect.Marks, Ints]:
        """Return marks of the panes kept and the new ones, and where the new ones stand among them."""
        s = self.state
        who = np.unique(device)
        kept = s.mark_us[who] >= 0
        old = np.repeat(who, kept.sum(axis=1))
        owner = np.concatenate([old, device])
        times = np.concatenate([s.mark_us[who][kept], time])
        order = np.lexsort((times, owner))
        bits = np.concatenate([s.marks[who][kept], np.zeros((len(device), BITS), np.uint8)])
        place = np.empty(len(order), np.int64)
        place[order] = np.arange(len(order))
        width = np.concatenate([s.pane_us[old], pane_us])
        marks = detect.Marks(owner[order], times[order], width[order], bits[order])
        return marks, place[len(old) :]

    def _gates(self, table: Table, rows: Ints) -> tuple[Bools, Floats]:
        """Return (R, F) which features may be judged, and (R, F) the set-point to subtract from each."""
        plan, s = self.plan, self.state
        device, time = table.panes.device[rows], table.panes.time_us[rows].astype(np.float64)
        stats = table.panes.stats[rows].astype(np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = stats[:, :, SUM] / stats[:, :, N]
        judged = np.ones((len(rows), len(plan.features)), np.bool_)
        offset = np.zeros((len(rows), len(plan.features)))
        for channel in {int(c) for c in plan.gate if c >= 0}:
            off = np.where(mean[:, channel] < 0.99, time, np.nan)
            last_off, ever = carry_forward(device, off, s.off_us[device, channel])
            s.off_us[device, channel] = last_off
            for f in np.flatnonzero(plan.gate == channel):
                wait = np.maximum(plan.settle_us[f], 1)
                judged[:, f] &= ~ever | (time - last_off >= wait)
        for channel in {int(c) for c in plan.when if c >= 0}:
            level, known = carry_forward(device, mean[:, channel], s.level[device, channel])
            for f in np.flatnonzero(plan.when == channel):
                low, high = plan.when_range[f]
                judged[:, f] &= ~known | ((level >= low) & (level < high))
        for channel in {int(c) for c in plan.relative if c >= 0}:
            level, known = carry_forward(device, mean[:, channel], s.level[device, channel])
            before, was = carry_forward(device, mean[:, channel], s.level[device, channel], inclusive=False)
            turned = np.isfinite(mean[:, channel]) & (stats[:, channel, MIN] != stats[:, channel, MAX])
            turned |= was & np.isfinite(mean[:, channel]) & (mean[:, channel] != before)
            moved, ever = carry_forward(device, np.where(turned, time, np.nan), s.moved_us[device, channel])
            s.moved_us[device, channel] = moved
            for f in np.flatnonzero(plan.relative == channel):
                judged[:, f] &= ~ever | (time - moved >= np.maximum(plan.settle_us[f], 1))
                if plan.appliance.features[plan.features[f]].kind in ("mean", "minimum", "maximum"):
                    offset[:, f] = np.where(known, level, 0.0)
                    s.is_relative[device, f] = known
        return judged, offset

    def _remember_levels(self, table: Table, rows: Ints) -> Bools:
        """Keep the last reading of each channel; return (R,): of those judged, only one was ever reported."""
        s = self.state
        reported = np.zeros(len(rows), np.int64)
        judged = set(self.plan.channel.tolist())
        device, stats = table.panes.device[rows], table.panes.stats[rows].astype(np.float64)
        for channel in range(len(self.plan.channels)):
            with np.errstate(divide="ignore", invalid="ignore"):
                mean = stats[:, channel, SUM] / stats[:, channel, N]
            level, known = carry_forward(device, mean, s.level[device, channel])
            s.level[device, channel] = level
            if channel in judged:
                reported += known
        return np.asarray(reported == 1)

    def _remember_panes(self, table: Table) -> None:
        """Keep the newest panes of each device in its ring, oldest first."""
        s, panes = self.state, table.panes
        starts = np.flatnonzero(np.diff(panes.device, prepend=-1))
        ends = np.append(starts[1:], len(panes.device))
        back = np.repeat(ends, ends - starts) - np.arange(len(panes.device)) - 1
        keep = np.flatnonzero(back < RING)
        device, place = panes.device[keep], RING - 1 - back[keep]
        s.ring_us[device, place] = panes.time_us[keep]
        s.ring_stats[device, place] = panes.stats[keep]
        s.ring_above[device, place] = panes.above[keep]
        s.ring_growth[device, place] = panes.growth[keep]
        s.ring_cycles[device, place] = panes.cycles[keep]

    def forget_day(self, row: int, incident: Incident) -> None:
        """Let what a sudden finding has left in the daily values not be told again at midnight.

        The hours before its end are left out of that day; if it lasted over midnight, so are the days before
        it, unless something creeps besides.
        """
        forget_today(self.state, row)
        if row not in self.creeping.incidents and incident.opened_us // DAY_US < int(self.state.day[row]):
            forget_residuals(self.state, row)

    def _turn_day(self, device: Ints, day: Ints, outcome: Outcome) -> None:
        """Close the day of devices whose first row of another day comes now."""
        s = self.state
        first = np.flatnonzero(np.diff(device, prepend=-1))
        who, today = device[first], day[first]
        turned = who[(s.day[who] >= 0) & (s.day[who] != today)]
        if len(turned):
            limit = detect.thresholds(self.plan, s, turned, self.return_days)
            whole = s.day_panes[turned] >= 0.4 * (DAY_US // s.pane_us[turned])
            if whole.any():
                detect.close_peaks(s, turned[whole], limit[whole])
            s.peak_now[turned] = 0
            s.day_panes[turned] = 0
            end_us = (s.day[turned] + 1) * DAY_US
            causes = {int(row): self.incidents[row].cause for row in turned if row in self.incidents}
            outcome.changes.extend(self.creeping.close_day(turned, end_us, causes))
            baseline.close_day(self.plan, s, turned)
        new = who[s.day[who] < 0]
        if len(new):
            baseline.adopt_fleet(self.plan, s, new)
            baseline.solve(s, new)
        s.day[who] = today


@dataclass(frozen=True)
class _View:
    """R panes of at most one day per device: see :class:`Judge` for what the arrays hold."""

    row: Ints
    time_us: Ints
    pane_us: Ints
    level: Floats
    contexts: Floats
    bad: Floats
    judged: Bools
    offset: Floats
    place: Ints
    sparse: Bools
    lone: Bools


class _Round:
    """One view, judged."""

    def __init__(self, judge: Judge, view: _View, marks: detect.Marks, absolute: Floats) -> None:
        self.judge, self.plan, self.state = judge, judge.plan, judge.state
        self.view, self.marks, self.absolute = view, marks, absolute
        self.device, self.time, self.pane_us = view.row, view.time_us, view.pane_us
        self.level, self.place = view.level, view.place
        self.end_us = self.time + self.pane_us

    def run(self, outcome: Outcome) -> None:
        """Judge, open, revise and clear, then learn."""
        plan, s, k = self.plan, self.state, len(self.plan.faults)
        value = np.where(self.view.judged, self.level - self.view.offset, np.nan)
        x = baseline.regressors(plan, self.time, self.view.contexts)
        expected, scale, z = baseline.judge(plan, s, self.device, x, value)
        self.expected = expected + self.view.offset
        self.absolute[self.place] = self.expected
        hard = detect.hard_limits(plan, self.level, self.view.judged)
        rest = value - expected
        levels = detect.thresholds(plan, s, self.device, self.judge.return_days)
        counted = detect.weigh(plan, z, rest, levels)
        score, fit = detect.fault_scores(plan, counted)
        fault = np.where(fit & plan.is_fast, score / levels[:, :k], 0.0)
        single = detect.unexplained(plan, counted, self.view.lone)
        self.invalid = detect.invalid_channels(self.view.bad)
        any_bad = self.invalid.any(axis=1)
        any_hard = ((hard != 0) & plan.alone).any(axis=1)
        self.worst = np.maximum.reduce(
            [fault.max(axis=1, initial=0.0), single, 1.0 * any_hard, 1.0 * any_bad]
        )
        bits = np.zeros((len(self.place), BITS), np.uint8)
        for category in range(len(PATIENCE_US)):
            bits[:, category] = (fault[:, plan.patience == category] >= 1).any(axis=1)
        bits[:, detect.SINGLE] = single >= 1
        bits[:, detect.HARD] = any_hard
        bits[:, detect.INVALID] = any_bad
        bits[:, detect.RESTLESS] = self.worst >= detect.CALM
        self.marks.bits[self.place] = bits
        # where nothing is learned yet the hard limit speaks in place of the residual
        said = np.sign(hard) * detect.UNIT * (1.0 + np.abs(hard))
        self.counted = np.where((hard != 0) & ~(np.abs(np.nan_to_num(counted)) > np.abs(said)), said, counted)
        f = len(plan.features)
        self.margin = np.stack(
            [
                np.maximum(levels[:, k + f :] * scale, plan.tolerance),
                np.maximum(levels[:, k : k + f] * scale, plan.tolerance),
            ],
            axis=2,
        )

        self.coded = self.judge.codes.due(self.device, self.end_us)
        # only where something is over now can it have lasted
        over = np.flatnonzero(self.worst >= 1.0)
        lasting = np.zeros((len(self.place), len(detect.PERSISTENCE)), np.bool_)
        sparse, lone = self.view.sparse[over], self.view.lone[over]
        lasting[over] = detect.persistent(self.marks, self.place[over], sparse, lone)
        trigger = lasting.any(axis=1) | self.coded
        # what no signature explains is told on stricter grounds than what has a name
        self.odd = lasting[:, detect.UNNAMED].any(axis=1) | self.coded
        is_open = self._follow(trigger, outcome)

        allowed = ~is_open & (self.worst < 1.0)
        baseline.learn(s, self.pane_us, self.device, x, value, z, allowed)
        starts = np.flatnonzero(np.diff(self.device, prepend=-1))
        who = self.device[starts]
        # a score that came and went without a finding is normal life, and raises the threshold
        peaks = np.where(is_open[:, None], 0.0, detect.all_scores(score, z))
        s.peak_now[who] = np.maximum(s.peak_now[who], np.maximum.reduceat(peaks, starts, axis=0))
        s.day_panes[who] += np.add.reduceat(
            (allowed & np.isfinite(value).any(axis=1)).astype(np.int64), starts
        )
        # what was measured while a finding was open that is over says nothing of the day after it
        current = np.where((self.time >= s.cleared_us[self.device])[:, None], value, np.nan)
        add_panes(s, starts, who, current, x[:, :, 6:8])

    def _follow(self, trigger: Bools, outcome: Outcome) -> Bools:
        """Walk through the rows of devices that have, or get, an open finding; return (R,) open."""
        incidents = self.judge.incidents
        is_open = np.zeros(len(self.place), np.bool_)
        who = set(self.device[trigger].tolist()) | incidents.keys()
        interesting = np.isin(self.device, np.fromiter(who, np.int64, len(who)))
        calm = np.zeros(len(self.place), np.bool_)
        calm[interesting] = detect.calm(self.marks, self.place[interesting]) & ~self.coded[interesting]
        for row in np.unique(self.device[interesting]):
            mine = np.flatnonzero(self.device == row)
            self._walk(int(row), mine, trigger, calm, is_open, outcome)
        return is_open

    def _walk(
        self, row: int, mine: Ints, trigger: Bools, calm: Bools, is_open: Bools, outcome: Outcome
    ) -> None:
        incidents, s, plan = self.judge.incidents, self.state, self.plan
        weights = evidence(
            plan,
            self.counted[mine],
            s.slow[self.device[mine]].astype(np.float64),
            self.judge.codes.votes(self.device[mine]),
            self.invalid[mine],
        )
        for i, weight in zip(mine, weights, strict=True):
            now_us = int(self.end_us[i])
            incident = incidents.get(row)
            if incident is None:
                resting = s.cleared_us[row] >= 0 and now_us - s.cleared_us[row] < detect.REFRACTORY_US
                if trigger[i] and not resting:
                    incident, change = open_incident(plan, self._moment(i, weight), self._onset(i))
                    if incident.probability < detect.SURE and not self.odd[i]:
                        continue
                    if incident.cause == UNKNOWN and not self.odd[i]:
                        continue
                    if self._known_already(row, incident.cause):
                        continue
                    incidents[row] = incident
                    outcome.changes.append(change)
                    outcome.bands.extend(self._bands_before(i, incident.onset_us))
                    is_open[i] = True
                continue
            is_open[i] = True
            outcome.bands.extend(self._make_bands(row, int(self.time[i]), self.expected[i], self.margin[i]))
            seen = self._can_see(i, incident)
            back = bool(calm[i]) and seen and now_us - incident.opened_us >= MIN_OPEN_US
            back = back and self._calm_long(i, incident.cause)
            usual = incident.cause == UNKNOWN and now_us - incident.opened_us >= RELEARN_US
            if back or usual:
                outcome.changes.append(close_incident(plan, incident, self._moment(i, weight)))
                del incidents[row]
                s.cleared_us[row] = now_us
                self.judge.forget_day(row, incident)
                if not back:
                    # judged by the old expectation until the day is over: say nothing till then
                    baseline.relearn(s, row)
                    if row not in self.judge.creeping.incidents:
                        recommission(s, row)
                    s.cleared_us[row] = (now_us // DAY_US + 1) * DAY_US
                continue
            revised = follow_incident(plan, incident, self._moment(i, weight))
            if revised is not None:
                outcome.changes.append(revised)

    def _known_already(self, row: int, cause: str) -> bool:
        """Tell whether a creeping finding has said it: then only a sudden fault of another kind is news."""
        return known_already(self.plan, self.judge.creeping.incidents.get(row), cause)

    def _calm_long(self, i: int, cause: str) -> bool:
        """Tell whether nothing was near its threshold for as long as the cause takes to show.

        What comes and goes with a compressor's cycles is not over in the pause between two of them.
        """
        patience = -1 if cause == UNKNOWN else int(self.plan.patience[self.plan.faults.index(cause)])
        since = int(self.time[i]) - PATIENCE_US[patience if patience >= 0 else UNNAMED_PATIENCE]
        place, row = int(self.place[i]), int(self.device[i])
        while place >= 0 and self.marks.device[place] == row and self.marks.time_us[place] > since:
            if self.marks.bits[place, detect.RESTLESS]:
                return False
            place -= 1
        return True

    def _can_see(self, i: int, incident: Incident) -> bool:
        """Tell whether what a finding shows in is judged now: an appliance that is off proves nothing."""
        if incident.shown:
            return bool(np.isfinite(self.counted[i, incident.shown]).mean() >= 0.5)
        if incident.cause == UNKNOWN:
            return True
        # a code opened it: what would show it must be judged, if that is only while the appliance is on
        named = self.plan.signature[self.plan.faults.index(incident.cause)] != 0
        known = np.isfinite(self.counted[i, named & (self.plan.gate >= 0)])
        return not len(known) or bool(known.any())

    def _moment(self, i: int, weights: Floats) -> Moment:
        row = int(self.device[i])
        middle, half = self.plan.usual.T
        known = np.isfinite(self.expected[i])
        return Moment(
            device=row,
            time_us=int(self.end_us[i]),
            weights=weights,
            observed=self.level[i],
            expected=np.where(known, self.expected[i], middle),
            margin=np.where(known[:, None], self.margin[i], 4.0 * half[:, None]),
            counted=self.counted[i],
            worst=float(self.worst[i]),
            codes=self.judge.codes.active(row),
            invalid=[self.plan.channels[c] for c in np.flatnonzero(self.invalid[i])],
        )

    def _onset(self, i: int) -> int:
        """Return the start of the first pane of the restless run that ends at row ``i``."""
        row = int(self.device[i])
        if self.coded[i] and self.worst[i] < detect.CALM:
            return self.judge.codes.since(row)
        place = int(self.place[i])
        onset, quiet = place, 0
        while place >= 0 and self.marks.device[place] == row and quiet < 2:
            if self.marks.bits[place, detect.RESTLESS]:
                onset, quiet = place, 0
            else:
                quiet += 1
            place -= 1
        return int(self.marks.time_us[onset])

    def _bands_before(self, i: int, onset_us: int) -> list[Band]:
        """Return the bands from six hours before the onset up to row ``i``."""
        s, row = self.state, int(self.device[i])
        since = onset_us - BAND_BEFORE_US
        result: dict[int, list[Band]] = {}
        for slot in np.argsort(s.band_us[row]):
            time = int(s.band_us[row, slot])
            if time >= max(since, 0):
                result[time] = self._make_bands(
                    row, time, s.band[row, slot].astype(np.float64), self.margin[i]
                )
        for place in range(int(self.place[i]), -1, -1):
            time = int(self.marks.time_us[place])
            if self.marks.device[place] != row or time < since:
                break
            if np.isfinite(self.absolute[place]).any():  # of this step
                result[time] = self._make_bands(row, time, self.absolute[place], self.margin[i])
        return [band for time in sorted(result) for band in result[time]]

    def _make_bands(self, row: int, time_us: int, expected: Floats, margin: Floats) -> list[Band]:
        bands = []
        for f in self.judge.plotted:
            if np.isfinite(expected[f]):
                channel = self.plan.channels[self.plan.channel[f]]
                middle = float(expected[f])
                band = np.array([middle - margin[f, 0], middle + margin[f, 1]])
                low, high = (float(edge) for edge in np.clip(band, *self.plan.possible[f]))
                three = [float(f"{value:.6g}") for value in (middle, low, high)]
                bands.append(Band(row, channel, time_us, three[0], min(three), max(three)))
        return bands


def known_already(plan: TypePlan, creeping: Incident | None, cause: str) -> bool:
    """Tell whether a sudden finding of ``cause`` would only repeat what an open creeping one says.

    So it is with the same cause or part (the end of a scaled element is an open one), with what is not named
    or does not show within hours, and with what moves a reading as the creeping cause does: a circuit
    that has lost its charge looks like a dead compressor in the end.
    """
    if creeping is None:
        return False
    if cause in (UNKNOWN, creeping.cause) or not plan.is_fast[plan.faults.index(cause)]:
        return True
    if creeping.cause == UNKNOWN:
        return False
    faults, one, other = plan.appliance.faults, plan.faults.index(cause), plan.faults.index(creeping.cause)
    if faults[cause].part and faults[cause].part == faults[creeping.cause].part:
        return True
    alike = bool((plan.signature[one] * plan.signature[other] > 0).any())
    return alike and faults[cause].time_scale == "hours"
