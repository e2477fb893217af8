"""Where tickets come from besides the diagnosis: the owner's word, a technician's measurement, and codes of
an appliance that the catalogue does not know."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from services.service_schemas import InspectionPublic
from services.tickets import repository, rules
from services.tickets.desk import Desk
from services.tickets.incidents import APPLIANCE, Taken
from services.tickets.lifecycle import Role
from services.tickets.repository import Device, Ticket
from zerodistance.clock import from_us
from zerodistance.errors import ConflictError, InvalidMessageError, NotFoundError
from zerodistance.messages import DeviceEvent, Finding
from zerodistance.store.database import Connection

LONGEST_WORDS = 1000
_MOST_WORDS_A_DAY = 20


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a technician measured.

    Attributes:
        quantity: what was measured, as people say it (``heater resistance``).
        value: in ``unit``; None for an observation in words.
        low: lowest value of a sound appliance, None: unknown.
        high: highest value of a sound appliance, None: unknown.
        note: what was seen.
    """

    quantity: str
    value: float | None = None
    unit: str = ""
    low: float | None = None
    high: float | None = None
    note: str = ""

    @property
    def is_off(self) -> bool:
        """The value lies outside its range."""
        if self.value is None:
            return False
        return (self.low is not None and self.value < self.low) or (
            self.high is not None and self.value > self.high
        )

    def say(self) -> str:
        """Return it as a line of history."""
        value = "" if self.value is None else f" {self.value:g} {self.unit}".rstrip()
        sides = [f"{side:g}" if side is not None else "…" for side in (self.low, self.high)]
        band = "" if self.low is None and self.high is None else f" (expected {'–'.join(sides)})"
        return f"Measured {self.quantity}:{value}{band}{f'. {self.note}' if self.note else ''}"


def owner_reports(
    desk: Desk, conn: Connection, household_id: str, device_id: str, words: str, *, urgency: str = "soon"
) -> Ticket:
    """Take what an owner says is wrong: a new ticket, or a line in the one that is open.

    Raises:
        NotFoundError: the household has no such appliance.
        InvalidMessageError: nothing is said, or too much.
        ConflictError: it was said too often within a day, or a ticket was opened at this moment.
    """
    device = repository.device(conn, device_id)
    if device is None or device.household_id != household_id or device.retired:
        raise NotFoundError(f"There is no appliance {device_id!r} in this household.")
    words = " ".join(words.replace("\0", " ").split())
    if not 0 < len(words) <= LONGEST_WORDS:
        raise InvalidMessageError("wrong_shape", f"Say what is wrong in up to {LONGEST_WORDS} letters.")
    now = desk.clock.now()
    said = conn.execute(
        "SELECT count(*) FROM ticket_history h JOIN ticket t ON t.id = h.ticket_id WHERE t.device_id = %s"
        " AND h.actor = 'owner' AND h.time > %s - interval '1 day'",
        (device_id, now),
    ).fetchone()
    if said is not None and said[0] >= _MOST_WORDS_A_DAY:
        raise ConflictError("We have your reports of today: please call your service team if it is pressing.")
    ticket = repository.lock_open_of_device(conn, device_id)
    if ticket is not None:
        return desk.carry_out(conn, device, ticket, rules.on_words(words))
    values = {
        "origin": "owner",
        "cause": "unknown",
        "probability": 0.0,
        "urgency": urgency,
        "summary": {"en": words, "zh": words},
        "onset_at": now,
    }
    return desk.open_ticket(conn, device, values, rules.on_report(), role=Role.OWNER, actor="owner")


