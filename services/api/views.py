"""From rows to what the API says. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from services.commands.repository import CommandRow
from services.devices.repository import DeviceRow
from services.messages.repository import Message
from services.schemas import (
    CandidatePublic,
    CommandPublic,
    DevicePublic,
    EvidencePublic,
    HistoryEntry,
    MessagePublic,
    RuledOutPublic,
    TicketPublic,
    TicketSummary,
)
from services.tickets.lifecycle import Role, State, targets
from services.tickets.listing import Listed
from services.tickets.repository import History
from services.titles import Titles
from zerodistance.clock import from_us


def device_public(titles: Titles, row: DeviceRow) -> DevicePublic:
    """Say a device as lists show it."""
    return DevicePublic(
        id=row.id,
        type=row.type,
        type_title=titles.type(row.type),
        name=row.name,
        model=row.model,
        firmware=row.firmware,
        household_id=row.household_id,
        region=row.region,
        online=row.online,
        last_seen_at=row.last_seen_at,
        open_tickets=row.open_tickets,
        disabled_reason=row.disabled_reason,
    )


def ticket_summary(titles: Titles, listed: Listed) -> TicketSummary:
    """Say a ticket as the inbox shows it."""
    ticket = listed.ticket
    probability = ticket.probability if listed.probability is None else listed.probability
    return TicketSummary.model_validate(
        {
            "id": ticket.id,
            "number": ticket.number,
            "version": ticket.version,
            "state": ticket.state,
            "origin": ticket.origin,
            "cause": ticket.cause,
            "cause_title": titles.cause(listed.device.type, ticket.cause),
            "probability": min(max(probability, 0.0), 1.0),
            "urgency": ticket.urgency,
            "summary": listed.summary or ticket.summary,
            "device": device_public(titles, listed.device),
            "assignee": ticket.assignee,
            "respond_by": ticket.respond_by,
            "resolve_by": ticket.resolve_by,
            "onset_at": ticket.onset_at,
            "opened_at": ticket.opened_at,
            "closed_at": ticket.closed_at,
            "outcome": ticket.outcome,
            "visit_avoided": ticket.visit_avoided,
            "respond_left_s": ticket.respond_left_s,
            "resolve_left_s": ticket.resolve_left_s,
            "responded_at": ticket.responded_at,
            "escalation": ticket.escalation,
            "warranty": ticket.warranty,
            "campaign_id": ticket.campaign_id,
        }
    )


def ticket_public(
    titles: Titles,
    listed: Listed,
    history: Sequence[History],
    messages: Sequence[Message],
    roles: frozenset[Role],
) -> TicketPublic:
    """Say a whole ticket; ``moves`` are those that ``roles`` may make."""
    ticket, type_name = listed.ticket, listed.device.type
    finding = listed.finding
    fault = titles.fault(type_name, ticket.cause)
    evidence = sorted(finding.evidence, key=lambda e: -abs(e.score)) if finding else []
    candidates = sorted(finding.candidates, key=lambda c: -c.probability) if finding else []
    return TicketPublic(
        **ticket_summary(titles, listed).model_dump(),
        part=ticket.part,
        part_title=titles.part(type_name, ticket.part),
        skill=ticket.skill,
        advice=fault.advice if fault is not None else {},
        candidates=[
            CandidatePublic(cause=c.cause, title=titles.cause(type_name, c.cause), probability=c.probability)
            for c in candidates
        ],
        ruled_out=[
            RuledOutPublic(cause=r.cause, title=titles.cause(type_name, r.cause), reason=r.reason)
            for r in (finding.ruled_out if finding else [])
        ],
        evidence=[
            EvidencePublic(
                feature=e.feature,
                title=titles.feature(type_name, e.feature),
                channel=e.channel,
                unit=e.unit,
                observed=e.observed,
                expected=e.expected,
                low=e.low,
                high=e.high,
                score=e.score,
            )
            for e in evidence
        ],
        model=finding.model if finding else "",
        predicted_failure_at=(
            from_us(finding.predicted_failure_us)
            if finding and finding.predicted_failure_us is not None
            else None
        ),
        visit_from=ticket.visit_from,
        visit_until=ticket.visit_until,
        resolved_at=ticket.resolved_at,
        outcome_cause=ticket.outcome_cause,
        parts_used=ticket.parts_used,
        minutes=ticket.minutes,
        rating=ticket.rating,
        history=[history_entry(entry) for entry in history],
        messages=[message_public(message) for message in messages],
        moves=[state.value for state in targets(State(ticket.state), roles)],
    )


def history_entry(entry: History) -> HistoryEntry:
    """Say a line of history."""
    return HistoryEntry.model_validate(
        {
            "version": entry.version,
            "time": entry.time,
            "actor": entry.actor,
            "from_state": entry.from_state,
            "to_state": entry.to_state,
            "note": entry.note,
        }
    )


def message_public(message: Message) -> MessagePublic:
    """Say a message."""
    return MessagePublic.model_validate(
        {
            "id": message.id,
            "audience": message.audience,
            "kind": message.kind,
            "body": message.body,
            "answers": message.answers,
            "created_at": message.created_at,
            "sent_at": message.sent_at,
            "deadline_at": message.deadline_at,
            "answer": message.answer,
            "answered_at": message.answered_at,
            "ticket_id": message.ticket_id,
            "device_id": message.device_id,
        }
    )


def command_public(titles: Titles, type_name: str, row: CommandRow) -> CommandPublic:
    """Say a command."""
    return CommandPublic.model_validate(
        {
            "id": row.id,
            "device_id": row.device_id,
            "name": row.name,
            "title": titles.command(type_name, row.name),
            "arguments": row.arguments,
            "state": row.state,
            "requested_by": row.requested_by,
            "reason": row.reason,
            "created_at": row.created_at,
            "expires_at": row.expires_at,
            "sent_at": row.sent_at,
            "finished_at": row.finished_at,
        }
    )
