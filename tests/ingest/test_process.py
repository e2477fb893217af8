"""The process as it is run: adoption, a kill in the middle, a stop in order, servers that are away."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ingest.replay import adopted_letters, replay_letters
from ingest.service import run
from tests.fixtures.mosquitto import Mosquitto
from tests.fixtures.processes import die_with_parent, wait_until
from tests.ingest.helpers import parse, sample
from tests.ingest.live import PARTITIONS, Publisher, Reader, make_topics, now_ms
from zerodistance.catalogue import Catalogue
from zerodistance.clock import SystemClock
from zerodistance.log import Log, Record, open_log
from zerodistance.messages import DeadLetter, encode_samples
from zerodistance.settings import Settings
from zerodistance.store import credentials
from zerodistance.store import letters as stored_letters
from zerodistance.store.database import Pool
from zerodistance.store.devices import claim, register_device

pytestmark = pytest.mark.mosquitto
CLIENT = "zd-ingest-process"


class Process:
    """``zerodistance ingest`` in a process of its own."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self._folder = folder
        self._environment = os.environ | {f"ZD_{name.upper()}": value for name, value in settings.items()}
        self._process: subprocess.Popen[bytes] | None = None
        self.starts = 0

    @property
    def output(self) -> str:
        """What this life of it has said so far."""
        path = self._folder / f"ingest-{self.starts}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def start(self, until: str = "mqtt.connected") -> None:
        """Start it and wait until it says ``until``."""
        self.starts += 1
        with (self._folder / f"ingest-{self.starts}.log").open("wb") as sink:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "zerodistance", "ingest"],
                env=self._environment,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                preexec_fn=die_with_parent,
            )
        wait_until(lambda: until in self.output, timeout_s=40, what=f"ingest to say {until!r}")

    def end(self, how: signal.Signals) -> int:
        """Send a signal and return the exit code."""
        assert self._process is not None
        self._process.send_signal(how)
        return self.wait()

    def wait(self) -> int:
        """Wait for its end and return the exit code."""
        assert self._process is not None
        return self._process.wait(30)


def good(seq: int) -> dict[str, Any]:
    return {"ts": now_ms() + seq, "boot": 1, "seq": seq, "values": {"power": seq % 1000}}


@pytest.fixture
def log_address(request: pytest.FixtureRequest, sqlite_log_address: str) -> str:
    """Give a new log's address: the embedded one, unless the test asks for ``kafka_address``."""
    address: str = request.getfixturevalue(getattr(request, "param", "sqlite_log_address"))
    return address


@pytest.fixture
def log(log_address: str) -> Iterator[Log]:
    one = open_log(log_address)
    make_topics(one)
    yield one
    one.close()


@pytest.fixture
def reader(log: Log) -> Iterator[Reader]:
    one = Reader(log)
    yield one
    one.close()


@pytest.fixture
def process(tmp_path: Path, mosquitto: Mosquitto, database: str, log_address: str) -> Iterator[Process]:
    one = Process(
        tmp_path,
        mqtt=mosquitto.url,
        mqtt_client_id=CLIENT,
        log=log_address,
        log_partitions=str(PARTITIONS),
        database=database,
        log_json="true",
    )
    yield one
    if one.starts:
        one.end(signal.SIGKILL)


def register(pool: Pool, *devices: str) -> None:
    with pool.connection() as conn:
        for device in devices:
            register_device(conn, device, "refrigerator")


