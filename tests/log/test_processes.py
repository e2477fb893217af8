"""What every log promises to several processes, and when some of them are killed."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from tests.fixtures.processes import wait_until
from tests.log.conftest import SILENCE_S
from tests.log.reading import Reader, read
from tests.log.test_contract import PARTITIONS, fill
from zerodistance.log import Log

_WRITER = """
import sys
from zerodistance.log import open_log
log = open_log(sys.argv[1])
producer = log.producer()
for number in range(int(sys.argv[3])):
    key = sys.argv[2].encode() if number % 2 else b"both"
    producer.send("t", f"{sys.argv[2]} {number}".encode(), key=key)
producer.flush()
log.close()
"""


def test_two_processes_share_and_one_that_is_killed_is_replaced(log: Log, address: str) -> None:
    fill(log, 100)
    readers = [Reader(address, "g", "t", SILENCE_S, "share") for _ in range(2)]
    one, two = readers
    try:
        wait_until(
            lambda: all(
                r.heard("assigned") and len(r.heard("assigned")[-1]["partitions"]) == 3 for r in readers
            ),
            what="both processes to have their share",
            timeout_s=30,
        )
        assert _share_of(one) | _share_of(two) == set(range(PARTITIONS))
        one.kill()
        fill(log, 200)
        wait_until(lambda: len(_seen(one) | _seen(two)) == 300, what="every record to be read", timeout_s=30)
        assert len(_share_of(two)) == PARTITIONS
        assert not two.heard("error")
        for partition, offsets in _by_partition(two).items():
            assert offsets == sorted(set(offsets)), f"partition {partition} was read twice or out of order"
    finally:
        for reader in readers:
            reader.kill()


def test_killed_between_write_and_commit_reads_again(log: Log, address: str) -> None:
    fill(log, 40)
    first = Reader(address, "g", "t", SILENCE_S, "hold")
    wait_until(lambda: first.heard("read"), what="the first process to read", timeout_s=30)
    first.kill()  # it has done its work and has not said so
    again = read(log.consumer("g", ["t"]), 40)
    assert {(r.partition, r.offset) for r in again} >= {
        tuple(found) for found in first.heard("read")[0]["offsets"]
    }


def test_rows_and_offsets_in_one_transaction_are_exactly_once_under_kills(
    log: Log, address: str, tmp_path: Path
) -> None:
    rows = tmp_path / "rows.sqlite"
    total = 600
    fill(log, total)

    def stored() -> int:
        with sqlite3.connect(rows, timeout=30) as database:
            if not database.execute("SELECT 1 FROM sqlite_master WHERE name='row'").fetchone():
                return 0
            return int(database.execute("SELECT count(*) FROM row").fetchone()[0])

    for enough in (1, total // 2):
        reader = Reader(address, "g", "t", SILENCE_S, "sink", str(rows))
        wait_until(lambda: stored() >= enough, what=f"{enough} rows", timeout_s=30)  # noqa: B023
        reader.kill()
    last = Reader(address, "g", "t", SILENCE_S, "sink", str(rows))
    wait_until(lambda: stored() >= total, what="all rows", timeout_s=30)
    last.kill()
    with sqlite3.connect(rows) as database:
        values = [value for (value,) in database.execute("SELECT value FROM row ORDER BY rowid")]
        positions = dict(database.execute("SELECT partition, next FROM position"))
    assert len(values) == len(set(values)) == total
    assert positions == {w.partition: end for w, end in log.end_offsets("t").items() if end}
    for device in {value.split()[0] for value in values}:
        numbers = [int(value.split()[1]) for value in values if value.split()[0] == device]
        assert numbers == sorted(numbers)


def test_a_frozen_member_is_fenced_when_it_wakes(log: Log, address: str) -> None:
    fill(log, 60)
    sleeper = Reader(address, "g", "t", SILENCE_S, "hold")
    other: Reader | None = None
    try:
        wait_until(lambda: sleeper.heard("read"), what="the first process to read", timeout_s=30)
        sleeper.process.send_signal(signal.SIGSTOP)
        other = Reader(address, "g", "t", SILENCE_S, "share")
        wait_until(lambda: len(_seen(other)) == 60, what="the second process to take over", timeout_s=40)  # type: ignore[arg-type]
        sleeper.process.send_signal(signal.SIGCONT)
        sleeper.tell("commit")
        wait_until(
            lambda: sleeper.heard("error") or sleeper.heard("committed"), what="an answer", timeout_s=30
        )
        assert [error["code"] for error in sleeper.heard("error")] == ["fenced"]
        assert not other.heard("error")
    finally:
        sleeper.kill()
        if other is not None:
            other.kill()


def test_several_processes_write_without_gaps(log: Log, address: str) -> None:
    log.create_topics(["t"], 3)
    writers = [
        subprocess.Popen([sys.executable, "-c", _WRITER, address, f"w{number}", "400"], cwd=Path.cwd())
        for number in range(3)
    ]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    records = read(log.consumer("g", ["t"]), 1200)
    assert len({r.value for r in records}) == len(records) == 1200
    offsets: dict[int, list[int]] = defaultdict(list)
    numbers: dict[tuple[str, bytes], list[int]] = defaultdict(list)
    for record in records:
        offsets[record.partition].append(record.offset)
        writer, number = record.value.decode().split()
        numbers[writer, record.key or b""].append(int(number))
    assert all(found == list(range(len(found))) for found in offsets.values())
    assert all(found == sorted(found) for found in numbers.values())


def _share_of(reader: Reader) -> set[int]:
    assigned = reader.heard("assigned")
    return set(assigned[-1]["partitions"]) if assigned else set()


def _seen(reader: Reader) -> set[tuple[int, int]]:
    return {(line["partition"], line["offset"]) for line in reader.heard("record")}


def _by_partition(reader: Reader) -> dict[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    for line in reader.heard("record"):
        found[line["partition"]].append(line["offset"])
    return found
