"""The models of one appliance type at work: batches of samples in, changes of findings out.

A step costs the same few hundred array operations whether it carries one device or thousands. Work
goes by panes and days, never by samples: features of all new panes at once, then one round per day
boundary that a device crosses, since expectations change only there. Results do not depend on how samples
were cut into batches, except for the fleet's prior, which a young device takes from whatever the others
have learned by then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import msgspec
import numpy as np

from models import baseline
from models.calibration import BUDGET, stability
from models.campaign import Campaign, recognise
from models.codes import Codes
from models.creeping import matched
from models.diagnose import evidence
from models.features import Rows, Singles
from models.incidents import Incident, Moment, close_incident, open_incident
from models.intake import Intake, join, no_rows
from models.judging import Band, Judge, Outcome, known_already
from models.plan import DAY_US, HOUR_US, UNKNOWN, Bools, Ints, TypePlan, make_plan
from models.reference import recommission
from models.state import State
from models.summary import put_right
from zerodistance.catalogue import ApplianceType

SILENT_US = HOUR_US
"""A device without samples for so long tells only by its codes."""
STEP_ROWS = 20_000
"""Samples worked on at once; more are cut between devices, so that memory stays bounded."""

__all__ = ["Band", "Engine", "Outcome"]


class Saved(msgspec.Struct, array_like=True):
    """One device's state as it is saved."""

    version: str
    row: bytes
    pending_us: bytes
    pending_values: bytes
    pending_bad: bytes
    incident: Incident | None
    creeping: Incident | None = None