@pytest.mark.parametrize(
    "log_address",
    [
        pytest.param("sqlite_log_address", id="sqlite"),
        pytest.param("kafka_address", id="kafka", marks=pytest.mark.kafka),
    ],
    indirect=True,
)
def test_a_kill_in_the_middle_loses_nothing(
    process: Process, mosquitto: Mosquitto, pool: Pool, log: Log, reader: Reader
) -> None:
    devices = [f"k{n}" for n in range(10)]
    register(pool, *devices)
    process.start()
    count = 3_000
    messages = [(f"zd/v1/{devices[n % 10]}/telemetry", good(n // 10 + 1)) for n in range(count)]

    def publish() -> None:
        with Publisher(mosquitto.url) as device:
            device.put_many(messages)

    publisher = threading.Thread(target=publish)
    publisher.start()
    for share in (count // 4, count // 2):
        wait_until(lambda: len(reader.samples()) >= share, timeout_s=40, what="a share to arrive")  # noqa: B023
        process.end(signal.SIGKILL)
        process.start()
    publisher.join(60)
    due = {(f"k{n % 10}", n // 10 + 1) for n in range(count)}
    wait_until(
        lambda: due <= {(one.device, one.seq) for one in reader.samples()}, timeout_s=40, what="every sample"
    )
    values = {(one.device, one.seq): one.values["power"] for one in reader.samples()}
    assert sum(values.values()) == sum((n // 10 + 1) % 1000 for n in range(count))  # type: ignore[arg-type]
    assert process.end(signal.SIGTERM) == 0
    assert "not_drained" not in process.output


def test_an_adopted_device_gets_what_it_had_sent(
    process: Process, mosquitto: Mosquitto, pool: Pool, log: Log, reader: Reader
) -> None:
    process.start()
    with Publisher(mosquitto.url) as device:
        device.put("zd/v1/newcomer/telemetry", [good(1), good(2)])
        device.put("zd/v1/newcomer/event", {"ts": now_ms(), "event": "door_opened"})
        device.put("zd/v1/newcomer/telemetry", b"rubbish")
    wait_until(lambda: len(reader.letters()) >= 3, what="the letters")
    store_letters(pool, reader.letters())
    wait_until(lambda: waiting(pool) == ["newcomer"], what="the device in the list for claim")
    with pool.connection() as conn:
        claim(conn, "newcomer", type="refrigerator")
    wait_until(lambda: reader.samples() and reader.events(), timeout_s=20, what="the replayed messages")
    assert [one.seq for one in reader.samples()] == [1, 2]
    assert reader.samples()[0].received_us == min(letter.received_us for letter in reader.letters())

    def reasons() -> list[tuple[str, bool]]:
        with pool.connection() as conn:
            rows = conn.execute("SELECT reason, replayed_at IS NOT NULL FROM dead_letter ORDER BY 1, 2")
            return [(row[0], row[1]) for row in rows]

    expected = [("malformed_json", False), ("unknown_device", True), ("unknown_device", True)]
    wait_until(lambda: reasons() == expected, what="the letters to be marked")
    wait_until(lambda: counted(pool).get(("ingest", "replayed")) == 2, what="the counts")
    assert counted(pool)["ingest.refused", "unknown_device"] == 3
    assert process.end(signal.SIGINT) == 0


def test_a_database_that_is_not_migrated_is_named(tmp_path: Path, empty_database: str) -> None:
    one = Process(tmp_path, log=f"sqlite:///{tmp_path}/log.sqlite", database=empty_database)
    one.start(until="zerodistance migrate")
    assert one.wait() == 1


def test_it_waits_for_servers_that_are_not_there_yet(
    tmp_path: Path, mosquitto: Mosquitto, pool: Pool, database: str, log: Log, sqlite_log_address: str
) -> None:
    waiting_process = Process(
        tmp_path, mqtt=mosquitto.url, log=sqlite_log_address, database=database + "_missing"
    )
    waiting_process.start(until="ingest.waits")
    assert waiting_process.end(signal.SIGTERM) == 0
    mosquitto.stop()
    settings = Settings(
        mqtt=mosquitto.url,
        mqtt_client_id=CLIENT,
        log=sqlite_log_address,
        log_partitions=PARTITIONS,
        database=database,
        _env_file=None,  # type: ignore[call-arg]
    )
    register(pool, "late")
    stop = threading.Event()
    thread = threading.Thread(target=run, args=(settings, stop))
    thread.start()
    try:
        mosquitto.start()
        reader = Reader(log)
        with Publisher(mosquitto.url) as device:

            def arrived() -> bool:
                device.put("zd/v1/late/telemetry", good(1))
                return bool(reader.samples())

            wait_until(arrived, timeout_s=30, what="a sample after the broker came")
        reader.close()
    finally:
        stop.set()
        thread.join(30)
    assert not thread.is_alive()


def test_replay_on_demand(pool: Pool, log: Log, catalogue: Catalogue, reader: Reader) -> None:
    from ingest.letters import make_letter

    register(pool, "fridge")
    clock = SystemClock()
    now_us = clock.now_us()

    def letter(reason: str, raw: Any, topic: str = "zd/v1/fridge/telemetry") -> DeadLetter:
        body = raw if isinstance(raw, bytes) else json.dumps(raw).encode()
        return make_letter(
            reason, "", topic=topic, device=topic.split("/")[2], raw=body, received_us=now_us - 1_000_000
        )

    future = letter("time_in_future", good(5))
    bad = letter("wrong_shape", {"ts": now_ms(), "values": {"power": "x"}})
    cut = letter("too_large", b"x" * 70_000)
    mixed = letter("unknown_device", [good(6), {"ts": now_ms(), "values": {}}])
    store_letters(pool, [future, bad, cut, mixed])
    with pool.connection() as conn:
        assert adopted_letters(conn) == [mixed.id]
        ids = [future.id, bad.id, cut.id, mixed.id, "no-such-letter"]
        outcome = replay_letters(conn, log, ids, catalogue=catalogue, clock=clock)
        assert outcome.replayed == 2
        assert set(outcome.refused) == {bad.id, cut.id}
        again = replay_letters(conn, log, ids, catalogue=catalogue, clock=clock)
        assert (again.replayed, set(again.refused)) == (0, {bad.id, cut.id})
    wait_until(lambda: len(reader.samples()) >= 2, what="the replayed samples")
    assert sorted(one.seq or 0 for one in reader.samples()) == [5, 6]
    assert [one.reason for one in reader.letters()] == ["no_values"]  # of the payload with two samples


def test_letters_of_a_device_that_is_out_of_use_wait(
    pool: Pool, log: Log, catalogue: Catalogue, reader: Reader
) -> None:
    from ingest.letters import make_letter

    register(pool, "fridge")
    clock = SystemClock()
    letter = make_letter(
        "rate_limited",
        "",
        topic="zd/v1/fridge/telemetry",
        device="fridge",
        raw=json.dumps(good(5)).encode(),
        received_us=clock.now_us(),
    )
    store_letters(pool, [letter])
    with pool.connection() as conn:
        credentials.disable(conn, "fridge", "floods", actor="test")
        outcome = replay_letters(conn, log, [letter.id], catalogue=catalogue, clock=clock)
        assert outcome.replayed == 0
        assert outcome.refused == {letter.id: "fridge is retired or disabled."}
        assert adopted_letters(conn) == []
        credentials.enable(conn, "fridge", actor="test")
        assert replay_letters(conn, log, [letter.id], catalogue=catalogue, clock=clock).replayed == 1
    wait_until(lambda: [one.seq for one in reader.samples()] == [5], what="the sample")


def test_records_that_a_consumer_could_not_read_are_replayed(
    pool: Pool, log: Log, catalogue: Catalogue, reader: Reader
) -> None:
    value = encode_samples(parse(sample(seq=4)).samples)
    readable = Record("zd.telemetry", 1, 7, b"fridge", value, SystemClock().now_us())
    damaged = readable._replace(offset=8, value=b"\x07rubbish")
    foreign = readable._replace(topic="zd.findings")
    letters = [stored_letters.of_record(record, "why") for record in (readable, damaged, foreign)]
    store_letters(pool, letters)
    with pool.connection() as conn:
        outcome = replay_letters(
            conn, log, [one.id for one in letters], catalogue=catalogue, clock=SystemClock()
        )
    assert outcome.replayed == 1
    assert set(outcome.refused) == {letters[1].id, letters[2].id}
    wait_until(lambda: [one.seq for one in reader.samples()] == [4], what="the sample")


def store_letters(pool: Pool, letters: list[DeadLetter]) -> None:
    """Write letters to the table, as `stream store` does."""
    with pool.connection() as conn:
        stored_letters.add(conn, letters)


def waiting(pool: Pool) -> list[str]:
    with pool.connection() as conn:
        return [row[0] for row in conn.execute("SELECT id FROM unclaimed_device")]


def counted(pool: Pool) -> dict[tuple[str, str], int]:
    with pool.connection() as conn:
        rows = conn.execute("SELECT stage, outcome, count FROM stage_count")
        return {(row[0], row[1]): row[2] for row in rows}
