"""The production shape on servers of its own, each part of which can be killed, frozen and started again."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import Any

import psycopg

from tests.faults.fleet import CHECKSUM, TYPE, Fleet, checksum
from tests.faults.publisher import Publisher
from tests.faults.servers import OwnKafka, OwnPostgres
from tests.loop.shape import COMMANDS, Shape
from zerodistance.log import open_log
from zerodistance.messages import DEAD_LETTER, EVENTS, LOG_TOPICS, TELEMETRY
from zerodistance.store.reconcile import reconcile

OURS = ("ingest", "store", "diagnose")
SERVERS = ("mosquitto", "kafka", "postgres")
# What a process logs once it works.
SIGNS = {"ingest": "mqtt.connected", "store": "store.runs", "diagnose": "diagnosis.assigned"}
# Peak resident set, megabytes. Measured with 100 devices: ingest 90, store 130, diagnose 190 where nothing
# goes wrong; the bounded buffers (messages in ingest, 4 MiB of records in a checkpoint, 16 MB of a fetch)
# explain what may come on top while a server is away.
CEILING_MB = {"ingest": 350, "store": 450, "diagnose": 500}


class World:
    """Everything that a fault test needs; ``postgres`` and ``kafka`` are None where a test has none."""

    def __init__(
        self,
        folder: Path,
        fleet: Fleet,
        *,
        mosquitto: Any,
        kafka: OwnKafka,
        postgres: OwnPostgres,
        environment: dict[str, str] | None = None,
        log: str = "",
        database: str = "",
        mqtt: str = "",
    ) -> None:
        self.fleet = fleet
        self.mosquitto, self.kafka, self.postgres = mosquitto, kafka, postgres
        self.shape = Shape(
            folder,
            log=log or kafka.address,
            database=database or postgres.dsn,
            mqtt=mqtt or mosquitto.url,
            environment=environment,
        )
        self.peak_mb: dict[str, int] = {}
        self._commands: dict[str, str] = {}

    def start(self, *names: str) -> None:
        """Start processes; a second store is ``store-2``."""
        for name in names:
            self._commands[name] = name.split("-")[0]
            self.shape.supervisor.start(name, *COMMANDS[name.split("-")[0]])

    def start_and_wait(self, *names: str) -> None:
        """Start processes and wait until each one works."""
        self.start(*names)
        for name in names:
            signs = SIGNS[name.split("-")[0]]
            self.wait(lambda: signs in self.said(name), f"{name} to work", 60)  # noqa: B023 - this turn only

    def kill(self, name: str) -> None:
        """End a process or server as a power cut would."""
        if name in SERVERS:
            getattr(self, name).kill()
        else:
            self.note_memory()
            self.shape.kill(name)

    def restart(self, name: str) -> None:
        """Start again what was killed."""
        if name in SERVERS:
            getattr(self, name).start()
        else:
            self.start(name)

    def signal(self, name: str, number: int) -> None:
        """Send one of our processes a signal."""
        os.kill(self.shape.supervisor.pid(name), number)

    def freeze(self, name: str) -> None:
        """Stop a process or server where it stands: its connections stay open."""
        self._signal_all(name, signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        """Let it go on."""
        self._signal_all(name, signal.SIGCONT)

    def _signal_all(self, name: str, number: int) -> None:
        if name == "mosquitto":
            os.kill(self.mosquitto.pid, number)
        elif name in SERVERS:
            for pid in getattr(self, name).pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, number)
        else:
            self.signal(name, number)

    def said(self, name: str) -> str:
        """Return what a process has written since its last start."""
        return self.shape.supervisor.last_words(name, 100_000)

    def note_memory(self) -> None:
        """Take down the peak resident set of our processes (VmHWM of proc(5)), in megabytes."""
        for name in self._commands:
            try:
                status = Path(f"/proc/{self.shape.supervisor.pid(name)}/status").read_text()
                peak = next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]
            except (OSError, StopIteration):
                continue
            self.peak_mb[name] = max(self.peak_mb.get(name, 0), int(peak) // 1024)

    def assert_memory(self) -> None:
        """Fail where a process took more memory than it may."""
        self.note_memory()
        for name, peak in self.peak_mb.items():
            ceiling = CEILING_MB[name.split("-")[0]]
            assert peak <= ceiling, f"{name} took {peak} MB; {ceiling} are the bound"

    def query(self, sql: str, *arguments: object) -> list[tuple[Any, ...]]:
        """Run one statement, waiting for a database that is just coming back."""
        deadline = time.monotonic() + 30
        while True:
            try:
                return self.shape.query(sql, *arguments)
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def count(self, sql: str, *arguments: object) -> int:
        """Return the one number that a statement gives."""
        return int(self.query(sql, *arguments)[0][0])

    def wait(self, ready: Any, what: str, timeout_s: float, publisher: Publisher | None = None) -> None:
        """Poll ``ready`` until it is true; says how far the publisher is where it never is."""
        deadline = time.monotonic() + timeout_s
        while not ready():
            if time.monotonic() > deadline:
                raise AssertionError(
                    f"Waited {timeout_s:g} s in vain for {what}. {publisher.describe() if publisher else ''}"
                    + "".join(
                        f"\n--- {name}\n{self.shape.supervisor.last_words(name, 8)}"
                        for name in self._commands
                    )
                )
            time.sleep(0.05)

    def wait_for_log_to_be_read(self, timeout_s: float = 60) -> None:
        """Wait until both consumers have read everything that stands on the log."""
        log = open_log(self.shape.environment["ZD_LOG"])
        try:
            ends = {
                (topic, where.partition): end
                for topic in (TELEMETRY, EVENTS, DEAD_LETTER)
                for where, end in log.end_offsets(topic).items()
            }
        finally:
            log.close()

        def behind() -> dict[tuple[str, str, int], int]:
            rows = self.query("SELECT consumer, topic, partition, next_offset FROM log_offset")
            read = {(consumer, topic, number): offset for consumer, topic, number, offset in rows}
            wanted = {
                (consumer, *where): end
                for where, end in ends.items()
                for consumer in ("store", *(("diagnose",) if where[0] != DEAD_LETTER else ()))
                if consumer in self._commands
            }
            return {
                where: end - read.get(where, 0) for where, end in wanted.items() if read.get(where, 0) < end
            }

        try:
            self.wait(lambda: not behind(), "the log to be read", timeout_s)
        except AssertionError as error:
            raise AssertionError(f"{error}\nNot read: {behind()}") from None

    def assert_all_is_stored_once(self) -> None:
        """Compare rows, letters and receipts with what the devices said; by SQL alone."""
        fleet = self.fleet
        assert self.query(CHECKSUM, fleet.counting)[0] == checksum(fleet.rows(fleet.counting))
        doubled = self.query(
            "SELECT device_id, time FROM telemetry_refrigerator GROUP BY 1, 2 HAVING count(*) > 1"
        )
        assert doubled == []
        due = fleet.letters()
        letters = self.query(
            "SELECT sha256, device_id FROM dead_letter WHERE reason = 'time_in_future' ORDER BY 1, 2"
        )
        odd = set(letters) ^ set(due)
        strange = self.query(
            "SELECT device_id, sample, received_at, convert_from(raw, 'UTF8') FROM dead_letter"
            " WHERE sha256 = ANY(%s)",
            [digest for digest, _ in odd] or [digest for (digest, _), n in Counter(letters).items() if n > 1],
        )
        assert letters == due, f"{len(letters)} letters where {len(due)} are due: {strange}"
        assert self.query("SELECT count(*) FROM telemetry_conflict") == [(0,)]
        receipts = self.query("SELECT boot, count(*), min(through), max(through) FROM receipt GROUP BY 1")
        expected = [
            (boot, len(fleet.counting), fleet.last(boot), fleet.last(boot))
            for boot in (1, 2)
            if fleet.counting
        ]
        assert sorted(receipts) == expected
        unsettled = self.query("SELECT device_id FROM receipt WHERE ahead <> '{}'")
        assert unsettled == []

    def assert_sums_meet(self) -> None:
        """Ask `zerodistance reconcile`: what was counted agrees with what is there."""
        log = open_log(self.shape.environment["ZD_LOG"])
        try:
            with psycopg.connect(self.shape.database, autocommit=True) as connection:
                report = reconcile(
                    connection,
                    lambda: {
                        where: end for topic in LOG_TOPICS for where, end in log.end_offsets(topic).items()
                    },
                    {TYPE: date(2000, 1, 1)},
                    None,
                )
        finally:
            log.close()
        assert report.problems == []

    def lost_silently(self) -> list[tuple[str, int]]:
        """Return (device, place) of what devices that do not count have lost; nothing else may be there."""
        fleet = self.fleet
        stored = set(
            self.query(
                "SELECT device_id, time FROM telemetry_refrigerator WHERE device_id = ANY(%s)", fleet.silent
            )
        )
        said = {
            (name, fleet.row(name, place).time): (name, place)
            for name in fleet.silent
            for place in range(fleet.messages)
        }
        assert stored <= said.keys()
        return [message for key, message in said.items() if key not in stored]

    def close(self) -> None:
        """End everything that is ours."""
        for name in (*self._commands, *SERVERS):
            with suppress(KeyError, ProcessLookupError, TypeError):
                self.thaw(name)
        self.shape.stop()


@contextmanager
def world(
    folder: Path, fleet: Fleet, mosquitto: Any, *, fsync: str = "off", **options: Any
) -> Iterator[World]:
    """Make a world with a Kafka and a PostgreSQL of its own, migrated, its devices registered."""
    place = folder / "kafka"
    place.mkdir()
    kafka = OwnKafka(place)
    postgres = OwnPostgres(settings={"fsync": fsync})
    try:
        kafka.start()
        postgres.start()
        made = World(folder, fleet, mosquitto=mosquitto, kafka=kafka, postgres=postgres, **options)
        made.shape.prepare()
        fleet.register(postgres.dsn)
        try:
            yield made
        finally:
            made.close()
    finally:
        kafka.kill()
        postgres.close()


def seeded(default: int | None = None) -> random.Random:
    """Return a source of random moments; its seed is printed, and ``ZD_FAULTS_SEED`` repeats a run."""
    given = os.environ.get("ZD_FAULTS_SEED")
    seed = int(given) if given else default if default is not None else random.SystemRandom().randrange(10**6)
    print(f"ZD_FAULTS_SEED={seed}")
    return random.Random(seed)