class Engine:
    """All devices of one appliance type.

    Examples:
        >>> from zerodistance.catalogue import load_catalogue
        >>> engine = Engine(load_catalogue()["refrigerator"])
        >>> row = engine.row_of("fridge-1")
        >>> values = np.full((1, len(engine.plan.channels)), 4.0, np.float32)
        >>> engine.step(np.array([row]), np.array([0]), values, np.zeros(values.shape, bool)).changes
        []
    """

    def __init__(self, appliance: ApplianceType, budget: float = BUDGET) -> None:
        """Make an engine that knows no device yet.

        Args:
            appliance: the type.
            budget: false alarms per device and year that all thresholds together are set for; see
                :func:`models.calibration.stretch`.
        """
        self.plan: TypePlan = make_plan(appliance)
        self.names: list[str] = []
        self._rows: dict[str, int] = {}
        self._state = State(self.plan)
        self._codes = Codes(self.plan, self._state)
        self._intake = Intake(self.plan, self._state)
        self._judge = Judge(self.plan, self._state, self._codes, budget)

    def row_of(self, device: str) -> int:
        """Return the device's row, making one for a device that is new."""
        row = self._rows.get(device)
        if row is None:
            row = self._rows[device] = self._state.add()
            self.names.append(device)
        return row

    def knows(self, device: str) -> bool:
        """Tell whether anything came of a device yet."""
        return device in self._rows

    def open_findings(self) -> dict[str, Incident]:
        """Return the open incidents by device; of a device with a sudden and a creeping one the sudden."""
        both = self._judge.creeping.incidents | self._judge.incidents
        return {self.names[row]: incident for row, incident in both.items()}

    def counts(self) -> tuple[int, int]:
        """Return (late, repeated): samples that came after their window was closed, and repeats dropped."""
        size = self._state.size
        return int(self._state.late[:size].sum()), int(self._state.repeated[:size].sum())

    def recommission(self, device: str, time_us: int, cause: str = "") -> Outcome:
        """Learn anew what is normal for a device: it was repaired, or moved, at ``time_us``.

        Its creeping finding is cleared, since its readings could say so in days only; a sudden one clears by
        itself, when they are back. What is learned anew is the slow reference: the day so far and all days
        before it no longer count, and the device is compared with its fleet as a new one is. If it was a part
        that shows in nothing (by ``cause``), that is new, and all that is known of the readings stands.
        """
        outcome = Outcome([], [])
        row = self._rows.get(device)
        if row is None or int(self._state.head_us[row]) - time_us > DAY_US:
            return outcome  # or old news: the days since then were those of the repaired device
        ageing = self._judge.creeping.ageing
        outcome.changes.extend(ageing.replaced(row, cause, time_us))
        if ageing.is_silent(cause):
            return outcome
        incident = self._judge.creeping.incidents.pop(row, None)
        if incident is not None:
            moment = self._silent_moment(row, max(time_us, incident.opened_us))
            closed = close_incident(self.plan, incident, moment)
            told = put_right(self.plan, incident.cause, moment.time_us)
            outcome.changes.append(replace(closed, summary=told))
        recommission(self._state, row)
        # panes that are still to be judged may be older than the repair
        self._state.cleared_us[row] = max(int(self._state.cleared_us[row]), time_us)
        return outcome

    def drift(self) -> float:
        """Return by how much the daily scores of the last weeks differ from those before.

        It is a population stability index: below 0.1 they are alike, above 0.25 thresholds that were read
        off the old ones no longer mean what they meant. 0 as long as too little is known.
        """
        size = self._state.size
        before = self._state.tally_then[:size].sum(axis=0)
        return stability(before, self._state.tally[:size].sum(axis=0) - before)

    def campaigns(self, cohorts: Mapping[str, Iterable[str]]) -> list[Campaign]:
        """Return the cohorts (a firmware, a region: name → devices) whose devices deviate together.

        Judged by the daily residuals as they last were; the indices are rows, see :attr:`names`.
        """
        size = self._state.size
        members = {name: np.zeros(size, np.bool_) for name in cohorts}
        for name, devices in cohorts.items():
            members[name][[self._rows[device] for device in devices if device in self._rows]] = True
        return recognise(self._judge.creeping.reference.standing_z(), members)

    def blame(self, campaign: Campaign) -> str:
        """Return the creeping fault that a cohort's deviating devices look like most, or ``unknown``."""
        reference, rows = self._judge.creeping.reference, list(campaign.devices)
        z = reference.standing_z()[rows]
        scores = np.median(matched(self.plan, z, z * reference.fleet.spread[0]), axis=0)
        if not len(scores) or scores.max() <= 0.0:
            return UNKNOWN
        return self.plan.faults[int(scores.argmax())]

    def day(self) -> int:
        """Return the latest day (UTC, since 1970) that any device is in; −1 before the first sample."""
        return int(self._state.day[: self._state.size].max(initial=-1))

    # -- saving ----------------------------------------------------------------------------------

    def export_state(self, device: str) -> bytes:
        """Return everything remembered of one device (MessagePack around the arrays' bytes)."""
        return next(self.export_states([device]))[1]

    def export_states(self, devices: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Give device and state, as :meth:`export_state` returns it, of each of ``devices``."""
        owner, times, values, bad = self._intake.pending
        rows = [(device, self._rows[device]) for device in devices]
        # a few devices of many: what the others hold is looked at once and not put in order
        wanted = np.zeros(self._state.size, np.bool_)
        wanted[[row for _, row in rows]] = True
        held = np.flatnonzero(wanted[owner])
        held = held[np.argsort(owner[held], kind="stable")]
        owners = owner[held]
        for device, row in rows:
            mine = held[np.searchsorted(owners, row) : np.searchsorted(owners, row, side="right")]
            state = msgspec.msgpack.encode(
                Saved(
                    version=self.plan.version,
                    row=self._state.export(row),
                    pending_us=times[mine].tobytes(),
                    pending_values=values[mine].tobytes(),
                    pending_bad=bad[mine].tobytes(),
                    incident=self._judge.incidents.get(row),
                    creeping=self._judge.creeping.incidents.get(row),
                )
            )
            yield device, state

    def import_state(self, saved: Iterable[tuple[str, bytes]]) -> list[str]:
        """Take over devices from what :meth:`export_state` gave; return those of another version.

        Such a device starts anew: its baseline is learned again, judged against the fleet meanwhile.
        """
        refused, restored = [], []
        pieces = [self._intake.pending]
        for device, data in saved:
            row = self.row_of(device)
            try:
                one = msgspec.msgpack.decode(data, type=Saved)
            except msgspec.DecodeError:
                refused.append(device)
                continue
            if one.version != self.plan.version or not self._state.restore(row, one.row):
                refused.append(device)
                continue
            times = np.frombuffer(one.pending_us, np.int64)
            shape = (len(times), len(self.plan.channels))
            values = np.frombuffer(one.pending_values, np.float32).reshape(shape)
            bad = np.frombuffer(one.pending_bad, np.bool_).reshape(shape)
            pieces.append((np.full(len(times), row, np.int64), times, values, bad))
            if one.incident is not None:
                self._judge.incidents[row] = one.incident
            if one.creeping is not None:
                self._judge.creeping.incidents[row] = one.creeping
            restored.append(row)
        self._intake.pending = join(pieces)
        if restored:
            baseline.solve(self._state, np.array(restored, np.int64))
        return refused

    # -- samples and codes -----------------------------------------------------------------------

    def step(self, device: Ints, time_us: Ints, values: Singles, bad: Bools) -> Outcome:
        """Take in samples, in any order, and return what changed.

        Args:
            device: (N,) rows as :meth:`row_of` gives them.
            time_us: (N,) event time.
            values: (N, C) readings of ``plan.channels``, NaN where there is none.
            bad: (N, C) the reading was impossible: outside its valid range.
        """
        outcome = Outcome([], [])
        order = np.argsort(device, kind="stable")
        edges = np.flatnonzero(np.diff(device[order], prepend=-1))
        start = 0
        for edge in (*edges[1:], len(order)):
            if edge - start >= STEP_ROWS or edge == len(order):
                part = order[start:edge]
                if len(part):
                    self._step((device[part], time_us[part], values[part], bad[part]), outcome)
                start = int(edge)
        outcome.noted.extend(change for change in outcome.changes if change.quiet)
        outcome.changes[:] = [change for change in outcome.changes if not change.quiet]
        return outcome

    def _step(self, rows: Rows, outcome: Outcome) -> None:
        who = np.unique(rows[0])
        while len(who):
            table, fitted = self._intake.take(who, rows)
            if table is None:
                return
            self._judge.judge(table, outcome)
            self._intake.change_panes(fitted)
            who = np.array(list(fitted), np.int64)
            rows = no_rows(len(self.plan.channels))

    def fault_code(self, device: str, code: str, active: bool, time_us: int) -> Outcome:
        """Take in a fault code, raised or taken back; codes that the catalogue has not say nothing."""
        outcome = Outcome([], [])
        row = self.row_of(device)
        if not self._codes.turn(row, code, active, time_us):
            return outcome
        incidents, state = self._judge.incidents, self._state
        incident = incidents.get(row)
        one = np.array([row])
        if active and incident is None and self._codes.due(one, np.array([time_us]))[0]:
            incident, change = open_incident(self.plan, self._silent_moment(row, time_us), time_us)
            if not known_already(self.plan, self._judge.creeping.incidents.get(row), incident.cause):
                incidents[row] = incident
                outcome.changes.append(change)
        elif not active and incident is not None:
            still = bool(self._codes.active(row)) or bool(
                state.marks[row, int(state.mark_us[row].argmax())].any()
            )
            # switched off, it takes its code back and has not been put right: its readings will tell
            still = still or self._rests(row, incident.cause, time_us)
            if not still:
                moment = self._silent_moment(row, max(time_us, incident.opened_us))
                outcome.changes.append(close_incident(self.plan, incidents.pop(row), moment))
                state.cleared_us[row] = time_us
        return outcome

    def _rests(self, row: int, cause: str, time_us: int) -> bool:
        """Tell whether what would show the cause is judged only while the appliance is on, and it reports."""
        if cause == UNKNOWN or time_us - int(self._state.head_us[row]) > SILENT_US:
            return False
        named = self.plan.signature[self.plan.faults.index(cause)] != 0
        gates = self.plan.gate[named]
        return bool((gates >= 0).any() and np.isfinite(self._state.level[row, gates[gates >= 0]]).any())

    def _silent_moment(self, row: int, time_us: int) -> Moment:
        """Return a moment of which only fault codes tell."""
        plan = self.plan
        nothing = np.full(len(plan.features), np.nan)
        weights = evidence(
            plan,
            nothing[None, :],
            np.zeros((1, len(plan.features))),
            self._codes.votes(np.array([row])),
            np.zeros((1, len(plan.channels)), np.bool_),
        )[0]
        return Moment(
            device=row,
            time_us=time_us,
            weights=weights,
            observed=nothing,
            expected=nothing,
            margin=np.stack([nothing, nothing], axis=1),
            counted=nothing,
            worst=1.0,
            codes=self._codes.active(row),
            invalid=[],
        )
