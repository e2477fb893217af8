"""A catalogue type turned into index arrays once, so that every step is plain array work.

Nothing here is tuned to a type: all that differs between types is read from the catalogue.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.naming import Panel
from zerodistance.catalogue import ApplianceType, Channel, Fault, Feature
from zerodistance.errors import CatalogueError

MODEL_VERSION = "3"
UNKNOWN = "unknown"

MINUTE_US = 60_000_000
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US

MAX_CONTEXTS = 2
"""Most channels that one feature may be corrected for."""

CYCLE_KINDS = ("starts", "on_time", "rest_time")

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

PATIENCE_US = (15 * MINUTE_US, 30 * MINUTE_US, 60 * MINUTE_US, 240 * MINUTE_US)
"""How long a score must be over: urgent faults that show in minutes, in hours; others, likewise.

What is not urgent may wait: most of what looks like a fault for an hour (a defrost, warm food, a party) is
over after four.
"""

SLOW_DAYS = {"hours": 2, "days": 2, "weeks": 3, "months": 8}
"""Days in a row that a fault's daily score must be over, by its time scale."""

MATTERS = {"hours": 1.0, "days": 0.5, "weeks": 0.2, "months": 0.2}
"""Share of a feature's tolerance that a daily residual must reach to count fully for such a fault."""

# A fault that shows within hours is looked for in the windows of minutes; a slower one in daily means.
_FAST = ("minutes", "hours")


