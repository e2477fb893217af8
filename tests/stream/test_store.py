"""The store's consumer end to end: log in, rows, receipts and counts out."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from stream.loop import CheckpointLoop
from stream.store import StoreHandler
from stream.telling import ReceiptTeller
from stream.upkeep import Upkeep
from tests.fixtures.mosquitto import Mosquitto
from tests.fixtures.processes import wait_until
from tests.store.samples import START, START_US, sample
from zerodistance.catalogue import Catalogue
from zerodistance.clock import ManualClock
from zerodistance.errors import SettingsError
from zerodistance.log import Log
from zerodistance.messages import (
    DEAD_LETTER,
    EVENTS,
    TELEMETRY,
    DeadLetter,
    DeviceEvent,
    Sample,
    encode_dead_letter,
    encode_event,
    encode_samples,
)
from zerodistance.store import arrivals, counts, devices
from zerodistance.store.database import Connection, Pool, connect, pool_of

_TOPICS = (TELEMETRY, EVENTS, DEAD_LETTER)


class Told:
    """Collects receipts."""

    def __init__(self) -> None:
        self.receipts: dict[tuple[str, int], int] = {}

    def __call__(self, settled: dict[tuple[str, int], int]) -> None:
        self.receipts.update(settled)


@contextmanager
def storing(log: Log, pool: Pool, catalogue: Catalogue, told: Told) -> Iterator[None]:
    stop = threading.Event()
    loop = CheckpointLoop(log, pool, "store", _TOPICS, StoreHandler(catalogue, told), stop=stop)
    thread = threading.Thread(target=loop.run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=30)
        assert not thread.is_alive()


@pytest.fixture
def log(sqlite_log: Log) -> Log:
    sqlite_log.create_topics(_TOPICS, 2)
    return sqlite_log


def put(log: Log, topic: str, *records: bytes) -> None:
    producer = log.producer()
    for record in records:
        producer.send(topic, record, partition=0)
    producer.flush()
    producer.close()


def put_samples(log: Log, *samples: Sample) -> None:
    put(log, TELEMETRY, encode_samples(list(samples)))


def event(minute: int, kind: str, code: str, **parts: object) -> DeviceEvent:
    at = START_US + minute * 60_000_000
    return msgspec.structs.replace(
        DeviceEvent(
            id=f"{minute}-{kind}-{code}",
            tenant=1,
            device="fridge-1",
            type="refrigerator",
            kind="event",
            code=code,
            time_us=at,
            received_us=at,
        ),
        kind=kind,
        **parts,
    )


def value(pool: Pool, query: str) -> object:
    with pool.connection() as conn:
        row = conn.execute(query.encode()).fetchone()
    return row[0] if row else None


def test_rows_receipts_and_counts(log: Log, pool: Pool, catalogue: Catalogue) -> None:
    told = Told()
    put_samples(log, *(sample(m, seq=m + 1) for m in range(5)))
    put_samples(log, *(sample(m, seq=m + 1) for m in (6, 7)), sample(7, seq=8))
    with storing(log, pool, catalogue, told):
        wait_until(lambda: told.receipts.get(("fridge-1", 1)) == 5, what="the receipt up to the gap")
        put_samples(log, sample(5, seq=6, refused=True))
        wait_until(lambda: told.receipts.get(("fridge-1", 1)) == 8, what="the refused one to settle the gap")
        put_samples(log, sample(60, seq=30, oldest=30))
        wait_until(lambda: told.receipts.get(("fridge-1", 1)) == 30, what="oldest to settle what is below")
        told.receipts.clear()
        put_samples(log, sample(3, seq=4))
        wait_until(
            lambda: told.receipts.get(("fridge-1", 1)) == 30, what="a repeated sample to be told again"
        )
    assert value(pool, "SELECT count(*) FROM telemetry_refrigerator") == 8
    with pool.connection() as conn:
        found = counts.read(conn)
    assert found["store", "samples_in"] == 11
    assert found["store", "inserted"] == 8
    assert found["store", "duplicate"] == 2
    assert found["store", "refused"] == 1
    assert value(pool, "SELECT through FROM receipt") == 30


def test_receipts_outlive_the_process(log: Log, pool: Pool, catalogue: Catalogue) -> None:
    for numbers in ((1, 2, 5), (3,), (4,)):
        told = Told()
        with storing(log, pool, catalogue, told):
            put_samples(log, *(sample(n, seq=n) for n in numbers))
            wait_until(lambda told=told: told.receipts)
    assert told.receipts == {("fridge-1", 1): 5}


def test_damaged_record_becomes_a_letter_and_the_rest_goes_on(
    log: Log, pool: Pool, catalogue: Catalogue
) -> None:
    put(
        log,
        TELEMETRY,
        encode_samples([sample(0)]),
        b"\x01rubbish",
        b"\x02future",
        encode_samples([sample(1)]),
    )
    with storing(log, pool, catalogue, Told()):
        wait_until(lambda: value(pool, "SELECT count(*) FROM telemetry_refrigerator") == 2)
    assert value(pool, "SELECT string_agg(DISTINCT reason, ' ') FROM dead_letter") == "unreadable_record"
    assert value(pool, "SELECT count(*) FROM dead_letter") == 2


def test_sample_that_the_table_refuses_is_kept_whole(log: Log, pool: Pool, catalogue: Catalogue) -> None:
    """A number beyond bigint passes every parser of Python; only the database says no."""
    put(log, TELEMETRY, encode_samples([sample(0)]), encode_samples([sample(1, seq=2**63)]))
    put_samples(log, sample(2))
    with storing(log, pool, catalogue, Told()):
        wait_until(lambda: value(pool, "SELECT count(*) FROM telemetry_refrigerator") == 2)
        wait_until(lambda: value(pool, "SELECT count(*) FROM dead_letter") == 1)


def test_a_receipt_of_a_salvaged_record_is_written_and_not_only_told(
    log: Log, pool: Pool, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a checkpoint settled that was rolled back is not taken for settled by the one that salvages."""
    refusals = iter(range(2))  # of the batch, and of the record alone
    note_seen = arrivals.note_seen

    def refuse(conn: Connection, seen: dict[str, int]) -> None:
        if next(refusals, None) is not None:
            conn.execute("SELECT 1 / 0")
        note_seen(conn, seen)

    monkeypatch.setattr(arrivals, "note_seen", refuse)
    told = Told()
    put_samples(log, sample(0, seq=1), sample(1, seq=2))
    with storing(log, pool, catalogue, told):
        wait_until(lambda: told.receipts.get(("fridge-1", 1)) == 2, what="the receipt")
    assert value(pool, "SELECT count(*) FROM telemetry_refrigerator") == 2
    assert value(pool, "SELECT through FROM receipt") == 2


