"""The diagnosis: telemetry, fault codes and repairs in, findings out.

Findings (through the outbox) and the offsets that account for them are written in one transaction, with
the state of every device that was spoken of. The states of the others follow in turn; after a restart, or
when partitions move, they are read back and the log is read again from the oldest change that was not
saved (:mod:`stream.unsaved`): nothing is forgotten and nothing is told twice under another id. Decisions
use event time only.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Mapping
from itertools import groupby

import structlog

from models import calibration
from models.engine import Engine, Outcome
from stream.cohorts import FleetWatch
from stream.diagnose_arrays import block_arrays, join_arrays, to_arrays, without
from stream.diagnose_rows import (
    BandRow,
    SavedState,
    finding_id,
    load_begins,
    load_states,
    save_bands,
    save_begins,
    save_states,
    to_finding,
)
from stream.repairs import Repair, repair_of
from stream.shadow import Shadow, named
from stream.starting import servers
from stream.unsaved import Pace, Unsaved
from zerodistance.catalogue import Catalogue, load_catalogue
from zerodistance.clock import Clock
from zerodistance.errors import InvalidMessageError
from zerodistance.garbage import settle
from zerodistance.log.interface import Record, TopicPartition
from zerodistance.messages import (
    COHORTS,
    EVENTS,
    FINDINGS,
    TELEMETRY,
    TICKETS,
    Block,
    DeviceEvent,
    Finding,
    Sample,
    decode_columns,
    decode_event,
    decode_ticket_change,
    encode_deviation,
    encode_finding,
)
from zerodistance.settings import Settings
from zerodistance.store import counts, outbox
from zerodistance.store.database import Connection

_log = structlog.get_logger(__name__)

CONSUMER = "diagnose"
TOPICS = (TELEMETRY, EVENTS, TICKETS)
INTERVAL_S = 1.0
# Should a checkpoint take long all the same (a heatwave: findings of every device), the models get the rest.
_REST, _LONGEST_INTERVAL_S = 2.0, 5.0
# What waits for a checkpoint has gone through the models already: it takes no memory.
_MAX_RECORDS, _MAX_BYTES = 1_000_000, 2**30
_STATES_AT_ONCE = 500
# A process that is asked to end has some seconds.
_STATES_AT_THE_END = 5_000
# But for what it concluded: so many bands (about 300 bytes each) are written at once, as when an outage is
# caught up with.
MOST_BANDS = 50_000
_AT_ONCE_S = 0.001
# Samples held before they are worked on: enough to make the array work cheap, few enough for memory
# (about 1 kB each as Python objects).
BUFFERED = 40_000


class DiagnosisHandler:
    """What :class:`stream.loop.CheckpointLoop` drives; one engine for each appliance type."""

    def __init__(self, catalogue: Catalogue, clock: Clock, budget: float = calibration.BUDGET) -> None:
        self._catalogue = catalogue
        self._clock = clock
        self._budget = budget  # of false alarms, per device and year
        self._reset()

    def _reset(self) -> None:
        self._engines = {name: Engine(appliance, self._budget) for name, appliance in self._catalogue.items()}
        self._shadow = Shadow(self._engines)
        self._fleet = FleetWatch(self._engines)
        self._samples: dict[str, list[Sample]] = {name: [] for name in self._catalogue}
        self._blocks: dict[str, list[Block]] = {name: [] for name in self._catalogue}
        self._events: list[DeviceEvent] = []
        self._repairs: list[Repair] = []
        self._buffered = 0
        self._partition: dict[str, int] = {}
        self._tenant: dict[str, int] = {}
        self._unsaved = Unsaved()
        self._position: dict[int, int] = {}  # partition → next offset of telemetry
        self._begin: dict[int, int] = {}  # partition → where reading would begin again, as it is stored
        self._known: dict[int, int] = {}  # partition → everything before it was counted, and told
        self._saved: dict[str, int] = {}  # device → everything before it is in its state
        self._again = False  # what is taken in now was taken in before
        self._findings: list[Finding] = []
        self._bands: list[BandRow] = []
        self._counts: Counter[tuple[str, str]] = Counter()
        self._told = dict.fromkeys(self._catalogue, (0, 0))
        self._pace = Pace()
        self._taken_at_last, self._last = 0, time.monotonic()
        self._checkpoint_s = 0.0
        self._ends = False
        self._worked_at = 0.0

    def interval_s(self) -> float:
        """Return how many real seconds lie between two checkpoints as things stand."""
        if len(self._bands) >= MOST_BANDS:
            return _AT_ONCE_S
        return min(_LONGEST_INTERVAL_S, max(INTERVAL_S, _REST * self._checkpoint_s))

    def assigned(self, conn: Connection, stored: Mapping[TopicPartition, int]) -> dict[TopicPartition, int]:
        """Forget everything and read back the devices; return where the telemetry has to be read again from.

        Fault codes are never read again: the state of their device is saved with the offset.
        """
        self._reset()
        self._shadow.refresh(conn)
        self._known = {where.partition: n for where, n in stored.items() if where.topic == TELEMETRY}
        begins = load_begins(conn, list(self._known))
        self._begin = {p: min(begins.get(p, upto), upto) for p, upto in self._known.items()}
        self._position = dict(self._begin)
        for states in load_states(conn, list(self._known), _STATES_AT_ONCE):
            name = states[0].type
            for saved in states:
                self._partition[saved.device] = saved.partition
                if saved.next_offset > self._begin[saved.partition]:
                    self._saved[saved.device] = saved.next_offset
            engine = self._engines.get(name)
            if engine is None:
                continue
            refused = engine.import_state((saved.device, saved.state) for saved in states)
            if refused:
                _log.warning("diagnosis.learns_again", type=name, devices=len(refused), reason="new version")
        self._told = {name: engine.counts() for name, engine in self._engines.items()}
        _log.info(
            "diagnosis.assigned",
            partitions=sorted(self._known),
            devices=len(self._partition),
            records_again=sum(self._known.values()) - sum(self._begin.values()),
        )
        return {TopicPartition(TELEMETRY, partition): offset for partition, offset in self._begin.items()}

    def process(self, records: list[Record]) -> None:
        """Take in records; memory only."""
        for again, some in groupby(records, self._was_read):
            if again is not self._again:
                self._work()
                self._again = again
            for record in some:
                self._take_record(record)
        if self._buffered >= BUFFERED or time.monotonic() - self._worked_at >= INTERVAL_S:
            self._work()

    def closing(self) -> None:
        """Save more than usual at the next checkpoint: the last one, so that less is read again."""
        self._ends = True

    def checkpoint(self, conn: Connection) -> None:
        """Write what is due; the caller moves the offsets in the same transaction and holds all of them."""
        self._work()
        began = time.monotonic()
        due = self._pace.states(
            len(self._partition), self._unsaved.taken - self._taken_at_last, began - self._last
        )
        self._taken_at_last, self._last = self._unsaved.taken, began
        self._save(conn, _STATES_AT_THE_END if self._ends else due)
        begins = {p: self._unsaved.begin(p, position) for p, position in self._position.items()}
        save_begins(conn, {p: offset for p, offset in begins.items() if offset != self._begin.get(p)})
        self._begin = begins
        save_bands(conn, self._bands)
        for finding in self._findings:
            outbox.put(
                conn, FINDINGS, finding.device, f"{finding.id}/{finding.revision}", encode_finding(finding)
            )
        for deviation in self._fleet.look(conn):
            key = f"{deviation.type}/{deviation.value}"
            record = f"{key}/{deviation.cause}/{deviation.time_us}"
            outbox.put(conn, COHORTS, key, record, encode_deviation(deviation))
            self._counts["diagnose", "cohorts"] += 1
        self._shadow.save(conn)
        self._shadow.refresh(conn)
        counts.add(conn, self._counts)
        self._findings, self._bands = [], []
        self._counts.clear()
        self._checkpoint_s = time.monotonic() - began

    def _save(self, conn: Connection, count: int) -> None:
        moment = self._clock.now()
        by_type: dict[str, list[tuple[str, int]]] = {}
        for device, partition, name in self._unsaved.choose(count):
            by_type.setdefault(name, []).append((device, partition))
        for name, chosen in by_type.items():
            engine = self._engines[name]
            version, where = engine.plan.version, dict(chosen)
            # a state has some tens of kilobytes: never those of a whole fleet at once
            for start in range(0, len(chosen), _STATES_AT_ONCE):
                some = sorted(device for device, _ in chosen[start : start + _STATES_AT_ONCE])
                save_states(
                    conn,
                    [
                        SavedState(
                            device, name, version, where[device], self._position.get(where[device], 0), data
                        )
                        for device, data in engine.export_states(some)
                    ],
                    moment,
                )

    def _was_read(self, record: Record) -> bool:
        """Tell whether a record was read before the restart; what it said was counted and told then."""
        return record.topic == TELEMETRY and record.offset < self._known.get(record.partition, 0)

    def _take_record(self, record: Record) -> None:
        partition = record.partition
        try:
            if record.topic == TELEMETRY:
                self._position[partition] = record.offset + 1
                batch = decode_columns(record.value)
                blocks, rest = batch.blocks, batch.rest
                if self._again and self._saved:
                    saved, offset = self._saved, record.offset
                    parts = [without(block, lambda device: saved.get(device, 0) > offset) for block in blocks]
                    blocks = [block for block in parts if block is not None]
                    rest = [sample for sample in rest if saved.get(sample.device, 0) <= offset]
                self._take_blocks(blocks, partition, record.offset)
                self._take(rest, partition, record.offset)
            elif record.topic == EVENTS:
                self._take_event(decode_event(record.value), partition)
            elif record.topic == TICKETS:
                self._take_repair(repair_of(decode_ticket_change(record.value)))
        except InvalidMessageError:
            # the store's consumer reads the same record and puts it with the dead letters
            if not self._again:
                self._counts["diagnose", "unreadable"] += 1

    def _take_blocks(self, blocks: list[Block], partition: int, offset: int) -> None:
        for block in blocks:
            size = len(block.device)
            held = self._blocks.get(block.type)
            self._count("in", size)
            if held is None:
                self._count("unknown_type", size)
                continue
            held.append(block)
            self._buffered += size
            self._unsaved.taken += size
            self._tenant.update(dict.fromkeys(block.devices, block.tenant))
            self._partition.update(dict.fromkeys(block.devices, partition))
            self._unsaved.note(partition, block.devices, offset, block.type)

    def _take(self, samples: list[Sample], partition: int, offset: int) -> None:
        self._count("in", len(samples))
        for sample in samples:
            buffer = self._samples.get(sample.type)
            if buffer is None:
                self._count("unknown_type", 1)
            elif not sample.refused:
                buffer.append(sample)
                self._unsaved.note(partition, (sample.device,), offset, sample.type)
        self._tenant.update([(sample.device, sample.tenant) for sample in samples])
        self._partition.update([(sample.device, partition) for sample in samples])
        self._buffered += len(samples)
        self._unsaved.taken += len(samples)

    def _take_event(self, event: DeviceEvent, partition: int) -> None:
        if event.kind != "fault" or event.type not in self._engines:
            return
        self._tenant[event.device] = event.tenant
        self._partition[event.device] = partition
        self._unsaved.hurry(partition, event.device, event.type)
        self._events.append(event)
        self._buffered += 1

    def _take_repair(self, repair: Repair | None) -> None:
        # one that was never heard of has nothing to forget
        if repair is not None and repair.device in self._partition:
            self._repairs.append(repair)

    def _count(self, outcome: str, number: int) -> None:
        if number and not self._again:
            self._counts["diagnose", outcome] += number

    def _work(self) -> None:
        """Run the models over what is held: samples, then fault codes, judged after what came before them."""
        for name, engine in self._engines.items():
            blocks, samples = self._blocks[name], self._samples[name]
            if not blocks and not samples:
                continue
            channels = engine.plan.channels
            pieces = [block_arrays(block, channels, engine.row_of) for block in blocks]
            if samples:
                pieces.append(to_arrays(samples, channels, engine.row_of))
            self._conclude(name, engine.step(*join_arrays(pieces)))
            blocks.clear()
            samples.clear()
            late, repeated = engine.counts()
            told_late, told_repeated = self._told[name]
            self._count("late", late - told_late)
            self._count("duplicate", repeated - told_repeated)
            self._told[name] = (late, repeated)
        for event in self._events:
            outcome = self._engines[event.type].fault_code(
                event.device, event.code, event.active, event.time_us
            )
            self._conclude(event.type, outcome)
            self._counts["diagnose", "fault_codes"] += 1
        self._events.clear()
        for repair in self._repairs:
            self._recommission(repair)
        self._repairs.clear()
        self._buffered = 0
        self._worked_at = time.monotonic()

    def _recommission(self, repair: Repair) -> None:
        for name, engine in self._engines.items():
            if engine.knows(repair.device):
                self._unsaved.hurry(self._partition[repair.device], repair.device, name)
                self._conclude(name, engine.recommission(*repair))
                self._counts["diagnose", "repairs"] += 1
                _log.info("diagnosis.recommissioned", device=repair.device)

    def _conclude(self, name: str, outcome: Outcome) -> None:
        engine = self._engines[name]
        for change in outcome.changes:
            device = engine.names[change.device]
            finding = to_finding(
                change,
                tenant=self._tenant[device],
                device=device,
                appliance_type=name,
                model=named(engine.plan, change.opinion),
            )
            self._shadow.note(change, finding.id, tenant=finding.tenant, type_=name)
            self._findings.append(finding)
            # never concluded again, whatever is read again
            self._unsaved.hurry(self._partition[device], device, name)
            self._counts["diagnose", "findings"] += 1
            _log.info(
                "finding",
                id=finding.id,
                device=device,
                state=finding.state,
                revision=finding.revision,
                cause=finding.cause,
                probability=finding.probability,
            )
        for change in outcome.noted:
            device = engine.names[change.device]
            id_ = finding_id(device, change.onset_us, creeping=change.creeping)
            self._shadow.note(change, id_, tenant=self._tenant[device], type_=name)
            self._unsaved.hurry(self._partition[device], device, name)
        self._bands.extend(BandRow(engine.names[band.device], band) for band in outcome.bands)


def run(settings: Settings, stop: threading.Event) -> None:
    """Diagnose until ``stop`` is set; the relay of the outbox runs beside it. Servers are waited for.

    Raises:
        LogError: the topics do not exist: ``zerodistance migrate`` makes them.
    """
    from stream.loop import CheckpointLoop

    catalogue = load_catalogue(settings.catalogue_folders())
    with servers(settings, stop, client_id="zd-diagnose", connections=4) as opened:
        if opened is None:
            return
        pool, log = opened
        relay = outbox.Relay(pool, log)
        sender = threading.Thread(target=relay.run, args=(stop,), name="outbox")
        sender.start()
        try:
            handler = DiagnosisHandler(catalogue, settings.make_clock(), settings.false_alarm_budget)
            _log.info("diagnose.runs")
            settle()
            CheckpointLoop(
                log,
                pool,
                CONSUMER,
                list(TOPICS),
                handler,
                interval_s=handler.interval_s,
                max_records=_MAX_RECORDS,
                max_bytes=_MAX_BYTES,
                stop=stop,
            ).run()
        finally:
            stop.set()
            sender.join()


__all__ = ["CONSUMER", "TOPICS", "DiagnosisHandler", "finding_id", "run"]
