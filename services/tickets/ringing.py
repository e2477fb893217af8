"""What happens when a ticket's clock rings: people are warned, a breach goes up, level by level."""

from __future__ import annotations

from datetime import datetime

from services.messages import repository as messages
from services.messages.texts import fill
from services.policy import Escalation
from services.tickets.announce import label_of
from services.tickets.levels import ESCALATE, RESOLVE_WARNING, RESPOND_BREACH, RESPOND_WARNING
from services.tickets.repository import Device, Ticket
from zerodistance.catalogue.model import Text
from zerodistance.store.database import Connection

_WARNED: dict[str, Text] = {
    RESPOND_WARNING: {
        "en": "{device}: ticket {number} has to be planned or taken on by {due}.",
        "zh": "{device}：工单 {number} 须在 {due} 前安排或受理。",
    },
    RESOLVE_WARNING: {
        "en": "{device}: ticket {number} has to be resolved by {due}.",
        "zh": "{device}：工单 {number} 须在 {due} 前解决。",
    },
}
_BREACHED: Text = {
    "en": "{device}: ticket {number} missed its {what} ({due}). Escalation level {level}.",
    "zh": "{device}：工单 {number} 超过{what}（{due}），升级至第 {level} 级。",
}
_WHAT: dict[bool, Text] = {
    True: {"en": "time to respond", "zh": "响应时限"},
    False: {"en": "time to resolve", "zh": "解决时限"},
}


def next_level(ticket: Ticket, rule: Escalation) -> int:
    """Return the level that a breach puts a ticket on: the next one, the highest at most."""
    return min(ticket.escalation + 1, rule.levels)


def note_of(kind: str, ticket: Ticket, level: int) -> str:
    """Return the line of history for a clock that rang."""
    what = "respond" if _is_response(kind, ticket) else "resolve"
    if kind in _WARNED:
        return f"The time to {what} is nearly over."
    return f"The time to {what} is over: escalated to level {level}."


def tell(
    conn: Connection,
    device: Device,
    ticket: Ticket,
    kind: str,
    *,
    now: datetime,
    channels: tuple[str, ...],
) -> None:
    """Tell the engineers of a warning, and the dispatchers too of a breach; owners hear nothing of it.

    The event's id is made of ticket, kind and deadline: rung twice, it is told once.
    """
    response = _is_response(kind, ticket)
    due = ticket.respond_by if response else ticket.resolve_by
    values: dict[str, Text] = {
        "device": {"en": label_of(device)},
        "number": {"en": str(ticket.number)},
        "due": {"en": f"{due:%Y-%m-%d %H:%M} UTC" if due else ""},
        "what": _WHAT[response],
        "level": {"en": str(ticket.escalation)},
    }
    body = fill(_WARNED.get(kind, _BREACHED), values)
    audiences = ("engineer",) if kind in _WARNED else ("engineer", "dispatcher")
    messages.put_event(
        conn,
        [messages.Draft(audience=one, kind="ticket", body=body, not_before=now) for one in audiences],
        tenant=ticket.tenant_id,
        now=now,
        urgent=True,
        household_id=device.household_id,
        device_id=device.id,
        ticket_id=ticket.id,
        event_id=f"{ticket.id}-{kind}-{ticket.escalation}-{due:%Y%m%d%H%M%S}" if due else "",
        channels=channels,
    )


def _is_response(kind: str, ticket: Ticket) -> bool:
    if kind == ESCALATE:
        return ticket.responded_at is None and ticket.respond_by is not None
    return kind in (RESPOND_WARNING, RESPOND_BREACH)