def test_events_status_and_unknown_channels(log: Log, pool: Pool, catalogue: Catalogue) -> None:
    with pool.connection() as conn:
        devices.register_device(conn, "fridge-1", "refrigerator")
        devices.register_device(conn, "fridge-2", "refrigerator")
    events = [
        event(1, "status", "online", data={"firmware": "2.1"}),
        event(2, "fault", "Er dH", data={"text": "bad\0text", "n": float("nan")}),
        event(2, "fault", "Er dH", data={"text": "bad\0text", "n": float("nan")}),
    ]
    with storing(log, pool, catalogue, Told()):
        put(log, EVENTS, *(encode_event(e) for e in events))
        put_samples(log, sample(3, "fridge-1", unknown={"colour": 3.0, "mood": None}), sample(3, "fridge-2"))
        wait_until(lambda: value(pool, "SELECT count(*) FROM device WHERE online") == 2)
        wait_until(lambda: value(pool, "SELECT count(*) FROM device_event") == 2)
        put(log, EVENTS, encode_event(event(9, "status", "offline")))
        wait_until(lambda: value(pool, "SELECT online FROM device WHERE id = 'fridge-1'") is False)
        put(log, EVENTS, encode_event(event(5, "status", "online")))
        put_samples(log, sample(10, "fridge-1"))
        wait_until(lambda: value(pool, "SELECT count(*) FROM device_event") == 4)
        wait_until(lambda: value(pool, "SELECT count(*) FROM telemetry_refrigerator") == 3)
    assert value(pool, "SELECT online FROM device WHERE id = 'fridge-1'") is False, (
        "an older status changes nothing"
    )
    assert value(pool, "SELECT firmware FROM device WHERE id = 'fridge-1'") == "2.1"
    assert value(pool, "SELECT data FROM device_event WHERE kind = 'fault'") == {
        "text": "bad\ufffdtext",
        "n": None,
    }
    assert value(pool, "SELECT jsonb_object_agg(channel, last_value) FROM unknown_channel") == {
        "colour": 3.0,
        "mood": None,
    }


def test_letters_are_stored_once(log: Log, pool: Pool, catalogue: Catalogue) -> None:
    letter = DeadLetter(
        id="l1",
        reason="bad_time",
        detail="1970",
        source="zd/v1/x/telemetry",
        device="x",
        received_us=START_US,
        raw=b"\x00\xff",
        length=2,
        sha256="00",
    )
    with storing(log, pool, catalogue, Told()):
        put(log, DEAD_LETTER, encode_dead_letter(letter), encode_dead_letter(letter))
        wait_until(lambda: value(pool, "SELECT count(*) FROM dead_letter") == 1)
    assert value(pool, "SELECT raw FROM dead_letter") == b"\x00\xff"


