"""Many channels against a stretch that is known to be free of faults.

What each row shows is looked at now, over short and long means, and by how much the channels move; on each of
these views stand Hotelling's T² and the residual Q of a principal component model (Jackson and Mudholkar,
Technometrics 21, 1979), each channel against what the others say it should be (regression, from the inverse
correlation matrix), the single most unusual channel, an isolation forest (Liu, Ting and Zhou, ICDM 2008) and
how long a channel has stood still. A layer is calibrated on training rows that its model has not seen
(cross-fitted in blocks, which lets the wandering of the process count), and counts the less the fewer
independent rows spoke about it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import IsolationForest

from models.streaming.seasons import same_phase, strongest_period
from models.streaming.tails import by_tail, level
from models.streaming.trailing import Floats, fill_forward, rolling_mean

FOLDS = 2
"""Blocks of the training rows; with two, each half is judged from as far away as it is long."""
LEAST_TRAIN = 40
"""Fault-free rows without which nothing can be calibrated."""
MEANS = (8, 32)
"""Rows over which means are taken: faults that last show there long before a single row is unusual."""
SPREADS = (16, 64)
"""Rows over which movement is measured."""
USUAL = 20
"""Times the rows of a spread over which its usual movement is taken."""
WANDERS = 6.0
"""How much more than chance allows eighths of the training rows may differ before a level is not kept."""
MOST_WANDER = 0.25
"""Share of wandering channels above which no channel's level is kept: what moves them moves all."""
KEPT_VARIANCE = 0.9
MOST_FITTED = 20_000
"""Training rows beyond these are thinned out evenly: they would only cost time."""
TAIL = 0.9
HALF_TRUST = 8.0
"""Independent rows at which a layer counts half."""
CAUTION = 5.0
"""The threshold is set for a rate this much lower: the stretch after training is never quite like it."""
CAUTION_ROWS = 400
"""Training rows up to which the whole caution is due; with more of them it approaches 1."""

STILL = 1.5
"""How much longer than ever in training a channel may stand still."""

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class View:
    """One way to look at all channels: its values (N, K), and from which row on they are complete."""

    name: str
    values: Floats
    warm_up: int


@dataclass
class Gauge:
    """One view's model: moments, principal components, inverse correlation."""

    centre: Floats
    scale: Floats
    axes: Floats
    variance: Floats
    inverse: Floats
    kept: int

    @classmethod
    def fit(cls, rows: Floats, independent: float, kept: int = 0) -> Gauge:
        """Learn from ``rows`` (M, K), which speak like ``independent`` independent ones.

        ``kept`` is the number of principal components of T²; 0 takes what explains ``KEPT_VARIANCE``.
        """
        centre = np.median(rows, axis=0)
        spread = rows.std(axis=0)
        robust = 1.4826 * np.median(np.abs(rows - centre), axis=0)
        # where most rows are equal the median deviation is 0
        scale = np.where(robust > 0.2 * spread, np.maximum(robust, 0.5 * spread), spread)
        scale = np.maximum(scale, 1e-9 * (1.0 + np.abs(centre)))
        z = np.clip((rows - centre) / scale, -6.0, 6.0)
        channels = rows.shape[1]
        correlation = z.T @ z / len(z)
        unit = np.sqrt(np.maximum(np.diag(correlation), 1e-12))
        correlation = correlation / np.outer(unit, unit)
        shrink = float(np.clip(0.5 * channels / max(independent, 1.0), 0.005, 0.5))
        correlation = (1.0 - shrink) * correlation + shrink * np.eye(channels)
        variance, axes = np.linalg.eigh(correlation)
        variance, axes = variance[::-1], axes[:, ::-1]
        if not kept:
            kept = int(np.searchsorted(np.cumsum(variance) / variance.sum(), KEPT_VARIANCE)) + 1
        return cls(centre, scale * unit, axes, variance, np.linalg.inv(correlation), kept)

    def statistics(self, rows: Floats) -> tuple[dict[str, Floats], Floats]:
        """Return the statistics (M,) by name and what each channel has to do with them (M, K)."""
        z = np.clip((rows - self.centre) / self.scale, -50.0, 50.0)
        kept = self.kept
        along = z @ self.axes
        found = {"T2": np.sqrt((along[:, :kept] ** 2 / self.variance[:kept]).sum(axis=1))}
        alone = np.abs(z)
        if z.shape[1] == 1:
            return {"T2": found["T2"]}, alone
        if kept < z.shape[1]:
            found["Q"] = np.sqrt((along[:, kept:] ** 2).sum(axis=1))
        against = np.abs(z @ self.inverse) / np.sqrt(np.diag(self.inverse))
        found["single"] = alone.max(axis=1)
        found["regression"] = against.max(axis=1)
        return found, np.maximum(alone, against)