@dataclass(frozen=True, eq=False)
class TypePlan:
    """Index arrays of one appliance type: C channels read, F features, K faults.

    Attributes:
        appliance: the catalogue's description.
        channels: names of the channels that the models read.
        features: names of the features.
        faults: names of the faults.
        channel: (F,) channel of each feature.
        divisor: (F,) channel that a ratio is divided by, −1 for none.
        is_long: (F,) judged over the long window (compressor cycles) and not the short one.
        relative: (F,) channel subtracted from the feature, −1 for none.
        gate: (F,) state channel that must be on, −1 for none.
        settle_us: (F,) time after the gate came on in which a feature is not judged.
        when: (F,) channel that must lie in a range, −1 for none.
        when_range: (F, 2) that range, its lower end counted in.
        context: (F, MAX_CONTEXTS) channels corrected for, −1 for none.
        centre: (C,) middle of a channel's usual range; conditions the regression, decides nothing.
        half: (C,) half width of that range.
        tolerance: (F,) smallest residual that matters.
        above_slot: (F,) column of the feature's threshold in the counts above thresholds, −1 for none.
        thresholds: (A, 4) channel held against them, level, upper edge (infinite: none) and channel added up
            of each such column.
        still: of each such column, channels that must not move in a pane that counts, and within what.
        calm: of each feature, channels that must not move in its window, and within what.
        per: (F,) channel by whose peak a reading is scaled, −1 for none.
        per_law: (F, 3) least peak that counts, peak for which the value is given, and the power.
        cycle_slot: (F,) tracker of the feature's cycles, −1 for none.
        cycles: (Y, 4) channel, level, release and upper edge of each tracker of on/off runs.
        since_slot: (F,) tracker of the time since a plateau, −1 for none.
        plateaus: (Z, 4) channel, level, microseconds that it lasts, level above which time counts.
        grown: (G,) channels whose growth is counted (``delta`` features).
        usual: (F, 2) middle and an eighth of the width of the normal range, NaN where there is none: what is
            expected, and its scale, as long as nothing is learned.
        limits: (F, 2) hard limits on the feature's own value, infinite where the catalogue has none.
        possible: (F, 2) values that the feature can have at all: no band that people are shown goes beyond.
        signature: (K, F) expected direction of the residual: +1, −1 or 0.
        steady: (K, F) residuals known not to move under the fault.
        necessary: (K, F) without which it is not this fault, where it is reported.
        is_fast: (K,) shows within hours.
        daily: (F,) the day's value is its mean (0), its lowest (−1) or its highest (+1).
        creeps: (K,) is looked for in daily values; what shows within minutes is not.
        slow_days: (K,) days in a row that a creeping fault's score must be over.
        alone: (F,) a residual of it alone may say that something is wrong.
        lonely: (F,) likewise a daily residual.
        evident: (K,) share of the slow track's threshold that is enough for a fault.
        matters: (K,) share of a tolerance that a daily residual must reach to count fully.
        lost_at: (K, F) residual at which the function is lost, NaN where the catalogue says none.
        patience: (K,) which of :data:`PATIENCE_US` a fast fault's score must be over for, −1 for slow faults.
        invalid: (K, C) impossible readings of the channel are evidence of the fault.
        codes: fault code → index of the fault, −1 where the code points to none; without mere notices.
        silent: (W,) faults that show in no reading and no code, of parts that wear.
        life_years: (W,) median life of their parts.
        wears_with: (W,) feature that measures the use of the part, −1 for none.
        version: changes when saved state can no longer be read.
        panel: who names the cause; may change while the engine runs.
    """

    appliance: ApplianceType
    channels: tuple[str, ...]
    features: tuple[str, ...]
    faults: tuple[str, ...]
    channel: Ints
    divisor: Ints
    is_long: Bools
    relative: Ints
    gate: Ints
    settle_us: Ints
    when: Ints
    when_range: Floats
    context: Ints
    centre: Floats
    half: Floats
    tolerance: Floats
    above_slot: Ints
    thresholds: Floats
    still: tuple[tuple[tuple[int, float], ...], ...]
    calm: tuple[tuple[tuple[int, float], ...], ...]
    per: Ints
    per_law: Floats
    cycle_slot: Ints
    cycles: Floats
    since_slot: Ints
    plateaus: Floats
    grown: Ints
    usual: Floats
    limits: Floats
    possible: Floats
    signature: Floats
    steady: Bools
    necessary: Bools
    is_fast: Bools
    daily: Ints
    creeps: Bools
    slow_days: Ints
    alone: Bools
    lonely: Bools
    evident: Floats
    matters: Floats
    lost_at: Floats
    patience: Ints
    invalid: Bools
    codes: dict[str, int]
    silent: Ints
    life_years: Floats
    wears_with: Ints
    version: str
    panel: Panel = field(default_factory=Panel)

    def within_possible(self, expected: Floats) -> Floats:
        """Return expectations (R, F), cut to what the features can be; those of differences stay."""
        low, high = np.where(self.relative >= 0, np.array([[-np.inf], [np.inf]]), self.possible.T)
        return np.clip(expected, low, high)

    def display(self, feature: int) -> tuple[str, float]:
        """Return (unit, factor) in which people read a feature: shares of time as per cent."""
        description = self.appliance.features[self.features[feature]]
        channel = self.appliance.channels[description.channel]
        if description.kind in ("duty", "falling", "ratio") or (
            description.kind == "mean" and channel.kind == "state"
        ):
            return "%", 100.0
        if description.kind in ("idle", "on_time", "rest_time"):
            return "min", 1.0
        if description.kind == "starts":
            return "1/h", 1.0
        if description.kind == "since":
            return "h", 1.0
        if description.kind == "slope":
            return f"{channel.unit}/h", 1.0
        return channel.unit, 1.0


def _patience(fault: Fault) -> int:
    if fault.time_scale not in _FAST:
        return -1
    return (0 if fault.urgency == "urgent" else 2) + (fault.time_scale == "hours")