def test_upkeep_refreshes_ages_and_drains(database: str, pool: Pool, catalogue: Catalogue, log: Log) -> None:
    small = Catalogue({"refrigerator": catalogue["refrigerator"]})
    with storing(log, pool, small, Told()):
        put_samples(log, sample(0), sample(1))
        wait_until(lambda: value(pool, "SELECT count(*) FROM telemetry_refrigerator") == 2)
    clock = ManualClock(START)
    with connect(database, autocommit=True) as conn:
        Upkeep(database, small, clock).turn(conn)
        assert value(pool, "SELECT n FROM telemetry_refrigerator_1h") == 2
        assert (
            value(
                pool, "SELECT count(*) FROM pg_inherits WHERE inhparent = 'telemetry_refrigerator'::regclass"
            )
            == 2
        )
        clock.advance(days=small["refrigerator"].retention_days + 30)
        Upkeep(database, small, clock).turn(conn)
        assert value(pool, "SELECT count(*) FROM telemetry_refrigerator") == 0
        assert value(pool, "SELECT n FROM telemetry_refrigerator_1h") == 2, "the rollup outlives the rows"


@pytest.mark.timescale
def test_upkeep_with_timescale(timescale_database: str, catalogue: Catalogue, log: Log) -> None:
    small = Catalogue({"refrigerator": catalogue["refrigerator"]})
    own = pool_of(timescale_database)
    with storing(log, own, small, Told()):
        put_samples(log, sample(0), sample(1))
        wait_until(lambda: value(own, "SELECT count(*) FROM telemetry_refrigerator") == 2)
    clock = ManualClock(START)
    with connect(timescale_database, autocommit=True) as conn:
        Upkeep(timescale_database, small, clock).turn(conn)
        assert value(own, "SELECT count(*) FROM dirty_range") == 0
        assert value(own, "SELECT n FROM telemetry_refrigerator_1h") == 2
        clock.advance(days=small["refrigerator"].retention_days + 30)
        Upkeep(timescale_database, small, clock).turn(conn)
        assert value(own, "SELECT count(*) FROM telemetry_refrigerator") == 0
        assert value(own, "SELECT n FROM telemetry_refrigerator_1h") == 2, "the rollup outlives the rows"
    own.close()


def test_receipts_over_a_real_broker(mosquitto: Mosquitto) -> None:
    """The newest receipt of each boot arrives, and not more often than agreed."""
    heard: list[tuple[str, bytes]] = []
    device = paho.Client(CallbackAPIVersion.VERSION2)
    device.on_message = lambda _c, _u, message: heard.append((message.topic, message.payload))
    device.connect("127.0.0.1", mosquitto.port)
    device.subscribe("zd/v1/+/stored", qos=1)
    device.loop_start()
    teller = ReceiptTeller(mosquitto.url, every_s=30.0, gateway_of={"sensor-1": "hub-1"}.get)
    teller.start()
    try:
        for through in (0, 3, 7):
            teller.tell({("fridge-1", 2): through})
        wait_until(lambda: heard, what="the first receipt")
        teller.tell({("fridge-1", 2): 9})
        teller.tell({("fridge-2", 1): 1})
        wait_until(lambda: len(heard) == 2, what="the other device's receipt")
        teller.tell({("sensor-1", 1): 4})
        wait_until(lambda: len(heard) == 4, what="the child's receipt, to its gateway too")
    finally:
        teller.stop()
    wait_until(lambda: len(heard) == 5, what="the last receipt, sent at the end")
    device.disconnect()
    device.loop_stop()
    assert heard == [
        ("zd/v1/fridge-1/stored", b'{"boot":2,"through":7}'),
        ("zd/v1/fridge-2/stored", b'{"boot":1,"through":1}'),
        ("zd/v1/sensor-1/stored", b'{"boot":1,"through":4}'),
        ("zd/v1/hub-1/stored", b'{"boot":1,"through":4,"device":"sensor-1"}'),
        ("zd/v1/fridge-1/stored", b'{"boot":2,"through":9}'),
    ]


def test_a_broker_behind_tls_is_spoken_to(monkeypatch: pytest.MonkeyPatch) -> None:
    secured: list[paho.Client] = []
    monkeypatch.setattr(paho.Client, "tls_set_context", lambda client, _context: secured.append(client))
    teller = ReceiptTeller("mqtts://device:secret@127.0.0.1:1")
    teller.start()
    teller.stop()
    assert len(secured) == 1


def test_wrong_broker_address_is_said() -> None:
    with pytest.raises(SettingsError, match="mqtt://host:port"):
        ReceiptTeller("http://example").start()