def inspect(
    desk: Desk,
    conn: Connection,
    device: Device,
    measurement: Measurement,
    *,
    actor: str,
    cause: str = "unknown",
    urgency: str = "soon",
) -> tuple[InspectionPublic, Ticket | None]:
    """Take a technician's measurement: it joins the evidence of the appliance's open ticket.

    Without one, a value outside its range opens a ticket whose origin is the inspection.

    Args:
        desk: carries it out.
        conn: in a transaction.
        device: the appliance.
        measurement: what was measured.
        actor: by whom.
        cause: what the technician takes for the cause, where a ticket is opened.
        urgency: of that ticket.

    Raises:
        InvalidMessageError: the measurement says nothing, or names a fault that the appliance cannot have.
    """
    if measurement.value is None and not measurement.note.strip():
        raise InvalidMessageError("wrong_shape", "A measurement needs a value, or a note of what was seen.")
    faults = desk.catalogue.get_type(device.type).faults
    if cause != "unknown" and cause not in faults:
        raise InvalidMessageError(
            "wrong_shape", f"{cause!r} is not a fault of a {device.type}: choose {', '.join(sorted(faults))}."
        )
    now = desk.clock.now()
    ticket = repository.lock_open_of_device(conn, device.id)
    if ticket is not None:
        note = rules.Note(measurement.say(), Role.ENGINEER)
        ticket = desk.carry_out(conn, device, ticket, [note], actor=actor)
    elif measurement.is_off or cause != "unknown":
        fault = faults.get(cause)
        part = fault.part if fault else ""
        said = measurement.say()
        values = {
            "origin": "inspection",
            "cause": cause,
            "probability": 1.0 if fault else 0.0,
            "urgency": fault.urgency if fault else urgency,
            "summary": {"en": said, "zh": said},
            "part": part,
            "skill": desk.titles.skill(device.type, part),
            "onset_at": now,
        }
        decisions = rules.on_inspection()
        ticket = desk.open_ticket(conn, device, values, decisions, role=Role.ENGINEER, actor=actor)
    kept = InspectionPublic(
        id=uuid.uuid4().hex,
        time=now,
        actor=actor,
        quantity=measurement.quantity,
        value=measurement.value,
        unit=measurement.unit,
        low=measurement.low,
        high=measurement.high,
        note=measurement.note,
        ticket_id=ticket.id if ticket else None,
    )
    conn.execute(
        "INSERT INTO inspection (id, tenant_id, device_id, ticket_id, time, actor, quantity, value, unit,"
        " low, high, note) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            kept.id,
            device.tenant_id,
            device.id,
            kept.ticket_id,
            now,
            actor,
            kept.quantity,
            kept.value,
            kept.unit,
            kept.low,
            kept.high,
            kept.note,
        ),
    )
    return kept, ticket


def inspections(conn: Connection, device_id: str, *, since: datetime | None = None) -> list[InspectionPublic]:
    """Return what was measured at an appliance, the latest first."""
    with conn.cursor(row_factory=class_row(InspectionPublic)) as cursor:
        return cursor.execute(
            "SELECT id, time, actor, quantity, value, unit, low, high, note, ticket_id FROM inspection"
            " WHERE device_id = %s AND (%s::timestamptz IS NULL OR time >= %s)"
            " ORDER BY time DESC, id LIMIT 100",
            (device_id, since, since),
        ).fetchall()


def unknown_code(desk: Desk, conn: Connection, event: DeviceEvent) -> Taken:
    """Take a fault code that the catalogue does not have: an engineer looks at it from afar.

    Codes that the catalogue has are the diagnosis's business, which joins them with the readings.
    """
    finding_id = f"code:{event.device}:{event.code}"[:200]
    known = conn.execute(
        "SELECT revision, time FROM finding WHERE id = %s FOR UPDATE", (finding_id,)
    ).fetchone()
    if known is None and not event.active:
        return "ignored"  # taken back, and never seen raised
    if known is not None and from_us(event.time_us) <= known[1]:
        return "repeated"
    finding = Finding(
        id=finding_id,
        revision=1 if known is None else known[0] + 1,
        tenant=event.tenant,
        device=event.device,
        type=event.type,
        state="open" if event.active else "cleared",
        cause="unknown",
        probability=0.0,
        urgency="soon",
        onset_us=event.time_us,
        time_us=event.time_us,
        summary={
            "en": f"The appliance reports {event.code}, a code that the catalogue does not have.",
            "zh": f"设备上报代码 {event.code}，目录中没有该代码。",
        },
        model=APPLIANCE,
    )
    return desk.take_finding(conn, finding)