@dataclass
class Judgement:
    """What :meth:`Trained.judge` says of rows.

    Attributes:
        total: (M,) fused surprise.
        top: (M,) channel that has most to do with it.
    """

    total: Floats
    top: Ints


@dataclass
class Trained:
    """A model of fault-free rows; make it with :meth:`fit`."""

    periods_s: list[float]
    wanders: NDArray[np.bool_]
    moving: NDArray[np.bool_]
    baseline_rows: int
    longest_still: Floats
    gauges: dict[str, Gauge] = field(default_factory=dict)
    forest: IsolationForest | None = None
    past: dict[str, Floats] = field(default_factory=dict)
    trust: dict[str, float] = field(default_factory=dict)
    usual: dict[str, Floats] = field(default_factory=dict)
    constants: Floats = field(default_factory=lambda: np.zeros(0))
    woken: float = 0.0
    threshold: float = np.inf

    @classmethod
    def fit(
        cls,
        time_s: Floats,
        values: Floats,
        rate: float,
        without: frozenset[str] = frozenset(),
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> Trained:
        """Learn from fault-free rows.

        Args:
            time_s: (N,) ascending.
            values: (N, C), NaN where there is no reading.
            rate: false alarms per row that are accepted.
            without: layers left out, for an ablation: ``T2``, ``Q``, ``single``, ``regression``, ``forest``,
                ``still``, or a view (``now``, ``mean``, ``spread``).
            progress: called with (steps done, steps in all).

        Raises:
            ValueError: fewer than ``LEAST_TRAIN`` rows.
        """
        n = len(values)
        if n < LEAST_TRAIN:
            raise ValueError(f"{n} fault-free rows are too few: at least {LEAST_TRAIN} are needed")
        filled = np.stack([fill_forward(column) for column in values.T], axis=1)
        moving = np.array([np.ptp(column) > 1e-9 * (1 + np.abs(column).max()) for column in filled.T])
        periods = [
            _season(time_s, column) if moves else 0.0 for column, moves in zip(filled.T, moving, strict=True)
        ]
        model = cls(
            periods_s=periods,
            wanders=np.zeros(len(moving), np.bool_),
            moving=moving,
            baseline_rows=max(16, n // 8),
            longest_still=np.array([_still(column)[1:].max(initial=1.0) for column in filled.T]),
        )
        flat = model._deseasoned(time_s, filled)
        model.wanders = np.array([_wanders(column) for column in flat.T]) & moving
        if model.wanders.mean() > MOST_WANDER:
            model.wanders = moving
        views = [
            view for view in model.views(time_s, filled) if view.name.rstrip("0123456789") not in without
        ]
        still = model.still(filled)
        steps = FOLDS + 2
        thin = max(1, -(-n // MOST_FITTED))
        model.gauges, model.forest = _learn(views, np.ones(n, np.bool_), thin, "forest" not in without)
        # one number of components for all blocks: else their Q would not be of one kind
        kept = {name: gauge.kept for name, gauge in model.gauges.items()}
        # each block judged by what the others taught
        edges = np.linspace(0, n, FOLDS + 1).astype(int)
        held: list[dict[str, Floats]] = []
        shares: dict[str, list[Floats]] = {}
        for fold in range(FOLDS):
            progress(fold, steps)
            inside = np.zeros(n, np.bool_)
            inside[edges[fold] : edges[fold + 1]] = True
            gauges, forest = _learn(views, ~inside, thin, "forest" not in without, kept)
            found, contributions = _measure(views, gauges, forest, inside)
            held.append(found)
            for name, share in contributions.items():
                shares.setdefault(name, []).append(share)
        progress(FOLDS, steps)
        model.past = {
            name: np.concatenate(
                [
                    found.get(name, np.full(edges[fold + 1] - edges[fold], np.nan))
                    for fold, found in enumerate(held)
                ]
            )
            for name in sorted(set().union(*held))
            if name.split(":")[-1] not in without
        }
        if "still" not in without:
            model.past["still"] = still
        widths = {view.name: view.warm_up for view in views}
        model.trust = {
            name: _trust(past, widths.get(name.split(":")[0], 1)) for name, past in model.past.items()
        }
        model.usual = {name: _usual(np.concatenate(parts)) for name, parts in shares.items()}
        total = model._fuse(model.past)
        caution = 1.0 + (CAUTION - 1.0) * min(1.0, CAUTION_ROWS / n)
        model.threshold = max(level(total[np.isfinite(total)], rate / caution), 1e-6)
        model.constants = filled[-1]
        model.woken = model.threshold * (1.0 if rate * (n + 1) >= 1.0 else 0.9)
        progress(steps, steps)
        return model

    def judge(self, time_s: Floats, values: Floats, first: int = 0) -> Judgement:
        """Return the judgement of rows from ``first`` on; those before it are only looked back at."""
        filled = np.stack([fill_forward(column) for column in values.T], axis=1)
        wanted = np.zeros(len(values), np.bool_)
        wanted[first:] = True
        views = [view for view in self.views(time_s, filled) if view.name in self.gauges]
        found, contributions = _measure(views, self.gauges, self.forest, wanted)
        found["still"] = self.still(filled)[first:]
        total = self._fuse(found)
        channel = np.zeros((len(values) - first, values.shape[1]))
        for view in views:
            share = contributions[view.name] / self.usual[view.name]
            full = np.zeros_like(channel)
            full[:, self.moving] = np.nan_to_num(share)
            channel = np.maximum(channel, full)
        self._wake(filled[first:], total, channel)
        return Judgement(total, channel.argmax(axis=1))

    def context_rows(self, time_s: Floats) -> int:
        """Return how many rows before a row its judgement looks back at."""
        step = float(np.median(np.diff(time_s[:200]))) if len(time_s) > 1 else 1.0
        seasons = [int(8 * period / max(step, 1e-9)) for period in self.periods_s if period]
        return max([4 * max(MEANS), USUAL * max(SPREADS), 2 * self.baseline_rows, *seasons]) + 2

    def views(self, time_s: Floats, filled: Floats) -> list[View]:
        """Return the views of ``filled`` (N, C) over the channels that move."""
        flat = self._deseasoned(time_s, filled)
        start = 0
        if self.wanders.any():
            flat[:, self.wanders] -= _down(flat[:, self.wanders], rolling_mean, self.baseline_rows)
            start = self.baseline_rows // 2
        flat, raw = flat[:, self.moving], filled[:, self.moving]
        if not flat.shape[1]:
            return []
        views = [View("now", flat, start)]
        views += [View(f"mean{rows}", _down(flat, rolling_mean, rows), start + rows) for rows in MEANS]
        views += [View(f"spread{rows}", _down(raw, _log_movement, rows), rows) for rows in SPREADS]
        return views

    def still(self, filled: Floats) -> Floats:
        """Return (N,): how far a channel has stood still beyond the longest time in training, 0 if not."""
        ratios = [
            _still(column) / (STILL * longest + 2.0)
            for column, longest, moves in zip(filled.T, self.longest_still, self.moving, strict=True)
            if moves
        ]
        return np.maximum(np.max(ratios, axis=0) - 1.0, 0.0) if ratios else np.zeros(len(filled))

    def _deseasoned(self, time_s: Floats, filled: Floats) -> Floats:
        flat = filled.copy()
        for place, period in enumerate(self.periods_s):
            if period:
                expected = same_phase(time_s, filled[:, place], period, 7)
                flat[:, place] = np.where(np.isfinite(expected), filled[:, place] - expected, np.nan)
        return flat

    def _fuse(self, found: dict[str, Floats]) -> Floats:
        """Return the most surprising layer plus a share of what all say."""
        each = []
        for name, past in self.past.items():
            known = past[np.isfinite(past)]
            if len(known) >= 10 and name in found:
                each.append(self.trust[name] * by_tail(found[name], known, TAIL))
        if not each:
            return np.zeros(len(next(iter(found.values()))))
        table = np.array(each)
        return np.asarray(table.max(axis=0) + table.mean(axis=0))

    def _wake(self, filled: Floats, total: Floats, channel: Floats) -> None:
        """Raise ``total`` where a channel moves that never did in training; mark it in ``channel``.

        That a constant changes has a chance of 1 in N + 1 per row after N rows (Laplace).
        """
        for place in np.flatnonzero(~self.moving):
            usual = self.constants[place]
            woken = np.abs(filled[:, place] - usual) > 1e-6 * (1.0 + abs(usual))
            total[woken] = np.maximum(total[woken], self.woken)
            channel[woken, place] = np.inf


def _learn(
    views: list[View],
    use: NDArray[np.bool_],
    thin: int,
    with_forest: bool,
    kept: Mapping[str, int] = MappingProxyType({}),
) -> tuple[dict[str, Gauge], IsolationForest | None]:
    gauges = {}
    samples = []
    for view in views:
        row = np.arange(len(use))
        rows = view.values[use & (row >= view.warm_up) & np.isfinite(view.values).all(axis=1)][::thin]
        if len(rows) < 8:
            continue
        together = max(float(np.median([_together(column) for column in rows.T])), view.warm_up, 1.0)
        gauges[view.name] = Gauge.fit(rows, len(rows) / together, kept.get(view.name, 0))
        if view.name in ("now", "mean8"):
            samples.append((view.name, gauges[view.name]))
    forest = None
    if with_forest and samples:
        table = _forest_rows(views, gauges)
        table = table[use & np.isfinite(table).all(axis=1)][::thin]
        if len(table) >= 32:
            forest = IsolationForest(n_estimators=50, max_samples=min(256, len(table)), random_state=0)
            forest.fit(table)
    return gauges, forest


def _measure(
    views: list[View], gauges: dict[str, Gauge], forest: IsolationForest | None, wanted: NDArray[np.bool_]
) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Return the statistics and the contributions of the ``wanted`` rows; NaN while a view warms up."""
    found: dict[str, Floats] = {}
    contributions: dict[str, Floats] = {}
    place = np.flatnonzero(wanted)
    for view in views:
        if view.name not in gauges:
            continue
        rows = view.values[place]
        fit = np.isfinite(rows).all(axis=1) & (place >= view.warm_up)
        statistics, share = gauges[view.name].statistics(rows[fit])
        for name, statistic in statistics.items():
            full = np.full(len(place), np.nan)
            full[fit] = statistic
            found[f"{view.name}:{name}"] = full
        spread = np.full(rows.shape, np.nan)
        spread[fit] = share
        contributions[view.name] = spread
    if forest is not None:
        table = _forest_rows(views, gauges)[place]
        whole = np.isfinite(table).all(axis=1)
        full = np.full(len(place), np.nan)
        if whole.any():
            full[whole] = -forest.score_samples(table[whole])
        found["forest"] = full
    return found, contributions


def _forest_rows(views: list[View], gauges: dict[str, Gauge]) -> Floats:
    parts = [
        np.clip((view.values - gauges[view.name].centre) / gauges[view.name].scale, -100.0, 100.0)
        for view in views
        if view.name in ("now", "mean8") and view.name in gauges
    ]
    return np.concatenate(parts, axis=1)


def _season(time_s: Floats, column: Floats) -> float:
    """Return the period in seconds whose same phases predict the training rows clearly better, 0 for none."""
    period = strongest_period(column)
    if not period:
        return 0.0
    step = float(np.median(np.diff(time_s)))
    period_s = period * step
    expected = same_phase(time_s, column, period_s, 7)
    known = np.isfinite(expected)
    if known.sum() < len(column) // 3:
        return 0.0
    rest = np.abs(column - expected)[known]
    plain = np.abs(column[known] - np.median(column))
    return period_s if rest.mean() < 0.7 * plain.mean() else 0.0


def _wanders(column: Floats) -> bool:
    """Whether the means of the eighths differ by more than their autocorrelation explains (an F test)."""
    known = column[np.isfinite(column)]
    if len(known) < 64:
        return False
    parts = np.array_split(known, 8)
    within = np.concatenate([part - part.mean() for part in parts])
    between = float(np.var(np.array([part.mean() for part in parts]), ddof=1))
    by_chance = float(np.var(within)) * _together(within) / (len(known) / 8)
    return between > WANDERS * by_chance


def _together(value: Floats) -> float:
    """Return how many neighbouring rows speak like one: 1 + 2 Σ autocorrelation, while it is positive."""
    n = len(value)
    power = np.abs(np.fft.rfft(value - value.mean(), 2 * n)) ** 2
    correlation = np.fft.irfft(power)[: max(2, n // 2)]
    if correlation[0] <= 0:
        return 1.0
    correlation = correlation / correlation[0]
    negative = np.flatnonzero(correlation < 0.05)
    until = int(negative[0]) if len(negative) else len(correlation)
    return 1.0 + 2.0 * float(correlation[1:until].sum())


def _still(column: Floats) -> Floats:
    """Return for each row how many rows its value has not changed (1: it just has)."""
    row = np.arange(len(column))
    changed = np.concatenate([[True], column[1:] != column[:-1]])
    return (row - np.maximum.accumulate(np.where(changed, row, 0)) + 1).astype(np.float64)


def _log_movement(column: Floats, rows: int) -> Floats:
    moved = np.abs(np.diff(column, prepend=column[:1]))
    moving = rolling_mean(moved, rows)
    # what is small against the first rows' movement is as good as none
    usual = rolling_mean(moved, USUAL * rows)
    return np.log(np.maximum(moving, 0.0) + 0.05 * usual + 1e-9 * (1.0 + np.abs(column)))


def _down(table: Floats, function: Callable[[Floats, int], Floats], rows: int) -> Floats:
    """Apply ``function`` over ``rows`` to each column; what is NaN at a column's start stays so."""
    out = np.full(table.shape, np.nan)
    for place, column in enumerate(table.T):
        known = np.isfinite(column)
        if known.any():
            begin = int(np.argmax(known))
            out[begin:, place] = function(fill_forward(column[begin:]), rows)
    return out


def _usual(shares: Floats) -> Floats:
    """Return what one row in a hundred exceeds, per channel; infinite where no row was complete."""
    known = shares[np.isfinite(shares).all(axis=1)]
    if not len(known):
        return np.full(shares.shape[1], np.inf)
    return np.asarray(np.maximum(np.quantile(known, 0.99, axis=0), 1e-9))


def _trust(past: Floats, width: int) -> float:
    """Return how much a layer counts: by how many independent rows its calibration rests on.

    Rows of a view that looks back over ``width`` rows share most of what they show.
    """
    known = past[np.isfinite(past)]
    n = len(known)
    if n < 10:
        return 0.0
    if np.ptp(known) == 0.0:
        return n / (n + HALF_TRUST)
    ranks = np.argsort(np.argsort(known)).astype(np.float64)
    independent = n / max(_together(ranks), width)
    return float(independent / (independent + HALF_TRUST))
