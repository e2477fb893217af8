"""A store with something of everything in it, for the dashboards to show."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from psycopg.types.json import Jsonb

from zerodistance.catalogue import ApplianceType, Catalogue
from zerodistance.clock import to_us
from zerodistance.log.interface import TopicPartition
from zerodistance.messages.records import Candidate, Evidence, Finding, Sample, encode_finding
from zerodistance.store import counts, devices, offsets, outbox, rollups
from zerodistance.store.database import Connection
from zerodistance.store.telemetry import write_samples

NOW = datetime(2026, 3, 17, 12, 0, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
# Of each type: the first has an open ticket, the others closed ones; the last has no household.
PER_TYPE = 3
_OUTCOMES = ["confirmed", "no_fault_found", "owner_fixed"]


def device_name(appliance_type: str, number: int) -> str:
    return f"{appliance_type.replace('_', '-')}-{number}"


def fill(conn: Connection, catalogue: Catalogue) -> None:
    """Write it all and commit."""
    with conn.transaction():
        _people(conn)
        for position, appliance in enumerate(catalogue.values()):
            _devices(conn, appliance)
            for number in range(PER_TYPE):
                _story(conn, appliance, number, position)
        _pipeline(conn, next(iter(catalogue)))
    for appliance in catalogue.values():
        with conn.transaction():
            write_samples(conn, catalogue, list(_samples(appliance)))
    conn.commit()
    conn.autocommit = True
    while rollups.refresh(conn, catalogue, NOW):
        pass
    conn.autocommit = False


def _people(conn: Connection) -> None:
    devices.register_household(
        conn, "h-north", region="north", time_zone="Europe/Berlin", owner_name="Ada", email="ada@example.org"
    )
    devices.register_household(conn, "h-o'south", region="o'south", time_zone="Asia/Shanghai", language="zh")
    devices.register_engineer(conn, "eng-1", "Grace")


def _devices(conn: Connection, appliance: ApplianceType) -> None:
    for number, household in enumerate(["h-north", "h-o'south", None]):
        devices.register_device(
            conn,
            device_name(appliance.type, number),
            appliance.type,
            model="M1",
            name="in the kitchen",
            household_id=household,
            installed_at=NOW - timedelta(days=700),
        )
    conn.execute(
        "UPDATE device SET online = (id NOT LIKE '%%-2'), last_seen_at = %s, firmware = '1.4.2'"
        " WHERE type = %s",
        (NOW - MINUTE, appliance.type),
    )


def _samples(appliance: ApplianceType) -> Iterator[Sample]:
    """A day every five minutes, and hourly for ten weeks before it."""
    fine = [NOW - n * 5 * MINUTE for n in range(289)]
    coarse = [NOW - timedelta(days=1) - n * 6 * HOUR for n in range(1, 280)]
    for number in range(PER_TYPE):
        for position, moment in enumerate(sorted([*fine, *coarse])):
            values: dict[str, float | None] = {}
            for name, channel in appliance.channels.items():
                low, high = channel.normal or channel.valid
                if channel.kind == "counter":
                    values[name] = 0.01 * position
                elif channel.kind == "state":
                    values[name] = float(position % 3 == 0)
                else:
                    values[name] = low + (high - low) * ((position + number) % 20) / 20
            yield Sample(
                tenant=1,
                device=device_name(appliance.type, number),
                type=appliance.type,
                time_us=to_us(moment),
                received_us=to_us(moment) + 1_500_000,
                boot=1,
                seq=position + 1,
                oldest=1,
                values=values,
                quality={},
                unknown={},
            )


def _story(conn: Connection, appliance: ApplianceType, number: int, position: int) -> None:
    """A finding, its ticket, both messages, a fault code."""
    device = device_name(appliance.type, number)
    is_open = number == 0
    onset = NOW - 5 * HOUR + position * MINUTE
    finding = Finding(
        id=f"f-{device}", revision=2, tenant=1, device=device, type=appliance.type,
        state="open" if is_open else "cleared", cause="sealing", probability=0.82,
        candidates=[Candidate("sealing", 0.82), Candidate("unknown", 0.18)],
        evidence=[Evidence("f", "c", "°C", 9.0, 4.0, 3.0, 5.0, 6.0)],
        onset_us=to_us(onset), time_us=to_us(onset + HOUR), summary={"en": "It is warm.", "zh": "过热"},
    )  # fmt: skip
    conn.execute(
        "INSERT INTO finding (id, tenant_id, device_id, revision, state, cause, onset_at, time, body)"
        " VALUES (%s, 1, %s, 2, %s, 'sealing', %s, %s, %s)",
        (finding.id, device, finding.state, onset, onset + HOUR, Jsonb(json.loads(encode_finding(finding)))),
    )
    channel = next(name for name, c in appliance.channels.items() if c.kind == "gauge")
    conn.execute(
        "INSERT INTO expected_band SELECT %s, %s, t, 4, 3, 5"
        " FROM generate_series(%s, %s, interval '5 min') t",
        (device, channel, onset - HOUR, onset + HOUR),
    )
    opened, closed = onset + 10 * MINUTE, None if is_open else NOW - HOUR + number * MINUTE
    outcome = "" if is_open else _OUTCOMES[(number + position) % 3]
    avoided = outcome == "owner_fixed"
    resolved = None if is_open or avoided else NOW - 2 * HOUR
    conn.execute(
        "INSERT INTO ticket (id, tenant_id, device_id, household_id, state, origin, finding_id, cause,"
        " probability, urgency, onset_at, opened_at, respond_by, resolve_by, resolved_at, closed_at, outcome,"
        " visit_avoided, rating, minutes)"
        " SELECT %s, 1, id, household_id, %s, %s, %s, 'sealing', 0.82, 'urgent',"
        " %s, %s, %s, %s, %s, %s, %s, %s, %s, %s FROM device WHERE id = %s",
        (
            f"t-{device}", "on_site" if is_open else "closed", "owner" if number == 2 else "detected",
            finding.id, onset, opened, opened + HOUR, NOW + (-HOUR if number == 1 else HOUR), resolved,
            closed, outcome, avoided, None if is_open or avoided else 4,
            None if resolved is None else 45, device,
        ),
    )  # fmt: skip
    states = ["owner_asked", "on_site"] if is_open else ["owner_asked", "on_site", "resolved", "closed"]
    for version, state in enumerate(states, 1):
        conn.execute(
            "INSERT INTO ticket_history (ticket_id, version, tenant_id, time, actor, to_state)"
            " VALUES (%s, %s, 1, %s, 'rules', %s)",
            (f"t-{device}", version, opened + version * MINUTE, state),
        )
    for audience, kind, delay_ms in (("owner", "question", 0), ("engineer", "ticket", 40)):
        asked = audience == "owner"
        conn.execute(
            "INSERT INTO message (id, tenant_id, event_id, audience, device_id, ticket_id, kind, body,"
            " created_at, not_before, sent_at, answer, answered_at)"
            " VALUES (%s, 1, %s, %s, %s, %s, %s, '{}', %s, %s, %s, %s, %s)",
            (
                f"m-{device}-{audience}", f"e-{device}", audience, device, f"t-{device}", kind, opened,
                opened, opened + timedelta(milliseconds=delay_ms), "checked" if asked else None,
                opened + 7 * MINUTE if asked else None,
            ),
        )  # fmt: skip
    conn.execute(
        "INSERT INTO message"
        " (id, tenant_id, event_id, audience, device_id, kind, body, created_at, not_before)"
        " VALUES (%s, 1, %s, 'owner', %s, 'notice', '{}', %s, %s)",
        (f"m-{device}-late", f"e-{device}-late", device, NOW - HOUR, NOW - HOUR),
    )
    conn.execute(
        "INSERT INTO device_event (id, tenant_id, device_id, time, received_at, kind, code)"
        " VALUES (%s, 1, %s, %s, %s, 'fault', 'Er FS')",
        (f"x-{device}", device, onset, onset),
    )


def _pipeline(conn: Connection, appliance_type: str) -> None:
    devices.note_unclaimed(conn, "stranger-1", NOW - HOUR, '{"values": {"temp": 4}}')
    counts.add(conn, {("ingest", "in"): 900, ("ingest", "refused"): 100, ("store", "inserted"): 890})
    offsets.load(conn, "store", [TopicPartition("zd.telemetry", 0)])
    offsets.advance(conn, "store", {TopicPartition("zd.telemetry", 0): (0, 890)})
    outbox.put(conn, "zd.findings", "d", "r1", b"{}")
    device = device_name(appliance_type, 0)
    conn.execute(
        "INSERT INTO dead_letter (id, reason, detail, source, device_id, received_at, raw, length, sha256)"
        " VALUES ('l1', 'malformed_json', 'not JSON', 'zd/v1/x/telemetry', %s, %s, '{', 1, 'aa')",
        (device, NOW - HOUR),
    )
    conn.execute("INSERT INTO unknown_channel VALUES (%s, 'salt', 12, 3.5, %s)", (device, NOW - HOUR))
    conn.execute("INSERT INTO receipt VALUES (%s, 1, 10, '{12,13}')", (device,))
    conn.execute(
        "INSERT INTO telemetry_conflict (device_id, type, time, recorded_at, channel, kept, dropped)"
        " VALUES (%s, %s, %s, %s, 'power', 1, 2)",
        (device, appliance_type, NOW - HOUR, NOW - HOUR),
    )
    conn.execute("INSERT INTO timer (id, kind, due_at) VALUES ('q', 'deadline', %s)", (NOW - HOUR,))
