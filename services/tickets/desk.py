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

from services.campaigns.desk import Campaigns
from services.commands import repository as commands
from services.commands.lifecycle import State as CommandState
from services.commands.lifecycle import real_wait_s
from services.commands.requests import request_command
from services.figures import ASPECTS
from services.messages import repository as messages
from services.messages.quiet import zone_of
from services.policy import Policy, default_policy
from services.tickets import policy, repository, ringing, rules, visiting
from services.tickets.announce import announce
from services.tickets.changes import changes_of_move, consequences
from services.tickets.levels import CLOCK_KINDS, ESCALATE, RESOLVE_BREACH, RESPOND_BREACH, TicketClock
from services.tickets.lifecycle import TERMINAL, Details, Role, State, check_move
from services.tickets.repository import Device, Ticket
from services.tickets.rules import Situation
from services.titles import Titles
from zerodistance.catalogue.model import Catalogue
from zerodistance.clock import Clock, from_us
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
from zerodistance.store.devices import stands_in

Taken = Literal[
    "unknown_device", "retired", "repeated", "ignored", "opened", "reopened", "revised", "cleared", "joined"
]
_ACTORS = {Role.PLATFORM: "platform", Role.OWNER: "owner"}
APPLIANCE = "appliance"
"""The model of findings that are nothing but a code of the appliance."""
# Whoever changes one of these may move the moments at which the clock rings.
_CLOCKED = frozenset({"state", "urgency", "respond_by", "resolve_by", "responded_at", "escalation"})
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
        policy: levels, calendars, waits; None for those that come with the platform.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        clock: Clock,
        channels: tuple[str, ...] = (),
        policy: Policy | None = None,
    ) -> None:
        self.catalogue = catalogue
        self.clock = clock
        self.channels = channels
        self.policy = policy or default_policy()
        self.titles = Titles(catalogue)
        self.campaigns = Campaigns(self)

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
            if linked is None:
                self.campaigns.recovered(conn, finding)
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
        if not stands_in(conn, message.device_id, household_id):
            raise NotFoundError("This appliance is not in your household any more.")
        ticket = repository.get(conn, message.ticket_id, lock=True) if message.ticket_id else None
        message = messages.get(conn, message_id, lock=True)
        rules.check_offered(message.answers, answer)
        if rules.check_repeat(message.answer, answer):
            return message
        now = self.clock.now()
        if message.purpose == "consent":
            messages.put_answer(conn, message.id, answer, now)
            self._consent(conn, message, answer, now)
        elif message.purpose == "action":
            messages.put_answer(conn, message.id, answer, now)
            self._act(conn, message, answer, now)
        elif ticket is not None:
            if State(ticket.state) in TERMINAL:
                raise ConflictError("This matter is settled already: no answer is needed any more.")
            messages.put_answer(conn, message.id, answer, now)
            if message.purpose in ("window", "protect"):
                act = visiting.pick if message.purpose == "window" else visiting.protect
                act(self, conn, message, ticket, answer)
                return messages.get(conn, message.id)
            decide = rules.on_confirm_answer if message.purpose == "confirm" else rules.on_check_answer
            device = self.device_of(conn, ticket)
            situation = self.situation(conn, device, ticket)
            self.carry_out(conn, device, ticket, decide(situation, answer), {"answered_at": now})
        else:
            messages.put_answer(conn, message.id, answer, now)
        return messages.get(conn, message.id)

    def rate(
        self,
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
        device = self.device_of(conn, ticket)
        _keep_scores(conn, ticket, scores or {})
        decisions = rules.on_rating(self.situation(conn, device, ticket), rating)
        return self.carry_out(conn, device, ticket, decisions, {"rating": rating})

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
        device = self.device_of(conn, ticket)
        changes = changes_of_move(conn, self.catalogue.get_type(device.type), ticket, to, details)
        now = self.clock.now()
        changes |= consequences(ticket, to, now, self.clock_of(device))
        if to is State.REMOTE and ticket.responded_at is None:
            changes["responded_at"] = now  # somebody has taken it on
        moved = self.keep(conn, device, ticket, changes, actor=actor, note=details.note.strip(), now=now)
        repository.stop_timers(conn, ticket.id, now, but=CLOCK_KINDS)
        if moved.merged_into is not None:
            self._hand_over(conn, moved, moved.merged_into, actor, now)
        decisions = rules.after_staff_move(source, self.situation(conn, device, moved))
        return self.carry_out(conn, device, moved, decisions)

    def fire_due_timer(self, conn: Connection) -> bool:
        """Take one timer that is due and do what it was set for; return whether there was one.

        A timer that cannot be acted on is said so in the log and comes again later: it must not hold up
        the others.
        """
        now = self.clock.now()
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
        device = self.device_of(conn, ticket)
        if due.kind in CLOCK_KINDS:
            self._ring(conn, device, ticket, due.kind)
            return
        if ticket.state != due.state:
            return  # it has moved on since
        situation = self.situation(conn, device, ticket)
        self.carry_out(conn, device, ticket, rules.on_timer(situation, rules.Wait(due.kind)))

    def _ring(self, conn: Connection, device: Device, ticket: Ticket, kind: str) -> None:
        """Warn people of a deadline, or escalate one that was missed; the timers say that it still runs."""
        now = self.clock.now()
        breached = kind in (RESPOND_BREACH, RESOLVE_BREACH, ESCALATE)
        level = ringing.next_level(ticket, self.policy.escalation) if breached else ticket.escalation
        changes = {"escalation": level} if breached else {}
        note = ringing.note_of(kind, ticket, level)
        ticket = self.keep(conn, device, ticket, changes, actor="platform", note=note, now=now)
        ringing.tell(conn, device, ticket, kind, now=now, channels=self.channels)

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
        now = self.clock.now()
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
        device = self.device_of(conn, ticket)
        situation = self.situation(conn, device, ticket)
        decisions = rules.on_command_end(situation, command.name, command.state, command.reason)
        self.carry_out(conn, device, ticket, decisions)

    # --- findings ---

    def take_anew(self, conn: Connection, finding: Finding) -> Taken:
        """Open a ticket for a finding that a campaign has let go of, and that has not cleared."""
        device = repository.device(conn, finding.device)
        if device is None:
            return "unknown_device"
        ticket = repository.lock_open_of_device(conn, device.id)
        if ticket is None:
            self._open(conn, device, finding)
            return "opened"
        repository.attach_finding(conn, finding.id, ticket.id)
        self._follow_lead(conn, device, ticket, came_back=False)
        return "revised"

    def finish_into(
        self, conn: Connection, device: Device, ticket: Ticket, campaign_id: str, note: str
    ) -> Ticket:
        """End a ticket, which is locked, as part of a campaign."""
        now = self.clock.now()
        changes = {"state": State.MERGED.value, "campaign_id": campaign_id}
        changes |= consequences(ticket, State.MERGED, now, self.clock_of(device))
        ended = self.keep(conn, device, ticket, changes, actor="platform", note=note, now=now)
        repository.stop_timers(conn, ticket.id, now)
        return ended

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
            if self.campaigns.take(conn, device, finding):
                return "joined"
            self._open(conn, device, finding)
            self.campaigns.look(conn, device, finding)
            return "opened"
        device = self.device_of(conn, ticket)  # another one, where tickets of several appliances were merged
        repository.attach_finding(conn, finding.id, ticket.id)
        was_clear = came_back or not any(
            other.state == "open" for other in repository.findings(conn, ticket.id) if other.id != finding.id
        )
        self._follow_lead(conn, device, ticket, came_back=was_clear)
        return "reopened" if ticket.state == State.CLOSED else "revised"

    def _open(self, conn: Connection, device: Device, finding: Finding) -> None:
        fault = self.titles.fault(device.type, finding.cause)
        unexplained = finding.model == APPLIANCE
        decisions = rules.on_new_incident(
            fault, owner=device.household_id is not None, unexplained=unexplained
        )
        by_code = unexplained or (not finding.evidence and repository.reported_itself(conn, finding))
        values = {
            **self._diagnosis(device, finding),
            "origin": "fault_code" if by_code else finding.origin,
            "finding_id": finding.id,
            "onset_at": from_us(finding.onset_us),
        }
        self.open_ticket(conn, device, values, decisions)

    def open_ticket(
        self,
        conn: Connection,
        device: Device,
        values: Mapping[str, Any],
        decisions: Sequence[rules.Decision],
        *,
        role: Role = Role.PLATFORM,
        actor: str = "platform",
    ) -> Ticket:
        """Open a ticket as the first decision says, and carry the others out.

        Args:
            values: columns, with origin, cause, urgency and onset among them.
            decisions: the first one is an :class:`~services.tickets.rules.Open`.
            role: in which capacity it is opened.
            actor: by whom, for the history.

        Raises:
            ConflictError: the device has an open ticket already.
        """
        first = decisions[0]
        if not isinstance(first, rules.Open):
            raise StoreError("The rules did not say how to open this ticket.")
        check_move(None, first.state, {role}, Details(note=first.note))
        now = self.clock.now()
        warranty = device.warranty_until is None or device.warranty_until >= now.date()
        clocked = self.clock_of(device)
        columns = {**values, "opened_at": now, **clocked.opened(values["urgency"], now, warranty=warranty)}
        ticket = repository.insert(conn, device, first.state, columns, note=first.note, actor=actor)
        repository.set_timers(conn, ticket, CLOCK_KINDS, clocked.timers(ticket, now), now)
        if ticket.finding_id is not None:
            repository.attach_finding(conn, ticket.finding_id, ticket.id)
        return self.carry_out(conn, device, ticket, decisions[1:])

    def _clear(self, conn: Connection, linked: Ticket | None) -> Taken:
        if linked is None or State(linked.state) in TERMINAL:
            return "cleared"
        device = self.device_of(conn, linked)
        situation = self.situation(conn, device, linked)
        if situation.abnormal:
            self._follow_lead(conn, device, linked, came_back=False)
        else:
            self.carry_out(conn, device, linked, rules.on_clear(situation))
        return "cleared"

    def _follow_lead(self, conn: Connection, device: Device, ticket: Ticket, *, came_back: bool) -> None:
        """Make the most pressing open finding the ticket's own, and do what a changed cause asks for."""
        lead = _lead(repository.findings(conn, ticket.id))
        if lead is None:
            return
        now = self.clock.now()
        changes: dict[str, Any] = {}
        note = ""
        if (lead.id, lead.cause, lead.urgency) != (ticket.finding_id, ticket.cause, ticket.urgency):
            changes = {**self._diagnosis(device, lead), "finding_id": lead.id}
            if policy.URGENCIES.index(lead.urgency) < policy.URGENCIES.index(ticket.urgency):
                changes |= self.clock_of(device).tightened(ticket, lead.urgency, now)
            note = f"The most pressing finding is now {lead.cause} ({lead.urgency})."
        situation = self.situation(conn, device, ticket, lead.cause)
        decisions = rules.on_revision(situation, ticket.cause, came_back=came_back)
        if changes and not (decisions and isinstance(decisions[0], rules.Note | rules.Go)):
            ticket = self.keep(conn, device, ticket, changes, actor="platform", note=note, now=now)
            changes = {}
        self.carry_out(conn, device, ticket, decisions, changes)

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
        fault = self.titles.fault(device.type, finding.cause)
        part = fault.part if fault is not None else ""
        return {
            "cause": finding.cause,
            "probability": min(max(finding.probability, 0.0), 1.0),
            "urgency": finding.urgency,
            "summary": finding.summary,
            "diagnosis": msgspec.to_builtins(finding),
            "part": part,
            "skill": self.titles.skill(device.type, part),
        }

    # --- decisions ---

    def carry_out(
        self,
        conn: Connection,
        device: Device,
        ticket: Ticket,
        decisions: Sequence[rules.Decision],
        changes: Mapping[str, Any] | None = None,
        actor: str = "",
    ) -> Ticket:
        """Carry decisions out; ``changes`` are written along with the first that touches the ticket.

        The history names ``actor``, or the role of each decision where none is given.
        """
        now = self.clock.now()
        extra = dict(changes or {})
        since = now
        for decision in decisions:
            match decision:
                case rules.Go():
                    details = Details(note=decision.note, outcome=decision.outcome)
                    check_move(State(ticket.state), decision.to, {decision.role}, details)
                    extra |= {"state": decision.to.value}
                    extra |= consequences(ticket, decision.to, now, self.clock_of(device))
                    if decision.outcome:
                        extra |= {"outcome": decision.outcome, "visit_avoided": decision.visit_avoided}
                    who = actor or _ACTORS[decision.role]
                    ticket = self.keep(conn, device, ticket, extra, actor=who, note=decision.note, now=now)
                    repository.stop_timers(conn, ticket.id, now, but=CLOCK_KINDS)
                    extra = {}
                case rules.Note():
                    who = actor or _ACTORS[decision.role]
                    ticket = self.keep(conn, device, ticket, extra, actor=who, note=decision.note, now=now)
                    extra = {}
                case rules.Tell():
                    offers = visiting.offers_for(self, conn, device, ticket, decision.news)
                    since = announce(
                        conn,
                        self.titles,
                        device,
                        ticket,
                        decision.news,
                        now=now,
                        answer_within=_answer_time(decisions),
                        channels=self.channels,
                        offers=visiting.as_answers(offers, device.time_zone),
                    )
                    if decision.news in visiting.WANTS_WINDOW:
                        visiting.offer_protection(self, conn, device, ticket, offers)
                case rules.WaitFor():
                    begin = now if decision.what is rules.Wait.RECOVERY else since
                    repository.start_timer(conn, ticket, decision.what, begin + decision.span)
                case rules.Command():
                    ticket = self._command(conn, device, ticket, decision, now)
                case rules.Open():
                    raise StoreError("A ticket that is open cannot be opened.")
        return ticket

    def keep(
        self,
        conn: Connection,
        device: Device,
        ticket: Ticket,
        changes: Mapping[str, Any],
        *,
        actor: str,
        note: str,
        now: datetime,
    ) -> Ticket:
        """Write a change with its line of history, and set the clock's timers where it moves them.

        Raises:
            ConflictError: somebody else changed the ticket since it was read.
        """
        kept = repository.save(conn, ticket, changes, actor=actor, note=note, now=now)
        if _CLOCKED & changes.keys():
            wanted = self.clock_of(device).timers(kept, now)
            repository.set_timers(conn, kept, CLOCK_KINDS, wanted, now)
        return kept

    def clock_of(self, device: Device) -> TicketClock:
        """Return the clock by which tickets of an appliance go."""
        return TicketClock(self.policy, device.region, zone_of(device.time_zone))

    def _hand_over(self, conn: Connection, merged: Ticket, heir_id: str, actor: str, now: datetime) -> None:
        """Let another ticket go on with what a merged one had: its findings, and who measured what."""
        repository.hand_findings(conn, merged.id, heir_id)
        heir = repository.get(conn, heir_id, lock=True)
        device = self.device_of(conn, heir)
        note = f"Ticket {merged.number} is one and the same: it goes on here."
        heir = self.keep(conn, device, heir, {}, actor=actor, note=note, now=now)
        self._follow_lead(conn, device, heir, came_back=False)

    def _command(
        self, conn: Connection, device: Device, ticket: Ticket, decision: rules.Command, now: datetime
    ) -> Ticket:
        needs_consent = self.catalogue.get_type(device.type).commands[decision.name].consent
        life_s = real_wait_s(self.clock, _COMMAND_LIFE_S)
        if needs_consent and not decision.approved:
            life_s = max(life_s, self.policy.hours("consent").total_seconds())
        try:
            with conn.transaction():
                request_command(
                    conn,
                    self.catalogue,
                    device,
                    decision.name,
                    {},
                    requested_by=f"ticket:{ticket.number}",
                    now=now,
                    expires_at=commands.expiry(now, life_s),
                    approved_by="owner" if decision.approved else None,
                    ticket_id=ticket.id,
                    channels=self.channels,
                )
        except (ForbiddenError, ConflictError, InvalidMessageError) as error:
            situation = self.situation(conn, device, ticket)
            refused = rules.on_command_end(situation, decision.name, "refused", str(error))
            return self.carry_out(conn, device, ticket, refused)
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

    def _act(self, conn: Connection, message: messages.Message, answer: str, now: datetime) -> None:
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
            self.catalogue,
            device,
            wish["command"],
            wish["arguments"],
            requested_by=f"owner:{message.household_id}",
            now=now,
            expires_at=commands.expiry(now, real_wait_s(self.clock, _COMMAND_LIFE_S)),
            approved_by=f"owner:{message.household_id}",
        )

    # --- what is known ---

    def situation(
        self, conn: Connection, device: Device, ticket: Ticket, cause: str | None = None
    ) -> Situation:
        """Return what the rules know of a ticket; ``cause`` replaces its own."""
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
            fault=self.titles.fault(device.type, cause),
            owner=device.household_id is not None,
            abnormal=abnormal,
            commanded=commanded,
            outcome=ticket.outcome,
            waits=self.policy.waits,
        )

    def device_of(self, conn: Connection, ticket: Ticket) -> Device:
        """Return a ticket's appliance."""
        device = repository.device(conn, ticket.device_id)
        if device is None:  # the foreign key makes this impossible
            raise NotFoundError(f"There is no device {ticket.device_id!r}.")
        return device


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
