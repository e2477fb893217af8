"""What an appliance type is, as read from its catalogue file.

These structs are the single description from which follow the payload check, the tables, the rollups,
the simulator's channels, the features, the dashboards and the reference documentation.
"""

from __future__ import annotations

import math
from typing import Literal

import msgspec

Ecosystem = Literal["food", "air", "cleaning", "water", "security", "entertainment", "education"]
Storage = Literal["real", "double", "integer", "boolean"]
Language = Literal["en", "zh"]
Text = dict[str, str]  # language → text; "en" is always there


class Channel(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One measured quantity of an appliance type; its key is the payload's name and the column's.

    Attributes:
        title: name for people, by language.
        unit: SI or accepted unit as Home Assistant writes it (``°C``, ``W``, ``kWh``, ``%``); "" for none.
        device_class: Home Assistant's sensor or binary-sensor device class; "" where none fits.
        kind: gauge (a level), counter (a total that only grows, restarts at 0), state (0/1 or a code).
        storage: column type in the store.
        valid: closed range outside which a reading cannot be true: stored as NULL with a quality code.
        normal: range of a healthy appliance, for the console and the first hard limit; None: no such range.
        period_s: sampling period in seconds, None: the type's own.
        resolution: smallest step that the sensor reports, in ``unit``; 0 if unknown.
    """

    title: Text
    unit: str = ""
    device_class: str = ""
    kind: Literal["gauge", "counter", "state"] = "gauge"
    storage: Storage = "real"
    valid: tuple[float, float]
    normal: tuple[float, float] | None = None
    period_s: float | None = None
    resolution: float = 0.0


class Feature(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One number computed per window from the channels, on which diagnosis works.

    Attributes:
        kind: mean, minimum, maximum, spread (standard deviation), slope (unit per hour), duty (share of
            time above ``above``), level_on (mean while above ``above``), idle (minutes since it was last
            above ``above``), delta (growth of a counter). Of cycles, a run going from a reading above
            ``above`` to one below ``release``: starts (runs begun per hour), on_time (mean minutes of the
            runs that ended), rest_time (mean minutes between them); since (hours in which it was above
            ``counting_above``, since a plateau above ``above`` of at least ``lasting_minutes`` was seen).
            ratio (mean, divided by the mean of the channel ``over``): what a part makes of what it is given.
            falling (share of time in which it fell by more than ``above`` an hour over the short window).
        channel: the channel it reads.
        above: threshold of duty, level_on, idle and the cycles, in the channel's unit.
        below: upper edge for duty, level_on and the cycles: a reading from here on is something else (a
            defrost heater, not the compressor) and counts as off; None: no such edge.
        release: a run ends below this (hysteresis); None: 80 % of ``above``.
        lasting_minutes: how long the plateau of ``since`` lasts at least.
        over: the channel that a ratio is divided by; there is no value without it.
        counting_above: ``since`` counts only hours in which the channel was above this (a compressor's
            running hours); None: hours of the clock.
        corrected_for: channels (ambient, usage) whose linear effect the baseline takes out.
        tolerance: smallest residual that matters, in the feature's unit: keeps a very quiet baseline
            from calling its own noise a fault.
        while_on: state channel that must be 1 for the feature to be judged (an air conditioner that its
            owner switched off holds no temperature); ignored for a device that does not report it.
        relative_to: channel that is subtracted before the feature is judged (a set-point); likewise.
        when: channel that must lie from ``when_above`` to below ``when_below`` for the feature to be judged
            (an air conditioner that heats is another machine than one that cools); ignored for a device that
            does not report it.
        above_of: channel that ``above`` and ``below`` of duty and level_on are held against where it is not
            the feature's own (the supply air while the compressor draws power); "" for the feature's own.
        steady: channel → by how much its readings may differ within a pane that counts for duty and level_on
            (power of the element that does not warm the top, while nobody draws), or within the window of any
            other kind (the freezer in hours in which nobody opens the door).
        per: channel by whose peak in the window the newest reading is brought to what it would be at
            ``per_at`` (vibration that goes with the square of the speed); a mean only. Judged where the peak
            was at least ``per_least`` and is over, so that what is held comes from that run; ignored for a
            device that does not report it.
        per_least: least peak that counts, above 0.
        per_at: peak for which the value is given, above 0.
        per_power: the reading goes with this power of the peak.
        settle_minutes: time after ``while_on`` came on or ``relative_to`` changed in which the feature is
            not judged.
        alone: whether a residual of it alone, without a signature, says that something is wrong; not so for
            what an appliance measured of its last step and holds until the next (one odd load of washing).
        daily: what stands for a day when slow faults are looked for: its mean, lowest or highest value.
    """

    title: Text
    kind: Literal[
        "mean",
        "minimum",
        "maximum",
        "spread",
        "slope",
        "duty",
        "level_on",
        "idle",
        "delta",
        "starts",
        "on_time",
        "rest_time",
        "since",
        "ratio",
        "falling",
    ]
    channel: str
    over: str = ""
    above: float = 0.0
    below: float | None = None
    release: float | None = None
    lasting_minutes: float = 5.0
    counting_above: float | None = None
    corrected_for: tuple[str, ...] = ()
    tolerance: float = 0.0
    while_on: str = ""
    relative_to: str = ""
    when: str = ""
    when_above: float = -math.inf
    when_below: float = math.inf
    above_of: str = ""
    steady: dict[str, float] = {}
    per: str = ""
    per_least: float = 1.0
    per_at: float = 1.0
    per_power: float = 1.0
    settle_minutes: float = 0.0
    daily: Literal["mean", "low", "high"] = "mean"
    alone: bool = True


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A replaceable part: expected life in years (source in the file's comment) and the skill to repair."""

    title: Text
    life_years: float
    skill: str


class Argument(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One argument of a command: a number in a range, a text out of a list, or a boolean."""

    type: Literal["number", "text", "boolean"]
    unit: str = ""
    range: tuple[float, float] | None = None
    choices: tuple[str, ...] = ()


class Command(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Something an appliance can be told to do; ``consent``: only after its owner approved.

    Attributes:
        timeout_s: platform seconds after which an unanswered command has failed.
    """

    title: Text
    arguments: dict[str, Argument] = {}
    consent: bool = False
    timeout_s: float = 60.0


class Event(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Something that happens on the appliance; ``data`` names its fields and their types."""

    title: Text
    data: dict[str, Literal["number", "text", "boolean"]] = {}


class FaultCode(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A code that the appliance itself raises, named as its maker names it; may point to a fault.

    Attributes:
        notice: it asks for what belongs to ordinary use (salt, rinse aid): nothing is wrong, no finding.
    """

    title: Text
    fault: str = ""
    notice: bool = False


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the owner is asked, and the answers offered as one-tap buttons.

    Attributes:
        text: by language.
        answers: key → text by language. The keys the ticket rules know: ``fixed`` (I put it right),
            ``checked`` (I looked: it is not that), ``approve``, ``decline``.
        deadline_minutes: platform minutes to wait for an answer.
    """

    text: Text
    answers: dict[str, Text]
    deadline_minutes: float


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Something that can be wrong, and how it shows.

    Attributes:
        part: key in ``parts``; "" where nothing is broken (a door left open).
        urgency: urgent (food or people at risk: at once, any hour), soon (days), routine (weeks).
        remedy: who puts it right in the end: the owner, a command from afar, or a visit.
        time_scale: how fast it develops.
        signature: feature → direction of its residual under this fault. ``steady``: known not to move.
        question: asked before a visit is dispatched; None: nothing useful to ask.
        command: what the appliance can be told to do against it, tried before a visit; "" for none.
        advice: the sentence for the engineer, by language.
        recovery_minutes: platform minutes in which readings return to normal once it is put right.
        necessary: features of the signature without which it is not this fault, on an appliance that
            reports them (a door left ajar whose switch says closed is none).
        lost_at: feature → residual at which the appliance no longer does what it is for (engineering
            estimate): where the trend of a slow fault is followed to.
        evident: share of the slow track's threshold that is enough for this fault, where nothing that people
            do or the seasons bring looks like it (0.5 to 1).
        wears_with: feature that measures the use of the part of a fault that shows in nothing (an anode): a
            day of twice the usual use makes it two days older; "" for none.
        invalid: channels whose impossible readings (outside ``valid``) are evidence of this fault.
    """

    title: Text
    part: str = ""
    urgency: Literal["urgent", "soon", "routine"]
    remedy: Literal["owner", "remote", "visit"]
    time_scale: Literal["minutes", "hours", "days", "weeks", "months"]
    signature: dict[str, Literal["up", "down", "steady"]]
    question: Question | None = None
    command: str = ""
    advice: Text
    recovery_minutes: float = 240.0
    necessary: tuple[str, ...] = ()
    invalid: tuple[str, ...] = ()
    lost_at: dict[str, float] = {}
    evident: float = 1.0
    wears_with: str = ""


class ApplianceType(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A whole catalogue file. ``type`` is the file's stem and part of table and topic names."""

    type: str
    title: Text
    ecosystem: Ecosystem
    version: int
    period_s: float
    retention_days: int = 400
    channels: dict[str, Channel]
    features: dict[str, Feature] = {}
    parts: dict[str, Part] = {}
    commands: dict[str, Command] = {}
    events: dict[str, Event] = {}
    fault_codes: dict[str, FaultCode] = {}
    faults: dict[str, Fault] = {}
    concerns: dict[str, Text] = {}

    @property
    def table(self) -> str:
        """Name of the telemetry table."""
        return f"telemetry_{self.type}"


class Catalogue(dict[str, ApplianceType]):
    """All appliance types by name."""

    def get_type(self, name: str) -> ApplianceType:
        """Return the type called ``name``.

        Raises:
            NotFoundError: with the names that exist.
        """
        from zerodistance.errors import NotFoundError

        try:
            return self[name]
        except KeyError:
            raise NotFoundError(
                f"There is no appliance type {name!r} in the catalogue: it has {', '.join(sorted(self))}."
            ) from None
