"""What grows with history goes with it, and is not read from end to end."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.store.samples import START
from zerodistance.catalogue import Catalogue
from zerodistance.store import expiry
from zerodistance.store.arrivals import Receipt, save_receipts
from zerodistance.store.database import connect

_DAY = timedelta(days=1)


def test_rows_go_once_no_telemetry_can_be_as_old(
    database: str, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expiry, "_BATCH", 2)  # several transactions
    longest = max(appliance.retention_days for appliance in catalogue.values())
    with connect(database, autocommit=True) as conn:
        for number in range(7):
            at = START + number * _DAY
            conn.execute("INSERT INTO expected_band VALUES ('fridge', 'power', %s, 2, 1, 3)", (at,))
            conn.execute(
                "INSERT INTO telemetry_conflict (device_id, type, time, channel)"
                " VALUES ('fridge', 'refrigerator', %s, 'power')",
                (at,),
            )
            conn.execute(
                "INSERT INTO device_event (id, tenant_id, device_id, time, received_at, kind, code)"
                " VALUES (%s, 1, 'fridge', %s, %s, 'fault', 'E1')",
                (str(number), at, at),
            )
            conn.execute(
                "INSERT INTO dead_letter (id, reason, detail, source, received_at, raw, length, sha256)"
                " VALUES (%s, 'bad_time', '', '', %s, '', 0, '')",
                (str(number), at),
            )
            conn.execute("INSERT INTO unclaimed_device VALUES (%s, %s, %s)", (str(number), START, at))
        assert expiry.delete_expired(conn, catalogue, START + longest * _DAY) == {}
        now = START + (longest + 4) * _DAY
        tables = ("device_event", "expected_band", "telemetry_conflict", "dead_letter", "unclaimed_device")
        assert expiry.delete_expired(conn, catalogue, now) == dict.fromkeys(tables, 4)
        for table in tables:
            assert conn.execute(f"SELECT count(*) FROM {table}").fetchone() == (3,)
        assert expiry.delete_expired(conn, catalogue, now) == {}


def test_a_status_is_compared_without_reading_all_events_of_its_device(database: str) -> None:
    with connect(database) as conn:
        conn.execute(
            "INSERT INTO device_event (id, tenant_id, device_id, time, received_at, kind, code)"
            " SELECT n, 1, 'fridge', at, at, 'event', 'door'"
            " FROM generate_series(1, 20000) AS n, LATERAL (SELECT %(t)s + n * interval '1 min' AS at) AS a",
            {"t": START},
        )
        conn.execute("ANALYZE device_event")
        plan = conn.execute(
            "EXPLAIN SELECT FROM device_event AS e WHERE e.device_id = 'fridge' AND e.kind = 'status'"
            " AND e.received_at > %s",
            (START,),
        ).fetchall()
    assert "device_event_status" in str(plan)


def test_what_has_done_its_work_goes_and_what_is_needed_stays(
    database: str, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expiry, "_BATCH", 3)
    monkeypatch.setattr(expiry, "KEPT_BOOTS", 4)
    longest = max(appliance.retention_days for appliance in catalogue.values())
    now = START + (longest + 100) * _DAY
    with connect(database, autocommit=True) as conn:
        for name, retired in (("here", None), ("gone", now - 40 * _DAY), ("lately", now - 20 * _DAY)):
            conn.execute(
                "INSERT INTO device (id, tenant_id, type, retired_at) VALUES (%s, 1, 'refrigerator', %s)",
                (name, retired),
            )
            conn.execute(
                "INSERT INTO diagnosis_state VALUES (%s, 'refrigerator', '1', 0, '', %s)", (name, START)
            )
        conn.execute("UPDATE device SET retired_at = %s WHERE id = 'gone'", (START,))
        conn.execute(
            "INSERT INTO receipt (device_id, boot, through) SELECT d, b, 7"
            " FROM unnest(ARRAY['here', 'gone', 'lately']) AS d, generate_series(1, 10) AS b"
            " WHERE d = 'here' OR b <= 4"
        )
        for ticket, state in (("t-open", "on_site"), ("t-closed", "closed")):
            conn.execute(
                "INSERT INTO ticket (id, tenant_id, device_id, state, origin, cause, probability, urgency,"
                " onset_at, opened_at, outcome, closed_at)"
                " VALUES (%s, 1, 'here', %s, 'owner', 'c', 1, 'soon', %s, %s, 'confirmed', %s)",
                (ticket, state, START, START, now if state == "closed" else None),
            )
            for number, done in enumerate((None, now - 31 * _DAY, now - 29 * _DAY)):
                conn.execute(
                    "INSERT INTO timer (id, kind, ticket_id, due_at, done_at) VALUES (%s, 'k', %s, %s, %s)",
                    (f"{ticket}-{number}", ticket, START, done),
                )
        conn.execute(
            "INSERT INTO parked_sample (type, device_id, parked_at, sample) SELECT 'later', 'here',"
            " clock_timestamp() - n * interval '100 days', '' FROM generate_series(1, 9) AS n"
        )
        conn.execute(
            "INSERT INTO unknown_channel VALUES ('here', 'old', 1, 1, %s), ('here', 'new', 1, 1, %s)",
            (START, now),
        )
        conn.execute("INSERT INTO outbox (topic, key, record_id, payload) VALUES ('t', 'k', 'r', '')")

        deleted = expiry.delete_expired(conn, catalogue, now)
        assert deleted == {
            "unknown_channel": 1,
            "parked_sample": 9 - longest // 100 + (longest % 100 == 0),
            "timer": 1,
            "diagnosis_state": 1,
            "receipt": 6 + 4,
        }
        left = conn.execute("SELECT device_id, min(boot), count(*) FROM receipt GROUP BY 1 ORDER BY 1")
        assert left.fetchall() == [("here", 7, 4), ("lately", 1, 4)]
        timers = conn.execute("SELECT id FROM timer ORDER BY 1").fetchall()
        assert [row[0] for row in timers] == [
            "t-closed-0", "t-closed-2", "t-open-0", "t-open-1", "t-open-2",
        ]  # fmt: skip
        assert conn.execute("SELECT count(*) FROM outbox").fetchone() == (1,)
        counted = conn.execute("SELECT outcome, count FROM stage_count WHERE stage = 'expired' ORDER BY 1")
        assert dict(counted.fetchall()) == {
            "unknown_channel": 1, "parked_sample": deleted["parked_sample"],
        }  # fmt: skip
        assert expiry.delete_expired(conn, catalogue, now) == {}


def test_a_counter_of_boots_that_began_anew_keeps_its_receipt(
    database: str, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expiry, "KEPT_BOOTS", 3)
    with connect(database, autocommit=True) as conn:
        for boot in (7, 8, 9, 1, 10, 1):  # after 9 the device lost its memory; of 10 something was still owed
            save_receipts(conn, {("reset", boot): Receipt(through=5)})
        assert expiry.delete_expired(conn, catalogue, START) == {"receipt": 2}
        left = conn.execute("SELECT boot FROM receipt WHERE device_id = 'reset' ORDER BY boot").fetchall()
    assert left == [(1,), (9,), (10,)]


def test_opinions_go_with_their_telemetry_unless_a_model_or_an_open_ticket_rests_on_them(
    database: str, catalogue: Catalogue
) -> None:
    longest = max(appliance.retention_days for appliance in catalogue.values())
    now = START + (longest + 1) * _DAY
    with connect(database, autocommit=True) as conn:
        conn.execute("INSERT INTO device (id, tenant_id, type) VALUES ('fridge', 1, 'refrigerator')")
        for finding, at in (("old", START), ("lineage", START), ("open", START), ("new", now)):
            conn.execute(
                "INSERT INTO diagnosis_opinion (finding_id, time, stage, tenant_id, device_id, type,"
                " revision, cause, vector, champion, champion_says)"
                " VALUES (%s, %s, 'opened', 1, 'fridge', 'refrigerator', 1, 'c', '{}', 'signatures-1', '{}')",
                (finding, at),
            )
        for finding, state in (("old", "closed"), ("open", "on_site")):
            conn.execute(
                "INSERT INTO finding (id, tenant_id, device_id, revision, state, cause, onset_at, time, body)"
                " VALUES (%s, 1, 'fridge', 1, 'open', 'c', %s, %s, '{}')",
                (finding, START, START),
            )
            conn.execute(
                "INSERT INTO ticket (id, tenant_id, device_id, finding_id, state, origin, cause, probability,"
                " urgency, onset_at, opened_at, outcome, closed_at)"
                " VALUES (%s, 1, 'fridge', %s, %s, 'detected', 'c', 1, 'soon', %s, %s, 'confirmed', %s)",
                (finding, finding, state, START, START, START if state == "closed" else None),
            )
        conn.execute(
            "INSERT INTO model_version (version, type, number, stage, created_at, created_by, data_sha256,"
            " card, file, file_sha256)"
            " VALUES ('refrigerator-1', 'refrigerator', 1, 'retired', %s, 'x', '', '{}', '', '')",
            (START,),
        )
        conn.execute("INSERT INTO model_label VALUES ('refrigerator-1', 'lineage', 'old', 'c', 'confirmed')")
        assert expiry.delete_expired(conn, catalogue, START + longest * _DAY) == {}
        assert expiry.delete_expired(conn, catalogue, now) == {"diagnosis_opinion": 1}
        left = conn.execute("SELECT finding_id FROM diagnosis_opinion ORDER BY 1").fetchall()
    assert [row[0] for row in left] == ["lineage", "new", "open"]
