"""Agreeing on a visit with the owner, and what keeps the appliance going until then (G6)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from services.commands import repository as commands
from services.commands.lifecycle import real_wait_s
from services.commands.requests import request_command
from services.dispatch import desk as dispatch
from services.dispatch.windows import Offer
from services.messages import repository as messages
from services.messages.quiet import zone_of
from services.messages.texts import (
    CONSENT_ANSWERS,
    OTHER_WINDOW,
    PROTECT_ENGINEER,
    PROTECT_QUESTION,
    fill,
)
from services.tickets import orders, rules
from services.tickets.announce import label_of, say_window
from services.tickets.levels import CLOCK_KINDS
from services.tickets.lifecycle import Details, Role, State, check_move
from services.tickets.repository import Device, Ticket, stop_timers
from services.tickets.rules import News
from services.tickets.shared import TicketDesk
from zerodistance.catalogue.model import Text
from zerodistance.clock import from_us
from zerodistance.errors import ConflictError, ZeroDistanceError
from zerodistance.store.database import Connection

# News after which a visit has to be agreed.
WANTS_WINDOW = frozenset({News.DISPATCHED, News.REOPENED, News.UNPLANNED, News.OFFERED})
OTHER = "window_other"  # longer than the others: the database orders keys by length, then letter


def offers_for(desk: TicketDesk, conn: Connection, device: Device, ticket: Ticket, news: News) -> list[Offer]:
    """Return the windows that a piece of news offers the owner; none where nobody could come."""
    if news not in WANTS_WINDOW or ticket.state != State.ON_SITE or device.household_id is None:
        return []
    return dispatch.offers(conn, desk.policy, device, ticket, desk.clock.now())


def as_answers(offers: Sequence[Offer], zone_name: str) -> tuple[dict[str, Text], dict[str, dict[str, str]]]:
    """Return the answers that an owner is offered, and what each of them stands for."""
    zone = zone_of(zone_name)
    answers: dict[str, Text] = {}
    options: dict[str, dict[str, str]] = {}
    for number, offer in enumerate(offers, 1):
        key = f"window_{number}"
        answers[key] = {"en": (said := say_window(offer.begin, offer.until, zone)), "zh": said}
        options[key] = {
            "engineer": offer.worker,
            "from": offer.begin.isoformat(),
            "until": offer.until.isoformat(),
        }
    if answers:
        answers[OTHER] = OTHER_WINDOW
    return answers, options


def pick(
    desk: TicketDesk, conn: Connection, message: messages.Message, ticket: Ticket, answer: str
) -> Ticket:
    """Plan the visit in the window that the owner picked; one that is taken by now is offered anew.

    Args:
        desk: carries it out.
        conn: in a transaction; the ticket is locked.
        message: that offered the windows.
        ticket: that waits for a visit.
        answer: one of the message's.

    Raises:
        ConflictError: the ticket does not wait for a visit any more.
    """
    if State(ticket.state) is not State.ON_SITE:
        raise ConflictError("A visit is agreed already, or not needed any more.")
    device, now = desk.device_of(conn, ticket), desk.clock.now()
    if answer == OTHER:
        note = rules.Note("The owner asks for another time: agree on one by telephone.", Role.OWNER)
        return desk.carry_out(conn, device, ticket, [note])
    offer: dict[str, Any] = message.options[answer]
    begin, until = (datetime.fromisoformat(offer[key]) for key in ("from", "until"))
    if until <= now or not dispatch.still_free(conn, desk.policy, device, ticket, offer):
        note = rules.Note("The window that the owner picked was taken by then: others are offered.")
        return desk.carry_out(conn, device, ticket, [note, rules.Tell(News.OFFERED)])
    details = Details(assignee=offer["engineer"], visit_from=begin, visit_until=until)
    check_move(State.ON_SITE, State.PLANNED, {Role.OWNER}, details)
    changes = {
        "state": State.PLANNED.value,
        "assignee": offer["engineer"],
        "visit_from": begin,
        "visit_until": until,
        **desk.clock_of(device).moved(ticket, State.PLANNED, now),
    }
    planned = desk.keep(
        conn, device, ticket, changes, actor="owner", note="The owner picked this window.", now=now
    )
    stop_timers(conn, ticket.id, now, but=CLOCK_KINDS)
    return desk.carry_out(conn, device, planned, [rules.Tell(News.PLANNED)])


def offer_protection(
    desk: TicketDesk, conn: Connection, device: Device, ticket: Ticket, offers: Sequence[Offer]
) -> bool:
    """Ask the owner whether the appliance may run in its protective mode until the repair.

    Only where it is predicted to fail before anybody can come and policy knows a mode for this fault; once
    for each ticket.

    Returns:
        Whether the owner was asked.
    """
    rule = desk.policy.protect.get(device.type, {}).get(ticket.cause)
    failure = ticket.diagnosis.get("predicted_failure_us")
    if rule is None or not isinstance(failure, int) or device.household_id is None:
        return False
    fails_at = from_us(failure)
    if any(offer.until <= fails_at for offer in offers):
        return False
    now = desk.clock.now()
    home = messages.household(conn, device.household_id)
    values: dict[str, Text] = {
        "appliance": desk.titles.appliance(device.type, device.name),
        "device": {"en": label_of(device)},
        "command": desk.titles.command(device.type, rule.command),
        "when": {"en": f"{fails_at.astimezone(zone_of(home.time_zone)):%Y-%m-%d}"},
    }
    released = home.release(now)
    drafts = [
        messages.Draft(
            audience="owner",
            kind="question",
            purpose="protect",
            body=fill(PROTECT_QUESTION, values),
            answers=CONSENT_ANSWERS,
            options={"approve": {"command": rule.command, "arguments": rule.arguments}},
            not_before=released,
            deadline_at=max(fails_at, released),
        ),
        messages.Draft(
            audience="engineer", kind="ticket", body=fill(PROTECT_ENGINEER, values), not_before=now
        ),
    ]
    messages.put_event(
        conn,
        drafts,
        tenant=ticket.tenant_id,
        now=now,
        urgent=False,
        household_id=home.id,
        device_id=device.id,
        ticket_id=ticket.id,
        event_id=f"{ticket.id}:protect",
        channels=desk.channels,
    )
    return True


def protect(
    desk: TicketDesk, conn: Connection, message: messages.Message, ticket: Ticket, answer: str
) -> Ticket:
    """Start the protective mode that the owner has allowed, or note that it was not allowed."""
    device, now = desk.device_of(conn, ticket), desk.clock.now()
    if answer != "approve":
        note = rules.Note("The owner does not want the protective mode.", Role.OWNER)
        return desk.carry_out(conn, device, ticket, [note])
    wish = message.options["approve"]
    try:
        with conn.transaction():
            request_command(
                conn,
                desk.catalogue,
                device,
                wish["command"],
                wish["arguments"],
                requested_by=f"ticket:{ticket.number}",
                now=now,
                expires_at=commands.expiry(now, real_wait_s(desk.clock, orders.LIFE_S)),
                approved_by=f"owner:{message.household_id}",
            )
    except ZeroDistanceError as error:
        note = rules.Note(f"The protective mode could not be started: {error}")
        return desk.carry_out(conn, device, ticket, [note])
    note = rules.Note("The owner allows the protective mode until the repair.", Role.OWNER)
    return desk.carry_out(conn, device, ticket, [note])
