"""The diagnosis on a real log and a real database: exactly once, whatever is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from models.engine import Engine
from stream import diagnose, unsaved
from stream.diagnose import CONSUMER, TOPICS, DiagnosisHandler
from stream.diagnose_rows import load_states
from stream.loop import CheckpointLoop
from tests.fixtures.processes import die_with_parent, wait_until
from tests.models.series import DAY_US, MINUTE_US, START_US, Series, leave_door_open, refrigerator
from zerodistance.catalogue import Catalogue
from zerodistance.clock import ManualClock
from zerodistance.log import open_log
from zerodistance.log.interface import Log, Record, TopicPartition
from zerodistance.messages import (
    EVENTS,
    FINDINGS,
    LOG_TOPICS,
    TELEMETRY,
    DeviceEvent,
    Finding,
    Sample,
    decode_finding,
    encode_event,
    encode_samples,
    partition_of,
)
from zerodistance.store.database import Pool, connect
from zerodistance.store.devices import register_device

PARTITIONS = 4
DEVICES = ("fridge-1", "fridge-2", "fridge-3")


def _samples(device: str, series: Series) -> list[Sample]:
    names = list(series.values)
    columns = np.stack([series.values[name] for name in names], axis=1).round(3).tolist()
    return [
        Sample(
            1,
            device,
            "refrigerator",
            int(time),
            int(time),
            1,
            seq,
            None,
            dict(zip(names, row, strict=True)),
            {},
            {},
        )
        for seq, (time, row) in enumerate(zip(series.time_us, columns, strict=True), start=1)
    ]


@pytest.fixture(scope="module")
def telemetry() -> dict[str, list[Sample]]:
    """Four days of three refrigerators; the first one's door is left open on the fourth."""
    result = {}
    for seed, device in enumerate(DEVICES):
        series = refrigerator(4.0, seed)
        if seed == 0:
            leave_door_open(
                series, START_US + 3 * DAY_US + 400 * MINUTE_US, START_US + 3 * DAY_US + 490 * MINUTE_US
            )
        result[device] = _samples(device, series)
    return result


def _records(telemetry: dict[str, list[Sample]], chunk: int = 60) -> list[tuple[str, list[Sample]]]:
    """Return (device, samples) in time order, an hour of a device in a record."""
    longest = max(map(len, telemetry.values()))
    return [
        (device, samples[start : start + chunk])
        for start in range(0, longest, chunk)
        for device, samples in telemetry.items()
    ]


def _write(log: Log, records: list[tuple[str, list[Sample]]]) -> int:
    """Put records onto the log; returns how many."""
    log.create_topics(LOG_TOPICS, PARTITIONS)
    producer = log.producer()
    for device, samples in records:
        producer.send(TELEMETRY, encode_samples(samples), partition=partition_of(device, PARTITIONS))
    producer.flush()
    producer.close()
    return len(records)


def _register(pool: Pool) -> None:
    with pool.connection() as conn:
        for device in DEVICES:
            register_device(conn, device, "refrigerator")


