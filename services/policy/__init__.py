"""Policy as data: service levels, calendars, waits, dispatch, campaigns, scenarios, figures.

``default.toml`` beside this file holds the values that come with the platform; a file named by
``ZD_POLICY_PATH`` replaces single values of it. Everything is read once and checked.
"""

from __future__ import annotations

import tomllib
from datetime import time, timedelta
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import msgspec

from zerodistance.errors import SettingsError

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class Level(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Within what running time of ``calendar`` a ticket is responded to and resolved, in hours."""

    calendar: str
    respond_h: float
    resolve_h: float


class OutOfWarranty(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """By what the times are multiplied for an appliance that is out of warranty."""

    respond_factor: float = 1.0
    resolve_factor: float = 1.0


class Escalation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When people are warned before a breach, and who hears of one that nobody acts on."""

    warn_left: float
    next_level_h: float
    levels: int


class CalendarRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"begin": "from"}):
    """On which days and hours (local time) the clock runs; without days it always runs."""

    days: list[Day]
    begin: str = "00:00"
    until: str = "00:00"
    country: str = ""


class Waits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long a ticket waits for people and for readings, in hours."""

    confirmation_h: float
    consent_h: float
    unknown_recovery_h: float


class DispatchRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How visits are offered and a day is planned."""

    windows: int
    window_h: float
    first_after_h: float
    horizon_days: int
    visits_a_day: int
    visit_minutes: float
    speed_km_h: float
    detour: float
    km_without_place: float
    solver_s: float


class CampaignRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From when on a cause counts as common to a region, a firmware or a model."""

    window_h: float
    least: int
    share: float
    times_elsewhere: float


class ProductIssueRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From when on a cause counts as recurring across a model: repairs confirmed within so many days."""

    days: float
    least: int
    prevalence: float


class MessageRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When what can wait goes out together."""

    digest_at: str
    digest_least: int


class FoodReminder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """F2: how many days before its best-before date an item is spoken of, and when on that day."""

    days_before: int
    at: str


class FilterRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """P1: litres of each filter at a reference water, and how many days before its end its owner hears."""

    warn_days: float
    reference_tds: float
    litres: dict[str, float]


class Condition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A reading above or below a value."""

    channel: str
    above: float | None = None
    below: float | None = None


class Idle(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A reading that has not been above a value for so many hours."""

    channel: str
    above: float
    hours: float


class Watch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rule over the latest readings that asks the owner, with one tap for a command."""

    type: str
    when: list[Condition]
    rearm: list[Condition]
    command: str
    text: dict[str, str]
    yes: dict[str, str]
    no: dict[str, str]
    idle: Idle | None = None
    arguments: dict[str, Any] = {}
    answer_h: float = 12.0


class Scenarios(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The figures of the scenarios that are policy."""

    food_reminder: FoodReminder
    filter: FilterRule
    partners: dict[str, list[str]]
    watches: dict[str, Watch]


class ProtectRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """G6: what an appliance that will fail before the repair is told to do, once its owner agrees."""

    command: str
    arguments: dict[str, Any] = {}


class FigureRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Assumptions behind the figures, which are shown beside them."""

    cost_of_visit: float
    currency: str
    rating_overall_weight: float
    first_time_fix_days: int


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of it."""

    levels: dict[str, Level]
    out_of_warranty: OutOfWarranty
    escalation: Escalation
    calendars: dict[str, CalendarRule]
    regions: dict[str, str]
    waits: Waits
    dispatch: DispatchRule
    campaign: CampaignRule
    product_issue: ProductIssueRule
    messages: MessageRule
    scenarios: Scenarios
    figures: FigureRule
    protect: dict[str, dict[str, ProtectRule]] = {}

    def hours(self, name: str) -> timedelta:
        """Return one of the waits."""
        return timedelta(hours=getattr(self.waits, f"{name}_h"))


def load_policy(path: str = "") -> Policy:
    """Return the policy that comes with the platform, with the values of the file at ``path`` in it.

    Raises:
        SettingsError: the file cannot be read, or says something that is not policy; names the place.
    """
    tables = tomllib.loads(resources.files(__package__).joinpath("default.toml").read_text(encoding="utf-8"))
    if path:
        try:
            given = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise SettingsError(f"The policy {path} cannot be read: {error}.") from error
        tables = _merged(tables, given)
    try:
        policy = msgspec.convert(tables, Policy)
    except msgspec.ValidationError as error:
        raise SettingsError(f"The policy {path or 'default.toml'} is not usable: {error}.") from error
    _check(policy, path or "default.toml")
    return policy


@cache
def default_policy() -> Policy:
    """Return the policy that comes with the platform."""
    return load_policy()


def time_of(text: str) -> time:
    """Read a time of day.

    >>> time_of("09:30")
    datetime.time(9, 30)
    """
    return time.fromisoformat(text)


def _merged(base: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for key, value in given.items():
        both = isinstance(value, dict) and isinstance(base.get(key), dict)
        result[key] = _merged(base[key], value) if both else value
    return result


def _check(policy: Policy, name: str) -> None:
    """Refuse what has the right shape and makes no sense."""
    for urgency in ("urgent", "soon", "routine"):
        level = policy.levels.get(urgency)
        if level is None or level.calendar not in policy.calendars:
            raise SettingsError(f"The policy {name} needs a level {urgency} with a calendar that it has.")
        if not 0 < level.respond_h <= level.resolve_h:
            raise SettingsError(
                f"The policy {name}: level {urgency} must be responded to before it is resolved."
            )
    times = [policy.messages.digest_at, policy.scenarios.food_reminder.at]
    times += [text for rule in policy.calendars.values() for text in (rule.begin, rule.until)]
    for text in times:
        try:
            time_of(text)
        except ValueError as error:
            raise SettingsError(f"The policy {name}: {text!r} is not a time of day such as 09:30.") from error
    for rule in policy.calendars.values():
        if rule.days and time_of(rule.begin) >= time_of(rule.until):
            raise SettingsError(f"The policy {name}: a calendar's day must end after it begins.")
