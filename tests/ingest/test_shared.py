"""Two ingest processes share one broker's messages out: together they take each message once.

The broker hands the messages of one device to both in turn, so they reach the log out of order. The store
puts that right: every row once, receipts without a gap, the same sums as were published.
"""

from __future__ import annotations

from typing import Any

from stream.store import StoreHandler
from tests.fixtures.mosquitto import Mosquitto
from tests.fixtures.processes import wait_until
from tests.ingest.live import Publisher, make_topics, now_ms, running
from zerodistance.catalogue import Catalogue
from zerodistance.log import Log
from zerodistance.messages import TELEMETRY, decode_columns
from zerodistance.store.database import Pool

# An odd number: the broker deals messages out in turn, so those of one device go now here, now there.
DEVICES, EACH = 13, 100
TOTAL = DEVICES * EACH


def test_two_processes_take_each_message_once(
    mosquitto: Mosquitto, sqlite_log: Log, pool: Pool, catalogue: Catalogue
) -> None:
    make_topics(sqlite_log)
    now = now_ms() - TOTAL * 1000
    messages = [
        (f"zd/v1/d-{device}/telemetry", _payload(now, device, number))
        for number in range(EACH)
        for device in range(DEVICES)
    ]
    told: dict[tuple[str, int], int] = {}
    handler = StoreHandler(catalogue, told.update)
    consumer = sqlite_log.consumer("test", [TELEMETRY])
    stored = 0
    mixed = False
    newest: dict[str, int] = {}
    with (
        running(mosquitto.url, sqlite_log, client_id="one", share="g") as one,
        running(mosquitto.url, sqlite_log, client_id="two", share="g") as two,
        Publisher(mosquitto.url) as publisher,
    ):
        publisher.put_many(messages)

        def all_stored() -> bool:
            nonlocal stored, mixed
            records = consumer.poll(0.2, 500)
            for record in records:
                for sample in decode_columns(record.value).samples():
                    stored += 1
                    mixed |= (sample.seq or 0) < newest.get(sample.device, 0)
                    newest[sample.device] = max(sample.seq or 0, newest.get(sample.device, 0))
            handler.process(records)
            with pool.connection() as conn:
                handler.checkpoint(conn)
            handler.committed()
            return stored >= TOTAL

        wait_until(all_stored, what="all messages on the log")
        shares = [each.tally.drain()["ingest", "samples"] for each in (one, two)]
    consumer.close()
    assert sum(shares) == stored == TOTAL
    assert min(shares) > TOTAL // 10, "the broker shares them out"
    assert mixed, "or the test shows nothing"
    assert told == {(f"d-{device}", 1): EACH for device in range(DEVICES)}
    with pool.connection() as conn:
        found = conn.execute("SELECT count(*), sum(seq), sum(energy) FROM telemetry_refrigerator").fetchone()
    assert found == (TOTAL, DEVICES * EACH * (EACH + 1) // 2, sum(m["values"]["energy"] for _, m in messages))


def _payload(start_ms: int, device: int, number: int) -> dict[str, Any]:
    values = {"power": 80.0, "energy": device + number / 64}
    return {"ts": start_ms + number * 10_000, "boot": 1, "seq": number + 1, "values": values}
