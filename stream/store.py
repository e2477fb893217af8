"""From the log into the database: samples, events, dead letters, and the receipts that follow the commit."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import structlog

from stream.loop import CheckpointLoop
from stream.salvage import salvage
from stream.settling import Boot, Receipts
from stream.starting import patiently, servers
from stream.telling import ReceiptTeller
from stream.upkeep import Upkeep
from zerodistance.catalogue import Catalogue, load_catalogue
from zerodistance.errors import InvalidMessageError
from zerodistance.garbage import settle
from zerodistance.log import Record, TopicPartition
from zerodistance.messages import (
    DEAD_LETTER,
    EVENTS,
    TELEMETRY,
    Block,
    DeadLetter,
    DeviceEvent,
    Reason,
    Sample,
    decode_columns,
    decode_dead_letter,
    decode_event,
)
from zerodistance.settings import Settings
from zerodistance.store import arrivals, counts, letters
from zerodistance.store.blocks import Newest, write_blocks
from zerodistance.store.database import Connection, dsn
from zerodistance.store.devices import Registry
from zerodistance.store.telemetry import write_samples

_log = structlog.get_logger(__name__)

CONSUMER = "store"
# A record of zd.telemetry carries the samples of some milliseconds: so many records make a good COPY.
_MAX_RECORDS = 2000
# Devices whose last sign of life is remembered.
_MAX_SEEN = 500_000


class StoreHandler:
    """Writes what stands on the log; see :class:`stream.loop.Handler`.

    Args:
        catalogue: the appliance types.
        tell: called after each commit with (device, boot) → the last seq that is settled without a gap.
    """

    def __init__(self, catalogue: Catalogue, tell: Callable[[dict[Boot, int]], None]) -> None:
        self._catalogue = catalogue
        self._tell = tell
        self._samples: list[Sample] = []
        self._events: list[DeviceEvent] = []
        self._letters: list[DeadLetter] = []
        self._counts: Counter[tuple[str, str]] = Counter()
        self._blocks: list[Block] = []
        self._newest = Newest()
        self._seen: dict[str, int] = {}
        self._receipts = Receipts()
        self._settled: dict[Boot, int] = {}

    def assigned(self, conn: Connection, stored: Mapping[TopicPartition, int]) -> None:
        """Forget everything: receipts are read when a device needs one."""
        self._clear()
        self._receipts.clear()
        self._newest.clear()
        self._seen.clear()
        self._settled = {}

    def process(self, records: list[Record]) -> None:
        """Decode; a record that cannot be read becomes a dead letter."""
        for record in records:
            try:
                if record.topic == TELEMETRY:
                    batch = decode_columns(record.value)
                    self._blocks += batch.blocks
                    self._samples += batch.rest
                elif record.topic == EVENTS:
                    self._events.append(decode_event(record.value))
                else:
                    self._letters.append(decode_dead_letter(record.value))
            except InvalidMessageError as error:
                self._counts["store", "unreadable"] += 1
                self._letters.append(letters.of_record(record, str(error), error.reason))

    def checkpoint(self, conn: Connection) -> None:
        """Write everything that was processed."""
        rows: Counter[tuple[str, int]] = Counter()
        tally = self._counts
        # columns first: what meets one of their rows under the same key is merged into it
        for written in (
            write_blocks(conn, self._catalogue, self._blocks, self._newest, rows),
            write_samples(conn, self._catalogue, self._samples, rows),
        ):
            tally.update({("store", outcome): n for outcome, n in written._asdict().items()})
        tally["store", "samples_in"] += len(self._samples) + sum(len(b.device) for b in self._blocks)
        tally["store", "refused"] += sum(sample.refused for sample in self._samples)
        tally["store", "unknown_readings"] += arrivals.add_unknown(conn, self._samples)
        new_events = arrivals.add_events(conn, self._events)
        tally["store", "events"] += new_events
        tally["store", "events_duplicate"] += len(self._events) - new_events
        new_letters = letters.add(conn, self._letters)
        tally["store", "letters"] += new_letters
        tally["store", "letters_duplicate"] += len(self._letters) - new_letters
        self._settled.update(self._receipts.settle(conn, self._blocks, self._samples))
        self._note_seen(conn)
        counts.add(conn, tally)
        counts.add_rows(conn, rows)
        self._clear()

    def salvage(self, conn: Connection, record: Record, detail: str) -> None:
        """Write what the database takes of a record that it refused as a whole; see :mod:`stream.salvage`."""
        self._clear()
        # what the checkpoint that failed has settled was rolled back with it
        self._receipts.clear()
        self._settled = {}
        if record.topic == TELEMETRY:
            self._samples, self._letters = salvage(conn, self._catalogue, record, detail)
        else:
            self._letters = [letters.of_record(record, detail, Reason.NOT_STORABLE)]
        self.checkpoint(conn)

    def committed(self) -> None:
        """Let the devices know what they may forget."""
        if self._settled:
            self._tell(self._settled)
            self._settled = {}

    def _note_seen(self, conn: Connection) -> None:
        """Write signs of life, of each device once in a while: the statement asks for it by its key."""
        seen: dict[str, int] = {}
        for block in self._blocks:
            latest = np.zeros(len(block.devices), np.int64)
            np.maximum.at(latest, block.device, block.received_us)
            for device, at in zip(block.devices, latest.tolist(), strict=True):
                if at > seen.get(device, 0):
                    seen[device] = at
        messages: list[Sample | DeviceEvent] = [*self._samples, *self._events]
        for message in messages:
            seen[message.device] = max(seen.get(message.device, 0), message.received_us)
        noted = self._seen
        due = {
            device: at
            for device, at in seen.items()
            if not 0 <= at - noted.get(device, -arrivals.SEEN_EVERY_US) < arrivals.SEEN_EVERY_US
        }
        if due:
            arrivals.note_seen(conn, due)
            if len(noted) > _MAX_SEEN:
                noted.clear()
            noted.update(due)

    def _clear(self) -> None:
        self._samples = []
        self._blocks = []
        self._events = []
        self._letters = []
        self._counts = Counter()


def run(settings: Settings, stop: threading.Event) -> None:
    """Store what comes until ``stop`` is set. Servers that are not there yet, or go away, are waited for.

    Raises:
        LogError: the topics do not exist: ``zerodistance migrate`` makes them.
    """
    catalogue = load_catalogue(settings.catalogue_folders())
    with servers(settings, stop, client_id="zd-store", connections=4) as opened:
        if opened is None:
            return
        pool, log = opened
        registry = patiently(partial(Registry, pool), stop)
        if registry is None:
            return
        teller = ReceiptTeller(settings.mqtt, gateway_of=partial(_gateway_of, registry))
        upkeep = Upkeep(dsn(settings), catalogue, settings.make_clock())
        try:
            for topic in (TELEMETRY, EVENTS, DEAD_LETTER):
                patiently(partial(log.partitions, topic), stop)
            teller.start()
            upkeep.start()
            _log.info("store.runs")
            loop = CheckpointLoop(
                log,
                pool,
                CONSUMER,
                (TELEMETRY, EVENTS, DEAD_LETTER),
                StoreHandler(catalogue, teller.tell),
                max_records=_MAX_RECORDS,
                stop=stop,
            )
            settle()
            loop.run()
        finally:
            upkeep.stop()
            teller.stop()
            registry.close()
    _log.info("store.ended")


def _gateway_of(registry: Registry, device: str) -> str | None:
    entry = registry.get(device)
    return None if entry is None else entry.gateway_id
