"""One run of a fleet from beginning to end: state, registration, history, live, and what is left behind."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import structlog

from simulators.delivery import Delivery
from simulators.fleet import FleetPlan
from simulators.history import write_history
from simulators.publisher import Publisher
from simulators.registering import register_fleet
from simulators.simulation import WARM_UP, FleetSimulation
from simulators.state import load_state, save_state
from simulators.truth import TruthFile
from zerodistance.broker import parse_address
from zerodistance.catalogue import Catalogue
from zerodistance.clock import Clock, from_us
from zerodistance.errors import SettingsError, ZeroDistanceError
from zerodistance.log import Log, open_log
from zerodistance.messages import LOG_TOPICS, TELEMETRY, partition_of
from zerodistance.settings import Settings
from zerodistance.store.database import connect, dsn
from zerodistance.store.history import latest

_log = structlog.get_logger(__name__)
_KEPT_GAP = timedelta(hours=1)  # an absence that the appliances' own memory bridges
_UNSEEN_GAP = timedelta(days=2)  # a longer one is skipped but for its end
_AHEAD = timedelta(hours=6)

Stage = Literal["registered", "history", "history_done", "history_skipped", "resumed", "live"]
OnStage = Callable[[Stage, dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What a run is asked to do; see the command line's help."""

    register: bool = False
    history_days: float = 0.0
    truth: Path | None = None
    state: Path | None = None


def run_fleet(
    settings: Settings,
    plan: FleetPlan,
    catalogue: Catalogue,
    options: RunOptions,
    stop: threading.Event,
    on_stage: OnStage,
    look: Callable[[Publisher], None] | None = None,
) -> dict[str, Any]:
    """Run a fleet until ``stop`` and return its figures.

    Args:
        settings: broker, log, database and clock.
        plan: the fleet.
        catalogue: the appliance types.
        options: registration, history, files.
        stop: ends the run in good order: goodbye of every appliance, state saved.
        on_stage: told what was reached, with its figures.
        look: called every real second while live.

    Raises:
        UnavailableError: broker, log or database (where needed) do not answer.
        SettingsError: a file cannot be used.
    """
    clock = settings.make_clock()
    with ExitStack() as stack:
        truth = None
        if options.truth is not None:
            truth = TruthFile(options.truth, catalogue)
            stack.callback(truth.close)
        if options.register:
            on_stage("registered", {"devices": register_fleet(settings, plan, catalogue, clock)})
        fleet, boot, deliveries = _prepare(settings, plan, catalogue, options, clock, stop, on_stage)
        if stop.is_set():
            return {"samples": 0, "stopped": "before it went live"}
        if truth is not None:
            truth.begin(fleet)

        def save() -> None:
            if options.state is not None:
                save_state(options.state, fleet, boot, deliveries)

        save()
        publisher = Publisher(fleet, parse_address(settings.mqtt), catalogue, clock, deliveries, truth)
        on_stage("live", {"devices": len(deliveries), "boot": boot, "at": from_us(fleet.time_us).isoformat()})
        seconds = 0

        def each_second() -> None:
            nonlocal seconds
            seconds += 1
            if look is not None:
                look(publisher)
            if seconds % 60 == 0:
                save()

        try:
            publisher.run(stop, 1.0, each_second)
        finally:
            publisher.close()
            save()
            if truth is not None:
                truth.note(fleet)
        return publisher.summary()


def _prepare(
    settings: Settings,
    plan: FleetPlan,
    catalogue: Catalogue,
    options: RunOptions,
    clock: Clock,
    stop: threading.Event,
    on_stage: OnStage,
) -> tuple[FleetSimulation, int, dict[str, Delivery]]:
    """Bring a fleet to the present: from its state file, through a history, or warmed up."""
    now = clock.now()
    if options.state is not None:
        fleet = FleetSimulation(plan, catalogue, now)
        saved = load_state(options.state, fleet)
        if saved is not None:
            boot = saved.boot + 1
            deliveries = {device: Delivery(boot) for device in fleet.devices}
            for device, owed in saved.owed.items():
                deliveries[device].owe(owed)
            _bridge(fleet, clock)
            on_stage("resumed", {"boot": boot, "owed": sum(one.kept for one in deliveries.values())})
            return fleet, boot, deliveries
    # Without a state file nobody knows the last boot: the platform's seconds only ever grow.
    boot = clock.now_us() // 1_000_000
    past = timedelta(days=options.history_days)
    with ExitStack() as stack:
        log: Log | None = None
        if options.history_days > 0:
            log = open_log(settings.log_address(), client_id="zd-simulate")
            stack.callback(log.close)
            log.create_topics(LOG_TOPICS, settings.log_partitions)
            if has_history(settings, plan, catalogue, log):
                on_stage("history_skipped", {})
                log, past = None, timedelta()
        fleet = FleetSimulation(plan, catalogue, now - past - WARM_UP, live=now)
        deliveries = {device: Delivery(boot) for device in fleet.devices}
        fleet.advance(clock.now_us() - past // timedelta(microseconds=1), silent=True)
        if log is not None:
            fleet.sample_every(plan.history_period_s)
            written = write_history(
                fleet,
                log,
                catalogue,
                clock,
                deliveries,
                stop,
                lambda share, samples: on_stage("history", {"share": share, "samples": samples}),
            )
            fleet.sample_every(None)
            on_stage("history_done", {"samples": written})
    return fleet, boot, deliveries


def _bridge(fleet: FleetSimulation, clock: Clock) -> None:
    """Carry a resumed fleet over the time in which nobody simulated it.

    Raises:
        SettingsError: it stands so far in the clock's future that it would only wait.
    """
    gap = clock.now() - from_us(fleet.time_us)
    if gap < -_AHEAD:
        raise SettingsError(
            f"The state file stands at {from_us(fleet.time_us):%Y-%m-%d %H:%M} UTC, ahead of the platform's "
            f"{clock.now():%Y-%m-%d %H:%M}: set ZD_CLOCK to go on from there, or remove the state file."
        )
    if gap > _UNSEEN_GAP:
        fleet.skip_to(clock.now_us() - _UNSEEN_GAP // timedelta(microseconds=1))
    if gap > _KEPT_GAP:
        fleet.advance(clock.now_us(), silent=True)


def has_history(settings: Settings, plan: FleetPlan, catalogue: Catalogue, log: Log) -> bool:
    """Say whether the platform has telemetry of this fleet already.

    The log decides where it is empty; else the database is asked, and where it does not answer, records in
    the fleet's own partitions count as a history: writing it twice would be worse than not at all.
    """
    partitions = log.partitions(TELEMETRY)
    ends = {place.partition: end for place, end in log.end_offsets(TELEMETRY).items()}
    first = [(group.type, group.ids()[0]) for group in plan.group]
    if not any(ends.get(partition_of(device, partitions), 0) for _, device in first):
        return False
    try:
        with connect(dsn(settings)) as conn:
            return any(
                latest(conn, catalogue.get_type(type_name), device) is not None for type_name, device in first
            )
    except ZeroDistanceError as error:
        _log.warning("history.not_asked", reason=str(error))
        return True
