"""From the log into the database: samples, events, dead letters, and the receipts that follow the commit."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from functools import partial

import structlog

from stream.loop import CheckpointLoop
from stream.receipts import Settled, flatten, settle, unflatten
from stream.salvage import salvage
from stream.starting import patiently, servers
from stream.telling import ReceiptTeller
from stream.upkeep import Upkeep
from zerodistance.catalogue import Catalogue, load_catalogue
from zerodistance.errors import InvalidMessageError
from zerodistance.log import Record, TopicPartition
from zerodistance.messages import (
    DEAD_LETTER,
    EVENTS,
    TELEMETRY,
    DeadLetter,
    DeviceEvent,
    Reason,
    Sample,
    decode_dead_letter,
    decode_event,
    decode_samples,
)
from zerodistance.settings import Settings
from zerodistance.store import arrivals, counts, letters
from zerodistance.store.database import Connection, dsn
from zerodistance.store.telemetry import write_samples

_log = structlog.get_logger(__name__)

CONSUMER = "store"
# A record of zd.telemetry carries the samples of some milliseconds: so many records make a good COPY.
_MAX_RECORDS = 2000
# Receipts in memory: a device has one, and asks for it with every message.
_MAX_RECEIPTS = 200_000

_Boot = tuple[str, int]


class StoreHandler:
    """Writes what stands on the log; see :class:`stream.loop.Handler`.

    Args:
        catalogue: the appliance types.
        tell: called after each commit with (device, boot) → the last seq that is settled without a gap.
    """

    def __init__(self, catalogue: Catalogue, tell: Callable[[dict[_Boot, int]], None]) -> None:
        self._catalogue = catalogue
        self._tell = tell
        self._samples: list[Sample] = []
        self._events: list[DeviceEvent] = []
        self._letters: list[DeadLetter] = []
        self._counts: Counter[tuple[str, str]] = Counter()
        self._receipts: dict[_Boot, Settled] = {}
        self._settled: dict[_Boot, int] = {}

    def assigned(self, conn: Connection, partitions: Sequence[TopicPartition]) -> None:
        """Forget everything: receipts are read when a device needs one."""
        self._clear()
        self._receipts.clear()
        self._settled = {}

    def process(self, records: list[Record]) -> None:
        """Decode; a record that cannot be read becomes a dead letter."""
        for record in records:
            try:
                if record.topic == TELEMETRY:
                    self._samples += decode_samples(record.value)
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
        written = write_samples(conn, self._catalogue, self._samples, rows)
        tally = self._counts
        tally.update({("store", outcome): n for outcome, n in written._asdict().items()})
        tally["store", "samples_in"] += len(self._samples)
        tally["store", "refused"] += sum(sample.refused for sample in self._samples)
        tally["store", "unknown_readings"] += arrivals.add_unknown(conn, self._samples)
        new_events = arrivals.add_events(conn, self._events)
        tally["store", "events"] += new_events
        tally["store", "events_duplicate"] += len(self._events) - new_events
        new_letters = letters.add(conn, self._letters)
        tally["store", "letters"] += new_letters
        tally["store", "letters_duplicate"] += len(self._letters) - new_letters
        self._settle(conn)
        seen: dict[str, int] = {}
        messages: list[Sample | DeviceEvent] = [*self._samples, *self._events]
        for message in messages:
            seen[message.device] = max(seen.get(message.device, 0), message.received_us)
        if seen:
            arrivals.note_seen(conn, seen)
        counts.add(conn, tally)
        counts.add_rows(conn, rows)
        self._clear()

    def salvage(self, conn: Connection, record: Record, detail: str) -> None:
        """Write what the database takes of a record that it refused as a whole; see :mod:`stream.salvage`."""
        self._clear()
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

    def _settle(self, conn: Connection) -> None:
        numbers: dict[_Boot, list[int]] = defaultdict(list)
        oldest: dict[_Boot, int] = {}
        for sample in self._samples:
            if sample.boot is None or sample.seq is None:
                continue
            boot = (sample.device, sample.boot)
            numbers[boot].append(sample.seq)
            if sample.oldest is not None:
                oldest[boot] = max(oldest.get(boot, 0), sample.oldest)
        if not numbers:
            return
        missing = [boot for boot in numbers if boot not in self._receipts]
        if missing:
            if len(self._receipts) > _MAX_RECEIPTS:
                self._receipts.clear()
                missing = list(numbers)
            stored = arrivals.load_receipts(conn, missing)
            for boot in missing:
                self._receipts[boot] = unflatten(*stored.get(boot, arrivals.Receipt()))
        changed: dict[_Boot, arrivals.Receipt] = {}
        for boot, seqs in numbers.items():
            before = self._receipts[boot]
            after = settle(before, seqs, oldest.get(boot))
            if after != before:
                self._receipts[boot] = after
                changed[boot] = arrivals.Receipt(after.through, flatten(after), after.given_up)
            self._settled[boot] = after.through
        arrivals.save_receipts(conn, changed)

    def _clear(self) -> None:
        self._samples = []
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
        teller = ReceiptTeller(settings.mqtt)
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
            loop.run()
        finally:
            upkeep.stop()
            teller.stop()
    _log.info("store.ended")
