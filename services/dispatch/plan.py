"""The day's plan: which engineer goes where in which order. A vehicle routing problem with time windows.

Solved by OR-Tools' routing library (L. Perron and V. Furnon, OR-Tools, Google). Without a map, times under
way are estimated from places. Pure: the same day gives the same plan.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from ortools.constraint_solver import pywrapcp, routing_enums_pb2

from services.dispatch.geometry import Place, road_km, travel
from services.dispatch.windows import Need, Worker, suited
from services.policy import DispatchRule

# Leaving a visit out costs more than any way to it; an agreed one is never left out for others' sake.
_LEFT_OUT_MINUTES = {"agreed": 100_000, "urgent": 20_000, "soon": 5_000, "routine": 2_000}


@dataclass(frozen=True, slots=True)
class Stop:
    """A ticket to be visited.

    Attributes:
        ticket: its id.
        need: skill, part, region, place and minutes.
        urgency: of the ticket.
        worker: who is to come; "" for whoever suits.
        window: that was agreed; None: any time of the day.
    """

    ticket: str
    need: Need
    urgency: str
    worker: str = ""
    window: tuple[datetime, datetime] | None = None


@dataclass(frozen=True, slots=True)
class Leg:
    """A visit of a route: the way there, when it begins and ends."""

    ticket: str
    km: float
    arrive: datetime
    begin: datetime
    leave: datetime


@dataclass(frozen=True, slots=True)
class Route:
    """One engineer's day; ``km`` includes the way home."""

    worker: str
    legs: tuple[Leg, ...]
    km: float


@dataclass(frozen=True, slots=True)
class DayPlan:
    """Everybody's day, and the tickets that nobody can come to on it."""

    routes: tuple[Route, ...]
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DayTask:
    """What a day's plan follows from: equal tasks have equal plans.

    Attributes:
        workers: engineers; where each starts and ends.
        stops: what is to be visited, in order of the tickets' ids.
        duty: (begin, end) of each worker's day, in the order of ``workers``.
        rule: of the policy.
    """

    workers: tuple[Worker, ...]
    stops: tuple[Stop, ...]
    duty: tuple[tuple[datetime, datetime], ...]
    rule: DispatchRule


def plan_day(task: DayTask) -> DayPlan:
    """Return the day's plan with the least time under way that visits what can be visited."""
    workers, stops, duty, rule = task.workers, task.stops, task.duty, task.rule
    if not workers or not stops:
        return DayPlan(tuple(Route(w.id, (), 0.0) for w in workers), tuple(stop.ticket for stop in stops))
    origin = min(begin for begin, _ in duty)
    places: list[Place | None] = [worker.home for worker in workers] + [stop.need.place for stop in stops]
    base = len(workers)
    ways = [[_minutes(travel(a, b, rule)) for b in places] for a in places]
    serve = [0] * base + [round(stop.need.minutes) for stop in stops]
    depots = list(range(base))
    manager = pywrapcp.RoutingIndexManager(len(places), base, depots, depots)
    routing = pywrapcp.RoutingModel(manager)

    # matrices, not functions: the search asks millions of times
    routing.SetArcCostEvaluatorOfAllVehicles(routing.RegisterTransitMatrix(ways))
    horizon = _minutes(max(end for _, end in duty) - origin)
    with_work = [[minutes + serve[a] for minutes in row] for a, row in enumerate(ways)]
    routing.AddDimension(
        routing.RegisterTransitMatrix(with_work), horizon, horizon, False, "time"
    )  # waiting at a door is allowed
    clock = routing.GetDimensionOrDie("time")
    for number, (begin, end) in enumerate(duty):
        first, last = _minutes(begin - origin), _minutes(end - origin)
        clock.CumulVar(routing.Start(number)).SetRange(first, last)
        clock.CumulVar(routing.End(number)).SetRange(first, last)
    ids = [worker.id for worker in workers]
    for number, stop in enumerate(stops):
        index = manager.NodeToIndex(base + number)
        able = [stop.worker] if stop.worker else [worker.id for worker in suited(stop.need, workers)]
        allowed = [ids.index(one) for one in able if one in ids]
        routing.VehicleVar(index).SetValues([-1, *allowed])
        if stop.window is not None:
            low = max(_minutes(stop.window[0] - origin), 0)
            high = min(_minutes(stop.window[1] - origin), horizon)
            if low <= high:
                clock.CumulVar(index).SetRange(low, high)
            else:
                routing.VehicleVar(index).SetValues([-1])
        routing.AddDisjunction([index], _LEFT_OUT_MINUTES["agreed" if stop.window else stop.urgency])
    search = pywrapcp.DefaultRoutingSearchParameters()
    search.first_solution_strategy = routing_enums_pb2.FirstSolutionStrategy.PARALLEL_CHEAPEST_INSERTION
    search.time_limit.FromMilliseconds(round(rule.solver_s * 1000))
    found = routing.SolveWithParameters(search)
    if found is None:
        return DayPlan(tuple(Route(w.id, (), 0.0) for w in workers), tuple(stop.ticket for stop in stops))
    routes = []
    seen: set[str] = set()
    for number, worker in enumerate(workers):
        legs, km = [], 0.0
        here: Place | None = worker.home
        free, index = duty[number][0], found.Value(routing.NextVar(routing.Start(number)))
        while not routing.IsEnd(index):
            stop = stops[manager.IndexToNode(index) - base]
            step = road_km(here, stop.need.place, rule)
            arrive = free + travel(here, stop.need.place, rule)
            begin = max(arrive, stop.window[0]) if stop.window else arrive
            free = begin + timedelta(minutes=stop.need.minutes)
            legs.append(Leg(stop.ticket, round(step, 1), arrive, begin, free))
            km, here = km + step, stop.need.place
            seen.add(stop.ticket)
            index = found.Value(routing.NextVar(index))
        if legs:
            km += road_km(here, worker.home, rule)
        routes.append(Route(worker.id, tuple(legs), round(km, 1)))
    return DayPlan(tuple(routes), tuple(stop.ticket for stop in stops if stop.ticket not in seen))


def _minutes(span: timedelta) -> int:
    """Return whole minutes, rounded up: a plan that is a little too early can be kept."""
    return -int(-span.total_seconds() // 60)