def make_plan(appliance: ApplianceType) -> TypePlan:
    """Compile a catalogue type.

    Raises:
        CatalogueError: a feature is corrected for more channels than the models can.
    """
    features = tuple(appliance.features)
    faults = tuple(appliance.faults)
    wanted: dict[str, None] = {}
    for feature in appliance.features.values():
        if len(feature.corrected_for) > MAX_CONTEXTS:
            raise CatalogueError(
                f"{appliance.type}: a feature of {feature.channel!r} is corrected for "
                f"{len(feature.corrected_for)} channels; the models take {MAX_CONTEXTS}: name fewer."
            )
        named = (
            feature.channel,
            feature.over,
            *feature.corrected_for,
            feature.while_on,
            feature.relative_to,
            feature.when,
            feature.above_of,
            *feature.steady,
            feature.per,
        )
        wanted.update(dict.fromkeys(filter(None, named)))
    for fault in appliance.faults.values():
        wanted.update(dict.fromkeys(fault.invalid))
    channels = tuple(name for name in appliance.channels if name in wanted)
    index = {name: position for position, name in enumerate(channels)}
    index[""] = -1
    rows = [appliance.features[name] for name in features]

    quick = {
        name
        for fault in appliance.faults.values()
        if fault.time_scale == "minutes"
        for name in fault.signature
    }
    calm: list[tuple[tuple[int, float], ...]] = []
    columns: list[tuple[tuple[float, ...], tuple[tuple[int, float], ...]]] = []
    cycles: list[tuple[float, ...]] = []
    plateaus: list[tuple[float, ...]] = []
    above_slot = np.full(len(features), -1, np.int64)
    cycle_slot, since_slot = above_slot.copy(), above_slot.copy()
    for position, feature in enumerate(rows):
        number = index[feature.channel]
        unmoved = tuple((index[name], within) for name, within in feature.steady.items())
        calm.append(() if feature.kind in ("duty", "level_on", "idle") else unmoved)
        edge = np.inf if feature.below is None else feature.below
        if feature.kind in ("duty", "level_on", "idle"):
            held = index[feature.above_of] if feature.above_of else number
            column = (held, feature.above, edge, number), unmoved
            if column not in columns:
                columns.append(column)
            above_slot[position] = columns.index(column)
        elif feature.kind in CYCLE_KINDS:
            release = 0.8 * feature.above if feature.release is None else feature.release
            cycle_slot[position] = _place(cycles, (number, feature.above, release, edge))
        elif feature.kind == "since":
            counting = -np.inf if feature.counting_above is None else feature.counting_above
            lasting = feature.lasting_minutes * MINUTE_US
            since_slot[position] = _place(plateaus, (number, feature.above, lasting, counting))
    context = np.full((len(features), MAX_CONTEXTS), -1, np.int64)
    limits = np.tile([-np.inf, np.inf], (len(features), 1))
    usual_range = np.full((len(features), 2), np.nan)
    for position, feature in enumerate(rows):
        context[position, : len(feature.corrected_for)] = [index[name] for name in feature.corrected_for]
        normal = appliance.channels[feature.channel].normal
        if feature.kind == "mean" and normal is not None:
            limits[position] = normal
            usual_range[position] = (normal[0] + normal[1]) / 2, (normal[1] - normal[0]) / 8
    signature = np.zeros((len(faults), len(features)))
    steady = np.zeros((len(faults), len(features)), np.bool_)
    necessary = np.zeros((len(faults), len(features)), np.bool_)
    invalid = np.zeros((len(faults), len(channels)), np.bool_)
    for k, name in enumerate(faults):
        fault = appliance.faults[name]
        for feature_name, direction in fault.signature.items():
            f = features.index(feature_name)
            signature[k, f] = {"up": 1.0, "down": -1.0, "steady": 0.0}[direction]
            steady[k, f] = direction == "steady"
            necessary[k, f] = feature_name in fault.necessary
        for channel_name in fault.invalid:
            invalid[k, index[channel_name]] = True
    usual = [appliance.channels[name].normal or appliance.channels[name].valid for name in channels]
    told = {code.fault for code in appliance.fault_codes.values()}
    silent = [
        k
        for k, name in enumerate(faults)
        if not (appliance.faults[name].signature or appliance.faults[name].invalid or name in told)
        and appliance.faults[name].part
    ]
    wears = [appliance.faults[faults[k]].wears_with for k in silent]
    scales = [appliance.faults[name].time_scale for name in faults]
    described = msgspec.json.encode([appliance.features, channels, faults, appliance.fault_codes])
    return TypePlan(
        appliance=appliance,
        channels=channels,
        features=features,
        faults=faults,
        channel=np.array([index[feature.channel] for feature in rows], np.int64),
        divisor=np.array([index[feature.over] for feature in rows], np.int64),
        is_long=np.array(
            [
                f.kind in ("duty", "level_on", *CYCLE_KINDS) or (n not in quick and f.kind != "falling")
                for n, f in zip(features, rows, strict=True)
            ],
            np.bool_,
        ),
        relative=np.array([index[feature.relative_to] for feature in rows], np.int64),
        gate=np.array([index[feature.while_on] for feature in rows], np.int64),
        settle_us=np.array([feature.settle_minutes * MINUTE_US for feature in rows], np.int64),
        when=np.array([index[feature.when] for feature in rows], np.int64),
        when_range=np.array([(f.when_above, f.when_below) for f in rows], np.float64).reshape(-1, 2),
        context=context,
        centre=np.array([(low + high) / 2 for low, high in usual]),
        half=np.array([(high - low) / 2 for low, high in usual]),
        tolerance=np.array([feature.tolerance for feature in rows]),
        above_slot=above_slot,
        thresholds=np.array([column for column, _ in columns], np.float64).reshape(-1, 4),
        still=tuple(unmoved for _, unmoved in columns),
        calm=tuple(calm),
        per=np.array([index[feature.per] for feature in rows], np.int64),
        per_law=np.array([(f.per_least, f.per_at, f.per_power) for f in rows], np.float64).reshape(-1, 3),
        cycle_slot=cycle_slot,
        cycles=np.array(cycles, np.float64).reshape(-1, 4),
        since_slot=since_slot,
        plateaus=np.array(plateaus, np.float64).reshape(-1, 4),
        grown=np.array(
            sorted({index[feature.channel] for feature in rows if feature.kind == "delta"}), np.int64
        ),
        usual=usual_range,
        limits=limits,
        possible=np.array([_possible(feature, appliance.channels[feature.channel]) for feature in rows]),
        signature=signature,
        steady=steady,
        necessary=necessary,
        is_fast=np.array([scale in _FAST for scale in scales], np.bool_),
        daily=np.array([{"mean": 0, "low": -1, "high": 1}[feature.daily] for feature in rows], np.int64),
        creeps=np.array([scale in SLOW_DAYS for scale in scales], np.bool_) & (signature != 0).any(axis=1),
        slow_days=np.array([SLOW_DAYS.get(scale, 0) for scale in scales], np.int64),
        alone=np.array([f.alone for f in rows], np.bool_),
        lonely=np.array(
            [f.alone and f.kind not in ("idle", "since", "slope", "rest_time") for f in rows], np.bool_
        ),
        evident=np.array([appliance.faults[name].evident for name in faults]),
        matters=np.array([MATTERS.get(scale, np.inf) for scale in scales]),
        lost_at=np.array(
            [[appliance.faults[k].lost_at.get(f, np.nan) for f in features] for k in faults], np.float64
        ).reshape(len(faults), len(features)),
        patience=np.array([_patience(appliance.faults[name]) for name in faults], np.int64),
        invalid=invalid,
        codes={
            code: faults.index(entry.fault) if entry.fault else -1
            for code, entry in appliance.fault_codes.items()
            if not entry.notice
        },
        silent=np.array(silent, np.int64),
        life_years=np.array(
            [appliance.parts[appliance.faults[faults[k]].part].life_years for k in silent], np.float64
        ),
        wears_with=np.array([features.index(name) if name else -1 for name in wears], np.int64),
        version=f"{MODEL_VERSION}.{hashlib.sha256(described).hexdigest()[:10]}",
    )


def _place(known: list[tuple[float, ...]], key: tuple[float, ...]) -> int:
    """Return where ``key`` stands in a list, adding it if it is new."""
    if key not in known:
        known.append(key)
    return known.index(key)


def _possible(feature: Feature, channel: Channel) -> tuple[float, float]:
    """Return the range of values that a feature can have, by its kind and its channel's valid range."""
    match feature.kind:
        case "duty" | "falling":
            return 0.0, 1.0
        case "ratio" | "spread" | "delta" | "idle" | "starts" | "on_time" | "rest_time" | "since":
            return 0.0, np.inf
        case "slope":
            return -np.inf, np.inf
    return channel.valid
