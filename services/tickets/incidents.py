"""What becomes of findings: one ticket for each appliance and incident, led by the most pressing of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from services.tickets import policy, repository, rules
from services.tickets.lifecycle import TERMINAL, State
from services.tickets.repository import Device, Ticket
from services.tickets.shared import TicketDesk
from zerodistance.clock import from_us
from zerodistance.messages import Finding
from zerodistance.store.database import Connection

Taken = Literal[
    "unknown_device", "retired", "repeated", "ignored", "opened", "reopened", "revised", "cleared", "joined"
]
APPLIANCE = "appliance"
"""The model of findings that are nothing but a code of the appliance."""


def take(desk: TicketDesk, conn: Connection, finding: Finding) -> Taken:
    """Take a finding or a revision of one; redelivered or outdated ones change nothing.

    Returns:
        What became of it, for the counters.
    """
    device = repository.device(conn, finding.device)
    if device is None:
        return "unknown_device"
    before = repository.keep_finding(conn, finding)
    if before is None:
        return "repeated"
    linked = _linked(conn, finding.id)
    if finding.state == "cleared":
        if linked is None:
            desk.campaigns.recovered(conn, finding)
        return _clear(desk, conn, linked)
    return _take_open(desk, conn, device, finding, linked, came_back=before == "cleared")


def take_anew(desk: TicketDesk, conn: Connection, finding: Finding) -> Taken:
    """Open a ticket for a finding that a campaign has let go of, and that has not cleared."""
    device = repository.device(conn, finding.device)
    if device is None:
        return "unknown_device"
    ticket = repository.lock_open_of_device(conn, device.id)
    if ticket is None:
        _open(desk, conn, device, finding)
        return "opened"
    repository.attach_finding(conn, finding.id, ticket.id)
    follow_lead(desk, conn, device, ticket, came_back=False)
    return "revised"


def follow_lead(
    desk: TicketDesk, conn: Connection, device: Device, ticket: Ticket, *, came_back: bool
) -> None:
    """Make the most pressing open finding the ticket's own, and do what a changed cause asks for."""
    lead = _lead(repository.findings(conn, ticket.id))
    if lead is None:
        return
    now = desk.clock.now()
    changes: dict[str, Any] = {}
    note = ""
    if (lead.id, lead.cause, lead.urgency) != (ticket.finding_id, ticket.cause, ticket.urgency):
        changes = {**_diagnosis(desk, device, lead), "finding_id": lead.id}
        if policy.URGENCIES.index(lead.urgency) < policy.URGENCIES.index(ticket.urgency):
            changes |= desk.clock_of(device).tightened(ticket, lead.urgency, now)
        note = f"The most pressing finding is now {lead.cause} ({lead.urgency})."
    situation = desk.situation(conn, device, ticket, lead.cause)
    decisions = rules.on_revision(situation, ticket.cause, came_back=came_back)
    if changes and not (decisions and isinstance(decisions[0], rules.Note | rules.Go)):
        ticket = desk.keep(conn, device, ticket, changes, actor="platform", note=note, now=now)
        changes = {}
    desk.carry_out(conn, device, ticket, decisions, changes)


def _take_open(
    desk: TicketDesk,
    conn: Connection,
    device: Device,
    finding: Finding,
    linked: Ticket | None,
    *,
    came_back: bool,
) -> Taken:
    ticket = linked if linked is not None and State(linked.state) not in TERMINAL else None
    ticket = ticket or repository.lock_open_of_device(conn, device.id)
    if ticket is None and linked is not None:
        if not came_back:
            return "ignored"  # called off while it went on, and it still goes on
        if linked.state == State.CLOSED and not device.retired:
            ticket = linked
    if ticket is None:
        if device.retired:
            return "retired"
        if desk.campaigns.take(conn, device, finding):
            return "joined"
        _open(desk, conn, device, finding)
        desk.campaigns.look(conn, device, finding)
        return "opened"
    device = desk.device_of(conn, ticket)  # another one, where tickets of several appliances were merged
    repository.attach_finding(conn, finding.id, ticket.id)
    was_clear = came_back or not any(
        other.state == "open" for other in repository.findings(conn, ticket.id) if other.id != finding.id
    )
    follow_lead(desk, conn, device, ticket, came_back=was_clear)
    return "reopened" if ticket.state == State.CLOSED else "revised"


def _open(desk: TicketDesk, conn: Connection, device: Device, finding: Finding) -> None:
    fault = desk.titles.fault(device.type, finding.cause)
    unexplained = finding.model == APPLIANCE
    decisions = rules.on_new_incident(fault, owner=device.household_id is not None, unexplained=unexplained)
    by_code = unexplained or (not finding.evidence and repository.reported_itself(conn, finding))
    values = {
        **_diagnosis(desk, device, finding),
        "origin": "fault_code" if by_code else finding.origin,
        "finding_id": finding.id,
        "onset_at": from_us(finding.onset_us),
    }
    desk.open_ticket(conn, device, values, decisions)


def _clear(desk: TicketDesk, conn: Connection, linked: Ticket | None) -> Taken:
    if linked is None or State(linked.state) in TERMINAL:
        return "cleared"
    device = desk.device_of(conn, linked)
    situation = desk.situation(conn, device, linked)
    if situation.abnormal:
        follow_lead(desk, conn, device, linked, came_back=False)
    else:
        desk.carry_out(conn, device, linked, rules.on_clear(situation))
    return "cleared"


def _linked(conn: Connection, finding_id: str) -> Ticket | None:
    """Return the ticket that a finding belongs to, locked; merged ones lead on to where they went."""
    ticket_id = repository.ticket_of_finding(conn, finding_id)
    while ticket_id is not None:
        ticket = repository.get(conn, ticket_id, lock=True)
        if ticket.merged_into is None:
            return ticket
        ticket_id = ticket.merged_into
    return None


def _diagnosis(desk: TicketDesk, device: Device, finding: Finding) -> dict[str, Any]:
    fault = desk.titles.fault(device.type, finding.cause)
    part = fault.part if fault is not None else ""
    return {
        "cause": finding.cause,
        "probability": min(max(finding.probability, 0.0), 1.0),
        "urgency": finding.urgency,
        "summary": finding.summary,
        "diagnosis": msgspec.to_builtins(finding),
        "part": part,
        "skill": desk.titles.skill(device.type, part),
    }


def _lead(findings: Sequence[Finding]) -> Finding | None:
    """Return the most pressing open finding, the oldest among equals; None if none is open."""
    open_ones = [finding for finding in findings if finding.state == "open"]
    if not open_ones:
        return None
    return min(open_ones, key=lambda f: (policy.URGENCIES.index(f.urgency), f.onset_us, f.id))
