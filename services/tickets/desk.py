"""The ticket desk: takes what came in, asks the rules, and carries their decisions out.

Each method works inside the caller's transaction and locks the ticket before anything that hangs on it
(messages, timers, commands), so that whoever comes second sees what the first one did.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, cast

import msgspec
import psycopg
import structlog

from services.commands import repository as commands
from services.commands.lifecycle import State as CommandState
from services.commands.lifecycle import real_wait_s
from services.commands.requests import request_command
from services.messages import repository as messages
from services.tickets import policy, repository, rules
from services.tickets.announce import announce
from services.tickets.changes import changes_of_move, consequences
from services.tickets.lifecycle import TERMINAL, Details, Role, State, check_move
from services.tickets.repository import Device, Ticket
from services.tickets.rules import Situation
from services.titles import Titles
from zerodistance.catalogue.model import Catalogue
from zerodistance.clock import Clock
from zerodistance.errors import (
    ConflictError,
    ForbiddenError,
    InvalidMessageError,
    NotFoundError,
    StoreError,
    UnavailableError,
)
from zerodistance.messages import Finding
from zerodistance.store.database import Connection

Taken = Literal[
    "unknown_device", "retired", "repeated", "ignored", "opened", "reopened", "revised", "cleared"
]
_ACTORS = {Role.PLATFORM: "platform", Role.OWNER: "owner"}
_RATEABLE = frozenset({State.RESOLVED, State.VERIFIED, State.CONFIRMED, State.CLOSED})
# A command that a ticket asks for is of no use long after the finding.
_COMMAND_LIFE_S = 3600.0
# Platform time after which a timer that could not be acted on comes again.
_POSTPONED = timedelta(minutes=10)
_log = structlog.get_logger(__name__)


class Desk:
    """Everything that happens to tickets.

    Args:
        catalogue: faults, questions, commands.
        clock: platform time, by which every deadline goes.
        channels: further channels than the inbox that people are told through.
    """

    def __init__(self, catalogue: Catalogue, clock: Clock, channels: tuple[str, ...] = ()) -> None:
        self._catalogue = catalogue
        self._clock = clock
        self._channels = channels
        self._titles = Titles(catalogue)

    # --- what comes in ---

    def take_finding(self, conn: Connection, finding: Finding) -> Taken:
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
        linked = self._linked(conn, finding.id)
        if finding.state == "cleared":
            return self._clear(conn, linked)
        return self._take_open(conn, device, finding, linked, came_back=before == "cleared")

    def answer(self, conn: Connection, household_id: str, message_id: str, answer: str) -> messages.Message:
        """Take the owner's answer; the same one twice is taken once.

        Raises:
            NotFoundError: there is no such message of this household.
            InvalidMessageError: the answer was not offered.
            ConflictError: it was answered otherwise before, or nothing waits for the answer any more.
        """
        message = messages.get(conn, message_id)
        if message.household_id != household_id or message.audience != "owner":
            raise NotFoundError("There is no such message.")
        ticket = repository.get(conn, message.ticket_id, lock=True) if message.ticket_id else None
        message = messages.get(conn, message_id, lock=True)
        rules.check_offered(message.answers, answer)
        if rules.check_repeat(message.answer, answer):
            return message
        now = self._clock.now()
        if message.purpose == "consent":
            messages.put_answer(conn, message.id, answer, now)
            self._consent(conn, message, answer, now)
        elif ticket is not None:
            if State(ticket.state) in TERMINAL:
                raise ConflictError("This matter is settled already: no answer is needed any more.")
            messages.put_answer(conn, message.id, answer, now)
            decide = rules.on_confirm_answer if message.purpose == "confirm" else rules.on_check_answer
            device = self._device(conn, ticket)
            situation = self._situation(conn, device, ticket)
            self._carry_out(conn, device, ticket, decide(situation, answer), {"answered_at": now})
        else:
            messages.put_answer(conn, message.id, answer, now)
        return messages.get(conn, message.id)

    def rate(self, conn: Connection, household_id: str, ticket_id: str, rating: int) -> Ticket:
        """Take the owner's rating, 1 to 5; the same one twice is taken once.

        Raises:
            NotFoundError: there is no such ticket of this household.
            InvalidMessageError: the rating is not 1 to 5.
            ConflictError: there is nothing to rate yet, or it was rated otherwise before.
        """
        ticket = repository.get(conn, ticket_id, lock=True)
        if ticket.household_id != household_id:
            raise NotFoundError(f"There is no ticket {ticket_id!r}.")
        if not 1 <= rating <= 5:
            raise InvalidMessageError("wrong_shape", "A rating is a number from 1 to 5.")
        if ticket.rating == rating:
            return ticket
        if ticket.rating is not None:
            raise ConflictError(f"This service was rated already, with {ticket.rating} of 5.")
        if State(ticket.state) not in _RATEABLE:
            raise ConflictError("The service is not finished yet: it can be rated afterwards.")
        device = self._device(conn, ticket)
        decisions = rules.on_rating(self._situation(conn, device, ticket), rating)
        return self._carry_out(conn, device, ticket, decisions, {"rating": rating})

    def move(
        self,
        conn: Connection,
        ticket_id: str,
        version: int,
        to: State,
        details: Details,
        *,
        roles: Collection[Role],
        actor: str,
    ) -> Ticket:
        """Move a ticket as a person asks.

        Args:
            version: of the ticket that the person saw.
            details: what the move brings along.
            roles: in which capacities the person acts.
            actor: who it is, for the history.

        Raises:
            NotFoundError: there is no such ticket.
            ConflictError: somebody else changed it since; nothing is overwritten.
            IllegalMoveError: the life cycle does not allow it, or something that it demands is missing.
            InvalidMessageError: an engineer, fault or ticket is named that does not exist.
        """
        ticket = repository.get(conn, ticket_id, lock=True)
        if ticket.version != version:
            raise ConflictError(
                f"Somebody else changed this ticket in the meantime (version {ticket.version}, you saw "
                f"{version}): read it again, then decide."
            )
        source = State(ticket.state)
        check_move(source, to, roles, details)
        device = self._device(conn, ticket)
        changes = changes_of_move(conn, self._catalogue.get_type(device.type), ticket, to, details)
        now = self._clock.now()
        changes |= consequences(ticket, to, now)
        moved = repository.save(conn, ticket, changes, actor=actor, note=details.note.strip(), now=now)
        repository.stop_timers(conn, ticket.id, now)
        if moved.merged_into is not None:
            repository.hand_findings(conn, moved.id, moved.merged_into)
        decisions = rules.after_staff_move(source, self._situation(conn, device, moved))
        return self._carry_out(conn, device, moved, decisions)

    def fire_due_timer(self, conn: Connection) -> bool:
        """Take one timer that is due and do what it was set for; return whether there was one.

        A timer that cannot be acted on is said so in the log and comes again later: it must not hold up
        the others.
        """
        now = self._clock.now()
        due = repository.take_due_timer(conn, now)
        if due is None:
            return False
        try:
            with conn.transaction():
                if repository.end_timer(conn, due.id, now):
                    self._fire(conn, due)
        except (psycopg.OperationalError, UnavailableError):
            raise
        except Exception:
            _log.exception("tickets.timer_failed", timer=due.kind, ticket=due.ticket_id)
            repository.postpone_timer(conn, due.id, now + _POSTPONED)
        return True

    def _fire(self, conn: Connection, due: repository.DueTimer) -> None:
        ticket = repository.get(conn, due.ticket_id, lock=True)
        if ticket.state != due.state:
            return  # it has moved on since
        device = self._device(conn, ticket)
        situation = self._situation(conn, device, ticket)
        self._carry_out(conn, device, ticket, rules.on_timer(situation, rules.Wait(due.kind)))

    def lock_command(self, conn: Connection, command_id: str) -> commands.CommandRow | None:
        """Return a command with its ticket locked, None if there is none: ticket first, then the rest."""
        try:
            command = commands.get(conn, command_id)
        except NotFoundError:
            return None
        if command.ticket_id is not None:
            repository.get(conn, command.ticket_id, lock=True)
        return command

    def end_overdue_command(self, conn: Connection, *, shortest_s: float) -> commands.CommandRow | None:
        """End one command whose time is over and let its ticket know; return it, None if there is none.

        Args:
            shortest_s: platform seconds that a sent command is given for its reply at least.
        """
        now = self._clock.now()
        for command_id in commands.overdue(conn, now, shortest_s=shortest_s):
            self.lock_command(conn, command_id)
            ended = commands.end_overdue(conn, command_id, now, shortest_s=shortest_s)
            if ended is not None:
                self.command_ended(conn, ended)
                return ended
        return None

    def command_ended(self, conn: Connection, command: commands.CommandRow) -> None:
        """Let a ticket know what became of its command."""
        if command.ticket_id is None:
            return
        ticket = repository.get(conn, command.ticket_id, lock=True)
        if State(ticket.state) in TERMINAL:
            return
        device = self._device(conn, ticket)
        situation = self._situation(conn, device, ticket)
        decisions = rules.on_command_end(situation, command.name, command.state, command.reason)
        self._carry_out(conn, device, ticket, decisions)

    # --- findings ---

    def _take_open(
        self, conn: Connection, device: Device, finding: Finding, linked: Ticket | None, *, came_back: bool
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
            self._open(conn, device, finding)
            return "opened"
        device = self._device(conn, ticket)  # another one, where tickets of several appliances were merged
        repository.attach_finding(conn, finding.id, ticket.id)
        was_clear = came_back or not any(
            other.state == "open" for other in repository.findings(conn, ticket.id) if other.id != finding.id
        )
        self._follow_lead(conn, device, ticket, came_back=was_clear)
        return "reopened" if ticket.state == State.CLOSED else "revised"

    def _open(self, conn: Connection, device: Device, finding: Finding) -> None:
        fault = self._titles.fault(device.type, finding.cause)
        decisions = rules.on_new_incident(fault, owner=device.household_id is not None)
        first = decisions[0]
        if not isinstance(first, rules.Open):
            raise StoreError("The rules did not say how to open this ticket.")
        check_move(None, first.state, {Role.PLATFORM}, Details(note=first.note))
        now = self._clock.now()
        respond_by, resolve_by = policy.deadlines(finding.urgency, now)
        values = {
            **self._diagnosis(device, finding),
            "opened_at": now,
            "respond_by": respond_by,
            "resolve_by": resolve_by,
        }
        ticket = repository.insert(conn, device, finding, first.state, values, note=first.note)
        repository.attach_finding(conn, finding.id, ticket.id)
        self._carry_out(conn, device, ticket, decisions[1:])

    def _clear(self, conn: Connection, linked: Ticket | None) -> Taken:
        if linked is None or State(linked.state) in TERMINAL:
            return "cleared"
        device = self._device(conn, linked)
        situation = self._situation(conn, device, linked)
        if situation.abnormal:
            self._follow_lead(conn, device, linked, came_back=False)
        else:
            self._carry_out(conn, device, linked, rules.on_clear(situation))
        return "cleared"

    def _follow_lead(self, conn: Connection, device: Device, ticket: Ticket, *, came_back: bool) -> None:
        """Make the most pressing open finding the ticket's own, and do what a changed cause asks for."""
        lead = _lead(repository.findings(conn, ticket.id))
        if lead is None:
            return
        now = self._clock.now()
        changes: dict[str, Any] = {}
        note = ""
        if (lead.id, lead.cause, lead.urgency) != (ticket.finding_id, ticket.cause, ticket.urgency):
            changes = {**self._diagnosis(device, lead), "finding_id": lead.id}
            if policy.URGENCIES.index(lead.urgency) < policy.URGENCIES.index(ticket.urgency):
                respond_by, resolve_by = policy.deadlines(lead.urgency, now)
                changes["respond_by"] = min(respond_by, ticket.respond_by or respond_by)
                changes["resolve_by"] = min(resolve_by, ticket.resolve_by or resolve_by)
            note = f"The most pressing finding is now {lead.cause} ({lead.urgency})."
        situation = self._situation(conn, device, ticket, lead.cause)
        decisions = rules.on_revision(situation, ticket.cause, came_back=came_back)
        if changes and not (decisions and isinstance(decisions[0], rules.Note | rules.Go)):
            ticket = repository.save(conn, ticket, changes, actor="platform", note=note, now=now)
            changes = {}
        self._carry_out(conn, device, ticket, decisions, changes)

    def _linked(self, conn: Connection, finding_id: str) -> Ticket | None:
        """Return the ticket that a finding belongs to, locked; merged ones lead on to where they went."""
        ticket_id = repository.ticket_of_finding(conn, finding_id)
        while ticket_id is not None:
            ticket = repository.get(conn, ticket_id, lock=True)
            if ticket.merged_into is None:
                return ticket
            ticket_id = ticket.merged_into
        return None

    def _diagnosis(self, device: Device, finding: Finding) -> dict[str, Any]:
        fault = self._titles.fault(device.type, finding.cause)
        part = fault.part if fault is not None else ""
        return {
            "cause": finding.cause,
            "probability": min(max(finding.probability, 0.0), 1.0),
            "urgency": finding.urgency,
            "summary": finding.summary,
            "diagnosis": msgspec.to_builtins(finding),
            "part": part,
            "skill": self._titles.skill(device.type, part),
        }

    # --- decisions ---

    def _carry_out(
        self,
        conn: Connection,
        device: Device,
        ticket: Ticket,
        decisions: Sequence[rules.Decision],
        changes: Mapping[str, Any] | None = None,
    ) -> Ticket:
        """Carry decisions out; ``changes`` are written along with the first that touches the ticket."""
        now = self._clock.now()
        extra = dict(changes or {})
        since = now
        for decision in decisions:
            match decision:
                case rules.Go():
                    details = Details(note=decision.note, outcome=decision.outcome)
                    check_move(State(ticket.state), decision.to, {decision.role}, details)
                    extra |= {"state": decision.to.value} | consequences(ticket, decision.to, now)
                    if decision.outcome:
                        extra |= {"outcome": decision.outcome, "visit_avoided": decision.visit_avoided}
                    ticket = self._save(conn, ticket, extra, decision.role, decision.note, now)
                    repository.stop_timers(conn, ticket.id, now)
                    extra = {}
                case rules.Note():
                    ticket = self._save(conn, ticket, extra, decision.role, decision.note, now)
                    extra = {}
                case rules.Tell():
                    since = announce(
                        conn,
                        self._titles,
                        device,
                        ticket,
                        decision.news,
                        now=now,
                        answer_within=_answer_time(decisions),
                        channels=self._channels,
                    )
                case rules.WaitFor():
                    begin = now if decision.what is rules.Wait.RECOVERY else since
                    repository.start_timer(conn, ticket, decision.what, begin + decision.span)
                case rules.Command():
                    ticket = self._command(conn, device, ticket, decision, now)
                case rules.Open():
                    raise StoreError("A ticket that is open cannot be opened.")
        return ticket

    def _save(
        self,
        conn: Connection,
        ticket: Ticket,
        changes: Mapping[str, Any],
        role: Role,
        note: str,
        now: datetime,
    ) -> Ticket:
        return repository.save(conn, ticket, changes, actor=_ACTORS[role], note=note, now=now)

    def _command(
        self, conn: Connection, device: Device, ticket: Ticket, decision: rules.Command, now: datetime
    ) -> Ticket:
        needs_consent = self._catalogue.get_type(device.type).commands[decision.name].consent
        life_s = real_wait_s(self._clock, _COMMAND_LIFE_S)
        if needs_consent and not decision.approved:
            life_s = max(life_s, policy.CONSENT.total_seconds())
        try:
            with conn.transaction():
                request_command(
                    conn,
                    self._catalogue,
                    device,
                    decision.name,
                    {},
                    requested_by=f"ticket:{ticket.number}",
                    now=now,
                    expires_at=commands.expiry(now, life_s),
                    approved_by="owner" if decision.approved else None,
                    ticket_id=ticket.id,
                    channels=self._channels,
                )
        except (ForbiddenError, ConflictError, InvalidMessageError) as error:
            situation = self._situation(conn, device, ticket)
            refused = rules.on_command_end(situation, decision.name, "refused", str(error))
            return self._carry_out(conn, device, ticket, refused)
        return ticket

    def _consent(self, conn: Connection, message: messages.Message, answer: str, now: datetime) -> None:
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
        self.command_ended(conn, declined)

    # --- what is known ---

    def _situation(
        self, conn: Connection, device: Device, ticket: Ticket, cause: str | None = None
    ) -> Situation:
        cause = ticket.cause if cause is None else cause
        row = conn.execute(
            "SELECT EXISTS (SELECT FROM finding WHERE ticket_id = %s AND state = 'open'),"
            " EXISTS (SELECT FROM command WHERE ticket_id = %s AND state = %s)",
            (ticket.id, ticket.id, CommandState.DONE.value),
        ).fetchone()
        abnormal, commanded = cast(tuple[bool, bool], row)
        return Situation(
            state=State(ticket.state),
            cause=cause,
            fault=self._titles.fault(device.type, cause),
            owner=device.household_id is not None,
            abnormal=abnormal,
            commanded=commanded,
            outcome=ticket.outcome,
        )

    def _device(self, conn: Connection, ticket: Ticket) -> Device:
        device = repository.device(conn, ticket.device_id)
        if device is None:  # the foreign key makes this impossible
            raise NotFoundError(f"There is no device {ticket.device_id!r}.")
        return device


def _lead(findings: Sequence[Finding]) -> Finding | None:
    """Return the most pressing open finding, the oldest among equals; None if none is open."""
    open_ones = [finding for finding in findings if finding.state == "open"]
    if not open_ones:
        return None
    return min(open_ones, key=lambda f: (policy.URGENCIES.index(f.urgency), f.onset_us, f.id))


def _answer_time(decisions: Sequence[rules.Decision]) -> timedelta | None:
    """Return how long the owner has, if these decisions wait for an answer."""
    for decision in decisions:
        if isinstance(decision, rules.WaitFor) and decision.what is not rules.Wait.RECOVERY:
            return decision.span
    return None