@contextmanager
def _diagnosing(log: Log, pool: Pool, catalogue: Catalogue, **options: float) -> Iterator[None]:
    stop = threading.Event()
    loop = CheckpointLoop(
        log,
        pool,
        CONSUMER,
        list(TOPICS),
        DiagnosisHandler(catalogue, ManualClock()),
        stop=stop,
        **options,  # type: ignore[arg-type]
    )
    thread = threading.Thread(target=loop.run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _done(pool: Pool) -> int:
    with pool.connection() as conn:
        row = conn.execute(
            "SELECT coalesce(sum(next_offset), 0) FROM log_offset WHERE consumer = %s", (CONSUMER,)
        ).fetchone()
    assert row is not None
    return int(row[0])


def _findings(pool: Pool) -> list[Finding]:
    """What stands in the outbox (no relay runs), in the order in which it was concluded."""
    with pool.connection() as conn:
        rows = conn.execute("SELECT payload FROM outbox ORDER BY id").fetchall()
    return [decode_finding(bytes(payload)) for (payload,) in rows]


@pytest.fixture
def expected(
    sqlite_log: Log, pool: Pool, catalogue: Catalogue, telemetry: dict[str, list[Sample]]
) -> list[Finding]:
    """What an undisturbed run concludes; its traces are removed again."""
    records = _write(sqlite_log, _records(telemetry))
    _register(pool)
    with _diagnosing(sqlite_log, pool, catalogue):
        wait_until(lambda: _done(pool) == records, timeout_s=60, what="the whole log to be diagnosed")
    findings = _findings(pool)
    with pool.connection() as conn:
        conn.execute("TRUNCATE outbox, log_offset, diagnosis_state, expected_band, stage_count")
    return findings


def test_a_finding_is_concluded_once_with_its_band_and_state(
    sqlite_log: Log, pool: Pool, catalogue: Catalogue, telemetry: dict[str, list[Sample]]
) -> None:
    records = _write(sqlite_log, _records(telemetry))
    _register(pool)
    with _diagnosing(sqlite_log, pool, catalogue):
        wait_until(lambda: _done(pool) == records, timeout_s=60, what="the whole log to be diagnosed")
    findings = _findings(pool)
    assert [(f.device, f.state, f.cause) for f in findings] == [
        ("fridge-1", "open", "door_ajar"),
        ("fridge-1", "cleared", "door_ajar"),
    ]
    assert len({finding.id for finding in findings}) == 1
    assert [finding.revision for finding in findings] == [1, 2]
    with pool.connection() as conn:
        states = conn.execute("SELECT device_id FROM diagnosis_state ORDER BY 1").fetchall()
        band = conn.execute(
            "SELECT device_id, min(time), max(time), bool_and(low <= expected AND expected <= high)"
            " FROM expected_band WHERE channel = 'fresh_food_temperature' GROUP BY 1"
        ).fetchall()
        counts = dict(
            conn.execute("SELECT outcome, count FROM stage_count WHERE stage = 'diagnose'").fetchall()
        )
    assert [device for (device,) in states] == list(DEVICES)
    ((device, since, until, ordered),) = band
    assert device == "fridge-1"
    assert ordered
    assert since.timestamp() * 1e6 < findings[0].onset_us - 5 * 60 * MINUTE_US
    assert until.timestamp() * 1e6 >= findings[1].time_us - 6 * MINUTE_US
    assert counts["in"] == sum(map(len, telemetry.values()))
    assert counts["findings"] == 2


def test_reading_the_same_log_again_concludes_the_same(
    sqlite_log: Log, pool: Pool, catalogue: Catalogue, expected: list[Finding]
) -> None:
    with _diagnosing(sqlite_log, pool, catalogue, max_records=37):
        total = sum(sqlite_log.end_offsets(TELEMETRY).values())
        wait_until(lambda: _done(pool) == total, timeout_s=60, what="the log to be read again")
    assert _findings(pool) == expected


def test_killed_and_restarted_it_concludes_the_same(
    pool: Pool,
    database: str,
    expected: list[Finding],
    telemetry: dict[str, list[Sample]],
    tmp_path: Path,
) -> None:
    """The real process, killed with SIGKILL at work, among others in the middle of the incident."""
    address = f"sqlite:///{tmp_path / 'second.sqlite'}?silence_s=2"  # who was killed is soon replaced
    log = open_log(address)
    environment = {**os.environ, "ZD_LOG": address, "ZD_DATABASE": database, "ZD_DATA_DIR": str(tmp_path)}
    records = _records(telemetry)
    # the door is open from 82.0 % to 83.5 % of the time
    cuts = [round(share * len(records)) for share in (0.0, 0.3, 0.824, 0.83, 1.0)]
    for since, until in pairwise(cuts):
        _write(log, records[since:until])
        process = subprocess.Popen(
            [sys.executable, "-m", "zerodistance", "stream", "diagnose"],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=die_with_parent,
        )
        last = until == len(records)
        try:
            goal = until if last else since + 1
            wait_until(partial(_reached, pool, goal), timeout_s=90, what=f"{goal} records")
        finally:
            process.send_signal(signal.SIGTERM if last else signal.SIGKILL)
            code = process.wait(30)
        assert code == (0 if last else -signal.SIGKILL)
    got = {(finding.id, finding.revision): finding for finding in [*_sent(log), *_findings(pool)]}
    log.close()
    assert sorted(got.values(), key=lambda finding: finding.revision) == expected


def _reached(pool: Pool, goal: int) -> bool:
    return _done(pool) >= goal


def _sent(log: Log) -> list[Finding]:
    """What the relay has put onto the log."""
    total = sum(log.end_offsets(FINDINGS).values())
    consumer = log.consumer("reader", [FINDINGS])
    findings: list[Finding] = []

    def read() -> bool:
        findings.extend(decode_finding(record.value) for record in consumer.poll(0.1))
        return len(findings) >= total

    wait_until(read, what=f"{total} findings on the log")
    consumer.close()
    return findings


def test_what_waits_to_be_written_is_bounded_however_much_is_caught_up_with(
    telemetry: dict[str, list[Sample]], catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler = DiagnosisHandler(catalogue, ManualClock())
    handler.process(
        [
            Record(TELEMETRY, 0, offset, None, encode_samples(samples), START_US)
            for offset, (_, samples) in enumerate(_records(telemetry))
        ]
    )
    assert handler.interval_s() >= diagnose.INTERVAL_S
    monkeypatch.setattr(diagnose, "MOST_BANDS", 100)
    assert 0 < handler.interval_s() < 0.1


def test_fault_codes_and_damaged_records(
    sqlite_log: Log, pool: Pool, catalogue: Catalogue, database: str
) -> None:
    sqlite_log.create_topics(LOG_TOPICS, PARTITIONS)
    _register(pool)
    producer = sqlite_log.producer()
    where = partition_of("fridge-2", PARTITIONS)
    producer.send(TELEMETRY, b"\x07rubbish", partition=where)
    for active, at in ((True, START_US), (False, START_US + 9 * MINUTE_US)):
        event = DeviceEvent(
            f"e{active}", 1, "fridge-2", "refrigerator", "fault", "Er CF", at, at, active=active
        )
        producer.send(EVENTS, encode_event(event), partition=where)
    producer.flush()
    producer.close()
    with _diagnosing(sqlite_log, pool, catalogue):
        wait_until(lambda: _done(pool) == 3, what="three records")
    assert [(f.state, f.cause) for f in _findings(pool)] == [
        ("open", "condenser_fan_stopped"),
        ("cleared", "condenser_fan_stopped"),
    ]
    with connect(database) as conn:
        row = conn.execute(
            "SELECT count FROM stage_count WHERE stage = 'diagnose' AND outcome = 'unreadable'"
        ).fetchone()
    assert row == (1,)


def _journal(telemetry: dict[str, list[Sample]]) -> list[Record]:
    offsets = dict.fromkeys(range(PARTITIONS), 0)
    records = []
    for device, samples in _records(telemetry):
        where = partition_of(device, PARTITIONS)
        records.append(Record(TELEMETRY, where, offsets[where], None, encode_samples(samples), START_US))
        offsets[where] += 1
    return records


def _run_through(pool: Pool, catalogue: Catalogue, records: list[Record], crashes: set[int]) -> list[int]:
    """Feed a handler as the loop does, a checkpoint every seven records; a new one after each crash.

    Returns how many records were read again after each crash.
    """
    stored = {TopicPartition(TELEMETRY, number): 0 for number in range(PARTITIONS)}
    again: list[int] = []
    handler, position = DiagnosisHandler(catalogue, ManualClock()), 0
    with pool.connection() as conn:
        handler.assigned(conn, stored)
    for until in [*range(7, len(records), 7), len(records)]:
        if until // 7 in crashes:  # in the middle of what no checkpoint takes any more
            handler.process(records[position : position + 3])
            handler = DiagnosisHandler(catalogue, ManualClock())
            with pool.connection() as conn:
                begin = handler.assigned(conn, stored)
            read = [
                r
                for r in records[:position]
                if r.offset >= begin.get(TopicPartition(r.topic, r.partition), 0)
            ]
            handler.process(read)
            again.append(len(read))
        handler.process(records[position:until])
        if until == len(records):
            handler.closing()
        with pool.connection() as conn:
            handler.checkpoint(conn)
        for record in records[position:until]:
            stored[TopicPartition(TELEMETRY, record.partition)] = record.offset + 1
        position = until
    return again


def _remembered(pool: Pool, catalogue: Catalogue) -> tuple[list[tuple[str, int]], dict[str, np.ndarray]]:
    """What stands in the database: devices with their offsets, and all that is known of them as arrays."""
    engine = Engine(catalogue["refrigerator"])
    with pool.connection() as conn:
        saved = [one for some in load_states(conn, range(PARTITIONS), 2) for one in some]
    assert engine.import_state((one.device, one.state) for one in saved) == []
    arrays = {name: getattr(engine._state, name)[: len(saved)] for name in engine._state._spec}
    arrays["pending"] = np.column_stack([engine._intake.pending[1], engine._intake.pending[2]])
    return [(one.device, one.next_offset) for one in saved], arrays


def test_read_again_a_device_comes_to_the_same_state(
    pool: Pool, catalogue: Catalogue, telemetry: dict[str, list[Sample]], monkeypatch: pytest.MonkeyPatch
) -> None:
    _register(pool)
    monkeypatch.setattr(unsaved, "STEADY_PER_S", 0.0)  # one state at a checkpoint, as in a large fleet
    records = _journal(telemetry)
    found = []
    for crashes in (set(), {11, 20, 34, 35}):
        with pool.connection() as conn:
            conn.execute("TRUNCATE outbox, diagnosis_state, diagnosis_replay, expected_band, stage_count")
        again = _run_through(pool, catalogue, records, crashes)
        assert len(again) == len(crashes)
        assert all(again), "something was read again each time"
        with pool.connection() as conn:
            counted = conn.execute("SELECT outcome, count FROM stage_count ORDER BY 1").fetchall()
        found.append((*_remembered(pool, catalogue), counted, _findings(pool)))
    (devices, arrays, counted, findings), (devices_2, arrays_2, counted_2, findings_2) = found
    assert (devices, counted, findings) == (devices_2, counted_2, findings_2)
    assert len(devices) == len(DEVICES)
    assert findings
    for name, array in arrays.items():  # sums over other batches round otherwise
        np.testing.assert_allclose(arrays_2[name], array, rtol=1e-5, atol=1e-12, err_msg=name)
