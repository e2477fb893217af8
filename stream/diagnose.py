"""The diagnosis: telemetry and fault codes in, findings out.

State of the devices that changed, findings (through the outbox) and the offsets that account for them
are written in one transaction. After a restart, or when partitions move, everything is read back
from the store and the log is read on from there: nothing is forgotten and nothing is told twice under
another id. Decisions use event time only.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Sequence
from itertools import islice

import structlog

from models.engine import Engine, Outcome
from stream.diagnose_arrays import block_arrays, join_arrays, to_arrays
from stream.diagnose_rows import (
    BandRow,
    SavedState,
    finding_id,
    load_states,
    save_bands,
    save_states,
    to_finding,
)
from stream.starting import servers
from zerodistance.catalogue import Catalogue, load_catalogue
from zerodistance.clock import Clock
from zerodistance.errors import InvalidMessageError
from zerodistance.garbage import settle
from zerodistance.log.interface import Record, TopicPartition
from zerodistance.messages import (
    EVENTS,
    FINDINGS,
    TELEMETRY,
    Block,
    DeviceEvent,
    Finding,
    Sample,
    decode_columns,
    decode_event,
    encode_finding,
)
from zerodistance.settings import Settings
from zerodistance.store import counts, outbox
from zerodistance.store.database import Connection

_log = structlog.get_logger(__name__)

CONSUMER = "diagnose"
TOPICS = (TELEMETRY, EVENTS)
# What a checkpoint costs grows with the devices that changed, not with the messages: it gets this share of
# the time, and more of it while a finding waits to be told. What was not saved is read again after a crash.
INTERVAL_S = 1.0
LONGEST_INTERVAL_S = 60.0
SHARE, SHARE_WITH_FINDINGS = 0.05, 0.3
# What waits for a checkpoint has gone through the models already: it takes no memory.
_MAX_RECORDS, _MAX_BYTES = 1_000_000, 2**30
_STATES_AT_ONCE = 500
# But for what it concluded: so many bands (about 300 bytes each) are written at once, as when an outage is
# caught up with.
MOST_BANDS = 50_000
_AT_ONCE_S = 0.001
# Samples held before they are worked on: enough to make the array work cheap, few enough for memory
# (about 1 kB each as Python objects).
BUFFERED = 40_000


class DiagnosisHandler:
    """What :class:`stream.loop.CheckpointLoop` drives; one engine for each appliance type."""

    def __init__(self, catalogue: Catalogue, clock: Clock) -> None:
        self._catalogue = catalogue
        self._clock = clock
        self._reset()

    def _reset(self) -> None:
        self._engines = {name: Engine(appliance) for name, appliance in self._catalogue.items()}
        self._samples: dict[str, list[Sample]] = {name: [] for name in self._catalogue}
        self._blocks: dict[str, list[Block]] = {name: [] for name in self._catalogue}
        self._buffered = 0
        self._partition: dict[str, int] = {}
        self._tenant: dict[str, int] = {}
        self._changed: dict[str, set[str]] = {name: set() for name in self._catalogue}
        self._findings: list[Finding] = []
        self._bands: list[BandRow] = []
        self._counts: Counter[tuple[str, str]] = Counter()
        self._told = dict.fromkeys(self._catalogue, (0, 0))
        self._saving_s = 0.0  # for one device
        self._worked_at = 0.0

    def interval_s(self) -> float:
        """Return how many real seconds lie between two checkpoints as things stand."""
        if len(self._bands) >= MOST_BANDS:
            return _AT_ONCE_S
        share = SHARE_WITH_FINDINGS if self._findings else SHARE
        devices = sum(map(len, self._changed.values()))
        return min(LONGEST_INTERVAL_S, max(INTERVAL_S, devices * self._saving_s / share))

    def assigned(self, conn: Connection, partitions: Sequence[TopicPartition]) -> None:
        """Forget everything and read back the devices of the telemetry partitions."""
        self._reset()
        numbers = sorted({where.partition for where in partitions if where.topic == TELEMETRY})
        by_type: dict[str, list[tuple[str, bytes]]] = {}
        for saved in load_states(conn, numbers):
            by_type.setdefault(saved.type, []).append((saved.device, saved.state))
            self._partition[saved.device] = saved.partition
        for name, saved_devices in by_type.items():
            engine = self._engines.get(name)
            if engine is None:
                continue
            refused = engine.import_state(saved_devices)
            if refused:
                _log.warning("diagnosis.learns_again", type=name, devices=len(refused), reason="new version")
            self._told[name] = engine.counts()
        _log.info("diagnosis.assigned", partitions=numbers, devices=len(self._partition))

    def process(self, records: list[Record]) -> None:
        """Take in records; memory only."""
        for record in records:
            try:
                if record.topic == TELEMETRY:
                    batch = decode_columns(record.value)
                    self._take_blocks(batch.blocks, record.partition)
                    self._take(batch.rest, record.partition)
                elif record.topic == EVENTS:
                    self._take_event(decode_event(record.value), record.partition)
            except InvalidMessageError:
                # the store's consumer reads the same record and puts it with the dead letters
                self._counts["diagnose", "unreadable"] += 1
        if self._buffered >= BUFFERED or time.monotonic() - self._worked_at >= INTERVAL_S:
            self._work()

    def checkpoint(self, conn: Connection) -> None:
        """Write what changed; the caller moves the offsets in the same transaction."""
        self._work()
        began = time.monotonic()
        saved, moment = 0, self._clock.now()
        for name, engine in self._engines.items():
            states = engine.export_states(sorted(self._changed[name]))
            # a state has some tens of kilobytes: never those of a whole fleet at once
            while some := list(islice(states, _STATES_AT_ONCE)):
                version, where = engine.plan.version, self._partition
                save_states(conn, [SavedState(d, name, version, where[d], data) for d, data in some], moment)
                saved += len(some)
        if saved:
            self._saving_s = (time.monotonic() - began) / saved
        save_bands(conn, self._bands)
        for finding in self._findings:
            outbox.put(
                conn, FINDINGS, finding.device, f"{finding.id}/{finding.revision}", encode_finding(finding)
            )
        counts.add(conn, self._counts)
        for devices in self._changed.values():
            devices.clear()
        self._findings, self._bands = [], []
        self._counts.clear()

    def _take_blocks(self, blocks: list[Block], partition: int) -> None:
        for block in blocks:
            self._counts["diagnose", "in"] += len(block.device)
            held = self._blocks.get(block.type)
            if held is None:
                self._counts["diagnose", "unknown_type"] += len(block.device)
                continue
            held.append(block)
            self._buffered += len(block.device)
            self._tenant.update(dict.fromkeys(block.devices, block.tenant))
            self._partition.update(dict.fromkeys(block.devices, partition))

    def _take(self, samples: list[Sample], partition: int) -> None:
        self._counts["diagnose", "in"] += len(samples)
        for sample in samples:
            buffer = self._samples.get(sample.type)
            if buffer is None:
                self._counts["diagnose", "unknown_type"] += 1
            elif not sample.refused:
                buffer.append(sample)
        self._tenant.update([(sample.device, sample.tenant) for sample in samples])
        self._partition.update([(sample.device, partition) for sample in samples])
        self._buffered += len(samples)

    def _take_event(self, event: DeviceEvent, partition: int) -> None:
        if event.kind != "fault" or event.type not in self._engines:
            return
        # what the device reported before the code must be judged before it
        self._work()
        self._tenant[event.device] = event.tenant
        self._partition[event.device] = partition
        self._changed[event.type].add(event.device)
        outcome = self._engines[event.type].fault_code(event.device, event.code, event.active, event.time_us)
        self._conclude(event.type, outcome)
        self._counts["diagnose", "fault_codes"] += 1

    def _work(self) -> None:
        """Run the models over the samples held."""
        for name, engine in self._engines.items():
            blocks, samples = self._blocks[name], self._samples[name]
            if not blocks and not samples:
                continue
            channels = engine.plan.channels
            pieces = [block_arrays(block, channels, engine.row_of) for block in blocks]
            if samples:
                pieces.append(to_arrays(samples, channels, engine.row_of))
            self._conclude(name, engine.step(*join_arrays(pieces)))
            self._changed[name].update(sample.device for sample in samples)
            self._changed[name].update(device for block in blocks for device in block.devices)
            blocks.clear()
            samples.clear()
            late, repeated = engine.counts()
            told_late, told_repeated = self._told[name]
            self._counts["diagnose", "late"] += late - told_late
            self._counts["diagnose", "duplicate"] += repeated - told_repeated
            self._told[name] = (late, repeated)
        self._buffered = 0
        self._worked_at = time.monotonic()

    def _conclude(self, name: str, outcome: Outcome) -> None:
        engine = self._engines[name]
        for change in outcome.changes:
            device = engine.names[change.device]
            finding = to_finding(
                change,
                tenant=self._tenant[device],
                device=device,
                appliance_type=name,
                model=f"signatures-{engine.plan.version}",
            )
            self._findings.append(finding)
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
            handler = DiagnosisHandler(catalogue, settings.make_clock())
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
