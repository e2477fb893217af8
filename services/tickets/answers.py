"""What an owner says of a ticket: the answer to a question, a consent, a wish, a rating."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from services.commands import repository as commands
from services.commands.lifecycle import real_wait_s
from services.commands.requests import request_command
from services.figures import ASPECTS
from services.messages import repository as messages
from services.tickets import orders, repository, rules, visiting
from services.tickets.lifecycle import TERMINAL, State
from services.tickets.repository import Ticket
from services.tickets.shared import TicketDesk
from zerodistance.errors import ConflictError, InvalidMessageError, NotFoundError
from zerodistance.store.database import Connection
from zerodistance.store.devices import stands_in

_RATEABLE = frozenset({State.RESOLVED, State.VERIFIED, State.CONFIRMED, State.CLOSED})


def answer(
    desk: TicketDesk, conn: Connection, household_id: str, message_id: str, answer: str
) -> messages.Message:
    """Take the owner's answer; the same one twice is taken once.

    Raises:
        NotFoundError: there is no such message of this household.
        InvalidMessageError: the answer was not offered.
        ConflictError: it was answered otherwise before, or nothing waits for the answer any more.
    """
    message = messages.get(conn, message_id)
    if message.household_id != household_id or message.audience != "owner":
        raise NotFoundError("There is no such message.")
    if not stands_in(conn, message.device_id, household_id):
        raise NotFoundError("This appliance is not in your household any more.")
    ticket = repository.get(conn, message.ticket_id, lock=True) if message.ticket_id else None
    message = messages.get(conn, message_id, lock=True)
    rules.check_offered(message.answers, answer)
    if rules.check_repeat(message.answer, answer):
        return message
    now = desk.clock.now()
    if message.purpose == "consent":
        messages.put_answer(conn, message.id, answer, now)
        _consent(desk, conn, message, answer, now)
    elif message.purpose == "action":
        messages.put_answer(conn, message.id, answer, now)
        _act(desk, conn, message, answer, now)
    elif ticket is not None:
        if State(ticket.state) in TERMINAL:
            raise ConflictError("This matter is settled already: no answer is needed any more.")
        messages.put_answer(conn, message.id, answer, now)
        if message.purpose in ("window", "protect"):
            act = visiting.pick if message.purpose == "window" else visiting.protect
            act(desk, conn, message, ticket, answer)
            return messages.get(conn, message.id)
        decide = rules.on_confirm_answer if message.purpose == "confirm" else rules.on_check_answer
        device = desk.device_of(conn, ticket)
        situation = desk.situation(conn, device, ticket)
        desk.carry_out(conn, device, ticket, decide(situation, answer), {"answered_at": now})
    else:
        messages.put_answer(conn, message.id, answer, now)
    return messages.get(conn, message.id)


def rate(
    desk: TicketDesk,
    conn: Connection,
    household_id: str,
    ticket_id: str,
    rating: int,
    scores: Mapping[str, int] | None = None,
) -> Ticket:
    """Take the owner's rating, 1 to 5; the same one twice is taken once.

    Args:
        scores: sub-scores, 1 to 5, by aspect (:data:`services.figures.ASPECTS`); may be added later.

    Raises:
        NotFoundError: there is no such ticket of this household.
        InvalidMessageError: the rating is not 1 to 5.
        ConflictError: there is nothing to rate yet, or it was rated otherwise before.
    """
    ticket = repository.get(conn, ticket_id, lock=True)
    if ticket.household_id != household_id or not stands_in(conn, ticket.device_id, household_id):
        raise NotFoundError(f"There is no ticket {ticket_id!r}.")
    if not 1 <= rating <= 5:
        raise InvalidMessageError("wrong_shape", "A rating is a number from 1 to 5.")
    if ticket.rating == rating:
        _keep_scores(conn, ticket, scores or {})
        return ticket
    if ticket.rating is not None:
        raise ConflictError(f"This service was rated already, with {ticket.rating} of 5.")
    if State(ticket.state) not in _RATEABLE:
        raise ConflictError("The service is not finished yet: it can be rated afterwards.")
    device = desk.device_of(conn, ticket)
    _keep_scores(conn, ticket, scores or {})
    decisions = rules.on_rating(desk.situation(conn, device, ticket), rating)
    return desk.carry_out(conn, device, ticket, decisions, {"rating": rating})


def _consent(
    desk: TicketDesk, conn: Connection, message: messages.Message, answer: str, now: datetime
) -> None:
    if message.command_id is None:
        return
    by = f"owner:{message.household_id}"
    if answer == "approve":
        if commands.approve(conn, message.command_id, by, now) is None:
            raise ConflictError("It is too late to approve this: the request has ended.")
        return
    declined = commands.decline(conn, message.command_id, by, now)
    if declined is None:
        raise ConflictError("It is too late to decline this: the request has ended.")
    orders.ended(desk, conn, declined)


def _act(desk: TicketDesk, conn: Connection, message: messages.Message, answer: str, now: datetime) -> None:
    """Send the command that an owner has tapped for; the other answers send nothing."""
    wish = message.options.get(answer)
    if wish is None or message.device_id is None:
        return
    if message.deadline_at is not None and now > message.deadline_at:
        raise ConflictError("It is too late for this: the question has ended.")
    device = repository.device(conn, message.device_id)
    if device is None or device.household_id != message.household_id:
        raise ConflictError("This appliance is not yours any more.")
    request_command(
        conn,
        desk.catalogue,
        device,
        wish["command"],
        wish["arguments"],
        requested_by=f"owner:{message.household_id}",
        now=now,
        expires_at=commands.expiry(now, real_wait_s(desk.clock, orders.LIFE_S)),
        approved_by=f"owner:{message.household_id}",
    )


def _keep_scores(conn: Connection, ticket: Ticket, scores: Mapping[str, int]) -> None:
    for aspect, score in scores.items():
        if aspect not in ASPECTS or not 1 <= score <= 5:
            raise InvalidMessageError(
                "wrong_shape", f"A sub-score is a number from 1 to 5 for {', '.join(ASPECTS)}."
            )
        conn.execute(
            "INSERT INTO rating_score (ticket_id, aspect, score) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
            (ticket.id, aspect, score),
        )
