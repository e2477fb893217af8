"""Read a log in tests; run as a script, be a consumer process that can be killed.

``reading.py ADDRESS GROUP TOPIC SILENCE MODE`` prints one JSON line for each thing that happens, and obeys
one word a line on its standard input. Modes: ``share`` reads, prints and commits; ``hold`` reads one batch
and then waits for the word ``commit``; ``sink PATH`` writes records and offsets to a SQLite file in one
transaction, as the platform's consumers do.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import structlog

from tests.fixtures.processes import die_with_parent
from zerodistance.errors import ZeroDistanceError
from zerodistance.log import Consumer, Record, TopicPartition, open_log


def read(consumer: Consumer, count: int, *, timeout_s: float = 30.0) -> list[Record]:
    """Poll until ``count`` records have come; fail after ``timeout_s`` seconds."""
    return read_until(consumer, lambda records: len(records) >= count, timeout_s=timeout_s)


def read_until(
    consumer: Consumer, enough: Callable[[list[Record]], object], *, timeout_s: float = 30.0, most: int = 1000
) -> list[Record]:
    """Poll, for ``most`` records a time, until they are enough; fail after ``timeout_s`` seconds."""
    records: list[Record] = []
    deadline = time.monotonic() + timeout_s
    while not enough(records):
        assert time.monotonic() < deadline, f"only {len(records)} records after {timeout_s:g} s"
        records += consumer.poll(0.1, most)
    return records


class Reader:
    """A consumer process under the test's control."""

    def __init__(self, address: str, group: str, topic: str, silence_s: float, *mode: str) -> None:
        self.said: list[dict[str, Any]] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.log.reading", address, group, topic, str(silence_s), *mode],
            cwd=Path(__file__).parent.parent.parent,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=die_with_parent,
        )
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def tell(self, word: str) -> None:
        """Send one word."""
        assert self.process.stdin is not None
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()

    def heard(self, kind: str) -> list[dict[str, Any]]:
        """Return what it has said of one kind."""
        return [line for line in list(self.said) if line["kind"] == kind]

    def kill(self) -> None:
        """End it with SIGKILL and take in what it had said."""
        self.process.kill()
        self.process.wait()
        self._listener.join(10)

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(json.loads(line))


def _say(kind: str, **more: Any) -> None:
    sys.stdout.write(json.dumps({"kind": kind, **more}) + "\n")
    sys.stdout.flush()


def _ends(records: list[Record]) -> dict[TopicPartition, int]:
    return {TopicPartition(r.topic, r.partition): r.offset + 1 for r in records}


def _share(consumer: Consumer) -> None:
    while True:
        records = consumer.poll(0.2, 50)
        for record in records:
            _say("record", partition=record.partition, offset=record.offset, value=record.value.decode())
        if records:
            try:
                consumer.commit(_ends(records))
            except ZeroDistanceError as error:
                _say("error", code=error.code)


def _hold(consumer: Consumer) -> None:
    records: list[Record] = []
    while not records:
        records = consumer.poll(0.2, 50)
    _say("read", offsets=[[r.partition, r.offset] for r in records])
    sys.stdin.readline()
    try:
        consumer.commit(_ends(records))
        _say("committed")
    except ZeroDistanceError as error:
        _say("error", code=error.code)
    sys.stdin.readline()


class _Sink:
    """Rows and offsets in one transaction, the offset by compare-and-swap."""

    def __init__(self, path: str) -> None:
        self._rows = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
        self._rows.execute("CREATE TABLE IF NOT EXISTS row (partition INT, value TEXT)")
        self._rows.execute("CREATE TABLE IF NOT EXISTS position (partition INTEGER PRIMARY KEY, next INT)")
        self._at: dict[TopicPartition, int] = {}
        self.consumer: Consumer | None = None

    def assigned(self, partitions: Any) -> None:
        stored = dict(self._rows.execute("SELECT partition, next FROM position"))
        self._at = {where: stored.get(where.partition, 0) for where in partitions}
        assert self.consumer is not None
        for where, offset in self._at.items():
            self.consumer.seek(where, offset)

    def run(self) -> None:
        assert self.consumer is not None
        while True:
            records = self.consumer.poll(0.2, 20)
            if not records:
                continue
            self._rows.execute("BEGIN IMMEDIATE")
            fenced = False
            for where, end in _ends(records).items():
                moved = self._rows.execute(
                    "INSERT INTO position VALUES (?, ?) "
                    "ON CONFLICT DO UPDATE SET next=excluded.next WHERE next=?",
                    (where.partition, end, self._at[where]),
                ).rowcount
                fenced |= moved != 1
            self._rows.executemany(
                "INSERT INTO row VALUES (?, ?)", [(r.partition, r.value.decode()) for r in records]
            )
            if fenced:
                self._rows.execute("ROLLBACK")
                self.assigned(self.consumer.assignment())
                _say("fenced")
                continue
            self._rows.execute("COMMIT")
            self._at.update(_ends(records))
            _say("stored", count=len(records))


def main(address: str, group: str, topic: str, silence: str, mode: str, *rest: str) -> None:
    """Be a consumer process."""
    structlog.configure(
        logger_factory=structlog.PrintLoggerFactory(sys.stderr)
    )  # standard output is the test's
    log = open_log(address, silence_s=float(silence))

    def assigned(partitions: Any) -> None:
        if sink is not None:
            sink.assigned(partitions)
        _say("assigned", partitions=[where.partition for where in partitions])

    sink = _Sink(*rest) if mode == "sink" else None
    consumer = log.consumer(group, [topic], on_assigned=assigned)
    if sink is not None:
        sink.consumer = consumer
        sink.run()
    {"share": _share, "hold": _hold}[mode](consumer)


if __name__ == "__main__":
    main(*sys.argv[1:])
