"""Who suits a ticket, and which visit windows can be offered. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.dispatch.geometry import Place, haversine_km, travel
from services.policy import DispatchRule


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit that is agreed."""

    begin: datetime
    until: datetime
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Worker:
    """An engineer as dispatch knows one.

    Attributes:
        region: in which homes are visited; "" for any.
        skills: as the parts of the catalogue demand them.
        home: where the day begins and ends.
        van: parts on board, as ``type.part``.
        day: working hours in ``zone``.
        visits: those that are agreed.
    """

    id: str
    name: str
    region: str = ""
    skills: frozenset[str] = frozenset()
    home: Place | None = None
    van: frozenset[str] = frozenset()
    day: tuple[time, time] = (time(8), time(18))
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    visits: tuple[Visit, ...] = ()


@dataclass(frozen=True, slots=True)
class Need:
    """What a ticket needs: a skill ("" for any), a part (``type.part``, "" for none), where, how long."""

    skill: str
    part: str
    region: str
    place: Place | None
    minutes: float


@dataclass(frozen=True, slots=True)
class Offer:
    """A window in which an engineer could come."""

    worker: str
    name: str
    begin: datetime
    until: datetime


def suited(need: Need, workers: Sequence[Worker]) -> list[Worker]:
    """Return who can be sent, the most suitable first.

    Whoever lacks the skill or serves another region is left out. Among the others: the part on board, the
    fewest visits agreed, the shortest way.
    """
    able = [
        worker
        for worker in workers
        if (not need.skill or need.skill in worker.skills)
        and (not worker.region or not need.region or worker.region == need.region)
    ]

    def key(worker: Worker) -> tuple[bool, bool, int, float, str]:
        km = 0.0 if worker.home is None or need.place is None else haversine_km(worker.home, need.place)
        own = bool(need.region) and worker.region == need.region
        return not own, bool(need.part) and need.part not in worker.van, len(worker.visits), km, worker.id

    return sorted(able, key=key)


def is_free(worker: Worker, begin: datetime, until: datetime, need: Need, rule: DispatchRule) -> bool:
    """Return whether a worker could come between ``begin`` and ``until``: on duty, not full, in time."""
    opens, closes = _duty(worker, begin)
    if begin < opens or until > closes:
        return False
    same_day = [v for v in worker.visits if opens <= v.begin < closes or opens < v.until <= closes]
    if len(same_day) >= rule.visits_a_day:
        return False
    return not any(
        v.begin < until + travel(need.place, v.place, rule)
        and begin < v.until + travel(v.place, need.place, rule)
        for v in same_day
    )


def propose(
    need: Need,
    workers: Sequence[Worker],
    open_days: Sequence[tuple[datetime, datetime]],
    now: datetime,
    rule: DispatchRule,
) -> list[Offer]:
    """Return up to ``rule.windows`` windows that can be kept, the earliest first.

    At most one in each half of a day: three windows in a row are no choice.

    Args:
        need: of the ticket.
        workers: all of them.
        open_days: (opening, closing) of the days that come, in UTC, the first one first.
        now: platform time.
        rule: of the policy.
    """
    able = suited(need, workers)
    offers: list[Offer] = []
    taken: set[tuple[int, bool]] = set()
    for begin, half in _slots(open_days, now, rule):
        if half in taken:
            continue
        until = begin + timedelta(hours=rule.window_h)
        worker = next((w for w in able if is_free(w, begin, until, need, rule)), None)
        if worker is None:
            continue
        taken.add(half)
        offers.append(Offer(worker.id, worker.name, begin, until))
        if len(offers) >= rule.windows:
            break
    return offers


def _slots(
    open_days: Sequence[tuple[datetime, datetime]], now: datetime, rule: DispatchRule
) -> Iterator[tuple[datetime, tuple[int, bool]]]:
    """Yield the beginnings of windows with the half-day that they lie in."""
    earliest, width = now + timedelta(hours=rule.first_after_h), timedelta(hours=rule.window_h)
    for day, (opens, closes) in enumerate(open_days):
        middle, begin = opens + (closes - opens) / 2, opens
        while begin + width <= closes:
            if begin >= earliest:
                yield begin, (day, begin >= middle)
            begin += width


def _duty(worker: Worker, moment: datetime) -> tuple[datetime, datetime]:
    day = moment.astimezone(worker.zone).date()
    opens, closes = (datetime.combine(day, t, worker.zone).astimezone(UTC) for t in worker.day)
    return opens, closes
